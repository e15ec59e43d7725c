import math

import pytest
import torch

from symtutor.checks import check


def exposure(y, s, k):
    return k + math.exp(s) * (y - k)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda y, s, k: math.exp(s) * y, "keeps black fixed"),
        (lambda y, s, k: k + (1 + s) * (y - k), "one Euler step"),
        (lambda y, s, k: exposure(y, -s, k), "the flow at -s"),
        (lambda y, s, k: exposure(y, s, k) - k, "add k again"),
        (lambda y, s, k: y - k, "this is the velocity"),
        (lambda y, s, k: exposure(y, s, k) - y, "this is the displacement"),
        (lambda y, s, k: y, "compare with"),
        (lambda y, s, k: y[0], "shape (4, 2, 3)"),
        (2.0, "must be a function"),
    ],
)
def test_exposure_hints(answer, hint, refused):
    refused("ex-exposure-flow", answer, hint)


def by_steps(y, s, k):
    """RK4 in many steps, without the exponential."""
    h, z = s / 400, y - k
    for _ in range(400):
        z = z * (1 + h + h**2 / 2 + h**3 / 6 + h**4 / 24)
    return k + z


def test_exposure_right():
    assert check("ex-exposure-flow", exposure).passed
    assert check("ex-exposure-flow", by_steps).passed


def along_axes(corners, place):
    for t in place:
        corners = (1 - t) * corners[0] + t * corners[1]
    return corners


def by_volumes(corners, place):
    r, g, b = (torch.stack([1 - t, t]) for t in place)
    return torch.einsum("i,j,k,ijkc->c", r, g, b, corners)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda c, p: along_axes(c, p.flip(0)), "in this order"),
        (lambda c, p: along_axes(c, 1 - p), "not the other way round"),
        (lambda c, p: along_axes(c, p.round()), "nearest corner"),
        (lambda c, p: c.mean((0, 1, 2)), "whatever the place"),
        (lambda c, p: c[0, 0, 0], "product of three weights"),
        (lambda c, p: c[0, 0], "shape (3,)"),
        ("blend", "must be a function"),
    ],
)
def test_trilinear_hints(answer, hint, refused):
    refused("ex-trilinear", answer, hint)


def test_trilinear_right():
    assert check("ex-trilinear", along_axes).passed
    assert check("ex-trilinear", by_volumes).passed
