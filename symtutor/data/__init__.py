"""Data sets, as plain tensors; this room knows nothing of fields."""

from .equations import EQUATIONS, KS, Burgers, CKdV, Equation, Heat, KdV, NKdV
from .hidden import hidden_generator, hidden_map
from .images import Images, load_images
from .initial import initial_condition
from .signal_sets import SIGNALS, SignalSet, signals
from .trajectories import Trajectories, simulate

__all__ = [
    "EQUATIONS",
    "KS",
    "SIGNALS",
    "Burgers",
    "CKdV",
    "Equation",
    "Heat",
    "Images",
    "KdV",
    "NKdV",
    "SignalSet",
    "Trajectories",
    "hidden_generator",
    "hidden_map",
    "initial_condition",
    "load_images",
    "signals",
    "simulate",
]
