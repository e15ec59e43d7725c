import math
from fractions import Fraction

import pytest
import torch

from symtutor.checks import check


def simplest(low, high):
    q = 1
    while math.ceil(low * q) > high * q:
        q += 1
    return min(range(math.ceil(low * q), math.floor(high * q) + 1), key=abs), q


def leftmost(low, high):
    q = simplest(low, high)[1]
    return math.ceil(low * q), q


def around_the_middle(low, high):
    middle, q = (low + high) / 2, 1
    while not low <= round(middle * q) / q <= high:
        q += 1
    return round(middle * q), q


def nearest(low, high):
    found = Fraction((low + high) / 2).limit_denominator(12)
    return found.numerator, found.denominator


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda low, high: simplest(low, high)[::-1], "numerator first"),
        (leftmost, "smallest |p|"),
        (around_the_middle, "next to the middle"),
        (nearest, "nearest to one number"),
        (lambda low, high: (1, 1), "try q = 1, 2, 3"),
        (lambda low, high: simplest(low, high)[0], "shape (2,)"),
        (lambda low, high: (math.nan, 1), "finite"),
        ((1, 3), "must be a function"),
        (lambda low, high: None, "not answered yet"),
    ],
)
def test_fraction_hints(answer, hint, refused):
    refused("ex-simplest-fraction", answer, hint)


def stern_brocot(low, high):
    """The same by descending a tree, for intervals on one side of zero."""
    if low <= 0 <= high:
        return 0, 1
    if high < 0:
        p, q = stern_brocot(-high, -low)
        return -p, q
    if math.ceil(low) <= high:
        return math.ceil(low), 1
    whole = math.floor(low)
    q, p = stern_brocot(1 / (high - whole), 1 / (low - whole))
    return whole * q + p, q


def test_fraction_right():
    assert check("ex-simplest-fraction", simplest).passed
    assert check("ex-simplest-fraction", stern_brocot).passed
    assert check("ex-simplest-fraction", lambda a, b: torch.tensor(simplest(a, b))).passed


def rank(matrix):
    return torch.linalg.matrix_rank(matrix)


def derived(c):
    return rank(c.flatten(0, 1))


def centre(c):
    return len(c) - rank(c.flatten(1))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda c: (centre(c), derived(c)), "brackets come first"),
        (lambda c: (derived(c), rank(c.flatten(1))), "n less the rank"),
        (lambda c: ((c.abs().amax(-1) > 1e-9).sum() // 2, centre(c)), "may depend on each other"),
        (lambda c: (rank(c.flatten(1)), centre(c)), "the same matrix"),
        (lambda c: (derived(c), len(c) - derived(c)), "not what the brackets leave out"),
        (lambda c: (len(c), 0), "compare with the ranks"),
        (derived, "shape (2,)"),
        (3, "must be a function"),
    ],
)
def test_centre_hints(answer, hint, refused):
    refused("ex-derived-centre", answer, hint)


def by_null_space(c):
    _, sizes, _ = torch.linalg.svd(c.flatten(1))
    brackets = torch.linalg.svdvals(c.transpose(0, 1).reshape(-1, len(c)))
    return int((brackets > 1e-8).sum()), len(c) - int((sizes > 1e-8).sum())


def test_centre_right():
    assert check("ex-derived-centre", lambda c: (derived(c), centre(c))).passed
    assert check("ex-derived-centre", by_null_space).passed
