"""The geometry and algebra of generators: inner products, brackets, closure, identification."""

from ..numerics.linalg import principal_angles
from .brackets import Algebra, jacobi_defect, killing_form, lie_bracket, structure_constants
from .catalogue import CATALOGUE, catalogue_rows, known_algebra
from .closure import Bracket, Closure, bracket_closure
from .geometry import Projection, field_angles, gram, inner, orthonormal, project
from .identify import Alternative, Identification, identify
from .invariants import Invariants, invariants
from .isomorphism import Isomorphism, carried, isomorphism
from .known import KnownAlgebra, abelian, vector_field

__all__ = [
    "CATALOGUE",
    "Algebra",
    "Alternative",
    "Bracket",
    "Closure",
    "Identification",
    "Invariants",
    "Isomorphism",
    "KnownAlgebra",
    "Projection",
    "abelian",
    "bracket_closure",
    "carried",
    "catalogue_rows",
    "field_angles",
    "gram",
    "identify",
    "inner",
    "invariants",
    "isomorphism",
    "jacobi_defect",
    "killing_form",
    "known_algebra",
    "lie_bracket",
    "orthonormal",
    "principal_angles",
    "project",
    "structure_constants",
    "vector_field",
]
