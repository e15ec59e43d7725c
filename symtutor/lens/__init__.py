"""SymmetryLens: hidden translations of raw vectors, found by locality and stationarity."""

from .adapter import SymmetryAdapter
from .generator import Generator, ResolvingFilter, group_convolution
from .losses import LensWeights
from .model import Lens, LensLoss
from .scores import generator_cosine, interior_cosine, representation_cosine

__all__ = [
    "Generator",
    "Lens",
    "LensLoss",
    "LensWeights",
    "ResolvingFilter",
    "SymmetryAdapter",
    "generator_cosine",
    "group_convolution",
    "interior_cosine",
    "representation_cosine",
]
