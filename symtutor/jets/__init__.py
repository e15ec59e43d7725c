r"""Derivatives along solutions: expansions through the equation, prolongations, moved solutions.

A jet is a mapping from names such as "x", "t", "u", "u_x", "u_xx", "u_t" to values on a grid, in
physical units.
"""

from .moved import moved_jet
from .prolongation import along, characteristic_residual, prolong
from .snapshots import Snapshots, draw_snapshots, refine, snapshots, x_names
from .splatted import splatted_jet

__all__ = [
    "Snapshots",
    "along",
    "characteristic_residual",
    "draw_snapshots",
    "moved_jet",
    "prolong",
    "refine",
    "snapshots",
    "splatted_jet",
    "x_names",
]
