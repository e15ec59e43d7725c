"""Image sets stored as one file per picture, one folder per class."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def _read(path: Path, shape: tuple[int, int, int]) -> np.ndarray:
    channels, height, width = shape
    try:
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("RGB" if channels == 3 else "L"))
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(
            f"cannot read the picture {path}: {error}; restore or delete this file"
        ) from error
    if pixels.shape[:2] != (height, width):
        raise ValueError(
            f"{path} has {pixels.shape[0]} x {pixels.shape[1]} pixels, expected {height} x "
            f"{width}; resize or delete it"
        )
    return pixels.reshape(height, width, channels)


def _order(path: Path) -> tuple[int, str]:
    return (int(path.stem), "") if path.stem.isdigit() else (2**62, path.stem)


def read_tree(
    folder: Path, classes: tuple[str, ...], shape: tuple[int, int, int]
) -> tuple[Tensor, Tensor] | None:
    """Pictures of `folder/<class>/*`, ordered by number, or None if the folder does not exist.

    Files named by their official index come back in the official order, whatever their class.

    Raises:
        ValueError: if class folders are missing or empty, or a picture is damaged or misshapen.
    """
    if not folder.is_dir():
        return None
    files = [
        (path, label)
        for label, name in enumerate(classes)
        for path in (folder / name).glob("*")
        if path.suffix.lower() in SUFFIXES
    ]
    missing = sorted(set(range(len(classes))) - {label for _, label in files})
    if missing:
        raise ValueError(
            f"the image tree {folder} has no pictures of {', '.join(classes[i] for i in missing)}; "
            f"it needs one folder per class: {', '.join(classes)}"
        )
    files.sort(key=lambda item: (*_order(item[0]), item[1]))
    pixels = np.stack([_read(path, shape) for path, _ in files]).transpose(0, 3, 1, 2)
    return torch.from_numpy(pixels.copy()), torch.tensor([label for _, label in files])
