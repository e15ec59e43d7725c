"""Discover continuous symmetries from data: flows of learned vector fields and validity scores.

The names below are the whole public interface; the book imports them as `import symtutor as st`.
"""

from .actions import Acted, act_on_images, as_pixels, pull_back_images, warp
from .algebra import (
    Algebra,
    Projection,
    field_angles,
    gram,
    inner,
    lie_bracket,
    project,
    structure_constants,
)
from .checks import CheckResult, check, exercise, exercises
from .data import Images, load_images
from .fields import (
    AFFINE_GENERATORS,
    AffineField,
    Field,
    LibraryField,
    MatrixField,
    MLPField,
    monomials,
    term_name,
)
from .flows import flow, group_law_defect, inverse
from .interactive import slider
from .losses import lipschitz, nearest, orthonormality, sobolev
from .numerics.interpolation import bilinear, inside, pixel_grid
from .numerics.quadrature import Quadrature, grid_quadrature
from .numerics.rk4 import rk4, rk4_step
from .plotting import COLOURS, MARKERS, image_strip, orbits, quiver, style, warped_grid
from .records import ClaimError, claim, glue
from .session import provenance, setup
from .validity import Score, feature_angle, feature_validity, invariance, invariant_change

__version__ = "0.1.0"

__all__ = [
    "AFFINE_GENERATORS",
    "COLOURS",
    "MARKERS",
    "Acted",
    "AffineField",
    "Algebra",
    "CheckResult",
    "ClaimError",
    "Field",
    "Images",
    "LibraryField",
    "MLPField",
    "MatrixField",
    "Projection",
    "Quadrature",
    "Score",
    "act_on_images",
    "as_pixels",
    "bilinear",
    "check",
    "claim",
    "exercise",
    "exercises",
    "feature_angle",
    "feature_validity",
    "field_angles",
    "flow",
    "glue",
    "gram",
    "grid_quadrature",
    "group_law_defect",
    "image_strip",
    "inner",
    "inside",
    "invariance",
    "invariant_change",
    "inverse",
    "lie_bracket",
    "lipschitz",
    "load_images",
    "monomials",
    "nearest",
    "orbits",
    "orthonormality",
    "pixel_grid",
    "project",
    "provenance",
    "pull_back_images",
    "quiver",
    "rk4",
    "rk4_step",
    "setup",
    "slider",
    "sobolev",
    "structure_constants",
    "style",
    "term_name",
    "warp",
    "warped_grid",
]
