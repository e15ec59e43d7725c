"""Two published methods that learn a symmetry from raw vectors by deceiving a discriminator."""

from .adversaries import METHODS, Adversaries, LieGAN, SymmetryGAN
from .discriminator import Discriminator
from .scores import FlowScore, expected_best, flow_score, random_rotations, shift_cosines

__all__ = [
    "METHODS",
    "Adversaries",
    "Discriminator",
    "FlowScore",
    "LieGAN",
    "SymmetryGAN",
    "expected_best",
    "flow_score",
    "random_rotations",
    "shift_cosines",
]
