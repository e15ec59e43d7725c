"""Networks that experiments learn from; this room knows nothing of symmetry."""

from .extractors import EXTRACTORS, load_extractor
from .fno import FNO
from .resnet import ResNet, folded

__all__ = ["EXTRACTORS", "FNO", "ResNet", "folded", "load_extractor"]
