"""Checks of the part Experiments, one module per chapter."""

from . import cifar10_symmetries as cifar10_symmetries
from . import colour_space as colour_space
from . import image_augmentation as image_augmentation
from . import pde_symmetries as pde_symmetries
