"""Checks of the chapter Comparisons."""

import math
from typing import Any

import torch
from torch import Generator, Tensor, fft

from ..engine import diagnose, exercise, function, tensor


def _turned(phases: Tensor, d: int, sign: float = -1.0) -> Tensor:
    """The circulant matrix Q of x Q whose wave of frequency k is turned by its phase."""
    phase = torch.cat([torch.zeros(1, dtype=torch.float64), phases])
    spectrum = fft.rfft(torch.eye(d, dtype=torch.float64))
    return fft.irfft(spectrum * torch.exp(sign * 1j * phase), n=d)


@exercise(
    "ex-undetected",
    question="Write a function of C and angles that returns an orthogonal Q with Q^T C Q = C. "
    "C is a covariance with different eigenvalues, each of them twice; turn the plane "
    "of the k-th smallest by angles[k].",
)
def undetected(answer: Any, generator: Generator) -> str | None:
    """Two covariances of even size, from three properties, as bases of planes are not unique."""
    build = function(answer, "C, angles")
    for planes in (2, 3):
        d = 2 * planes
        basis = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))[0]
        values = torch.arange(1, planes + 1, dtype=torch.float64).repeat_interleave(2)
        C = basis @ torch.diag(values) @ basis.mT
        C = (C + C.mT) / 2
        angles = 0.4 + torch.rand(planes, generator=generator, dtype=torch.float64)
        Q = tensor(build(C.clone(), angles.clone()), (d, d), "the matrix").double()
        if hint := _not_undetected(Q, C, angles):
            return hint
    return None


def _not_undetected(Q: Tensor, C: Tensor, angles: Tensor) -> str | None:
    """What is wrong with a matrix that should turn the planes of C."""
    eye = torch.eye(len(C), dtype=torch.float64)
    if not torch.allclose(Q @ Q.mT, eye, atol=1e-5):
        return "Q is not orthogonal: the product with its transpose is not 1."
    if not torch.allclose(Q.mT @ C @ Q, C, atol=1e-4):
        return "Q^T C Q is not C: turn only within the planes of equal eigenvalues."
    turned = 2 * angles.cos().sum()
    if torch.allclose(Q, eye, atol=1e-5):
        return "the identity turns nothing."
    if math.isclose(Q.trace().item(), turned.item(), abs_tol=1e-4) and Q.det() > 0:
        return None
    return "the planes are turned by other angles: the trace of Q is twice the sum of cosines."


def _sizes(units: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Elementary effects in the order of factors, and rises that are not divided by steps."""
    steps, rises = units.diff(dim=0), scores.diff()
    factor = steps.abs().argmax(1)
    step = steps.gather(1, factor[:, None])[:, 0]
    order = factor.argsort()
    return (rises / step)[order], rises[order]


@exercise(
    "ex-elementary-effects",
    question="Write a function of units and scores that returns the elementary effect of every "
    "factor along one trajectory: units has k + 1 rows of k factors, of which one changes from "
    "row to row, and scores k + 1 numbers.",
)
def elementary_effects(answer: Any, generator: Generator) -> str | None:
    """Trajectories of three and of five factors, with steps up and down."""
    effects = function(answer, "units, scores")
    for k in (3, 5):
        order = torch.randperm(k, generator=generator)
        signs = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(k)[:k]
        start = torch.where(signs > 0, 0.0, 1.0).double()
        steps = torch.zeros(k, k, dtype=torch.float64)
        steps[torch.arange(k), order] = signs[order] * 2 / 3
        units = start + torch.cat([torch.zeros(1, k).double(), steps.cumsum(0)])
        scores = torch.rand(k + 1, generator=generator, dtype=torch.float64)
        right, rises = _sizes(units, scores)
        got = tensor(effects(units.clone(), scores.clone()), (k,), "the effects")
        mistakes = {
            "divide by the step, with its sign.": rises,
            "effects keep their signs; only their mean size does not.": right.abs(),
            "divide by the step with its sign, not by its size.": rises * 1.5,
            "one effect per factor, in the order of factors, not of the rows.": right[order],
        }
        otherwise = "rise of the score over the step of the one factor that changes."
        if hint := diagnose(got, right, mistakes, otherwise):
            return hint
    return None
