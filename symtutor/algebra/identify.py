"""Which known Lie algebra measured generators span, with the change of basis that proves it."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .brackets import Algebra
from .catalogue import candidates
from .invariants import Invariants, bracket_table, invariants, ranks
from .isomorphism import Isomorphism, isomorphism
from .known import KnownAlgebra

ABOVE = 3.0  # ranks are certain at a cut this many times the tolerance
ROUNDING = 100.0  # and possible down to a cut this many times the rounding error of the constants
FLOOR = 1e-9  # defects below count as equal
EVIDENCE = 20.0  # ratio of variances that a less degenerate algebra must win by (an F-test)
ROUNDS = 2  # searches, with other random starts, before a match is given up


class Alternative(NamedTuple):
    """An algebra that was tried, and how near it came."""

    name: str
    defect: float
    condition: float


@dataclass(frozen=True)
class Identification:
    r"""The answer of `identify`.

    Attributes:
        name: in the catalogue; None if the generators span none of its algebras.
        description: of the algebra, or empty.
        why: one sentence with the numbers that decided.
        basis: g, for which the fields $E_i=\sum_jg_{ij}V_j$ have the brackets of the catalogue:
            `Combined(field, basis)`. None without a name.
        defect: what the constants in that basis miss, relative to their norm (see `Isomorphism`);
            for commuting generators the norm of the constants itself. Without a name the least
            defect of those tried, infinite if there were none.
        invariants: of the measured constants, singular values up to the tolerance counted as zero.
        alternatives: all algebras that were tried, the best first.
    """

    name: str | None
    description: str
    why: str
    basis: Float[Tensor, "n n"] | None
    defect: float
    invariants: Invariants
    alternatives: tuple[Alternative, ...]


def identify(
    algebra: Algebra,
    *,
    tolerance: float = 0.05,
    negligible: float = 1e-6,
    condition: float = 1e4,
    seed: int = 0,
) -> Identification:
    """The algebra of the catalogue to which measured structure constants belong.

    Candidates are the algebras of that dimension whose invariants the constants allow: ranks at
    least those at a cut of three times the tolerance, at most those at a cut of rounding. Each is
    then tried: a basis is sought in which the generators have its brackets. A less degenerate
    algebra comes arbitrarily near to a more degenerate one, and fits noise better because it has
    more bases to choose from; so of those within the tolerance the most degenerate is the answer
    whose defect is no larger than such a choice explains (an F-test with ratio 20), or than the
    closure defect, since constants are known no better. They are measured best for `orthonormal`
    generators.

    Args:
        algebra: of `structure_constants`.
        tolerance: largest defect of a match and of the closure, relative, between 0 and 1: somewhat
            above the relative error of the constants, 1e-6 for exact fields.
        negligible: generators commute if the norm of their brackets is at most this, in the units
            of generators of unit norm. Noise has no other scale, so state it for noisy fields.
        condition: largest condition number of the change of basis.
        seed: of the random starts of the search.

    Raises:
        ValueError: if the tolerance is not between 0 and 1, `negligible` is negative, or a constant
            is not finite.

    Example:
        >>> from ..data import EQUATIONS
        >>> from ..fields import LibraryField
        >>> from ..numerics.quadrature import grid_quadrature
        >>> from .brackets import structure_constants
        >>> cube = grid_quadrature([(-1, 1)] * 3, [4, 4, 4])
        >>> boosted = LibraryField.from_generators(EQUATIONS["kdv"].algebra)
        >>> identify(structure_constants(boosted, cube)).name
        'h(3)'
    """
    if not 0 < tolerance < 1 or negligible < 0:
        raise ValueError(
            f"tolerance is relative, in (0, 1), and negligible is at least 0, got {tolerance} "
            f"and {negligible}"
        )
    c = bracket_table(algebra)
    found = invariants(algebra, rtol=tolerance)
    size = _bracket_size(c, algebra.closure_defect)
    if size <= negligible:
        known = candidates(len(c))[0]
        why = f"the brackets have norm {size:.2g}, at most the negligible {negligible:.2g}"
        basis, defect = c.new_ones(len(c)).diag(), c.norm().item()
        return Identification(known.name, known.description, why, basis, defect, found, ())
    if algebra.closure_defect > tolerance:
        why = (
            f"the generators span no algebra: {algebra.closure_defect:.2g} of the norm of their "
            f"brackets lies outside the span, more than the tolerance {tolerance:.2g}"
        )
        return _nothing(why, found, ())
    possible, tried = _possible(algebra, tolerance), []
    for start in range(ROUNDS):
        matches = [
            (known, isomorphism(c, known.algebra.constants, seed=seed + start, condition=condition))
            for known in possible
        ]
        tried = [(known, match) for known, match in matches if match]
        if any(match.defect <= tolerance for _, match in tried):
            break
    return _answer(tried, found, tolerance, algebra.closure_defect)


def _bracket_size(c: Tensor, closure_defect: float) -> float:
    """Norm of the brackets of unit generators: of their part in the span and of what is outside."""
    inside = 1 - closure_defect**2
    return c.norm().item() / inside**0.5 if inside > 1e-6 else float("inf")


def _possible(algebra: Algebra, tolerance: float) -> list[KnownAlgebra]:
    """Algebras with ranks between the certain ones and those that small singular values allow."""
    rounding = ROUNDING * torch.finfo(algebra.constants.dtype).eps
    least = ranks(invariants(algebra, rtol=min(ABOVE * tolerance, 0.5)))
    most = ranks(invariants(algebra, rtol=rounding))
    return [
        known
        for known in candidates(len(algebra.constants))
        if known.brackets
        and all(
            low <= rank <= high
            for low, rank, high in zip(least, ranks(invariants(known.algebra)), most, strict=True)
        )
    ]


def _answer(
    tried: list[tuple[KnownAlgebra, Isomorphism]],
    found: Invariants,
    tolerance: float,
    closure_defect: float,
) -> Identification:
    """The most degenerate of the equally good matches, or none."""
    tried = sorted(tried, key=lambda pair: pair[1].defect)
    alternatives = tuple(Alternative(known.name, m.defect, m.condition) for known, m in tried)
    if not tried:
        return _nothing(
            f"no algebra of the catalogue has the measured invariants {found}", found, ()
        )
    best = tried[0][1].defect
    if best > tolerance:
        why = (
            f"the nearest algebra of the catalogue, {tried[0][0].name}, misses the brackets by "
            f"{best:.2g}, more than the tolerance {tolerance:.2g}"
        )
        return _nothing(why, found, alternatives)
    fits = [pair for pair in tried if pair[1].defect <= tolerance]
    known, match = _most_degenerate(fits, closure_defect)
    why = (
        f"in a basis of condition {match.condition:.2g} the brackets are those of {known.name} "
        f"but for {match.defect:.2g} of their norm"
    )
    return Identification(
        known.name, known.description, why, match.basis, match.defect, found, alternatives
    )


def _most_degenerate(
    fits: list[tuple[KnownAlgebra, Isomorphism]], closure_defect: float
) -> tuple[KnownAlgebra, Isomorphism]:
    """Of matches, the nearest first, the most degenerate that noise explains as well.

    Constants are known no better than the span closes, so a defect below that explains nothing.
    """
    nearest, match = fits[0]
    n, free = nearest.dimension, invariants(nearest.algebra).derivations
    unexplained = max(n**2 * (n - 1) // 2 - (n**2 - free), 1)  # constants less those of a basis

    def key(pair: tuple[KnownAlgebra, Isomorphism]) -> tuple[int, float]:
        more = invariants(pair[0].algebra).derivations - free
        allowed = match.defect * (1 + EVIDENCE * max(more, 0) / unexplained) ** 0.5
        return (
            more if pair[1].defect <= max(allowed, closure_defect, FLOOR) else -(n**2),
            -pair[1].defect,
        )

    return max(fits, key=key)


def _nothing(why: str, found: Invariants, alternatives: tuple[Alternative, ...]) -> Identification:
    least = alternatives[0].defect if alternatives else float("inf")
    return Identification(None, "", why, None, least, found, alternatives)
