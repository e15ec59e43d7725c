import math

import pytest
import torch

from symtutor import dirichlet_kernel, whittaker_shannon
from symtutor.checks import check


def bare_kernel(y, n):
    return torch.sin(math.pi * y) / (n * torch.tan(math.pi * y / n))


def kernel(y, n):
    node = y % n == 0
    safe = torch.where(node, torch.full_like(y, 0.5), y)
    return torch.where(node, torch.ones_like(y), bare_kernel(safe, n))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (bare_kernel, "0/0 at the multiples of n"),
        (lambda y, n: torch.sin(math.pi * y) / (n * torch.sin(math.pi * y / n)), "for odd n"),
        (lambda y, n: n * kernel(y, n), "divide by n"),
        (lambda y, n: torch.sinc(y), "does not repeat"),
        (lambda y, n: torch.sin(math.pi * y) / (n * torch.tan(math.pi * y)), "pi y / n"),
        (lambda y, n: bare_kernel(y, n).nan_to_num(0.0), "wrong at them"),
        (lambda y, n: torch.cos(y), "The largest error is"),
        (lambda y, n: kernel(y, n).sum(), "must have shape (40,)"),
        (3.0, "must be a function of (y, n)"),
    ],
)
def test_dirichlet_hints(answer, hint, refused):
    refused("ex-dirichlet", answer, hint)


@pytest.mark.parametrize("answer", [kernel, dirichlet_kernel])
def test_dirichlet_right(answer):
    assert check("ex-dirichlet", answer).passed


def shift(u, d, sign=-1, turn=2 * math.pi, length=True):
    n = u.shape[-1]
    k = torch.arange(n // 2 + 1)
    phase = torch.exp(sign * turn * 1j * k * d / n)
    return torch.fft.irfft(torch.fft.rfft(u) * phase, n=n if length else None)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda u, d: shift(u, d, sign=1), "to the left"),
        (lambda u, d: shift(u, d, turn=math.pi), "not pi k d / n"),
        (lambda u, d: shift(u, d, turn=1.0), "not k d / n"),
        (lambda u, d: shift(u, d, length=False), "a sample is lost"),
        (lambda u, d: u.roll(round(d), -1), "whole number of samples"),
        (lambda u, d: u, "for even n: multiply"),
        (lambda u, d: torch.fft.rfft(u), "go back from the modes with irfft"),
        (lambda u, d: u[0], "must have shape (3, 12)"),
    ],
)
def test_phase_shift_hints(answer, hint, refused):
    refused("ex-phase-shift", answer, hint)


@pytest.mark.parametrize(
    "answer",
    [shift, lambda u, d: whittaker_shannon(u, torch.arange(u.shape[-1], dtype=u.dtype) - d)],
)
def test_phase_shift_right(answer):
    assert check("ex-phase-shift", answer).passed


def blur(m, n, delta):
    angle = 2 * math.pi * m / n
    return torch.sqrt(1 - 2 * delta * (1 - delta) * (1 - torch.cos(angle)))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda m, n, delta: blur(m, n, delta) ** 2, "take the root"),
        (lambda m, n, delta: torch.cos(math.pi * m / n), "half a spacing"),
        (lambda m, n, d: 1 - d + d * torch.cos(2 * math.pi * m / n), "the real part"),
        (lambda m, n, d: 1 - d + d * torch.exp(-2j * math.pi * m / n), "use .abs()"),
        (lambda m, n, d: blur(m / 2, n, d), "2 pi m / n"),
        (lambda m, n, d: m, "The largest error is"),
    ],
)
def test_linear_blur_hints(answer, hint, refused):
    refused("ex-linear-blur", answer, hint)


def test_linear_blur_right():
    assert check("ex-linear-blur", blur).passed
