"""SymmetryLens: hidden translations of raw vectors, found by locality and stationarity."""

from .adapter import SymmetryAdapter
from .gan import FlowScore, LieGAN, SymmetryGAN, flow_score, shift_cosines
from .generator import ResolvingFilter, SkewGenerator, group_convolution
from .losses import LensWeights
from .model import Lens, LensLoss
from .scores import generator_cosine, interior_cosine, representation_cosine
from .vectors import check_vectors

__all__ = [
    "FlowScore",
    "Lens",
    "LensLoss",
    "LensWeights",
    "LieGAN",
    "ResolvingFilter",
    "SkewGenerator",
    "SymmetryAdapter",
    "SymmetryGAN",
    "check_vectors",
    "flow_score",
    "generator_cosine",
    "group_convolution",
    "interior_cosine",
    "representation_cosine",
    "shift_cosines",
]
