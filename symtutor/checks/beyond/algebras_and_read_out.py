"""Checks of the chapter Algebras and read-out."""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Generator, Tensor

from ...algebra import carried, known_algebra
from ..engine import diagnose, exercise, function, tensor

INTERVALS = ((0.31, 0.36), (0.493, 0.504), (-0.37, -0.32), (1.6, 3.7), (-3.2, -0.9), (-0.3, 0.2))
SEVERAL = ("R^3", "h(3)", "sl(2,R)", "R^2 ⋊ R (1:3)", "h(3) + R", "h(3) ⋊ R (3:-2)", "aff(2)")


def _first(low: float, high: float) -> tuple[range, int]:
    """All numerators of the smallest denominator that has any, and that denominator."""
    q = 1
    while math.ceil(low * q) > math.floor(high * q):
        q += 1
    return range(math.ceil(low * q), math.floor(high * q) + 1), q


def _simplest(low: float, high: float) -> tuple[int, int]:
    inside, q = _first(low, high)
    return min(inside, key=abs), q


def _leftmost(low: float, high: float) -> tuple[int, int]:
    inside, q = _first(low, high)
    return inside[0], q


def _around_the_middle(low: float, high: float) -> tuple[int, int]:
    middle = (low + high) / 2
    q = next(q for q in range(1, 10_000) if low <= round(middle * q) / q <= high)
    return round(middle * q), q


def _nearest(low: float, high: float) -> tuple[int, int]:
    fraction = Fraction((low + high) / 2).limit_denominator(12)
    return fraction.numerator, fraction.denominator


@exercise(
    "ex-simplest-fraction",
    question="Write a function of low and high that returns (p, q): of all fractions p/q between "
    "them the one with the smallest q > 0, and of those the one with the smallest |p|.",
)
def simplest_fraction(answer: Any, generator: Generator) -> str | None:
    """The simplest fractions of given and of random intervals."""
    rule = function(answer, "low, high")
    random = torch.rand(12, 2, generator=generator, dtype=torch.float64)
    lows, widths = 4 * random[:, 0] - 2, 0.005 + 0.1 * random[:, 1]
    ends = [*INTERVALS, *zip(lows.tolist(), (lows + widths).tolist(), strict=True)]

    def pairs(one: Callable[[float, float], Any]) -> Tensor:
        return torch.stack([tensor(one(*pair), (2,), "(p, q)") for pair in ends])

    right = pairs(_simplest)
    mistakes = {
        "return the numerator first: (p, q).": right.flip(1),
        "several numerators fit; of these take the one with the smallest |p|.": pairs(_leftmost),
        "the fraction need not lie next to the middle: count the numerators inside the "
        "interval.": pairs(_around_the_middle),
        "limit_denominator gives the fraction nearest to one number, not the simplest of an "
        "interval.": pairs(_nearest),
    }
    otherwise = "try q = 1, 2, 3, ... and see whether ceil(low q) exceeds high q."
    return diagnose(pairs(rule), right, mistakes, otherwise)


def _rank(matrix: Tensor) -> int:
    return int(torch.linalg.matrix_rank(matrix))


@exercise(
    "ex-derived-centre",
    question="Write a function of structure constants c of shape (n, n, n) that returns the "
    "dimension of the span of all brackets, and the dimension of the centre.",
)
def derived_centre(answer: Any, generator: Generator) -> str | None:
    """Both dimensions of known algebras in random bases."""
    rule = function(answer, "c")
    given = []
    for name in SEVERAL:
        c = known_algebra(name).algebra.constants
        turn = torch.randn(len(c), len(c), generator=generator, dtype=torch.float64)
        given.append(carried(c, turn + 2 * torch.eye(len(c), dtype=torch.float64)))

    def both(one: Callable[[Tensor], Any]) -> Tensor:
        return torch.stack([tensor(one(c.clone()), (2,), "the two dimensions") for c in given])

    derived = [_rank(c.flatten(0, 1)) for c in given]
    moved = [_rank(c.flatten(1)) for c in given]
    sizes = [len(c) for c in given]
    centre = [n - rank for n, rank in zip(sizes, moved, strict=True)]
    right = both(lambda c: (_rank(c.flatten(0, 1)), len(c) - _rank(c.flatten(1))))
    pairs = [(c.abs().amax(-1) > 1e-9).sum().item() // 2 for c in given]
    mistakes = {
        "the brackets come first, then the centre.": right.flip(1),
        "the rank counts what does not commute; the centre is the rest, n less the rank.": (
            _columns(derived, moved)
        ),
        "brackets that do not vanish may depend on each other: count their rank.": (
            _columns(pairs, centre)
        ),
        "these are the rows of the same matrix: all brackets have c_ij as rows (n columns), the "
        "centre needs c_i as rows (n rows).": _columns(moved, centre),
        "the centre is not what the brackets leave out: it needs c_i as rows (n rows).": (
            _columns(derived, [n - rank for n, rank in zip(sizes, derived, strict=True)])
        ),
    }
    otherwise = "compare with the ranks of c.flatten(0, 1) and c.flatten(1)."
    return diagnose(both(rule), right, mistakes, otherwise)


def _columns(first: list[int], second: list[int]) -> Tensor:
    return torch.tensor([first, second]).mT.to(torch.get_default_dtype())
