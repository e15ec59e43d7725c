"""Checks of the part Experiments, one module per chapter."""

from . import pde_symmetries as pde_symmetries
