import pytest
import torch

from symtutor.checks import check
from symtutor.numerics.rk4 import rk4_step


def tableau(nodes, weights, step=1.0):
    """An explicit rule whose stage k starts from the stage before it."""

    def rule(f, y, h):
        slopes = []
        for node in nodes:
            slopes.append(f(y + node * h * slopes[-1] if slopes else y))
        return y + step * h * sum(w * k for w, k in zip(weights, slopes, strict=True))

    return rule


def three_eighths(f, y, h):
    k1 = f(y)
    k2 = f(y + h * k1 / 3)
    k3 = f(y + h * (k2 - k1 / 3))
    k4 = f(y + h * (k1 - k2 + k3))
    return y + h * (k1 + 3 * k2 + 3 * k3 + k4) / 8


def slope_without_h(f, y, h):
    return y + (rk4_step(f, y, h) - y) / h


def k3_from_k1(f, y, h):
    k1 = f(y)
    k2 = f(y + h / 2 * k1)
    return y + h / 6 * (k1 + 2 * k2 + 2 * f(y + h / 2 * k1) + f(y + h * k2))


CLASSICAL = (0, 0.5, 0.5, 1)
SIXTHS = (1 / 6, 1 / 3, 1 / 3, 1 / 6)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda f, y, h: y + h * f(y), "Euler's step"),
        (lambda f, y, h: y + h * f(y + h / 2 * f(y)), "midpoint"),
        (tableau((0, 1), (0.5, 0.5)), "Heun"),
        (three_eighths, "3/8 rule"),
        (tableau(CLASSICAL, (0.25,) * 4), "all 1/4"),
        (tableau(CLASSICAL, (1, 2, 2, 1)), "divide k1 + 2 k2 + 2 k3 + k4 by 6"),
        (slope_without_h, "multiplied by h"),
        (lambda f, y, h: rk4_step(f, y, h) - y, "increment"),
        (k3_from_k1, "not from k1 again"),
        (tableau((0, 0.5, 0.5, 0.5), SIXTHS), "the whole step h"),
        (tableau((0, 1, 1, 1), SIXTHS), "half way, at h/2"),
        (lambda f, y, h: rk4_step(f, y, -h), "backwards"),
        (tableau(CLASSICAL, (1 / 6, 1 / 6, 1 / 3, 1 / 3)), "one by one. The largest error is"),
    ],
)
def test_rk4_hints(answer, hint, refused):
    refused("ex-rk4-step", answer, hint)


def test_rk4_right():
    assert check("ex-rk4-step", rk4_step).passed
    assert check("ex-rk4-step", tableau(CLASSICAL, SIXTHS)).passed


def residual(flow, x, s, t):
    return flow(x, s + t) - flow(flow(x, s), t)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda *a: residual(*a).abs().mean(), "not the mean"),
        (lambda *a: residual(*a).max(), "absolute value before"),
        (lambda *a: residual(*a).norm(), "norm of all of them"),
        (lambda *a: residual(*a).norm(dim=-1).max(), "longest vector"),
        (lambda f, x, s, t: (f(x, s + t) - f(f(x, t), s)).abs().max(), "order is reversed"),
        (lambda f, x, s, t: (f(x, s + t) - f(x, s) - f(x, t)).abs().max(), "composed, not added"),
        (
            lambda f, x, s, t: (f(x, s + t) - f(x, s) - f(x, t) + x).abs().max(),
            "displacements do not add",
        ),
        (lambda f, x, s, t: (f(x, s * t) - f(f(x, s), t)).abs().max(), "parameters add"),
        (lambda *a: 0.0, "max |difference|"),
        (lambda *a: residual(*a).abs(), "one number, but yours has shape (5, 2)"),
    ],
)
def test_group_law_hints(answer, hint, refused):
    refused("ex-group-law", answer, hint)


@pytest.mark.parametrize(
    "answer",
    [
        lambda *a: residual(*a).abs().max(),
        lambda *a: residual(*a).abs().max().item(),
        lambda *a: -(-residual(*a).abs()).min(),
    ],
)
def test_group_law_right(answer):
    assert check("ex-group-law", answer).passed


def rms(vectors):
    return vectors.norm(dim=-1).square().mean().sqrt()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda f, x, q: f(x) / rms(f(x)), "other points of its batch"),
        (lambda f, x, q: f(x) / rms(f(torch.cat([x, q]))), "other points of its batch"),
        (lambda f, x, q: f(x), "nothing is divided"),
        (lambda f, x, q: f(x) / f(x).norm(dim=-1, keepdim=True), "every vector has length 1"),
        (lambda f, x, q: f(x) / f(q).square().mean().sqrt(), "over the coordinates, too"),
        (lambda f, x, q: f(x) / f(q).norm(dim=-1).mean(), "mean norm"),
        (lambda f, x, q: f(x) / rms(f(q)) ** 2, "root is missing"),
        (lambda f, x, q: f(x) / f(q).norm(dim=-1).max(), "largest norm"),
        (lambda f, x, q: f(x) / f(q).norm(), "sums over the quadrature"),
        (lambda f, x, q: f(x) * rms(f(q)), "instead of divided"),
        (lambda f, x, q: f(x) / 7, "The largest error is"),
        (lambda f, x, q: f(q) / rms(f(q)), "must have shape (8, 2), but yours has shape (40, 2)"),
    ],
)
def test_normalise_hints(answer, hint, refused):
    refused("ex-normalise-once", answer, hint)


def test_normalise_right():
    assert check("ex-normalise-once", lambda f, x, q: f(x) / rms(f(q))).passed
