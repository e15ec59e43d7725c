"""Derivatives by weighted essentially non-oscillatory (WENO) stencils.

`line` differentiates on any nodes of a line; `deformed` on a grid in (x, t) that a flow has moved.
"""

from .deformed import deformed_derivatives
from .line import WenoDerivative, linear_weights, weno_derivative

__all__ = ["WenoDerivative", "deformed_derivatives", "linear_weights", "weno_derivative"]
