"""Data sets, as plain tensors; this room knows nothing of fields."""

from .equations import EQUATIONS, KS, Burgers, CKdV, Equation, Heat, KdV, NKdV
from .images import Images, load_images
from .initial import initial_condition
from .trajectories import Trajectories, simulate

__all__ = [
    "EQUATIONS",
    "KS",
    "Burgers",
    "CKdV",
    "Equation",
    "Heat",
    "Images",
    "KdV",
    "NKdV",
    "Trajectories",
    "initial_condition",
    "load_images",
    "simulate",
]
