import math

import pytest
import torch
from torch import fft

from symtutor import check


def hints(key, answer, hint):
    result = check(key, answer)
    assert not result.passed
    assert hint in result.message


def right_symbol(k):
    return -2j * k - 3 * k**2 + 1j * k**3 - k**4


def test_symbol_right():
    assert check("ex-linear-symbol", right_symbol).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda k: -2 * k + 3 * k**2 - k**3 - k**4, "brings a factor i k"),
        (lambda k: -2j * k - 3 * k**2 - 1j * k**3 - k**4, "(ik)^3"),
        (lambda k: -2j * k + 3 * k**2 + 1j * k**3 - k**4, "(ik)^2"),
        (lambda k: -2j * k - 3 * k**2 + 1j * k**3 + k**4, "(ik)^4"),
        (lambda k: right_symbol(k).conj(), "the sign of i"),
        (lambda k: right_symbol(k) + 1, "put u = exp(ikx)"),
        (lambda k: "k", "must be numbers"),
        (lambda k: None, "not answered"),
        (3, "must be a function of (k)"),
    ],
)
def test_symbol_hints(answer, hint):
    hints("ex-linear-symbol", answer, hint)


def naive(z):
    return (torch.exp(z) - 1 - z) / z**2


def circle_mean(z, points=32, dtype=torch.float64):
    angles = 2 * math.pi * torch.arange(points, dtype=dtype) / points
    on = z[..., None] + torch.polar(torch.ones_like(angles), angles)
    return naive(on).mean(-1)


def test_contour_right():
    assert check("ex-contour-mean", circle_mean).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (naive, "digits cancel"),
        (lambda z: (torch.exp(z) - 1) / z, "compare with"),
        (lambda z: circle_mean(z, points=8), "more points"),
        (lambda z: circle_mean(z, dtype=torch.float32), "float64"),
        (lambda z: naive(z).mean(), "one number for every z"),
        (lambda z: torch.where(z.abs() < 1e-2, 0.5 + z / 6, naive(z)), "digits cancel"),
        (..., "not answered"),
    ],
)
def test_contour_hints(answer, hint):
    hints("ex-contour-mean", answer, hint)


def padded(u, v, norm="forward"):
    n = len(u)
    fine = [fft.irfft(fft.rfft(w, norm=norm), n=3 * n // 2, norm=norm) for w in (u, v)]
    return fft.irfft(fft.rfft(fine[0] * fine[1], norm=norm)[: n // 2], n=n, norm=norm)


def cut(w, keep):
    return fft.irfft(fft.rfft(w) * keep, n=len(w))


THIRD = 3 * torch.arange(9) < 16
BELOW = torch.arange(9) < 8


def test_product_right():
    assert check("ex-alias-free-product", padded).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda u, v: u * v, "with all its aliases"),
        (lambda u, v: cut(u * v, BELOW), "before you multiply"),
        (lambda u, v: cut(u * v, THIRD), "after the aliases"),
        (lambda u, v: cut(u, THIRD) * cut(v, THIRD), "pad with zeros"),
        (lambda u, v: padded(u, v, norm="backward"), "ratio of the grids"),
        (lambda u, v: 1.5 * padded(u, v), "factor of the transforms"),
        (lambda u, v: 0 * u, "keep the modes below"),
        (lambda u, v: u[:4], "shape"),
    ],
)
def test_product_hints(answer, hint):
    hints("ex-alias-free-product", answer, hint)
