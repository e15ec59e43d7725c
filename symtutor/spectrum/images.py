r"""Symmetries of what a classifier sees, by linear algebra: fields of the plane and of colours."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ..data.evolution import Term
from ..validity.invariants import Function
from .core import ROUNDING, Spectrum
from .features import BLOCK, feature_spectrum


def image_spectrum(
    library: Sequence[Term],
    images: Shaped[Tensor, "b c h w"],
    features: Function,
    *,
    weights: Float[Tensor, "b h w"] | None = None,
    probes: int = 1,
    random: torch.Generator | None = None,
    block: int = BLOCK,
    rtol: float = ROUNDING,
) -> Spectrum:
    r"""All fields of the plane by how much an infinitesimal warp along them turns the features.

    Minimises $\mathbb E_f|\partial\hat H(\nabla f\cdot V)|^2$, the square of the rate of the angle
    of Ko, Kim and Lee (2024, eq. 5), over the fields $V_i=\sum_mc_{mi}\,g_m$ of unit norm
    $\sum_i\omega_i|V(x_i)|^2=1$, then again orthogonally to what was found, and so on. The weights
    $\omega_i\propto\sum_f\omega_{fi}$ are those of `image_weights`: a field cannot win by living
    where nobody looks. One Jacobian-vector product per function, component and picture; no flow.

    The spectrum's values are radians per unit of s, its groups are the pictures.

    Args:
        library: terms of (x1, x2) on the square, such as `monomials(2, 3)`; see `pixel_grid`.
        images: bytes, or real in [0, 1].
        features: maps pictures to vectors, each picture by itself; forward-mode differentiable.
            Networks in eval mode, their batch norms `folded`.
        weights: of every pixel of every picture; by default `image_weights`.
        probes, random: for `image_weights`.
        block: pictures at a time; it changes nothing but speed and memory.
        rtol: combinations of functions smaller than this part of the largest count as zero.

    Raises:
        ValueError: if a term is of another coordinate, zero on the pictures or a combination of
            others, there is no picture, pictures are out of range, features are not one vector per
            picture, or the weights do not fit.

    Example:
        >>> from ..fields import monomials
        >>> pictures = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> found = image_spectrum(monomials(2, 1), pictures, lambda f: f.flatten(1))
        >>> found.field(1).names, len(found.values)
        (('x1', 'x2'), 6)
    """
    return feature_spectrum(
        library, images, features, "plane", weights, probes, random, block, rtol
    )


def colour_spectrum(
    library: Sequence[Term],
    images: Shaped[Tensor, "b 3 h w"],
    features: Function,
    *,
    weights: Float[Tensor, "b h w"] | None = None,
    probes: int = 1,
    random: torch.Generator | None = None,
    block: int = BLOCK,
    rtol: float = ROUNDING,
) -> Spectrum:
    r"""All fields of colour space by how much changing every pixel's colour turns the features.

    As `image_spectrum`, with the rate of change $V(f(x))$ of the picture at every pixel, fields on
    (red, green, blue) in [0, 1], and the norm
    $\sum_{fi}\omega_{fi}|V(f(x_i))|^2/\sum_{fi}\omega_{fi}$ (Ko, Kim and Lee 2024, appendix G).

    Args:
        library: terms of (red, green, blue), such as `monomials(3, 2)`.
        images: bytes, or real in [0, 1], of three channels.
        features, weights, probes, random, block, rtol: as for `image_spectrum`; the weights are
            `image_weights(..., space="colour")`.

    Raises:
        ValueError: as for `image_spectrum`, and if the pictures do not have three channels.

    Example:
        >>> from ..fields import monomials
        >>> pictures = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> grey = lambda f: f.mean(1).flatten(1)
        >>> found = colour_spectrum(monomials(3, 1), pictures, grey)
        >>> int((found.values < 1e-5).sum())  # 8 leave greys alone, one multiplies them
        9
    """
    return feature_spectrum(
        library, images, features, "colour", weights, probes, random, block, rtol
    )
