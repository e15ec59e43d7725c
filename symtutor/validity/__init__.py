"""Validity scores: how far a transformation takes a datum from data of its own kind."""

from .colours import (
    colour_sensitivity,
    colour_validity,
    nearest_colour,
    neighbour_sensitivity,
)
from .features import feature_angle, feature_validity
from .invariants import invariance, invariant_change
from .score import Score
from .sensitivity import (
    feature_rate,
    image_gradient,
    infinitesimal_feature_validity,
    pixel_sensitivity,
    window_sensitivity,
)
from .solutions import (
    infinitesimal_residual,
    moved_residual,
    needed_orders,
    residual_score,
    solution_validity,
)

__all__ = [
    "Score",
    "colour_sensitivity",
    "colour_validity",
    "feature_angle",
    "feature_rate",
    "feature_validity",
    "image_gradient",
    "infinitesimal_feature_validity",
    "infinitesimal_residual",
    "invariance",
    "invariant_change",
    "moved_residual",
    "nearest_colour",
    "needed_orders",
    "neighbour_sensitivity",
    "pixel_sensitivity",
    "residual_score",
    "solution_validity",
    "window_sensitivity",
]
