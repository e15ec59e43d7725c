import math

import pytest
import torch
from torch.linalg import matrix_exp
from torch.nn.functional import pad

from symtutor.checks import check


def when(k, d, rho):
    return math.log(1 - (1 - rho) * k / (d - 1)) / math.log(rho)


def by_search(k, d, rho):
    low, high = 0.0, 1.0
    for _ in range(60):
        q = (low + high) / 2
        low, high = (low, q) if (1 - rho**q) / (1 - rho) > k / (d - 1) else (q, high)
    return q


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda k, d, rho: when(k, d + 1, rho), "counted from 0"),
        (lambda k, d, rho: k / (d - 1), "this is the time tau"),
        (lambda k, d, rho: (1 - rho ** (k / (d - 1))) / (1 - rho), "solve for q instead"),
        (lambda k, d, rho: math.log(1 - (1 - rho) * k / (d - 1)), "divide by"),
        (lambda k, d, rho: -when(k, d, rho), "both logarithms are negative"),
        (lambda k, d, rho: math.log(1 - k / (d - 1)) / math.log(rho), "the factor 1 - rho"),
        (lambda k, d, rho: 2 * when(k, d, rho), "solve (1 - rho^q)"),
        (lambda k, d, rho: [when(k, d, rho)], "one number"),
        (0.2, "must be a function of (k, d, rho)"),
    ],
)
def test_rank_time_hints(answer, hint, refused):
    refused("ex-rank-time", answer, hint)


@pytest.mark.parametrize("answer", [when, by_search])
def test_rank_time_right(answer):
    assert check("ex-rank-time", answer).passed


def margin(s, x):
    return (len(s) - x.shape[1]) // 2


def moved(s, x, t):
    p, d = margin(s, x), x.shape[1]
    return (pad(x, (p, p)) @ matrix_exp(t * s).T)[:, p : p + d]


def by_columns(s, x, t):
    p, d = margin(s, x), x.shape[1]
    return torch.stack([(matrix_exp(t * s) @ pad(row, (p, p)))[p : p + d] for row in x])


def cropped(s, x):
    p, d = margin(s, x), x.shape[1]
    return s[p : p + d, p : p + d]


def at_the_left(s, x, t):
    return (pad(x, (0, len(s) - x.shape[1])) @ matrix_exp(t * s).T)[:, : x.shape[1]]


def first_components(s, x, t):
    p = margin(s, x)
    return (pad(x, (p, p)) @ matrix_exp(t * s).T)[:, : x.shape[1]]


def uncropped(s, x, t):
    p = margin(s, x)
    return pad(x, (p, p)) @ matrix_exp(t * s).T


def mixed(s, x, t):
    return (1 - t) * x + t * moved(s, x, 1.0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda s, x, t: moved(s, x, -t), "rows need the transpose"),
        (lambda s, x, t: x @ matrix_exp(t * cropped(s, x)).T, "crop after the exponential"),
        (lambda s, x, t: t * moved(s, x, 1.0), "not t times e^s"),
        (lambda s, x, t: moved(s, x, 1.0), "this is one step"),
        (lambda s, x, t: x, "is not applied"),
        (at_the_left, "as many on each"),
        (lambda s, x, t: x @ (t * cropped(s, x)).T, "take its exponential"),
        (first_components, "not the window"),
        (mixed, "is no motion"),
        (lambda s, x, t: 2 * moved(s, x, t), "zeros on both sides"),
        (uncropped, "must have shape (4, 3)"),
        (1.0, "must be a function of (s, x, t)"),
    ],
)
def test_moved_hints(answer, hint, refused):
    refused("ex-moved", answer, hint)


@pytest.mark.parametrize("answer", [moved, by_columns])
def test_moved_right(answer):
    assert check("ex-moved", answer).passed
