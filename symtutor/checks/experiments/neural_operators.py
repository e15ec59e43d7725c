"""Checks of the chapter Neural operators on few solutions."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor, fft

from ..engine import diagnose, exercise, function, tensor


def _spectral(v: Tensor, weight: Tensor, product: str = "bki,kij->bkj", **norm: str) -> Tensor:
    """The lowest coefficients of v times the matrices, back on the grid."""
    low = fft.rfft(v, dim=1, **norm)[:, : len(weight)]
    return fft.irfft(torch.einsum(product, low, weight), n=v.shape[1], dim=1)


def _full_spectrum(v: Tensor, weight: Tensor) -> Tensor:
    """The mistake of a transform that knows no real signals: negative frequencies are lost."""
    low = fft.fft(v, dim=1)[:, : len(weight)]
    return fft.ifft(torch.einsum("bki,kij->bkj", low, weight), n=v.shape[1], dim=1).real


@exercise(
    "ex-spectral-layer",
    question="Write a function of v (b, space, width) and weight (modes, width, width), complex, "
    "that multiplies every one of the lowest Fourier coefficients of v by its matrix.",
)
def spectral_layer(answer: Any, generator: Generator) -> str | None:
    """Random layers on grids of an even and of an odd number of points."""
    rule = function(answer, "v, weight")
    grids = [torch.randn(2, n, 3, generator=generator) for n in (12, 15)]
    weight = torch.randn(5, 3, 3, generator=generator, dtype=torch.complex64)

    def flat(f: Callable[[Tensor, Tensor], Any]) -> Tensor:
        found = [tensor(f(v.clone(), weight.clone()), v.shape, "the result") for v in grids]
        return torch.cat([part.flatten() for part in found])

    mistakes = {
        "the sum runs over the first index of each matrix: result j is the sum of v_i R_ij.": flat(
            lambda v, w: _spectral(v, w, "bkj,kij->bki")
        ),
        "other modes are dropped; this keeps them as they were.": flat(
            lambda v, w: _spectral(v, w) + v - _spectral(v, torch.eye(3).to(w).expand_as(w))
        ),
        "rfft and irfft need the same norm, or the result has another size.": flat(
            lambda v, w: _spectral(v, w, norm="ortho")
        ),
        "a real signal has coefficients of negative frequencies, too, the conjugates of the "
        "others: rfft and irfft take care of them, fft does not.": flat(_full_spectrum),
        "this uses the real parts of the matrices alone.": flat(
            lambda v, w: _spectral(v, w.real.to(w.dtype))
        ),
    }
    otherwise = "rfft along axis 1, one matrix for each coefficient, irfft with n points."
    return diagnose(flat(rule), flat(_spectral), mistakes, otherwise)


@exercise(
    "ex-nmse-sum",
    question="Write a function of predicted and true, both (solutions, frames, space), that "
    "returns the NMSE: the mean over solutions, summed over the frames.",
)
def nmse_sum(answer: Any, generator: Generator) -> str | None:
    """Random predictions of rows whose sizes differ."""
    rule = function(answer, "predicted, true")
    size = 0.5 + torch.rand(4, 6, 1, generator=generator)
    true = size * torch.randn(4, 6, 9, generator=generator)
    predicted = true + 0.3 * torch.randn(4, 6, 9, generator=generator)
    error, norm = (predicted - true).square(), true.square()
    frame = error.sum(-1) / norm.sum(-1)
    got = tensor(rule(predicted.clone(), true.clone()), (), "the NMSE")
    mistakes = {
        "this is the mean over the frames; the NMSE adds them up.": frame.mean(),
        "this adds up the solutions, too; average over them.": frame.sum(),
        "every frame is divided by its own size; this divides by that of the whole solution.": (
            6 * (error.sum((1, 2)) / norm.sum((1, 2))).mean()
        ),
        "divide solution by solution, then average; this is a quotient of averages.": (
            error.sum(-1).mean(0) / norm.sum(-1).mean(0)
        ).sum(),
        "squares are compared; this takes their roots.": frame.sqrt().mean(0).sum(),
        "the truth is in the denominator, not the prediction.": (
            (error.sum(-1) / predicted.square().sum(-1)).mean(0).sum()
        ),
        "this is not divided by the size of the truth.": error.mean(-1).mean(0).sum(),
    }
    return diagnose(got, frame.mean(0).sum(), mistakes, "compare with the definition of NMSE.")


def _boosted(u: Tensor, shift: Tensor, length: float, s: float) -> Tensor:
    """Rows moved to the right by their shifts, and raised by s."""
    k = 2 * math.pi / length * torch.arange(u.shape[-1] // 2 + 1)
    return fft.irfft(fft.rfft(u) * torch.exp(-1j * k * shift[:, None]), n=u.shape[-1]) + s


@exercise(
    "ex-boosted-solution",
    question="Write a function of u (time, space), times, length and s that returns the solution "
    "under the Galilean boost by s, on the same grid.",
)
def boosted_solution(answer: Any, generator: Generator) -> str | None:
    """Row t moved by s t, and s added, on a random band-limited solution."""
    rule = function(answer, "u, times, length, s")
    length, s = 8.0, 0.3
    modes = torch.zeros(5, 13, dtype=torch.complex64)
    modes[:, 1:6] = torch.randn(5, 5, generator=generator, dtype=torch.complex64)
    u, times = fft.irfft(modes, n=24), 7 + 0.7 * torch.arange(5)
    got = tensor(rule(u.clone(), times.clone(), length, s), (5, 24), "the solution")

    def moved(shift: Tensor, rise: float = s) -> Tensor:
        return _boosted(u, shift, length, rise)

    mistakes = {
        "the boosted observer sees other values of u, too: add s.": moved(s * times, 0.0),
        "content moves to the right for s > 0: mode k is multiplied by exp(-i k s t).": moved(
            -s * times
        ),
        "the distance is s times the time of the row, not times its number.": moved(
            s * torch.arange(5)
        ),
        "t is time itself, not the time since the first row.": moved(s * (times - times[0])),
        "every row moves by a distance of its own; this moves all by s.": moved(s * torch.ones(5)),
        "this raises u by s but moves nothing.": u + s,
        "wavenumbers are 2 pi m / length: pass the length on.": moved(s * times * length),
        "wavenumbers are 2 pi m / length, with 2 pi.": moved(s * times / (2 * math.pi)),
    }
    otherwise = "row t is moved to the right by s t and raised by s."
    return diagnose(got, moved(s * times), mistakes, otherwise)
