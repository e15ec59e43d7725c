"""The settings of the experiment cifar-symmetry."""

from dataclasses import dataclass

from .base import at_least
from .feature_config import FeatureSymmetry


@dataclass(frozen=True)
class CIFARSymmetry(FeatureSymmetry):
    """Learn generators of the plane under which the features of CIFAR-10 pictures turn little.

    Attributes:
        nodes: Chebyshev nodes per axis that are moved, the pixels' displacements interpolated; 0
            moves every pixel by itself.
        tau: Lipschitz constant that is free of charge, per unit of the coordinates; the published
            code has 0.5 between neighbouring pixels, 7.75 per unit.
    """

    nodes: int = 16
    tau: float = 7.75

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 0, "nodes")
        if self.nodes == 1:
            raise ValueError("nodes must be 0 (every pixel) or at least 2, got 1")
