"""Panels in rows and columns: pictures under several flows, the fields of several generators."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from ..fields import Field
from .images import image_strip
from .palette import COLOURS
from .planes import quiver

WIDTH = 6.4  # inches, as wide as a figure of the book
FADED = 0.35  # how much of a picture is left behind arrows


def _labels(kind: str, given: Sequence[str] | None, count: int) -> None:
    if given is not None and len(given) != count:
        raise ValueError(
            f"{count} {kind} need {count} labels, got {len(given)}; pass one per {kind[:-1]}"
        )


def image_grid(
    images: Shaped[Tensor, "*grid c h w"],
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
) -> np.ndarray:
    """Pictures in rows and columns, e.g. one row per generator and one column per s.

    Args:
        images: "rows columns c h w"; uint8, or floats in [0, 1], with 1 or 3 channels.
        rows: a short label left of each row.
        columns: a short label above each column.

    Returns:
        The Axes, "rows columns".

    Raises:
        ValueError: for other shapes or values, or a wrong number of labels.

    Example:
        >>> import torch
        >>> image_grid(torch.rand(2, 3, 1, 8, 8), columns=["a", "b", "c"]).shape
        (2, 3)
    """
    if images.ndim != 5 or not images.numel():
        raise ValueError(
            f"image_grid shows images of shape (rows, columns, 1 or 3, h, w), got "
            f"{tuple(images.shape)}; stack the pictures that way"
        )
    count, across = images.shape[:2]
    _labels("rows", rows, count)
    _labels("columns", columns, across)
    side = min(WIDTH / across, 1.6)
    shape = images.shape[-2] / images.shape[-1]
    size = (side * across + 0.5 * (rows is not None), side * shape * count + 0.3)
    axes = plt.subplots(count, across, figsize=size, squeeze=False)[1]
    for number, (line, row) in enumerate(zip(axes, images, strict=True)):
        image_strip(row, columns if number == 0 else None, line)
        if rows is not None:
            look = {"ha": "right", "va": "center", "transform": line[0].transAxes}
            line[0].text(-0.08, 0.5, rows[number], **look)
    return axes


def field_grid(
    field: Field,
    picture: Shaped[Tensor, "c h w"] | None = None,
    *,
    columns: int = 5,
    extent: tuple[float, float] = (-1, 1),
    density: int = 9,
    titles: Sequence[str] | None = None,
    colour: str | None = None,
) -> np.ndarray:
    """Arrows of every generator of a planar field in image coordinates, one panel each.

    The longest arrow of each panel is as long as the spacing of its grid: panels compare shapes,
    not sizes.

    Args:
        field: n fields on two coordinates.
        picture: shown faintly behind the arrows.
        columns: panels in a row, at least 1.
        extent: (low, high) of both coordinates.
        density: arrows per side.
        titles: one above each panel; by default the field's labels.
        colour: of all arrows; by default that of learned fields.

    Returns:
        The n Axes.

    Raises:
        ValueError: if the field is not planar, `columns` is below 1, or for a wrong number of
            titles.

    Example:
        >>> from symtutor.fields import AffineField
        >>> len(field_grid(AffineField.named("L1", "L5-L6"), density=5))
        2
    """
    if columns < 1:
        raise ValueError(f"panels stand in at least one column, got columns={columns}")
    _labels("generators", titles, field.n)
    titles = field.labels if titles is None else titles
    across, down = min(columns, field.n), -(-field.n // columns)
    side = min(WIDTH / across, 2.4)
    size = (side * across, (side + 0.25) * down)
    axes = plt.subplots(down, across, figsize=size, squeeze=False)[1].reshape(-1)
    for number, ax in enumerate(axes[: field.n]):
        if picture is not None:
            image_strip(picture, axes=ax)
            ax.images[0].set_alpha(FADED)
        ink = colour or COLOURS["learned"]
        options = {"extent": extent, "density": density, "colour": ink}
        quiver(field, ax, index=number, x2_down=True, **options)
        ax.set(xticks=[], yticks=[], xlabel="", ylabel="")
        ax.text(0.5, 1.03, titles[number], ha="center", transform=ax.transAxes)
    for ax in axes[field.n :]:
        ax.set_axis_off()
    return axes[: field.n]
