"""Validity scores: how far a transformation takes a datum from data of its own kind."""

from .features import feature_angle, feature_validity
from .invariants import invariance, invariant_change
from .score import Score
from .solutions import (
    infinitesimal_residual,
    moved_residual,
    needed_orders,
    residual_score,
    solution_validity,
)

__all__ = [
    "Score",
    "feature_angle",
    "feature_validity",
    "infinitesimal_residual",
    "invariance",
    "invariant_change",
    "moved_residual",
    "needed_orders",
    "residual_score",
    "solution_validity",
]
