"""Vector fields on R^d: the infinitesimal generators."""

from .base import Field
from .charted import Charted
from .library import LibraryField, monomials, term_name
from .linear import AFFINE_GENERATORS, AffineField, MatrixField
from .mlp import MLPField

__all__ = [
    "AFFINE_GENERATORS",
    "AffineField",
    "Charted",
    "Field",
    "LibraryField",
    "MLPField",
    "MatrixField",
    "monomials",
    "term_name",
]
