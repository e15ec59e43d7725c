"""Resampling of gridded data at scattered points: bilinear, corners aligned."""

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor


def pixel_grid(
    height: int, width: int, *, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "h w 2"]:
    """Coordinates (x1, x2) of pixel centres on [-1, 1]^2: x1 = column (right), x2 = row (down).

    The centres of the corner pixels lie exactly at (±1, ±1) ("corners aligned"), so neighbouring
    centres are 2/(width-1) and 2/(height-1) apart.

    Example:
        >>> pixel_grid(2, 3)[0].tolist()
        [[-1.0, -1.0], [0.0, -1.0], [1.0, -1.0]]
    """
    if min(height, width) < 2:
        raise ValueError(
            f"a pixel grid with aligned corners needs at least 2 x 2 pixels, got {height} x {width}"
        )
    rows = torch.linspace(-1, 1, height, dtype=dtype)
    columns = torch.linspace(-1, 1, width, dtype=dtype)
    x2, x1 = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x1, x2], dim=-1)


def inside(points: Float[Tensor, "*k 2"]) -> Bool[Tensor, "*k"]:
    """Whether each point lies in the closed square [-1, 1]^2, where interpolation is trusted."""
    return (points.abs() <= 1).all(dim=-1)


def _corner_weights(position: Tensor, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Indices of the two neighbours of a position in pixels, and their hat-function weights.

    A neighbour outside 0..size-1 gets weight zero, which continues the image by zeros.
    """
    low = position.detach().floor()
    fraction = position - low
    high = low + 1
    w_low = (1 - fraction) * ((low >= 0) & (low < size))
    w_high = fraction * ((high >= 0) & (high < size))
    return low.clamp(0, size - 1).long(), high.clamp(0, size - 1).long(), w_low, w_high


def bilinear(
    images: Float[Tensor, "b c h w"], points: Float[Tensor, "*k 2"]
) -> tuple[Float[Tensor, "b c *k"], Bool[Tensor, "*k"]]:
    r"""Values of images, read as functions on [-1, 1]^2, at arbitrary points.

    Between pixel centres the function is the product of two hat functions; outside the square it
    falls to zero within one pixel. All images are sampled at the same points. Written with gathers
    instead of `grid_sample`, so that first and second derivatives in `points` and in `images`, and
    forward-mode derivatives, exist (away from pixel centres the mixed second derivative is the only
    one that does not vanish).

    Args:
        images: b images with c channels.
        points: coordinates (x1, x2), x1 along columns and x2 along rows, as in `pixel_grid`.

    Returns:
        values: b, c, then the shape of the point set.
        mask: True where the point lies in the closed square.

    Example:
        >>> ramp = torch.tensor([[[[0.0, 1.0], [0.0, 1.0]]]])
        >>> bilinear(ramp, torch.tensor([0.5, 0.0]))[0].item()
        0.75
    """
    height, width = images.shape[-2:]
    column = (points[..., 0] + 1) * ((width - 1) / 2)
    row = (points[..., 1] + 1) * ((height - 1) / 2)
    j0, j1, u0, u1 = _corner_weights(column, width)
    i0, i1, v0, v1 = _corner_weights(row, height)
    flat = images.reshape(*images.shape[:2], height * width)

    def pick(i: Tensor, j: Tensor) -> Tensor:
        index = (i * width + j).reshape(-1)
        return flat.index_select(-1, index).reshape(*flat.shape[:-1], *i.shape)

    upper = u0 * pick(i0, j0) + u1 * pick(i0, j1)
    lower = u0 * pick(i1, j0) + u1 * pick(i1, j1)
    return v0 * upper + v1 * lower, inside(points)


def bilinear_grids(
    images: Float[Tensor, "b c h w"], grids: Float[Tensor, "n i j 2"]
) -> Float[Tensor, "n b c i j"]:
    """The values of `bilinear` on n grids of points, about six times as fast on a CPU.

    All images go through one `grid_sample` per grid as if they were channels, so that the gradient
    with respect to a grid is summed on the way. First derivatives only; no mask.

    Example:
        >>> images, grids = torch.rand(4, 3, 8, 8), 2 * torch.rand(5, 8, 8, 2) - 1
        >>> found, values = bilinear_grids(images, grids), bilinear(images, grids)[0]
        >>> torch.allclose(found, values.movedim(2, 0), atol=1e-5)
        True
    """
    b, c, h, w = images.shape
    stack = images.reshape(1, b * c, h, w).expand(len(grids), -1, -1, -1)
    values = F.grid_sample(stack, grids, align_corners=True)
    return values.unflatten(1, (b, c))
