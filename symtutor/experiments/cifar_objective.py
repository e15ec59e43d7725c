"""What a training of image symmetries minimises, and how it is judged."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..algebra import gram, inner, project
from ..fields import AffineField, Field
from ..flows import flow
from ..losses import lipschitz, orthonormality
from ..models import ResNet
from ..models.resnet import MEAN
from ..numerics.chebyshev import chebyshev_matrix, chebyshev_nodes
from ..numerics.interpolation import bilinear_grids, pixel_grid
from ..numerics.linalg import principal_angles
from ..numerics.quadrature import Quadrature
from ..training import Loss
from ..validity import feature_validity, pixel_sensitivity
from .base import Metric
from .cifar_config import CIFARSymmetry
from .feature_training import feature_angles

AFFINE = ("L1", "L2", "L3", "L4", "L5", "L6")
SIDE = 32


class Wavy(Field):
    """A known non-symmetry: every pixel goes along waves of two pixels' half length."""

    def __init__(self, quadrature: Quadrature) -> None:
        super().__init__(2, 1, labels=("waves",), quadrature=quadrature)
        self.to(quadrature.points)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """(sin 8 pi x2, sin 8 pi x1)."""
        return torch.sin(8 * torch.pi * points.flip(-1))[..., None, :]

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """The same for the only generator's copies."""
        return torch.sin(8 * torch.pi * points.flip(-1))


def four_neighbours(side: int) -> Int64[Tensor, "q 4"]:
    """Right, left, lower and upper neighbour of every pixel; a missing one is the pixel itself.

    Example:
        >>> four_neighbours(2)[0].tolist()
        [1, 0, 2, 0]
    """
    index = torch.arange(side * side).reshape(side, side)
    after, before = torch.arange(1, side + 1).clamp(max=side - 1), torch.arange(-1, side - 1)
    before = before.clamp(min=0)
    moves = (index[:, after], index[:, before], index[after], index[before])
    return torch.stack(moves, dim=-1).flatten(0, 1)


def pixel_weights(pixels: Tensor, model: ResNet, random: torch.Generator) -> Quadrature:
    """The pixel grid, weighted by how much the features depend on each pixel's place."""
    total = torch.zeros(SIDE, SIDE, device=pixels.device)
    for part in pixels.split(128):
        images = part.float() / 255
        total += len(part) * pixel_sensitivity(images, model.features, random=random)
    grid = pixel_grid(SIDE, SIDE).to(total)
    return Quadrature(grid.reshape(-1, 2), total.reshape(-1))


def moved_grid(field: Field, s: Tensor, nodes: int, steps: int) -> Float[Tensor, "n side side 2"]:
    """Where every generator's flow takes the pixels, each by its own s.

    With `nodes` above 0 only so many Chebyshev nodes per axis are moved, and their displacements
    interpolated: the flow of a smooth field is smooth.
    """
    like = field._one
    if not nodes:
        return flow(field, pixel_grid(SIDE, SIDE).to(like), s[None], steps=steps)[0].movedim(-2, 0)
    axis = chebyshev_nodes(nodes).to(like)
    start = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1)
    displaced = flow(field, start, s[None], steps=steps)[0] - start[..., None, :]
    onto = chebyshev_matrix(nodes, torch.linspace(-1, 1, SIDE).to(like))
    moved = torch.einsum("pi,qj,ijnd->npqd", onto, onto, displaced)
    return pixel_grid(SIDE, SIDE).to(like) + moved


def turned(
    config: CIFARSymmetry, field: Field, model: ResNet, images: Tensor, s: Tensor
) -> Float[Tensor, "n b"]:
    """Angles between the features of moved and of unmoved pictures; outside is the mean colour."""
    background = images.new_tensor(MEAN).reshape(3, 1, 1)
    places = moved_grid(field, s, config.nodes, config.rk4_steps)
    moved = bilinear_grids(images - background, places) + background
    return feature_angles(config, model, images, moved)


def objective(
    config: CIFARSymmetry, field: Field, model: ResNet, quadrature: Quadrature
) -> Callable[..., Loss]:
    """The published objective: the angles and two penalties, each summed over the slots."""
    neighbours = four_neighbours(SIDE).to(quadrature.points.device)
    edges = 2048 * 2 / (SIDE - 1)  # from the mean over neighbours to the published sum

    def loss(images: Tensor, s: Tensor) -> Loss:
        values = field(quadrature.points)
        ortho = orthonormality(values, quadrature.omega).sum()
        steep = edges * lipschitz(
            values, quadrature.points, neighbours, config.tau, length=1.0, reduce="mean"
        )
        terms = {
            "orthonormality": config.w_ortho * ortho,
            "lipschitz": config.w_lipschitz * steep.sum(),
        }
        if config.control != "no-validity":
            angles = turned(config, field, model, images, s).mean(1)
            terms = {"validity": config.w_validity * angles.sum()} | terms
        return Loss(torch.stack(list(terms.values())).sum(), terms)

    return loss


def judged(field: Field, quadrature: Quadrature) -> dict[str, Metric]:
    """What the slots are made of, in the inner product of the pixel weights.

    `angles` are those between the span of the first six slots and that of the affine fields.
    """
    affine = AffineField.named(*AFFINE, quadrature=quadrature)
    with torch.no_grad():
        points, omega = quadrature.points, quadrature.omega
        values, known = field(points), affine(points)
        columns = [v.movedim(1, -1).flatten(0, 1) for v in (values[:, : affine.n], known)]
        root = omega.sqrt().repeat_interleave(field.dim)[:, None]
        angles = torch.rad2deg(principal_angles(*(root * c for c in columns)))
        components = inner(values, known, omega)
        return {
            "affineness": Metric(project(field, affine, quadrature).affineness.tolist()),
            "components": Metric(components.tolist()),
            "angles": Metric(angles.tolist(), "degree"),
            "gram": Metric(gram(field, quadrature).tolist()),
        }


def scores(
    field: Field, quadrature: Quadrature, model: ResNet, images: Tensor, s: float
) -> dict[str, Metric]:
    """Angles of every slot, of the affine fields and of a non-symmetry, all of unit norm."""
    wavy = Wavy(quadrature)
    affine = AffineField.named(*AFFINE, quadrature=quadrature)
    means = torch.tensor(MEAN)
    totals: dict[str, list[Tensor]] = {"slots": [], "affine": [], "ends": []}
    with torch.no_grad():
        for part in images.split(100):
            pair = (part.float() / 255, model.features, s, wavy)
            found = feature_validity(field, *pair, fill=means.to(part.device))
            known = feature_validity(affine, *pair, fill=means.to(part.device))
            totals["slots"].append(found.value.cpu() * len(part))
            totals["affine"].append(known.value.cpu() * len(part))
            totals["ends"].append(torch.tensor([found.floor, found.contrast]) * len(part))
    mean = {
        name: (torch.stack(parts).sum(0) / len(images)).tolist() for name, parts in totals.items()
    }
    return {
        "score": Metric(mean["slots"], "radian"),
        "score_affine": Metric(mean["affine"], "radian"),
        "floor": Metric(mean["ends"][0], "radian"),
        "contrast": Metric(mean["ends"][1], "radian"),
    }
