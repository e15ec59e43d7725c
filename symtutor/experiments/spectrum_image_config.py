"""The settings of the experiment spectrum-image."""

from dataclasses import dataclass
from typing import Literal

from .base import at_least, one_of_its_choices

CHANGES = ("", "_penalised", "_alone")
"""What is minimised: the turn of the features, the turn and the penalty, the penalty alone."""


@dataclass(frozen=True)
class ImageSpectrum:
    """Find the fields of a library along which features of CIFAR-10 pictures turn least.

    Attributes:
        seed: of the pictures, the probes, the untrained networks and the bootstrap.
        space: fields of the "plane" move pixels, fields of "colour" recolour them.
        architecture: of the extractors: "small", which come with the package, or "resnet18".
        data: "full" CIFAR-10, or the bundled "sample".
        degree: of the polynomials in the library.
        lower: degree of the part of it that is looked at, too.
        images: test pictures on which features are differentiated.
        probes: random vectors per picture for the weights.
        untrained: how many networks with random weights are controls.
        penalty: weight of the gradient energy where there is one.
        replicates: samples of the bootstrap over pictures.
    """

    seed: int = 0
    space: Literal["plane", "colour"] = "plane"
    architecture: Literal["small", "resnet18"] = "small"
    data: Literal["full", "sample"] = "full"
    degree: int = 5
    lower: int = 3
    images: int = 500
    probes: int = 1
    untrained: int = 5
    penalty: float = 0.3
    replicates: int = 200

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "penalty")
        at_least(self, 1, "probes", "untrained")
        at_least(self, 2, "lower", "images", "replicates")
        if self.degree <= self.lower:
            raise ValueError(f"degree must exceed lower, got {self.degree} and {self.lower}")

    @property
    def judges(self) -> tuple[str, ...]:
        """Names of the extractors, in the order of every metric; all but the first are controls."""
        return ("trained", "shuffled", *(f"untrained{i}" for i in range(self.untrained)))
