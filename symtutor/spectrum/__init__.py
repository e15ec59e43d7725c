r"""Symmetries by linear algebra: the fields of a library on which an infinitesimal score is least.

The condition that a field generates symmetries is linear in the field. On a library of scalar
functions $g_1..g_m$ it is a matrix, and its smallest singular values and vectors answer the
question without any iteration.
"""

from .affine import affine_chance, affine_share, affineness, roughness
from .core import Gap, Spectrum
from .forms import Forms
from .images import colour_spectrum, image_spectrum
from .library import Library
from .rates import image_weights
from .resample import Replicas, bootstrap_spectrum
from .solutions import symmetry_spectrum
from .vectors import density_spectrum, function_spectrum

__all__ = [
    "Forms",
    "Gap",
    "Library",
    "Replicas",
    "Spectrum",
    "affine_chance",
    "affine_share",
    "affineness",
    "bootstrap_spectrum",
    "colour_spectrum",
    "density_spectrum",
    "function_spectrum",
    "image_spectrum",
    "image_weights",
    "roughness",
    "symmetry_spectrum",
]
