"""The geometry and algebra of generators: inner products, brackets, structure constants."""

from ..numerics.linalg import principal_angles
from .brackets import Algebra, killing_form, lie_bracket, structure_constants
from .geometry import Projection, field_angles, gram, inner, orthonormal, project

__all__ = [
    "Algebra",
    "Projection",
    "field_angles",
    "gram",
    "inner",
    "killing_form",
    "lie_bracket",
    "orthonormal",
    "principal_angles",
    "project",
    "structure_constants",
]
