"""How far a flow of colours turns the features of images, and which colours they depend on."""

from typing import Literal

import torch
from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from ..actions import as_pixels
from ..colours import act_on_colours, to_colours, to_pixels
from ..fields import Field
from ..flows import Parameter
from ..numerics.chart import Chart
from .features import feature_angle, unit
from .invariants import Function
from .score import Score, one_number


def colour_validity(
    field: Field,
    images: Shaped[Tensor, "b c h w"],
    features: Function,
    s: Parameter,
    contrast: Field,
    *,
    chart: Chart | None = None,
    lattice: int | None = None,
    **options,
) -> Score:
    r"""Mean angle between the features of recoloured and of unchanged images.

    $\frac1b\sum_f\angle(H(\vartheta_s\circ f),H(f))$ in radians (Ko, Kim and Lee 2024, eq. 5 and
    appendix G). The flow of s = 0 leaves every colour where it is, so the floor is rounding.

    Args:
        field: n generators on colours.
        images: uint8, or real in [0, 1].
        features: maps images "m 3 h w" to vectors "m k", every image by itself; the recoloured
            images may leave [0, 1].
        s: one group parameter, not 0; the field, the identity and the contrast share it.
        contrast: a field known not to be a symmetry, e.g. `stirring`. Give it the norm of the
            others.
        chart, lattice, options: as for `act_on_colours`.

    Returns:
        Value per generator, differentiable in the field, with floor and contrast.

    Raises:
        ValueError: if s is not one number or 0, or images and field do not fit.

    Example:
        >>> from symtutor.colours import stirring
        >>> from symtutor.fields import AffineField
        >>> still = AffineField(torch.zeros(1, 3, 3), torch.zeros(1, 3))
        >>> pictures = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> score = colour_validity(still, pictures, lambda f: f.flatten(1), 0.3, stirring())
        >>> bool(score.value < 1e-5), score.contrast > 0.1
        (True, True)
    """
    pixels = as_pixels(images).to(field._one)
    settings = {"chart": chart, "lattice": lattice, **options}

    def angle(mover: Field, parameter: Parameter) -> Tensor:
        moved = act_on_colours(mover, pixels, parameter, **settings).data
        found = features(moved.flatten(0, 1)).unflatten(0, moved.shape[:2])
        return feature_angle(found, still.expand(len(moved), -1, -1)).mean(1)

    still = features(pixels)
    value = angle(field, one_number(s))
    with torch.no_grad():
        floor, worst = angle(field, 0.0), angle(contrast, s)
    return Score(value, floor.mean().item(), worst.mean().item())


def nearest_colour(
    places: Float[Tensor, "*b 3"], colours: Float[Tensor, "q 3"]
) -> Int64[Tensor, "*b"]:
    """Index of the colour that each place is nearest to.

    Example:
        >>> nearest_colour(torch.tensor([[0.2, 0, 0]]), torch.eye(3) / 4).tolist()
        [0]
    """
    return (places @ colours.mT - colours.square().sum(-1) / 2).max(-1).indices


def _random_tangents(
    nearest: Int64[Tensor, "*b"],
    colours: Float[Tensor, "q 3"],
    neighbours: Int64[Tensor, "q k"],
    random: torch.Generator | None,
) -> Float[Tensor, "*b 3"]:
    """From every place's nearest colour to a random one of that colour's neighbours."""
    others = neighbours[nearest]  # "*b k", itself first
    pick = torch.randint(1, neighbours.shape[1], nearest.shape, generator=random)
    chosen = others.gather(-1, pick.to(others.device)[..., None]).squeeze(-1)
    return colours[chosen] - colours[nearest]


def _check(colours: Tensor, neighbours: Tensor) -> None:
    own = torch.arange(len(colours), device=neighbours.device)
    k = neighbours.shape[1]
    if len(neighbours) != len(own) or k < 2 or not neighbours[:, 0].equal(own):
        raise ValueError(
            f"neighbours lists for each of {len(own)} colours itself first and at least one other, "
            f"got shape {tuple(neighbours.shape)}; join arange({len(own)}) and nearest(colours, k)"
        )


def _spread(turns: Float[Tensor, " q"], neighbours: Int64[Tensor, "q k"]) -> Float[Tensor, " q"]:
    """The mean over all neighbourhoods that a colour is in."""
    flat, k = neighbours.flatten(), neighbours.shape[1]
    sums = torch.zeros_like(turns).index_add_(0, flat, turns.repeat_interleave(k))
    return sums / torch.bincount(flat, minlength=len(turns))


def colour_sensitivity(
    images: Float[Tensor, "b 3 h w"],
    features: Function,
    colours: Float[Tensor, "q 3"],
    neighbours: Int64[Tensor, "q k"],
    *,
    chart: Chart | None = None,
    tangents: Literal["any", "neighbours"] = "any",
    probes: int = 1,
    random: torch.Generator | None = None,
) -> Float[Tensor, " q"]:
    r"""Mean squared turn of the features when all pixels of about one colour change it together.

    Every pixel belongs to its nearest colour $y_p$, and $N_i$ are the neighbours of colour i. With
    the direction $\hat H=H/|H|$ of the features, the turn at i is

    $\displaystyle\mathbb E_f\Big\|\sum_{p\in N_i}\frac{\partial\hat H}{\partial f_p}\Big\|_F^2,$

    and a colour's weight is the mean over the neighbourhoods it is in (Ko, Kim and Lee 2024, eqs.
    35 and 36, with the squares of their code). For $v\sim N(0,I)$ one vector-Jacobian product
    $r=J^Tv$ has $\mathbb E_v|\sum_{p\in N_i}r_p|^2$ equal to that square, for all colours at once.

    Args:
        images: pictures in [0, 1].
        features: maps pictures to vectors, each picture by itself.
        colours: in the chart's coordinates.
        neighbours: for each colour its own index, then those of its nearest others.
        chart: coordinates of the colours; without one, RGB.
        tangents: "any" counts a change in every direction; "neighbours" a change of every pixel
            towards a random neighbour of its nearest colour, as published: the quantity
            that `neighbour_sensitivity` estimates colour by colour.
        probes: random vectors v per picture; the error falls with the root of pictures x probes.
        random: generator of the probes; torch's global one by default.

    Returns:
        Radians squared, one value per colour. Per unit of colour squared with "any".

    Raises:
        ValueError: if the tangents are unknown, `probes` is below 1, or the neighbours do not fit.

    Example:
        >>> palette = torch.eye(3)
        >>> others = torch.tensor([[0, 1], [1, 2], [2, 0]])
        >>> pictures = torch.rand(2, 3, 8, 8)
        >>> colour_sensitivity(pictures, lambda f: f.flatten(1), palette, others).shape
        torch.Size([3])
    """
    _check(colours, neighbours)
    if tangents not in ("any", "neighbours") or probes < 1:
        raise ValueError(
            f"tangents are 'any' or 'neighbours' and probes at least 1, got {tangents!r}, {probes}"
        )
    places = to_colours(images, chart).detach().flatten(1, 2)  # "b pixels 3"
    nearest = nearest_colour(places, colours)
    leaf = to_colours(images, chart).detach().requires_grad_()
    with torch.enable_grad():
        direction = unit(features(to_pixels(leaf, chart)))
    b, q = len(images), len(colours)
    cell = (nearest + q * torch.arange(b, device=nearest.device)[:, None]).flatten()
    turns = places.new_zeros(q)
    for number in range(probes):
        v = torch.randn(direction.shape, generator=random).to(direction)
        (pulled,) = torch.autograd.grad(direction, leaf, v, retain_graph=number < probes - 1)
        rates = pulled.flatten(1, 2)
        if tangents == "neighbours":
            towards = _random_tangents(nearest, colours, neighbours, random)
            rates = (rates * towards).sum(-1, keepdim=True)
        sums = rates.new_zeros(b * q, rates.shape[-1]).index_add_(0, cell, rates.flatten(0, 1))
        turns += sums.unflatten(0, (b, q))[:, neighbours].sum(2).square().sum(-1).mean(0)
    return _spread(turns / probes, neighbours)


def neighbour_sensitivity(
    images: Float[Tensor, "b 3 h w"],
    features: Function,
    colours: Float[Tensor, "q 3"],
    neighbours: Int64[Tensor, "q k"],
    *,
    chart: Chart | None = None,
    random: torch.Generator | None = None,
) -> Float[Tensor, " q"]:
    """The published estimate of the colour sensitivity: one Jacobian-vector product per colour.

    Pixels whose nearest colour is among the neighbours of colour i go towards a random neighbour of
    that nearest colour; the squared turn of the features counts for all of those neighbours (Ko,
    Kim and Lee 2024, eqs. 35 and 36). The published code adds it up, for one random i per batch;
    here every colour takes its turn, and the sum is divided by the number of neighbourhoods a
    colour is in, or lonely colours would seem insensitive.

    Args, returns and errors as for `colour_sensitivity` with `tangents="neighbours"`; the features
    must be forward-mode differentiable.

    Example:
        >>> palette = torch.eye(3)
        >>> others = torch.tensor([[0, 1], [1, 2], [2, 0]])
        >>> pictures = torch.rand(2, 3, 8, 8)
        >>> neighbour_sensitivity(pictures, lambda f: f.flatten(1), palette, others).shape
        torch.Size([3])
    """
    _check(colours, neighbours)
    places = to_colours(images, chart)
    nearest = nearest_colour(places, colours)
    turns = []
    for own in neighbours:
        towards = _random_tangents(nearest, colours, neighbours, random)
        tangent = torch.where(torch.isin(nearest, own)[..., None], towards, 0)
        turn = torch.func.jvp(
            lambda seen: unit(features(to_pixels(seen, chart))), (places,), (tangent,)
        )[1]
        turns.append(turn.square().sum(-1).mean())
    return _spread(torch.stack(turns), neighbours)
