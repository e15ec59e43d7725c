"""Checks of the part Numerics, one module per chapter."""

from . import simulating_pdes as simulating_pdes
from . import weno as weno
from . import whittaker_shannon as whittaker_shannon
