"""What a flow does to data: to images, functions on the square, and to solutions of PDEs."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from .data.trajectories import Trajectories
from .fields import Field
from .flows import Parameter, flow
from .numerics.chart import Chart
from .numerics.interpolation import bilinear, pixel_grid
from .numerics.resampling import resample

POINTS = 2**18
"""About how many points of solutions are moved at a time."""


class Acted(NamedTuple):
    """Transformed data of the same kind, and where they can be trusted.

    `mask` is False where a value had to be looked up outside the data; there are zeros. It has one
    entry per pixel of an image, and one per row (time) of a solution.
    """

    data: Float[Tensor, "..."]
    mask: Bool[Tensor, "..."]


def warp(images: Float[Tensor, "b c h w"], points: Float[Tensor, "*k h w 2"]) -> Acted:
    """Look every image up at a grid of points: pixel (i, j) becomes f(points[i, j]).

    No range check, so it suits normalised images and training loops. Bilinear, zero outside.

    Args:
        images: any real values.
        points: coordinates in [-1, 1]^2 (x1 right, x2 down), one grid or a stack "*k" of grids.

    Returns:
        data "*k b c h w" and mask "*k h w".

    Example:
        >>> picture = torch.rand(1, 3, 8, 8)
        >>> torch.allclose(warp(picture, pixel_grid(8, 8)).data, picture, atol=1e-5)
        True
    """
    values, mask = bilinear(images, points)
    return Acted(values.movedim((0, 1), (-4, -3)), mask)


def as_pixels(images: Shaped[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Images as numbers in [0, 1]: bytes are divided by 255, reals are checked.

    Raises:
        ValueError: for other types, non-finite values, or values outside [0, 1].

    Example:
        >>> as_pixels(torch.full((1, 1, 1, 1), 255, dtype=torch.uint8)).item()
        1.0
    """
    if images.dtype == torch.uint8:
        return images.float() / 255
    if not images.is_floating_point():
        raise ValueError(
            f"images must be uint8 in 0..255 or real in [0, 1], got {images.dtype}; "
            "convert with images.to(torch.uint8)"
        )
    low, high = images.aminmax()
    if not (low >= 0 and high <= 1):  # also false for NaN
        raise ValueError(
            f"image values must lie in [0, 1], got {low.item():g} to {high.item():g}; divide bytes "
            "by 255, or use warp(images, points) for normalised images"
        )
    return images


def pull_back_images(
    field: Field, images: Shaped[Tensor, "b c h w"], s: Parameter, **options
) -> Acted:
    r"""The pull-back $f\circ\vartheta_s$ of images: look up where the flow carries each pixel.

    Content moves against the field. This is what the published image code computes; since its s is
    drawn symmetrically about 0, only the sign of s differs from `act_on_images`.

    Args:
        field: n generators of the plane, coordinates (x1, x2) = (right, down) on [-1, 1]^2.
        images: uint8, or real in [0, 1].
        s: group parameter; a vector adds a leading axis, as in `flow`.
        options: passed to `flow` (method, steps, ...).

    Returns:
        data "n b c h w" ("times n b c h w" for a vector s) and mask without the axes b and c.

    Raises:
        ValueError: if the field is not two-dimensional, or the images are out of range.

    Example:
        >>> from .fields import AffineField
        >>> pull_back_images(AffineField.named("L1"), torch.rand(4, 3, 8, 8), 0.1).data.shape
        torch.Size([1, 4, 3, 8, 8])
    """
    if field.dim != 2:
        raise ValueError(
            f"an image is a function of 2 coordinates (x1, x2), but the field acts on {field.dim}: "
            f"{field.names}"
        )
    pixels = as_pixels(images).to(field._one)
    height, width = images.shape[-2:]
    grid = pixel_grid(height, width, dtype=pixels.dtype).to(pixels.device)
    return warp(pixels, flow(field, grid, s, **options).movedim(-2, -4))


def act_on_images(
    field: Field, images: Shaped[Tensor, "b c h w"], s: Parameter, **options
) -> Acted:
    r"""The group's action on images, $(\vartheta_s f)(x)=f(\vartheta_s^{-1}(x))$.

    Content moves along the field: a positive s of the translation (1, 0) moves a picture to the
    right. Arguments, returns and errors as for `pull_back_images`.

    Example:
        >>> from .fields import AffineField
        >>> dot = torch.zeros(1, 1, 3, 3)
        >>> dot[..., 1, 1] = 1
        >>> act_on_images(AffineField.named("L1"), dot, 1.0).data[0, 0, 0, 1].tolist()
        [0.0, 0.0, 1.0]
    """
    return pull_back_images(field, images, -s, **options)


def solution_graph(
    u: Float[Tensor, "*b time space"], times: Float[Tensor, " time"], length: float
) -> Float[Tensor, "*b time space 3"]:
    """The points (x, t, u) of solutions on the regular grid, x = 0, L/N, ..., L - L/N.

    Example:
        >>> solution_graph(torch.zeros(2, 4), torch.tensor([1.0, 2.0]), 8.0)[1, 3].tolist()
        [6.0, 2.0, 0.0]
    """
    x = torch.arange(u.shape[-1], dtype=u.dtype, device=u.device) * (length / u.shape[-1])
    return torch.stack([x.expand_as(u), times[:, None].expand_as(u), u], dim=-1)


def _unpack(
    solutions: Tensor | Trajectories, times: Tensor | None, length: float | None
) -> tuple[Tensor, Tensor, float]:
    """Values, times and period, from wherever they stand."""
    if isinstance(solutions, Trajectories):
        if times is not None or length is not None:
            raise ValueError("trajectories know their times and length; leave both out")
        return solutions.u, solutions.times, solutions.equation.length
    if times is None or length is None:
        raise ValueError(
            "a tensor of solutions does not know its grid; pass times=... and length=..., or "
            "Trajectories instead"
        )
    if solutions.shape[-2] != len(times):
        raise ValueError(
            f"solutions must have shape (..., time, space) with {len(times)} times, got "
            f"{tuple(solutions.shape)}"
        )
    return solutions, times, length


def act_on_solutions(
    field: Field,
    solutions: Float[Tensor, "..."] | Trajectories,
    s: Parameter,
    *,
    times: Float[Tensor, " time"] | None = None,
    length: float | None = None,
    chart: Chart | None = None,
    resampling: str = "pullback",
    order: int = 10,
    **options,
) -> Acted:
    r"""The group's action on solutions u(x, t): move the graph, read it off on the old grid.

    All points (x, t, u(x, t)) go along the flow; the moved graph is the transformed solution, and
    `resample` gives its values on the regular grid. Computed in the field's dtype.

    Args:
        field: n generators on (x, t, u), periodic in x.
        solutions: trajectories, or values "*b time space" with `times` and `length`.
        s: group parameter; a vector adds a leading axis, as in `flow`.
        times: of the rows, equally spaced.
        length: period L in x; the grid points are 0, L/N, ..., L - L/N.
        chart: coordinates in which the field is given; without one, physical units.
        resampling: "pullback", "splat", "hat" or "bilinear"; see `resample`.
        order: nodes of the interpolation in t.
        options: passed to `flow` (method, steps, ...).

    Returns:
        Data "n *b time space" ("times n *b time space" for a vector s), and mask without the last
        axis: the rows that the moved graph covers. `longest_run` turns it into a time window.

    Raises:
        ValueError: if the field does not act on three coordinates, or grid and values do not fit.

    Example:
        >>> from .fields import AffineField
        >>> boost = AffineField(torch.tensor([[[0.0, 1, 0], [0, 0, 0], [0, 0, 0]]]),
        ...                     torch.tensor([[0.0, 0.0, 1.0]]))  # (t, 0, 1)
        >>> u, t = torch.zeros(2, 12, 16), torch.arange(12.0)
        >>> acted = act_on_solutions(boost, u, 0.5, times=t, length=4.0)
        >>> acted.data.shape, acted.mask.shape, round(acted.data.mean().item(), 6)
        (torch.Size([1, 2, 12, 16]), torch.Size([1, 2, 12]), 0.5)
    """
    if field.dim != 3:
        raise ValueError(
            f"a solution's graph has 3 coordinates (x, t, u), but the field acts on {field.dim}: "
            f"{field.names}"
        )
    u, times, length = _unpack(solutions, times, length)
    u, times = u.to(field._one), times.to(field._one)
    batch, (rows, n) = u.shape[:-2], u.shape[-2:]
    found = []
    for part in u.reshape(-1, rows, n).split(max(1, POINTS // (rows * n))):
        points = solution_graph(part, times, length)
        moved = flow(field, chart.inward(points) if chart else points, s, **options)
        moved = moved.movedim(-2, -5)  # generators before trajectories
        moved = chart.outward(moved) if chart else moved
        found.append(resample(moved, times, length, method=resampling, order=order))
    data = torch.cat([values for values, _ in found], dim=-3)
    mask = torch.cat([rows for _, rows in found], dim=-2)
    lead = data.shape[:-3]
    return Acted(data.reshape(*lead, *batch, rows, n), mask.reshape(*lead, *batch, rows))
