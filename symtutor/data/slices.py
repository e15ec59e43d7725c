"""One-dimensional signals out of pictures: crops of their middle row."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from .hidden import check_dimension
from .images import Images, load_images

DARK = 1e-6


def middle_rows(
    images: Images | Shaped[Tensor, "..."],
) -> Float[Tensor, "m w"]:
    """The row at half height of every picture in which it is not black, in float64.

    In a picture of even height this is the mean of the two middle rows.

    Args:
        images: pictures of one channel, bytes 0..255, (n, h, w) or (n, 1, h, w).

    Raises:
        ValueError: for pictures of several channels or that are not bytes, and if no picture is
            given or all middle rows are black.

    Example:
        >>> middle_rows(torch.tensor([[[0, 2], [4, 4]], [[0, 0], [0, 0]]], dtype=torch.uint8))
        tensor([[2., 3.]], dtype=torch.float64)
    """
    pixels = images.pixels if isinstance(images, Images) else images
    pixels = pixels[:, 0] if pixels.ndim == 4 and pixels.shape[1] == 1 else pixels
    if pixels.ndim != 3 or pixels.dtype != torch.uint8:
        raise ValueError(
            f"slices need pictures of one channel in bytes, uint8 (n, h, w) or (n, 1, h, w), got "
            f"{pixels.dtype} {tuple(pixels.shape)}"
        )
    if pixels.numel() == 0:
        raise ValueError(f"slices need at least one picture, got shape {tuple(pixels.shape)}")
    h = pixels.shape[1]
    rows = (pixels[:, (h - 1) // 2].double() + pixels[:, h // 2].double()) / 2
    rows = rows[rows.amax(1) > DARK]
    if len(rows) == 0:
        raise ValueError(
            f"slices come from the middle row, which is black in all {len(pixels):,} pictures; "
            "pass pictures that show something there"
        )
    return rows


def mnist_rows() -> Float[Tensor, "m 28"]:
    """Middle rows of all pictures of MNIST, training and test set.

    Raises:
        ValueError: if the files are missing or damaged.
    """
    try:
        parts = [load_images("mnist", split).pixels for split in ("train", "test")]
    except ValueError as error:
        raise ValueError(
            'slices need the pictures of MNIST; call load_images("mnist", download=True) once, or '
            f"pass images=...: {error}"
        ) from error
    return middle_rows(torch.cat(parts))


def check_crop(w: int, d: int) -> None:
    """Refuse crops that are wider than the padded row, or without a middle component."""
    check_dimension(d)
    if d > 3 * w:
        raise ValueError(
            f"slices of {w} pixels, padded by {w} on both sides, have at most {3 * w} values, got "
            f"d={d}; pass a smaller d"
        )


def crop(rows: Float[Tensor, "m w"], start: Float[Tensor, " m"], d: int) -> Float[Tensor, "m d"]:
    r"""The d values of each row at $s\,(3w-1)+j\,\frac{d}{3w}\,\frac{3w-1}{d-1}$, $j=0..d-1$.

    The row is padded by its width w on both sides with zeros, and interpolated linearly. These are
    the positions of "crop and resize" for a box of the fractional width $d/3w$; for w = 28 and
    d = 27 their distance is 1.0261 pixels.

    Args:
        rows: the rows.
        start: left edge s of each crop, from 0 to $1-d/3w$, as a fraction of the padded row.
        d: number of values.

    Example:
        >>> crop(torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([0.375]), 3)
        tensor([[1.0000, 2.3333, 1.0000]])
    """
    w = rows.shape[1]
    stride = d / (3 * w) * (3 * w - 1) / (d - 1)
    steps = torch.arange(d, dtype=rows.dtype, device=rows.device)
    places = start[:, None] * (3 * w - 1) + stride * steps
    padded = torch.nn.functional.pad(rows, (w, w))
    left = places.floor().clamp(0, 3 * w - 2)
    weight = places - left
    here, after = padded.gather(1, left.long()), padded.gather(1, left.long() + 1)
    return (1 - weight) * here + weight * after


def random_slices(
    rows: Float[Tensor, "m w"], n: int, d: int, stream: torch.Generator
) -> Float[Tensor, "n d"]:
    """n random crops that are not black, each of a random row (Efe and Ozakin 2025).

    Args:
        rows: of which none is black.
        n: how many crops.
        d: values of each, odd, from 3 to three times the width of a row.
        stream: source of the random numbers, on the CPU.

    Returns:
        The crops, in the units of the rows.

    Raises:
        ValueError: for d even, below 3 or too large.

    Example:
        >>> random_slices(torch.tensor([[0.0, 9.0, 0.0]]), 4, 5, torch.Generator()).amin() >= 0
        tensor(True)
    """
    w = rows.shape[1]
    check_crop(w, d)
    parts, missing = [], n
    while missing:
        tries = 2 * missing
        chosen = torch.randint(len(rows), (tries,), generator=stream)
        start = (1 - d / (3 * w)) * torch.rand(tries, generator=stream, dtype=rows.dtype)
        crops = crop(rows[chosen], start, d)
        crops = crops[crops.amax(1) > DARK][:missing]
        parts.append(crops)
        missing -= len(crops)
    return torch.cat(parts)
