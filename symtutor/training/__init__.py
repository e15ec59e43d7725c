"""One loop for every task: schedules, guard, atomic checkpoints, exact resume."""

from .checkpoint import MismatchError
from .descent import Loss
from .guard import NonFiniteError
from .history import History
from .loop import Trained, train
from .runtime import Runtime, StoppedError
from .schedules import constant, cosine, piecewise

__all__ = [
    "History",
    "Loss",
    "MismatchError",
    "NonFiniteError",
    "Runtime",
    "StoppedError",
    "Trained",
    "constant",
    "cosine",
    "piecewise",
    "train",
]
