"""Rows of pictures."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import torch
from jaxtyping import Bool, Shaped
from matplotlib.axes import Axes
from torch import Tensor

UNTRUSTED = 0.72  # the grey of masked pixels, between the black of "outside" and the white page
ROUNDING = 1e-4  # interpolated values may leave [0, 1] by this much


def _pictures(images: Tensor) -> np.ndarray:
    """Images as a float array "k h w 3" in [0, 1]."""
    stack = images[None] if images.ndim == 3 else images
    if stack.ndim != 4 or stack.shape[1] not in (1, 3) or not stack.numel():
        raise ValueError(
            "image_strip shows images of shape (k, 1 or 3, h, w) or one of shape (c, h, w), got "
            f"{tuple(images.shape)}; index or reshape the rest away"
        )
    values = stack.detach().cpu()
    values = values / 255 if values.dtype == torch.uint8 else values.float()
    low, high = values.min().item(), values.max().item()
    if not (low >= -ROUNDING and high <= 1 + ROUNDING):  # also true of NaN
        raise ValueError(
            f"image_strip shows uint8 images or values in [0, 1], got {low:g} to {high:g}; "
            "undo the normalisation of the data first"
        )
    return values.clamp(0, 1).expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy().copy()


def _masks(mask: Tensor, shape: tuple[int, ...]) -> np.ndarray:
    """A mask "h w", "k h w" or "k 1 h w" as "k h w"."""
    if mask.ndim == 4 and mask.shape[1] == 1:
        mask = mask[:, 0]
    if mask.dtype != torch.bool or tuple(mask.shape) not in (shape[1:], shape):
        raise ValueError(
            f"the mask of {shape[0]} images must be boolean of shape {shape} or {shape[1:]}, got "
            f"{mask.dtype} of shape {tuple(mask.shape)}; pass the mask of the same images"
        )
    return mask.expand(shape).cpu().numpy()


def _axes(axes: Axes | Sequence[Axes] | np.ndarray | None, pictures: np.ndarray) -> np.ndarray:
    """One Axes per picture: the given ones, or a new row."""
    count, height, width = pictures.shape[:3]
    if axes is None:
        side = min(6.4 / count, 2.4)
        size = (side * count, side * height / width + 0.35)
        return plt.subplots(1, count, figsize=size, squeeze=False)[1][0]
    given = np.atleast_1d(np.asarray(axes, dtype=object)).reshape(-1)
    if len(given) != count:
        raise ValueError(
            f"{count} images need {count} axes, got {len(given)}; "
            "make them with plt.subplots(1, number_of_images)"
        )
    return given


def image_strip(
    images: Shaped[Tensor, "*k c h w"],
    titles: Sequence[str] | None = None,
    axes: Axes | Sequence[Axes] | np.ndarray | None = None,
    mask: Bool[Tensor, "*m h w"] | None = None,
) -> np.ndarray:
    """A row of pictures, every pixel a square, without ticks.

    Each picture fills image coordinates: the centres of its corner pixels lie at (±1, ±1), x1 goes
    to the right and x2 down, so `quiver` and `orbits` may be drawn on the returned Axes.

    Args:
        images: "k c h w" or "c h w", with 1 or 3 channels; uint8, or floats in [0, 1].
        titles: one short line above each picture, e.g. its value of s.
        axes: k Axes to draw on; a new row if omitted.
        mask: trusted pixels, "h w" or one per image; the others are shown in flat grey.

    Returns:
        Array of the k Axes.

    Raises:
        ValueError: for other shapes, values outside [0, 1], or a wrong number of titles or axes.

    Example:
        >>> len(image_strip(torch.rand(3, 1, 8, 8), titles=["a", "b", "c"]))
        3
    """
    pictures = _pictures(images)
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"{len(pictures)} images need {len(pictures)} titles, got {len(titles)}; "
            'pass "" for none'
        )
    if mask is not None:
        pictures[~_masks(mask, pictures.shape[:3])] = UNTRUSTED
    drawn = _axes(axes, pictures)
    height, width = pictures.shape[1:3]
    right, bottom = 1 + 1 / max(width - 1, 1), 1 + 1 / max(height - 1, 1)
    for position, (ax, picture) in enumerate(zip(drawn, pictures, strict=True)):
        ax.imshow(
            picture,
            interpolation="nearest",
            extent=(-right, right, bottom, -bottom),
            aspect=(height - 1) / (width - 1) if 1 not in (width, height) else 1,
        )
        ax.set_axis_off()
        if titles is not None:
            ax.set_title(titles[position], fontsize="medium")
    return drawn
