import math

import pytest
import torch

from symtutor.checks import check


def singles(C):
    return C.diagonal().log().sum()


def tc(C):
    return 0.5 * (singles(C) - torch.logdet(C))


def by_correlations(C):
    deviation = C.diagonal().sqrt()
    return -0.5 * torch.logdet(C / (deviation[:, None] * deviation))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda C: singles(C) - torch.logdet(C), "factor 1/2"),
        (lambda C: -tc(C), "never negative"),
        (lambda C: tc(C) / len(C), "is per component"),
        (lambda C: -0.5 * torch.logdet(C), "need not be 1"),
        (lambda C: tc(C) / math.log(2), "in bits"),
        (lambda C: tc(C) + 0.5 * (len(C) - 1) * (math.log(2 * math.pi) + 1), "occurs d times"),
        (lambda C: tc(C) + 1, "half the sum of the logarithms"),
        (lambda C: C.diagonal(), "one number"),
        (3.0, "must be a function of (C)"),
    ],
)
def test_total_correlation_hints(answer, hint, refused):
    refused("ex-total-correlation", answer, hint)


@pytest.mark.parametrize("answer", [tc, by_correlations])
def test_total_correlation_right(answer):
    assert check("ex-total-correlation", answer).passed


def table_of(on, clamp=True):
    """Divergences of i from its neighbours, a list for each i."""
    d, found = len(on), []
    for i in range(d):
        beside = [k for k in (i - 1, i + 1) if 0 <= k < d]
        found.append([(on[i, i] - on[i, k]).item() for k in beside])
    return [[max(0.0, v) if clamp else v for v in own] for own in found]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def by_loops(on):
    return mean(mean(own) for own in table_of(on))


def around(on):
    i, d = torch.arange(len(on)), len(on)
    both = [(on[i, i] - on[i, (i + by) % d]).clamp(min=0) for by in (1, -1)]
    return (both[0] + both[1]).mean() / 2


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda on: mean(mean(own) for own in table_of(on, False)), "clamped, one by one"),
        (
            lambda on: mean(max(0.0, mean(own)) for own in table_of(on, False)),
            "clamp each divergence",
        ),
        (lambda on: mean(v for own in table_of(on) for v in own), "averages over all pairs"),
        (lambda on: mean(sum(own) / 2 for own in table_of(on)), "counts it half"),
        (lambda on: by_loops(on.T), "the first index is that of the samples"),
        (around, "no neighbours of each other"),
        (lambda on: len(on) * by_loops(on), "adds them up"),
        (lambda on: 0.0, "on[i, i] less on[i, i + 1]"),
        (lambda on: on.diagonal(), "one number"),
        (3.0, "must be a function of (on)"),
    ],
)
def test_neighbour_divergence_hints(answer, hint, refused):
    refused("ex-neighbour-divergence", answer, hint)


def test_neighbour_divergence_right():
    assert check("ex-neighbour-divergence", by_loops).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (1591, "just above 0.01"),
        (1e4 / (2 * math.pi), "a whole number"),
        (1e4, "2 pi stands under the root"),
        (16, "square both sides"),
        (11144, "the batch of seven"),
        (100, "solve"),
        ([1592], "one number"),
    ],
)
def test_noise_floor_hints(answer, hint, refused):
    refused("ex-noise-floor", answer, hint)


def test_noise_floor_right():
    assert check("ex-noise-floor", 1592).passed
