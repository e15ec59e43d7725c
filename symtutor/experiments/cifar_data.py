"""CIFAR-10 as the experiments see it: all of it, or, where a preset says so, the bundled sample."""

from dataclasses import replace

import torch
from torch import Tensor

from ..data.images import Images, data_root, load_images
from ..files import sha256, tensor_bytes
from ..models import ResNet, load_extractor
from ..models.extractors import untrained
from ..numerics.random import fan_out, generator

CONTROLS = ("none", "untrained", "shuffled-labels", "no-validity")
"""What may be taken away: the training of the extractor, its labels, or the symmetry loss."""


def cifar10(data: str, split: str) -> Images:
    """One split of CIFAR-10.

    Args:
        data: "full": the official files or a tree of pictures below the data root, downloaded if
            neither is there; "sample": the pictures bundled with the package.
        split: "train" or "test".

    Raises:
        ConnectionError: if a download fails.
        ValueError: for damaged files.
    """
    if data == "sample":
        return load_images("cifar10", split, source="sample")
    if (data_root() / "cifar10" / split).is_dir():
        return load_images("cifar10", split, source="tree")
    return load_images("cifar10", split, source="official", download=True)


def shuffled(images: Images, seed: int) -> Images:
    """The same pictures with their labels dealt out at random: as many of each class as before."""
    order = torch.randperm(len(images), generator=generator(seed, "shuffled labels"))
    return replace(images, labels=images.labels[order])


def draw(images: Images, count: int, seed: int, name: str) -> Tensor:
    """So many pictures at random, as bytes."""
    order = torch.randperm(len(images), generator=generator(seed, name))
    return images.pixels[order[:count]]


def checksums(**images: Images) -> dict[str, str]:
    """Checksums of pictures and labels, by name and source."""
    return {
        f"{name} ({found.source})": sha256(
            tensor_bytes({"pixels": found.pixels, "labels": found.labels})
        )
        for name, found in images.items()
    }


def extractor_for(architecture: str, control: str, images: Images, seed: int) -> ResNet:
    """The frozen network whose features judge, as a control wants it.

    Args:
        architecture: "small" or "resnet18".
        control: one of `CONTROLS`; "no-validity" has the trained network too, for the weights.
        images: pictures that give an untrained network its batch statistics.
        seed: of the untrained network's weights.

    Raises:
        ValueError: if no such network has been trained here.
    """
    if control == "untrained":
        return untrained(architecture, images.pixels[:2048], fan_out(seed, "untrained extractor"))
    return load_extractor(architecture + "-shuffled" * (control == "shuffled-labels"))
