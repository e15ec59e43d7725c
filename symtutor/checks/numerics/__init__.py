"""Checks of the part Numerics, one module per chapter."""

from . import whittaker_shannon as whittaker_shannon
