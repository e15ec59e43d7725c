"""Configuration of the augmentation experiment."""

from dataclasses import dataclass
from typing import Literal

from .base import above_zero, at_least, one_of_its_choices

ARMS = ("none", "crop", "affine", "learned")
SEARCHED = ("affine", "learned")


@dataclass(frozen=True)
class CIFARAugment:
    """Train a classifier of CIFAR-10 with each of four augmentations, on equal pictures.

    Attributes:
        seed: of the choice of pictures, the initial weights, the batches and the displacements.
        architecture: "small", for a CPU core, or "resnet18", as published.
        data: "full" CIFAR-10, or the bundled "sample".
        pictures: training pictures, chosen at random; 0: all that are not held out, and once the
            scales are chosen the arms are trained on all.
        held_out: training pictures on which the scales are chosen; the test pictures are not
            touched before the end.
        scales: sizes of the displacements; affine and learned generators are trained with each, and
            the best on the held-out pictures counts. With a single one nothing is searched.
        epochs: passes over the training pictures in each training.
        batch: pictures in a step.
        learning_rate: of SGD with Nesterov momentum 0.9, at its largest.
        schedule: "cosine" with a linear rise over the first fifth, or "steps": times 0.2 at 30,
            60 and 80 percent, as published.
        weight_decay: of all weights.
        crop: the arm "crop" moves every picture by up to so many pixels.
        slots: the arm "learned" uses so many of the learned generators, from the first on.
        precision: "float32", or "bfloat16" for convolutions under autocast.
    """

    seed: int = 0
    architecture: Literal["small", "resnet18"] = "small"
    data: Literal["full", "sample"] = "full"
    pictures: int = 1024
    held_out: int = 2500
    scales: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5)
    epochs: int = 30
    batch: int = 64
    learning_rate: float = 0.05
    schedule: Literal["cosine", "steps"] = "cosine"
    weight_decay: float = 5e-4
    crop: int = 4
    slots: int = 6
    precision: Literal["float32", "bfloat16"] = "bfloat16"

    def __post_init__(self) -> None:
        object.__setattr__(self, "scales", tuple(float(scale) for scale in self.scales))
        one_of_its_choices(self)
        at_least(self, 0, "seed", "pictures", "weight_decay", "crop")
        at_least(self, 1, "held_out", "epochs", "batch", "slots")
        above_zero(self, "learning_rate")
        if not self.scales or not all(0 < scale < float("inf") for scale in self.scales):
            raise ValueError(f"scales are positive numbers, one or more, got {self.scales}")
        if len(set(self.scales)) < len(self.scales):
            raise ValueError(f"scales must differ from one another, got {self.scales}")
        if 0 < self.pictures < self.batch:
            raise ValueError(
                f"a batch of {self.batch} cannot be drawn from {self.pictures} pictures; choose a "
                "smaller batch, or more pictures"
            )
