"""How much the direction of the features depends on every pixel's place."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..fields import Field
from ..numerics.interpolation import pixel_grid
from .features import unit
from .invariants import Function
from .score import Score


def image_gradient(images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w 2"]:
    r"""The slopes of pictures along $x_1$ and $x_2$ by Sobel's stencils, edges repeated.

    Per unit of the coordinates of `pixel_grid`: x1 to the right and x2 downwards, on [-1, 1].
    Exact for linear functions inside.

    Example:
        >>> ramp = pixel_grid(8, 8)[None, None, ..., 0]
        >>> [round(slope, 4) for slope in image_gradient(ramp)[0, 0, 4, 4].abs().tolist()]
        [1.0, 0.0]
    """
    h, w = images.shape[-2:]
    across = images.new_tensor([[-1.0, 0.0, 1.0]] * 3) * images.new_tensor([[1.0], [2.0], [1.0]])
    stencils = torch.stack([across * (w - 1), across.mT * (h - 1)])[:, None] / 16
    padded = F.pad(images.flatten(0, 1)[:, None], (1, 1, 1, 1), mode="replicate")
    return F.conv2d(padded, stencils).unflatten(0, images.shape[:2]).movedim(2, -1)


def _direction(features: Function) -> Callable[[Tensor], Tensor]:
    return lambda images: unit(features(images))


def _window(size: int, width: float, like: Tensor) -> Float[Tensor, "m m"]:
    x = torch.linspace(-1, 1, size).to(like)
    return torch.exp(-(x[:, None] - x).square() / (2 * width**2))


def pixel_sensitivity(
    images: Float[Tensor, "b c h w"],
    features: Function,
    *,
    probes: int = 1,
    window: float | None = None,
    random: torch.Generator | None = None,
) -> Float[Tensor, "h w"]:
    r"""Mean squared turn of the features when the picture around one pixel is displaced.

    $\omega_i=\mathbb E_f\sum_{a=1,2}\big|\sum_c\partial_af_{ci}\,\partial\hat H/\partial f_{ci}
    \big|^2$ with the direction $\hat H=H/|H|$ of the features (Ko, Kim and Lee 2024, eq. 15, with
    the squares of their code). For $v\sim N(0,I)$ one vector-Jacobian product $r=J^Tv$
    gives $(\sum_cr_{ci}\partial_af_{ci})^2$, whose mean over v is the square above, for all pixels
    at once.

    With a `window` $\sigma_\kappa$ the displaced region is a Gaussian around a centre instead of
    one pixel, and the result is averaged over centres on the pixel grid: what `window_sensitivity`
    estimates centre by centre.

    Args:
        images: pictures in [0, 1].
        features: maps pictures to vectors, each picture by itself.
        probes: random vectors v per picture; the error falls with the root of pictures x probes.
        window: standard deviation of the Gaussian, in the coordinates of `pixel_grid`.
        random: generator of the probes; torch's global one by default.

    Returns:
        Radians squared per unit of displacement squared, one value per pixel.

    Raises:
        ValueError: if `probes` is below 1 or the window is not positive.

    Example:
        >>> pictures = torch.rand(2, 1, 8, 8)
        >>> pixel_sensitivity(pictures, lambda f: f.flatten(1)).shape
        torch.Size([8, 8])
    """
    if probes < 1 or (window is not None and not window > 0):
        raise ValueError(
            f"probes must be at least 1 and the window positive or None, got {probes} and {window}"
        )
    slopes = image_gradient(images)
    leaf = images.detach().clone().requires_grad_()
    with torch.enable_grad():
        direction = unit(features(leaf))
    total = images.new_zeros(images.shape[-2:])
    for number in range(probes):
        v = torch.randn(direction.shape, generator=random).to(direction)
        (pulled,) = torch.autograd.grad(direction, leaf, v, retain_graph=number < probes - 1)
        turns = (pulled[..., None] * slopes).sum(1)  # "b h w 2"
        if window is None:
            total += turns.square().sum(-1).mean(0)
        else:
            rows = _window(images.shape[-2], window, images)
            columns = _window(images.shape[-1], window, images)
            blurred = torch.einsum("ih,bhwa,jw->bija", rows, turns, columns)
            seen = blurred.square().sum(-1).mean(0)
            total += (rows.mT @ seen @ columns) / (rows.sum(0)[:, None] * columns.sum(0))
    return total / probes


def window_sensitivity(
    images: Float[Tensor, "b c h w"],
    features: Function,
    centres: Float[Tensor, "m 2"],
    window: float = 0.1,
) -> Float[Tensor, "h w"]:
    r"""The published estimate of the pixel sensitivity: one displaced window after the other.

    For every centre $\hat x$ the part of the pictures under the mask
    $m_i=\exp(-|x_i-\hat x|^2/2\sigma_\kappa^2)$ is displaced along $x_1$ and along $x_2$; a
    Jacobian-vector product each gives the turn of the features (Ko, Kim and Lee 2024, eqs. 16 and
    17). The published code adds up $m_i$ times the squared turns; here the sum is divided by
    $\sum m_i$, or pixels at the border, which fewer windows reach, would seem insensitive.

    Args:
        images: pictures in [0, 1].
        features: maps pictures to vectors; forward-mode differentiable.
        centres: of the windows, in the coordinates of `pixel_grid`; published: uniform on the
            square.
        window: standard deviation of the mask.

    Example:
        >>> pictures = torch.rand(2, 1, 8, 8)
        >>> window_sensitivity(pictures, lambda f: f.flatten(1), torch.zeros(1, 2)).shape
        torch.Size([8, 8])
    """
    slopes = image_gradient(images)
    grid = pixel_grid(*images.shape[-2:]).to(images)
    sums, reached = torch.zeros_like(grid[..., 0]), torch.zeros_like(grid[..., 0])
    direction = _direction(features)
    for centre in centres.to(images):
        mask = torch.exp(-(grid - centre).square().sum(-1) / (2 * window**2))
        for axis in range(2):
            tangent = mask * slopes[..., axis]
            turn = torch.func.jvp(direction, (images,), (tangent,))[1]
            sums += mask * turn.square().sum(-1).mean()
        reached += mask
    return sums / reached.clamp(min=torch.finfo(sums.dtype).tiny)


def feature_rate(
    field: Field,
    images: Float[Tensor, "b c h w"],
    features: Function,
) -> Float[Tensor, " n"]:
    r"""How fast the features turn as a flow sets in, in radians per unit of s.

    $\frac1b\sum_f|\partial\hat H\,(V\cdot\nabla f)|$, the derivative of `feature_validity` at s = 0
    up to the lookup: here $\nabla f$ is `image_gradient`, there the slope of the
    bilinear interpolant. One Jacobian-vector product per generator, no flow.

    Args:
        field: n generators of the plane.
        images: pictures in [0, 1].
        features: maps pictures to vectors; forward-mode differentiable.

    Returns:
        One number per generator, differentiable in the field.

    Example:
        >>> from symtutor.fields import AffineField
        >>> pictures = torch.rand(2, 1, 8, 8)
        >>> rates = feature_rate(AffineField.named("L1", "L5-L6"), pictures, lambda f: f.flatten(1))
        >>> rates.shape, bool((rates > 0).all())
        (torch.Size([2]), True)
    """
    grid = pixel_grid(*images.shape[-2:]).to(images)
    tangents = torch.einsum("hwna,bchwa->nbchw", field(grid), image_gradient(images))
    direction = _direction(features)
    turns = [torch.func.jvp(direction, (images,), (tangent,))[1] for tangent in tangents]
    return torch.linalg.vector_norm(torch.stack(turns), dim=-1).mean(1)


def infinitesimal_feature_validity(
    field: Field,
    images: Float[Tensor, "b c h w"],
    features: Function,
    contrast: Field,
) -> Score:
    """`feature_rate` as a score, in radians per unit of s; the floor of doing nothing is 0.

    Example:
        >>> from symtutor.fields import AffineField
        >>> still, shift = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2)), AffineField.named()
        >>> pictures = torch.rand(2, 1, 8, 8)
        >>> score = infinitesimal_feature_validity(still, pictures, lambda f: f.flatten(1), shift)
        >>> score.value.item(), score.contrast > 0
        (0.0, True)
    """
    value = feature_rate(field, images, features)
    with torch.no_grad():
        worst = feature_rate(contrast, images, features)
    return Score(value, 0.0, worst.mean().item())
