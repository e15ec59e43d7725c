"""Vector fields on R^d: the infinitesimal generators."""

from .base import Field
from .charted import Charted, Uncharted
from .combined import Combined
from .library import LibraryField, monomials, term_name
from .linear import AFFINE_GENERATORS, AffineField, MatrixField
from .mlp import MLPField

__all__ = [
    "AFFINE_GENERATORS",
    "AffineField",
    "Charted",
    "Combined",
    "Field",
    "LibraryField",
    "MLPField",
    "MatrixField",
    "Uncharted",
    "monomials",
    "term_name",
]
