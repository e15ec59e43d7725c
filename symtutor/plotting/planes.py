"""Planar vector fields, their orbits, and grids moved by their flows."""

from collections.abc import Callable
from itertools import chain
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from ..fields import Field
from ..flows import flow
from .palette import COLOURS

# Arrows in the units of the axes, with shafts of 1/50 inch in a panel of any size.
TO_SCALE: dict[str, Any] = {"angles": "xy", "scale_units": "xy", "units": "inches", "width": 0.02}


def _plane(field: Field, ax: Axes | None, x2_down: bool) -> Axes:
    """Axes for a planar field: labelled, of equal scales, x2 down on request or where it is."""
    if ax is None:
        ax = plt.subplots(figsize=(4.2, 4.2))[1]
    if not ax.images:  # a picture keeps its pixels square
        ax.set_aspect("equal")
    ax.set_xlabel(field.names[0])
    ax.set_ylabel(field.names[1])
    if x2_down and not ax.yaxis_inverted():
        ax.invert_yaxis()
    return ax


def _colour(field: Field, index: int) -> str:
    """The book's colour of a generator with a known label, else a colour of its own."""
    return COLOURS.get(field.labels[index], f"C{index % 7}")


def _evaluate(
    field: Field, points: Tensor, function: Callable[[Tensor], Tensor], index: int
) -> np.ndarray:
    """Generator `index` of `function` at the points, in the field's dtype and on its device."""
    if field.dim != 2:
        raise ValueError(
            f"a figure in the plane needs a field on 2 coordinates, got {field.dim} "
            f"({', '.join(field.names)}); restrict the field to the two you want to see"
        )
    if not 0 <= index < field.n:
        raise ValueError(
            f"the field has generators 0 to {field.n - 1}, got index={index}; choose one of them"
        )
    for state in chain(field.parameters(), field.buffers()):
        if state.is_floating_point():
            points = points.to(state)
            break
    with torch.no_grad():
        return function(points)[..., index, :].cpu().numpy()


def quiver(
    field: Field,
    ax: Axes | None = None,
    *,
    index: int = 0,
    extent: tuple[float, float] = (-1, 1),
    density: int = 15,
    colour: str | None = None,
    x2_down: bool = False,
) -> Axes:
    """Arrows of one generator of a field on the plane, on a regular grid of `density`^2 points.

    Arrows start at their point; the longest is as long as the spacing of the grid.

    Args:
        field: field on two coordinates.
        ax: where to draw; a new figure if omitted. Draw over an `image_strip` to compare with it.
        index: which of the n generators.
        extent: (low, high) of both coordinates.
        density: arrows per side, at least 2.
        colour: any matplotlib colour; by default the one `COLOURS` has for the generator's label.
        x2_down: let x2 increase downwards, as it does in image coordinates.

    Raises:
        ValueError: if the field is not planar or has no generator `index`, the grid is empty, or
            a vector is not finite.

    Example:
        >>> from symtutor.fields import AffineField
        >>> quiver(AffineField.named("L5-L6"), density=9).get_xlabel()
        'x1'
    """
    if density < 2 or not extent[0] < extent[1]:
        raise ValueError(
            f"quiver draws on a grid of at least 2 x 2 points, got density={density} on "
            f"extent={extent}; pass density >= 2 and extent=(low, high)"
        )
    side = torch.linspace(extent[0], extent[1], density)
    points = torch.cartesian_prod(side, side)
    vectors = _evaluate(field, points, field, index)
    if not np.isfinite(vectors).all():
        raise ValueError(
            f"the field is not finite on the square {extent}; shrink `extent` or mend the field"
        )
    ax = _plane(field, ax, x2_down)
    longest = float(np.linalg.norm(vectors, axis=1).max())
    spacing = (extent[1] - extent[0]) / (density - 1)
    ax.quiver(
        *points.T.numpy(),
        *vectors.T,
        color=colour or _colour(field, index),
        scale=(longest or 1.0) / spacing,
        edgecolor="white",
        linewidth=0.4 if ax.images else 0,  # a white rim keeps arrows visible on a picture
        **TO_SCALE,
    )
    if not ax.images:
        ax.update_datalim([(extent[0] - spacing,) * 2, (extent[1] + spacing,) * 2])
        ax.autoscale_view()
    return ax


def orbits(
    field: Field,
    starts: Float[Tensor, "m d"],
    s_max: float,
    ax: Axes | None = None,
    *,
    index: int = 0,
    samples: int = 65,
    colour: str | None = None,
    mark_start: bool = True,
    x2_down: bool = False,
) -> Axes:
    """Orbits of points under the flow of one generator, for s from 0 to `s_max` (either sign).

    A dot marks each start, an arrow head the end. A fixed point is its dot alone.

    Args:
        field: field on two coordinates.
        starts: m starting points.
        s_max: group parameter at the end of the orbits.
        ax, index, colour, x2_down: as in `quiver`.
        samples: points drawn per orbit, at least 2.
        mark_start: draw the dots.

    Raises:
        ValueError: if the field is not planar or has no generator `index`, or `samples` < 2.

    Example:
        >>> import torch
        >>> from symtutor.fields import AffineField
        >>> ax = orbits(AffineField.named("L5-L6"), torch.tensor([[0.5, 0.0]]), 3.0)
        >>> len(ax.lines)
        2
    """
    if samples < 2:
        raise ValueError(f"an orbit needs at least two samples, got samples={samples}")
    s = torch.linspace(0, s_max, samples, dtype=starts.dtype)
    paths = _evaluate(field, starts, lambda z: flow(field, z, s), index)
    ax = _plane(field, ax, x2_down)
    colour = colour or _colour(field, index)
    for path in paths.transpose(1, 0, 2):
        ax.plot(*path.T, color=colour)
        if mark_start:
            ax.plot(*path[0], marker="o", color=colour)
        if np.hypot(*(path[-1] - path[-2])) > 0:
            head = {"arrowstyle": "-|>", "color": colour, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", xy=path[-1], xytext=path[-2], arrowprops=head)
    return ax


def warped_grid(
    field: Field,
    s: float,
    ax: Axes | None = None,
    *,
    index: int = 0,
    extent: tuple[float, float] = (-1, 1),
    lines: int = 9,
    colour: str | None = None,
    x2_down: bool = False,
) -> Axes:
    """The image of a square grid under the flow at `s`, over the grid itself in grey.

    Args:
        s: group parameter.
        lines: grid lines in each direction, at least 2.
        field, ax, index, extent, colour, x2_down: as in `quiver`.

    Raises:
        ValueError: if the field is not planar or has no generator `index`, or `lines` < 2.

    Example:
        >>> from symtutor.fields import AffineField
        >>> len(warped_grid(AffineField.named("L5"), 0.5, lines=5).lines)
        20
    """
    if lines < 2:
        raise ValueError(f"a grid needs at least two lines in each direction, got lines={lines}")
    level = torch.linspace(extent[0], extent[1], lines)
    along = torch.linspace(extent[0], extent[1], 8 * lines)
    vertical = torch.stack(torch.meshgrid(level, along, indexing="ij"), dim=-1)
    grid = torch.cat([vertical, vertical.flip(-1)])
    moved = _evaluate(field, grid, lambda z: flow(field, z, s), index)
    ax = _plane(field, ax, x2_down)
    for before in grid.numpy():
        ax.plot(*before.T, color="#BBBBBB", linewidth=0.8, zorder=1)
    for after in moved:
        ax.plot(*after.T, color=colour or _colour(field, index), linewidth=1.4, zorder=2)
    return ax
