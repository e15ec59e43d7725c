"""How fields of the plane or of colours move pictures, and what each pixel weighs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ..actions import as_pixels
from ..colours import to_colours
from ..numerics.interpolation import pixel_grid
from ..validity.features import feature_vectors, unit
from ..validity.invariants import Function
from ..validity.sensitivity import image_gradient

Space = Literal["plane", "colour"]


@dataclass(frozen=True)
class Rates:
    """How fields move pictures: where they are evaluated, and what becomes of every pixel.

    Attributes:
        names: of the coordinates.
        places: maps pictures "b c h w" to the points "b p d" of their pixels, or "1 p d".
        moved: maps pictures and functions at their places "b p m" to the rates "n b c h w" of the
            fields that have one function in one component, component by component.
        sizes: maps pictures and a pull-back "b c h w" of a random vector to the squared pull "b p"
            on each pixel.
    """

    names: tuple[str, ...]
    places: Callable[[Tensor], Tensor]
    moved: Callable[[Tensor, Tensor], Tensor]
    sizes: Callable[[Tensor, Tensor], Tensor]


def _grid(images: Tensor) -> Float[Tensor, "1 p 2"]:
    return pixel_grid(*images.shape[-2:], dtype=torch.float64).to(images.device).reshape(1, -1, 2)


def _warped(images: Float[Tensor, "b c h w"], functions: Float[Tensor, "a p m"]) -> Tensor:
    """Slopes along x1, then along x2, times every function."""
    values = functions.to(images).unflatten(1, images.shape[-2:])
    if len(values) == 1:
        values = values.expand(len(images), -1, -1, -1)
    return torch.einsum("bhwm,bchwa->ambchw", values, image_gradient(images)).flatten(0, 1)


def _displaced(images: Float[Tensor, "b c h w"], pulled: Float[Tensor, "b c h w"]) -> Tensor:
    turns = (pulled[..., None] * image_gradient(images)).sum(1)  # "b h w 2"
    return turns.square().sum(-1).flatten(1)


def _colours(images: Tensor) -> Float[Tensor, "b p 3"]:
    return to_colours(images).double().flatten(1, 2)


def _recoloured(images: Float[Tensor, "b 3 h w"], functions: Float[Tensor, "b p m"]) -> Tensor:
    """Every function as the rate of red, then of green, then of blue."""
    values = functions.to(images).movedim(-1, 0).unflatten(-1, images.shape[-2:])  # "m b h w"
    rates = values.new_zeros(3, len(values), *images.shape)
    for channel in range(3):
        rates[channel, :, :, channel] = values
    return rates.flatten(0, 1)


def _recolouring(images: Tensor, pulled: Float[Tensor, "b 3 h w"]) -> Tensor:
    return pulled.square().sum(1).flatten(1)


RATES = {
    "plane": Rates(("x1", "x2"), _grid, _warped, _displaced),
    "colour": Rates(("red", "green", "blue"), _colours, _recoloured, _recolouring),
}


def image_weights(
    images: Shaped[Tensor, "b c h w"],
    features: Function,
    *,
    space: Space = "plane",
    probes: int = 1,
    random: torch.Generator | None = None,
    block: int = 64,
) -> Float[Tensor, "b h w"]:
    r"""How much the features of every picture depend on every one of its pixels.

    Its place, $\omega_{fi}=\sum_{a=1,2}|\sum_c\partial_af_{ci}\,\partial\hat H/\partial f_{ci}|^2$
    (Ko, Kim and Lee 2024, eq. 15, picture by picture), or its colour,
    $\sum_c|\partial\hat H/\partial f_{ci}|^2$; squares are estimated from random projections
    $v^T\partial\hat H$ with $v\sim N(0,I)$. The mean over pictures is `pixel_sensitivity`.

    Args:
        images: bytes, or real in [0, 1].
        features: maps pictures to vectors, each picture by itself.
        space: "plane" or "colour".
        probes: random vectors per picture.
        random: generator of the probes; torch's global one by default.
        block: pictures at a time; it changes nothing but speed.

    Returns:
        Radians squared per unit squared; not normalised.

    Raises:
        ValueError: if there is no picture or probe, pictures or features do not fit.

    Example:
        >>> image_weights(torch.rand(2, 1, 8, 8), lambda f: f.flatten(1)).shape
        torch.Size([2, 8, 8])
    """
    pixels, rates = checked(images, space), RATES[space]
    if probes < 1 or block < 1:
        raise ValueError(f"probes and block must be at least 1, got {probes} and {block}")
    length = feature_vectors(features, pixels[:1]).shape[-1]
    found = []
    for part in pixels.split(block):
        # drawn picture by picture, so that blocks of any size see the same numbers
        drawn = [torch.randn(probes, length, generator=random) for _ in part]
        v = torch.stack(drawn, dim=1).to(part)
        leaf = part.detach().clone().requires_grad_()
        with torch.enable_grad():
            direction = unit(feature_vectors(features, leaf))
        pulls = (torch.autograd.grad(direction, leaf, u, retain_graph=True)[0] for u in v)
        total = torch.stack([rates.sizes(part, pulled) for pulled in pulls]).mean(0)
        found.append(total.unflatten(-1, images.shape[-2:]))
    return torch.cat(found)


def checked(images: Tensor, space: str) -> Tensor:
    """Pictures as numbers in [0, 1], at least one of them.

    Raises:
        ValueError: for another space, no stack of pictures, or pictures out of range.
    """
    if space not in RATES:
        raise ValueError(f"fields act on the 'plane' or on 'colour', got space={space!r}")
    if images.ndim != 4 or not len(images):
        raise ValueError(
            f"a spectrum needs a stack of pictures (b, c, height, width) with at least one, got "
            f"shape {tuple(images.shape)}"
        )
    return as_pixels(images).contiguous()  # forward mode refuses expanded pictures


def shares(weights: Float[Tensor, "b h w"], pixels: Tensor) -> Float[Tensor, "b p"]:
    """Weights of pixels in double precision.

    Raises:
        ValueError: if there is not one for every pixel, or one is negative, or all are 0.
    """
    shape = (len(pixels), *pixels.shape[-2:])
    if weights.shape != shape or not (weights >= 0).all() or not 0 < weights.sum() < math.inf:
        raise ValueError(
            f"weights must be one number of at least 0 per pixel, {shape}, not all 0, got shape "
            f"{tuple(weights.shape)} with the sum {weights.sum().item():g}; leave them out, "
            "or take them from image_weights. Features that do not depend on the pictures have none"
        )
    return weights.to(pixels.device).double().flatten(1)
