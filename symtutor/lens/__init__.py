"""SymmetryLens: hidden translations of raw vectors, found by locality and stationarity."""

from .adapter import SymmetryAdapter
from .gan import FlowScore, LieGAN, SymmetryGAN, flow_score, shift_cosines
from .generator import ResolvingFilter, SkewGenerator, group_convolution
from .losses import LensWeights
from .model import Lens, LensLoss
from .recentring import recentre
from .scores import generator_cosine, interior_cosine, representation_cosine

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
    "flow_score",
    "generator_cosine",
    "group_convolution",
    "interior_cosine",
    "recentre",
    "representation_cosine",
    "shift_cosines",
]
