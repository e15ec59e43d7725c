"""Checks of the exercises, one module per part of the book."""

from . import beyond as beyond
from . import experiments as experiments
from . import foundations as foundations
from . import numerics as numerics
from . import symmetrylens as symmetrylens
from .engine import CheckResult, check, exercise, exercises

__all__ = ["CheckResult", "check", "exercise", "exercises"]
