"""The settings of the experiment colour-symmetry."""

from dataclasses import dataclass

from .base import at_least
from .feature_config import FeatureSymmetry

NEIGHBOURS = 19
"""Nearest other colours that the Lipschitz loss looks at, as published."""


@dataclass(frozen=True)
class ColourSymmetry(FeatureSymmetry):
    """Learn generators of colour space under which features of CIFAR-10 pictures turn little.

    Attributes:
        colours: colours sampled from the pictures, which stand for colour space.
        lattice: colours per channel whose flow is computed; others are interpolated.
        tau: difference between neighbouring colours' vectors that is free of charge, at the
            median distance of neighbours.
    """

    slots: int = 3
    colours: int = 1024
    steps: int = 1000
    batch: int = 32
    learning_rate: float = 2e-3
    sigma: float = 1.0
    lattice: int = 9
    tau: float = 1.0
    w_ortho: float = 3.0
    w_lipschitz: float = 1.0
    sensitivity: int = 1024
    judged: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 2, "lattice")
        at_least(self, NEIGHBOURS + 1, "colours")
