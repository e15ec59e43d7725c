"""Checks of the part Experiments, one module per chapter."""

from . import ablations as ablations
from . import cifar10_symmetries as cifar10_symmetries
from . import colour_space as colour_space
from . import image_augmentation as image_augmentation
from . import neural_operators as neural_operators
from . import pde_symmetries as pde_symmetries
