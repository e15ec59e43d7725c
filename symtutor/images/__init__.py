"""Augmentation of pictures by flows, for `torchvision.transforms.v2.Compose`."""

from .affine import AffineAugment
from .flowing import FlowAugment
from .learned import LearnedAugment

__all__ = ["AffineAugment", "FlowAugment", "LearnedAugment"]
