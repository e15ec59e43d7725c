"""Generators as formulas: what a read-out returns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Generator, Term
from . import writing

if TYPE_CHECKING:
    import sympy


@dataclass(frozen=True, eq=False)
class ReadOut:
    r"""Generators as formulas: $V_i=\sum_{kd}c_{ikd}\,g_k\,\partial_d$.

    Attributes:
        terms: the library $g_k$.
        names: coordinate names.
        coefficients: c: a fraction where one was found, else as measured; 0 for terms left out.
        low, high: intervals of the coefficients before they were rounded, at `level`.
        rounded: for (i, k, d) the fraction that coefficient was rounded to.
        residual: what the whole library leaves of every generator given, relative to its norm.
        angle: largest angle between the generators written here and those given, in radians.
        level: of the intervals.
        labels: names of the generators.
    """

    terms: tuple[Term, ...]
    names: tuple[str, ...]
    coefficients: Float[Tensor, "n k d"]
    low: Float[Tensor, "n k d"]
    high: Float[Tensor, "n k d"]
    rounded: Mapping[tuple[int, int, int], Fraction]
    residual: Float[Tensor, " n"]
    angle: float
    level: float
    labels: tuple[str, ...]

    def expressions(self) -> "list[tuple[sympy.Expr, ...]]":
        """The components of every generator in SymPy; fractions are exact, the rest decimals."""
        return [writing.components(parts, self.names) for parts in self._parts()]

    def generators(self) -> dict[str, Generator]:
        """The table that `LibraryField.from_generators` takes, like `Equation.algebra`."""
        return {
            label: tuple((p.component, p.value, p.term) for p in parts)
            for label, parts in zip(self.labels, self._parts(), strict=True)
        }

    def latex(self) -> list[str]:
        r"""Every generator in LaTeX, e.g. `t\,\partial_x+\partial_u`."""
        return [writing.latex(parts, self.names) for parts in self._parts()]

    def _parts(self) -> list[list[writing.Part]]:
        order = simple_first(self.terms)
        return [
            [
                writing.Part(
                    d,
                    self.terms[k],
                    self.coefficients[i, k, d].item(),
                    self.rounded.get((i, k, d)),
                    (self.low[i, k, d].item(), self.high[i, k, d].item()),
                )
                for d in range(len(self.names))
                for k in order
                if self.coefficients[i, k, d] != 0
            ]
            for i in range(len(self.labels))
        ]

    def __str__(self) -> str:
        return "\n".join(
            f"{label} = {writing.text(parts, self.names)}"
            for label, parts in zip(self.labels, self._parts(), strict=True)
        )

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        lines = (f"V_{{{i + 1}}}&={line}" for i, line in enumerate(self.latex()))
        return r"$$\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}$$"


def complexity(term: Term) -> float:
    """By what libraries are ordered: the degree of a term, other functions counting as 2 or 3.

    Example:
        >>> complexity(()), complexity((("power", 0, 2.0), ("exp", 1, 0.02)))
        (0, 4.0)
    """
    return sum(abs(p) if f == "power" else 3 if f == "rsqrt" else 2 for f, _, p in term)


def simple_first(terms: Sequence[Term]) -> list[int]:
    """The order of terms by rising complexity, those of equal complexity by their coordinates.

    Example:
        >>> simple_first(((("power", 1, 1.0),), (("power", 0, 1.0),), ()))
        [2, 1, 0]
    """
    return sorted(
        range(len(terms)), key=lambda k: (complexity(terms[k]), [i for _, i, _ in terms[k]])
    )
