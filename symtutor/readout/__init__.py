"""Found generators in closed form: fitted with intervals, rounded, proved or bounded.

A field that was found, as a network or as a mixture of library functions, becomes formulas
(`read_out`). Whether a formula generates symmetries of an equation is then a matter of algebra
(`is_symmetry`); how far a field that is no formula is from it, of statistics (`certificate`).
"""

from .certificate import Certificate, certificate, mean_bound
from .closed_form import ReadOut
from .determining import determining_defect, is_symmetry
from .expression import (
    Expression,
    exact,
    symbolic_evolution,
    symbolic_generator,
    symbolic_term,
)
from .reading import read_out
from .rounding import simplest

__all__ = [
    "Certificate",
    "Expression",
    "ReadOut",
    "certificate",
    "determining_defect",
    "exact",
    "is_symmetry",
    "mean_bound",
    "read_out",
    "simplest",
    "symbolic_evolution",
    "symbolic_generator",
    "symbolic_term",
]
