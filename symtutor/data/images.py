"""CIFAR-10 and MNIST: the official files, a tree of image files, or the bundled sample."""

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from . import official
from .sample import read_sample
from .tree import read_tree

CLASSES = {
    "cifar10": (
        *("airplane", "automobile", "bird", "cat", "deer"),
        *("dog", "frog", "horse", "ship", "truck"),
    ),
    "mnist": tuple("0123456789"),
}
SHAPES = {"cifar10": (3, 32, 32), "mnist": (1, 28, 28)}
SOURCES = ("auto", "official", "tree", "sample")


@dataclass(frozen=True)
class Images:
    """Labelled pictures.

    Attributes:
        pixels: bytes 0..255, "n c h w".
        labels: class index of every picture.
        classes: class names.
        source: where they came from: "official", "tree" or "sample".
    """

    pixels: UInt8[Tensor, "n c h w"]
    labels: Int64[Tensor, " n"]
    classes: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        if self.labels.numel() and not (
            self.labels.min() >= 0 and self.labels.max() < len(self.classes)
        ):
            raise ValueError(
                f"labels must index the {len(self.classes)} classes, got values from "
                f"{self.labels.min().item()} to {self.labels.max().item()}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        c, h, w = self.pixels.shape[1:]
        return (
            f"{len(self):,} pictures of {h} x {w} pixels in {c} channel(s), "
            f"{len(self.classes)} classes, from: {self.source}"
        )

    def float(self) -> Float[Tensor, "n c h w"]:
        """Pixels as float32 in [0, 1]."""
        return self.pixels.float() / 255

    def of(self, name: str) -> "Images":
        """The pictures of one class.

        Raises:
            ValueError: for a class that does not exist.
        """
        if name not in self.classes:
            raise ValueError(f"no class is called {name!r}; the classes are {self.classes}")
        chosen = self.labels == self.classes.index(name)
        return Images(self.pixels[chosen], self.labels[chosen], self.classes, self.source)


def data_root() -> Path:
    """The folder for data sets: $SYMTUTOR_DATA, or ~/.cache/symtutor."""
    return Path(os.environ.get("SYMTUTOR_DATA") or Path.home() / ".cache" / "symtutor")


def load_images(
    name: str = "cifar10",
    split: str = "train",
    *,
    source: str = "auto",
    download: bool = False,
    root: str | Path | None = None,
) -> Images:
    """Load a labelled image set.

    Under the data root, "official" means torchvision's files (`cifar-10-batches-py`, `MNIST/raw`),
    always checked against their published MD5 sums; "tree" means one file per picture,
    `cifar10/train/<class>/<index>.jpg` (any image format); "sample" is the bundled set of 2,000
    CIFAR-10 pictures with their exact pixels (160 train and 40 test pictures of every class).
    "auto" takes the first of these that is there, and warns when that is the sample.

    Args:
        name: "cifar10" or "mnist".
        split: "train" or "test".
        source: where to look.
        download: fetch the official files if they are missing. They are unpacked in a temporary
            folder and moved into place when complete and verified.
        root: data root; by default $SYMTUTOR_DATA, else ~/.cache/symtutor.

    Raises:
        ValueError: for an unknown name, split or source, and for missing or damaged files.
        ConnectionError: if a download fails; nothing is left behind.

    Example:
        >>> load_images("cifar10", "test", source="sample")
        400 pictures of 32 x 32 pixels in 3 channel(s), 10 classes, from: sample
    """
    for what, value, allowed in (
        ("data set", name, tuple(CLASSES)),
        ("split", split, ("train", "test")),
        ("source", source, SOURCES),
    ):
        if value not in allowed:
            raise ValueError(f"no {what} is called {value!r}; choose one of {', '.join(allowed)}")
    folder = Path(root) if root is not None else data_root()
    if download and source in ("auto", "official"):
        official.fetch(name, folder)
    readers: dict[str, Callable[[], tuple[Tensor, Tensor] | None]] = {
        "official": lambda: official.read(name, split, folder),
        "tree": lambda: read_tree(folder / name / split, CLASSES[name], SHAPES[name]),
        "sample": lambda: read_sample(name, split),
    }
    for kind in SOURCES[1:] if source == "auto" else (source,):
        found = readers[kind]()
        if found is not None:
            if source == "auto" and kind == "sample":
                warnings.warn(
                    f"no {name} files under {folder}: using the bundled sample of "
                    f"{len(found[1]):,} pictures; pass download=True for the full set, or "
                    "source='sample' to silence this",
                    stacklevel=2,
                )
            pixels, labels = found
            return Images(pixels.to(torch.uint8), labels.long(), CLASSES[name], kind)
    raise ValueError(
        f"found no {name} data (source={source!r}) under {folder}; pass download=True, set "
        "SYMTUTOR_DATA to a folder that holds them, or use source='sample' (CIFAR-10 only)"
    )
