"""What a training of colour symmetries minimises, and how it is judged."""

import copy
from collections.abc import Callable

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from ..algebra import gram, inner, project
from ..colours import IMAGENET, colour_table, recoloured, stirring
from ..fields import AffineField, Field
from ..losses import lipschitz, nearest, orthonormality
from ..models import ResNet
from ..numerics.quadrature import Quadrature
from ..training import Loss
from ..validity.colours import colour_sensitivity, colour_validity
from .base import Metric
from .colour_config import NEIGHBOURS, ColourSymmetry
from .feature_training import feature_angles

JITTER = 1e-3
"""Deviation of the noise on sampled colours, so that no two are equal; as published."""

RANGE = 9
"""Nearest other colours that change together in the colours' weights, as published."""

PART = 100
"""Test pictures that are scored at a time."""

NAMED = (
    *("brightness", "contrast", "red", "green", "blue"),
    *("blue-yellow", "saturation", "hue", "exposure"),
)
"""Colour fields with a name, in the order of the metrics `overlap` and `captured`."""


def named_fields(quadrature: Quadrature) -> AffineField:
    r"""The fields of `NAMED` on normalised colours y, of unit norm.

    Brightness (1, 1, 1); contrast y; one channel each; blue-yellow (1, 1, -2); saturation
    $y-\bar y(1,1,1)$ with the mean $\bar y$ of the channels; hue, the rotation about the grey axis;
    exposure, which multiplies red, green and blue (not y) by a number.

    Example:
        >>> colours = torch.randn(100, 3)
        >>> named_fields(Quadrature(colours))(colours).square().sum(-1).mean(0).round().tolist()
        [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    eye, ones, none = torch.eye(3), torch.ones(3), torch.zeros(3, 3)
    hue = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    black = IMAGENET.inward(torch.zeros(3))
    table = {
        "brightness": (none, ones),
        "contrast": (eye, 0 * ones),
        **{name: (none, eye[i]) for i, name in enumerate(("red", "green", "blue"))},
        "blue-yellow": (none, torch.tensor([1.0, 1, -2])),
        "saturation": (eye - 1 / 3, 0 * ones),
        "hue": (hue, 0 * ones),
        "exposure": (eye, -black),
    }
    matrices, shifts = zip(*(table[name] for name in NAMED), strict=True)
    field = AffineField(
        torch.stack(matrices), torch.stack(shifts), labels=NAMED, quadrature=quadrature
    )
    return field.to(quadrature.points)


def affine_basis() -> AffineField:
    """The twelve affine fields of colour space: nine matrices, three shifts."""
    matrices = torch.cat([torch.eye(9).reshape(9, 3, 3), torch.zeros(3, 3, 3)])
    return AffineField(matrices, torch.cat([torch.zeros(9, 3), torch.eye(3)]))


def sample_colours(
    pixels: UInt8[Tensor, "n 3 h w"], count: int, random: torch.Generator
) -> Float[Tensor, "count 3"]:
    """Normalised colours of random places in random pictures, with a little noise."""
    n, _, h, w = pixels.shape
    which, row, column = (torch.randint(size, (count,), generator=random) for size in (n, h, w))
    colours = IMAGENET.inward(pixels[which, :, row, column].float() / 255)
    return colours + JITTER * torch.randn(colours.shape, generator=random)


def colour_weights(
    colours: Float[Tensor, "q 3"],
    pixels: UInt8[Tensor, "n 3 h w"],
    model: ResNet,
    random: torch.Generator,
) -> Quadrature:
    """The sampled colours, weighted by how much the features depend on each."""
    own = torch.arange(len(colours), device=colours.device)[:, None]
    groups = torch.cat([own, nearest(colours, RANGE)], dim=1)
    total = torch.zeros_like(colours[:, 0])
    for part in pixels.split(64):
        images = part.float() / 255
        found = colour_sensitivity(
            images, model.features, colours, groups, chart=IMAGENET, random=random
        )
        total += len(part) * found
    return Quadrature(colours, total)


def turned(
    config: ColourSymmetry, field: Field, model: ResNet, images: Tensor, s: Tensor
) -> Float[Tensor, "n b"]:
    """Angles between the features of recoloured and of unchanged pictures."""
    table = colour_table(
        field, s[None], chart=IMAGENET, size=config.lattice, steps=config.rk4_steps
    )
    moved = recoloured(table[0], images)
    return feature_angles(config, model, images, moved)


def objective(
    config: ColourSymmetry, field: Field, model: ResNet, quadrature: Quadrature
) -> Callable[..., Loss]:
    r"""The published objective: the angles and two penalties, each summed over the slots.

    The published Lipschitz loss adds up $\max(|V_i-V_j|-\tau,0)/20$ over all colours i and their
    19 neighbours j, whatever their distance. Here the differences are divided by the distances; the
    two agree where a distance is the median one.
    """
    colours, omega = quadrature.points, quadrature.omega
    neighbours = nearest(colours, NEIGHBOURS)
    reach = (colours[:, None] - colours[neighbours]).norm(dim=-1).median().item()
    pairs = len(colours) * NEIGHBOURS / (NEIGHBOURS + 1)

    def loss(images: Tensor, s: Tensor) -> Loss:
        values = field(colours)
        slope = config.tau / reach
        steep = lipschitz(values, colours, neighbours, slope, length=1.0, reduce="mean").sum()
        terms = {
            "orthonormality": config.w_ortho * orthonormality(values, omega).sum(),
            "lipschitz": config.w_lipschitz * pairs * reach * steep,
        }
        if config.control != "no-validity":
            angles = turned(config, field, model, images, s).mean(1)
            terms = {"validity": config.w_validity * angles.sum()} | terms
        total = torch.stack(list(terms.values())).sum()
        return Loss(total, terms | {"lipschitz_active": (steep > 0).to(total)})

    return loss


def judged(field: Field, quadrature: Quadrature) -> dict[str, Metric]:
    """What the slots are made of, in the inner product of the colours' weights."""
    quadrature = quadrature.to(quadrature.points.cpu().double())
    field, named = copy.deepcopy(field).to(quadrature.points), named_fields(quadrature)
    with torch.no_grad():
        points, omega = quadrature.points, quadrature.omega
        overlap = inner(field(points), named(points), omega).abs().clamp(max=1)
        basis = affine_basis().to(points)
        return {
            "overlap": Metric(overlap.tolist()),
            "captured": Metric(project(named, field, quadrature).affineness.tolist()),
            "affineness": Metric(project(field, basis, quadrature).affineness.tolist()),
            "gram": Metric(gram(field, quadrature).tolist()),
        }


def scores(
    config: ColourSymmetry,
    field: Field,
    quadrature: Quadrature,
    model: ResNet,
    images: UInt8[Tensor, "n 3 h w"],
) -> dict[str, Metric]:
    """Angles of slots, named fields and a non-symmetry, all of unit norm, at +sigma/2, -sigma/2."""
    s, settings = config.sigma / 2, {"chart": IMAGENET, "lattice": config.lattice}
    contrast, named = stirring(quadrature), named_fields(quadrature)
    contrast.to(quadrature.points)
    found = {"score": [], "score_named": [], "floor": [], "contrast": []}
    with torch.no_grad():
        for part in images.split(PART):
            for parameter in (s, -s):
                pictures = (part.float() / 255, model.features, parameter, contrast)
                own = colour_validity(field, *pictures, **settings)
                known = colour_validity(named, *pictures, **settings)
                values = (own.value, known.value, own.value.new_tensor(own.floor))
                worst = own.value.new_tensor(own.contrast)
                for rows, value in zip(found.values(), (*values, worst), strict=True):
                    rows.append(value.cpu() * len(part) / (2 * len(images)))
    return {
        name: Metric(torch.stack(rows).sum(0).tolist(), "radian") for name, rows in found.items()
    }
