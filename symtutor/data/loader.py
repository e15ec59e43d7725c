"""Batches of pictures that never leave their device: bytes, flips and crops as index arithmetic."""

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from ..numerics.random import generator
from .images import Images


def shifted_crops(
    images: UInt8[Tensor, "b c h w"], shift: Int64[Tensor, "b 2"], reach: int
) -> UInt8[Tensor, "b c h w"]:
    """Every picture moved by its own whole number of pixels, black where nothing is known.

    The same as cutting at a random place out of a picture padded with `reach` black pixels.

    Args:
        images: bytes.
        shift: (down, right) of each picture's content, from -reach to reach.
        reach: the padding.

    Example:
        >>> dot = torch.tensor([[[[0, 9], [0, 0]]]], dtype=torch.uint8)
        >>> shifted_crops(dot, torch.tensor([[1, -1]]), 1)[0, 0].tolist()
        [[0, 0], [9, 0]]
    """
    b, _, h, w = images.shape
    padded = torch.nn.functional.pad(images, (reach,) * 4)
    rows = torch.arange(h, device=images.device) + (reach - shift[:, :1])
    columns = torch.arange(w, device=images.device) + (reach - shift[:, 1:])
    which = torch.arange(b, device=images.device)[:, None, None]
    return padded.movedim(1, -1)[which, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


class Batches:
    """The batches of a training: step -> pictures and labels.

    All randomness of an epoch follows from the seed and the epoch's number, so that a training
    taken up in the middle sees what it would have seen. A last incomplete batch is left out.

    Args:
        images: the pictures; moved to the device once, as bytes.
        size: pictures in a batch.
        seed: of order, flips and crops.
        flip: mirror every picture with probability 1/2.
        crop: move every picture by up to so many pixels, black outside.
        device: where the pictures live.

    Raises:
        ValueError: if there are fewer pictures than in a batch, or a number is out of range.

    Example:
        >>> from symtutor.data import load_images
        >>> batches = Batches(load_images("cifar10", source="sample"), 128)
        >>> pixels, labels = batches(0)
        >>> pixels.shape, labels.shape, len(batches)
        (torch.Size([128, 3, 32, 32]), torch.Size([128]), 12)
    """

    def __init__(
        self,
        images: Images,
        size: int,
        *,
        seed: int = 0,
        flip: bool = True,
        crop: int = 0,
        device: torch.device | str = "cpu",
    ) -> None:
        if not 1 <= size <= len(images):
            raise ValueError(
                f"a batch of {size} cannot be drawn from {len(images)} pictures; choose a size "
                f"from 1 to {len(images)}"
            )
        if not 0 <= crop <= min(images.pixels.shape[-2:]):
            raise ValueError(f"crop must be from 0 to the pictures' size, got {crop}")
        self.pixels, self.labels = images.pixels.to(device), images.labels.to(device)
        self.size, self.seed, self.flip, self.crop = size, seed, flip, crop
        self._epoch = -1
        self._drawn: tuple[Tensor, Tensor, Tensor] = self._draw(0)

    def __len__(self) -> int:
        """Batches in an epoch."""
        return len(self.labels) // self.size

    def _draw(self, epoch: int) -> tuple[Tensor, Tensor, Tensor]:
        """Order, flips and shifts of an epoch, on the device."""
        if epoch != self._epoch:
            random, n = generator(self.seed, f"epoch {epoch}"), len(self.labels)
            order = torch.randperm(n, generator=random)
            flips = torch.rand(n, generator=random) < 0.5
            shifts = torch.randint(-self.crop, self.crop + 1, (n, 2), generator=random)
            device = self.pixels.device
            self._drawn = (order.to(device), flips.to(device), shifts.to(device))
            self._epoch = epoch
        return self._drawn

    def __call__(self, step: int) -> tuple[Float[Tensor, "b c h w"], Int64[Tensor, " b"]]:
        """Pictures in [0, 1] and labels of a step."""
        order, flips, shifts = self._draw(step // len(self))
        part = slice((step % len(self)) * self.size, (step % len(self) + 1) * self.size)
        which = order[part]
        pixels = self.pixels[which]
        if self.flip:
            pixels = torch.where(flips[part, None, None, None], pixels.flip(-1), pixels)
        if self.crop:
            pixels = shifted_crops(pixels, shifts[part], self.crop)
        return pixels.float() / 255, self.labels[which]
