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
from .numerics.interpolation import bilinear, inside, pixel_grid
from .numerics.quadrature import Quadrature, grid_quadrature
from .numerics.rk4 import rk4, rk4_step

__version__ = "0.1.0"

__all__ = [
    "AFFINE_GENERATORS",
    "Acted",
    "AffineField",
    "Algebra",
    "Field",
    "Images",
    "LibraryField",
    "MLPField",
    "MatrixField",
    "Projection",
    "Quadrature",
    "act_on_images",
    "as_pixels",
    "bilinear",
    "field_angles",
    "flow",
    "gram",
    "grid_quadrature",
    "group_law_defect",
    "inner",
    "inside",
    "inverse",
    "lie_bracket",
    "load_images",
    "monomials",
    "pixel_grid",
    "project",
    "pull_back_images",
    "rk4",
    "rk4_step",
    "structure_constants",
    "term_name",
    "warp",
]
