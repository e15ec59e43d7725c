"""Checks of the chapter Information losses."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import diagnose, exercise, function, tensor


@exercise(
    "ex-total-correlation",
    question="Write a function of the covariance C of a Gaussian vector that returns its total "
    "correlation in nats.",
)
def total_correlation(answer: Any, generator: Generator) -> str | None:
    """Covariances of two sizes, with variances that differ."""
    tc = function(answer, "C")
    covariances = []
    for d in (3, 5):
        rough = torch.randn(d, d, generator=generator)
        covariances.append(rough @ rough.mT + 0.5 * torch.eye(d))
    found = [tensor(tc(C.clone()), (), "the total correlation") for C in covariances]
    single = torch.stack([C.diagonal().log().sum() for C in covariances])
    joint = torch.stack([torch.logdet(C) for C in covariances])
    d, right = torch.tensor([3.0, 5.0]), 0.5 * (single - joint)
    mistakes = {
        "entropies have a factor 1/2 before the logarithm of the variance.": 2 * right,
        "it is never negative: the single entropies come first, less the joint one.": -right,
        "this is per component; the total correlation is a sum.": right / d,
        "variances need not be 1: the entropies of the components count, too.": -0.5 * joint,
        "this is in bits; nats use the natural logarithm.": right / math.log(2),
        "the constant (log 2 pi + 1)/2 occurs d times in the single entropies and d times in the "
        "joint one.": right + 0.5 * (d - 1) * (math.log(2 * math.pi) + 1),
    }
    otherwise = "half the sum of the logarithms of the variances, less half that of det C."
    return diagnose(torch.stack(found), right, mistakes, otherwise)


def _divergences(on: Tensor, *, clamped: bool = True) -> tuple[Tensor, Tensor]:
    """From each component to the next and from each to the one before, "d - 1" both."""
    own = on.diagonal()
    right, left = own[:-1] - on.diagonal(1), own[1:] - on.diagonal(-1)
    return (right.clamp(min=0), left.clamp(min=0)) if clamped else (right, left)


def _uniformity(right: Tensor, left: Tensor) -> Tensor:
    """The mean over i of means over neighbours; i = 0 has a right one alone."""
    inner = (right[1:] + left[:-1]).sum() / 2
    return (right[0] + inner + left[-1]) / (len(right) + 1)


def _late(right: Tensor, left: Tensor) -> Tensor:
    """The mistake of clamping after the mean over neighbours."""
    inner = ((right[1:] + left[:-1]) / 2).clamp(min=0).sum()
    return (right[0].clamp(min=0) + inner + left[-1].clamp(min=0)) / (len(right) + 1)


def _round_trip(on: Tensor) -> Tensor:
    """The mistake of neighbours across the ends."""
    i, d = torch.arange(len(on)), len(on)
    both = [(on[i, i] - on[i, (i + by) % d]).clamp(min=0) for by in (1, -1)]
    return ((both[0] + both[1]) / 2).mean()


@exercise(
    "ex-neighbour-divergence",
    question="Write a function of the table on[i, k], the mean of log p_k over the samples of "
    "component i, that returns U_1: the mean clamped divergence of neighbours.",
)
def neighbour_divergence(answer: Any, generator: Generator) -> str | None:
    """Random tables, in which some estimates are negative."""
    uniformity = function(answer, "on")
    tables = []
    for d in (4, 7):
        table = torch.randn(d, d, generator=generator)
        tables.append(table + 0.4 * torch.eye(d))
    found = [tensor(uniformity(on.clone()), (), "the uniformity") for on in tables]
    pairs = [_divergences(on) for on in tables]
    signed = [_divergences(on, clamped=False) for on in tables]
    mistakes = {
        "estimates below 0 are clamped, one by one.": [_uniformity(*own) for own in signed],
        "clamp each divergence, not the mean of two.": [_late(*own) for own in signed],
        "an end has one neighbour, which counts in full; this averages over all pairs alike.": [
            torch.cat(own).mean() for own in pairs
        ],
        "an end has one neighbour, which counts in full; this counts it half.": [
            torch.cat(own).sum() / 2 / (len(own[0]) + 1) for own in pairs
        ],
        "the first index is that of the samples, the second that of the density.": [
            _uniformity(*_divergences(on.mT)) for on in tables
        ],
        "the ends are no neighbours of each other.": [_round_trip(on) for on in tables],
        "average over the neighbours and the components; this adds them up.": [
            _uniformity(*own) * (len(own[0]) + 1) for own in pairs
        ],
    }
    right = torch.stack([_uniformity(*own) for own in pairs])
    hints = {hint: torch.stack(wrong) for hint, wrong in mistakes.items()}
    otherwise = "on[i, i] less on[i, i + 1] and on[i, i - 1], where they exist."
    return diagnose(torch.stack(found), right, hints, otherwise)


@exercise(
    "ex-noise-floor",
    question="How many samples per pair bring the noise floor 1/sqrt(2 pi n) to 0.01 or less?",
)
def noise_floor(answer: Any, generator: Generator) -> str | None:
    """n >= 10^4 / (2 pi) = 1591.5."""
    mistakes = {
        "at 1591 the floor is just above 0.01.": torch.tensor(1591.0),
        "n is a whole number.": torch.tensor(1e4 / (2 * math.pi)),
        "2 pi stands under the root: square both sides.": torch.tensor(1e4),
        "square both sides.": torch.tensor(16.0),
        "this is the batch of seven components, not the samples of a pair.": torch.tensor(11144.0),
    }
    got = tensor(answer, (), "the answer")
    return diagnose(got, torch.tensor(1592.0), mistakes, "solve 2 pi n >= 10^4.")
