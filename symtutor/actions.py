"""What a flow does to data: images as functions on the square."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from .fields import Field
from .flows import Parameter, flow
from .numerics.interpolation import bilinear, pixel_grid


class Acted(NamedTuple):
    """Transformed data of the same kind, and where they can be trusted.

    `mask` is False in cells whose value had to be looked up outside the data; they hold zeros.
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
