import math

import pytest
import torch
from torch import fft

import symtutor as st
from symtutor.checks import check


def spectral(v, weight, product="bki,kij->bkj", **norm):
    low = torch.einsum(product, fft.rfft(v, dim=1, **norm)[:, : len(weight)], weight)
    return fft.irfft(low, n=v.shape[1], dim=1)


def other_modes_kept(v, weight):
    modes = fft.rfft(v, dim=1)
    modes[:, : len(weight)] = torch.einsum("bki,kij->bkj", modes[:, : len(weight)], weight)
    return fft.irfft(modes, n=v.shape[1], dim=1)


def without_negative_frequencies(v, weight):
    modes = torch.zeros(v.shape, dtype=weight.dtype)
    low = fft.fft(v, dim=1)[:, : len(weight)]
    modes[:, : len(weight)] = torch.einsum("bki,kij->bkj", low, weight)
    return fft.ifft(modes, dim=1).real


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda v, w: spectral(v, w.mT), "first index of each matrix"),
        (other_modes_kept, "other modes are dropped"),
        (lambda v, w: spectral(v, w, norm="ortho"), "the same norm"),
        (without_negative_frequencies, "negative frequencies"),
        (lambda v, w: spectral(v, w.real + 0j), "real parts of the matrices"),
        (lambda v, w: 2 * spectral(v, w), "one matrix for each coefficient"),
        (lambda v, w: spectral(v, w)[:, :-1], "shape (2, 12, 3)"),
        (lambda v, w: fft.irfft(fft.rfft(v, dim=1), dim=1), "shape (2, 15, 3)"),
        (3.0, "must be a function"),
    ],
)
def test_spectral_hints(answer, hint, refused):
    refused("ex-spectral-layer", answer, hint)


def by_modes(v, weight):
    """Every mode by itself, as waves."""
    n = v.shape[1]
    x = 2 * math.pi * torch.arange(n) / n
    total = torch.zeros_like(v)
    for k, matrix in enumerate(weight):
        wave = torch.exp(1j * k * x)
        coefficient = torch.einsum("x,bxi->bi", wave.conj(), v + 0j) / n @ matrix
        total += (1 if k == 0 else 2) * torch.einsum("x,bj->bxj", wave, coefficient).real
    return total


def test_spectral_right():
    assert check("ex-spectral-layer", spectral).passed
    assert check("ex-spectral-layer", by_modes).passed


def frames(predicted, true):
    return (predicted - true).square().sum(-1) / true.square().sum(-1)


def size(u, *axes):
    return u.square().sum(axes)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda p, u: frames(p, u).mean(), "mean over the frames"),
        (lambda p, u: frames(p, u).sum(), "average over them"),
        (
            lambda p, u: u.shape[1] * (size(p - u, 1, 2) / size(u, 1, 2)).mean(),
            "of the whole solution",
        ),
        (lambda p, u: (size(p - u, 0, 2) / size(u, 0, 2)).sum(), "quotient of averages"),
        (lambda p, u: frames(p, u).sqrt().mean(0).sum(), "takes their roots"),
        (lambda p, u: frames(u, p).mean(0).sum(), "not the prediction"),
        (lambda p, u: (p - u).square().mean((0, 2)).sum(), "not divided by the size"),
        (lambda p, u: 0.0, "the definition of NMSE"),
        (lambda p, u: frames(p, u).mean(0), "one number"),
    ],
)
def test_nmse_hints(answer, hint, refused):
    refused("ex-nmse-sum", answer, hint)


def test_nmse_right():
    assert check("ex-nmse-sum", lambda p, u: frames(p, u).mean(0).sum()).passed
    assert check("ex-nmse-sum", st.nmse).passed


def boosted(u, shift, length, rise):
    k = 2 * math.pi / length * torch.arange(u.shape[-1] // 2 + 1)
    return fft.irfft(fft.rfft(u) * torch.exp(-1j * k * shift[:, None]), n=u.shape[-1]) + rise


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda u, t, length, s: boosted(u, s * t, length, 0), "add s"),
        (lambda u, t, length, s: boosted(u, -s * t, length, s), "content moves to the right"),
        (
            lambda u, t, length, s: boosted(u, s * torch.arange(len(t)), length, s),
            "not times its number",
        ),
        (lambda u, t, length, s: boosted(u, s * (t - t[0]), length, s), "since the first row"),
        (lambda u, t, length, s: boosted(u, s + 0 * t, length, s), "moves all by s"),
        (lambda u, t, length, s: u + s, "moves nothing"),
        (lambda u, t, length, s: boosted(u, s * t, 1.0, s), "pass the length on"),
        (lambda u, t, length, s: boosted(u, s * t, 2 * math.pi * length, s), "with 2 pi"),
        (lambda u, t, length, s: u, "raised by s"),
        (lambda u, t, length, s: u[0], "shape (5, 24)"),
    ],
)
def test_boost_hints(answer, hint, refused):
    refused("ex-boosted-solution", answer, hint)


def by_places(u, times, length, s):
    """Every row looked up where it came from."""
    n = u.shape[-1]
    places = torch.arange(n) - s * times[:, None] * n / length
    return torch.stack([st.whittaker_shannon(a, y) for a, y in zip(u, places, strict=True)]) + s


def test_boost_right():
    assert check("ex-boosted-solution", lambda u, t, c, s: boosted(u, s * t, c, s)).passed
    assert check("ex-boosted-solution", by_places).passed
