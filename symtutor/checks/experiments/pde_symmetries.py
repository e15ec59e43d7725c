"""Checks of the chapter Symmetries of five equations."""

from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.spectral import derivative
from ..engine import diagnose, exercise, function, tensor
from ..inputs import wavy


@exercise(
    "ex-prolong-once",
    question="Write a function of xi, tau, phi (values on rows of a periodic grid), u_x, u_t and "
    "length that returns the rate at which the flow of (xi, tau, phi) starts to change u_x.",
)
def prolong_once(answer: Any, generator: Generator) -> str | None:
    """D_x phi - u_x D_x xi - u_t D_x tau on random periodic rows."""
    rate = function(answer, "xi, tau, phi, u_x, u_t, length")
    length = 8.0
    xi, tau, phi, u_x, u_t = (wavy(generator, 3, 32) for _ in range(5))
    given = [v.clone() for v in (xi, tau, phi, u_x, u_t)]
    got = tensor(rate(*given, length), (3, 32), "the rate")
    xi_x, tau_x, phi_x = (derivative(v, 1, length) for v in (xi, tau, phi))
    u_xx, u_xt = derivative(u_x, 1, length), derivative(u_t, 1, length)
    right = phi_x - u_x * xi_x - u_t * tau_x
    mistakes = {
        "the place moves, too: stretching x flattens slopes, by u_x D_x xi.": phi_x - u_t * tau_x,
        "the instant may move differently at neighbouring places; u_t D_x tau is missing.": (
            phi_x - u_x * xi_x
        ),
        "D_x phi alone is the change of the slope as long as no point moves sideways.": phi_x,
        "stretching x makes slopes smaller: both terms are subtracted.": (
            phi_x + u_x * xi_x + u_t * tau_x
        ),
        "this is D_x Q, over a fixed place; following the point adds xi u_xx + tau u_xt.": (
            right - xi * u_xx - tau * u_xt
        ),
        "derivatives are per unit of x: pass the length on.": length * right,
    }
    return diagnose(
        got,
        right.float(),
        {hint: value.float() for hint, value in mistakes.items()},
        "compare with D_x phi - u_x D_x xi - u_t D_x tau.",
    )


def _ladders(generator: Generator) -> list[Tensor]:
    """Rising values with one clear gap, some with gaps among rounding errors."""
    ladders = []
    for small, large in ((3, 5), (1, 4), (2, 3), (4, 2), (2, 6), (3, 3)):
        noise = torch.rand(small + large, generator=generator, dtype=torch.float64)
        steps = 1 + torch.arange(large, dtype=torch.float64) + 0.5 * noise[:large]
        below = 1e-6 * steps[-1] * (1 + torch.arange(small) + 0.5 * noise[large:])
        if small > 1:  # rounding: far below, and with a gap of its own
            below[0] *= 1e-10
        ladders.append(torch.cat([below, steps]))
    return ladders


@exercise(
    "ex-spectral-gap",
    question="Write a function of rising positive values that returns how many of them come "
    "before the largest ratio of neighbours, values below 1e-8 of the last counting as that.",
)
def spectral_gap(answer: Any, generator: Generator) -> str | None:
    """The number of values before the largest ratio, rounding left out."""
    count = function(answer, "values")
    ladders = _ladders(generator)

    def counts(rule: Any) -> Tensor:
        return torch.stack([tensor(rule(line.clone()), (), "the number") for line in ladders])

    def raised(line: Tensor) -> Tensor:
        return line.clamp(min=1e-8 * line[-1])

    def ratio(line: Tensor) -> int:
        return int((line[1:] / line[:-1]).argmax()) + 1

    right = counts(lambda line: ratio(raised(line)))
    mistakes = {
        "argmax counts from 0: the position of the gap is one less than the number of values "
        "before it.": right - 1,
        "rounding has gaps of its own: raise all values to 1e-8 of the last one first.": counts(
            ratio
        ),
        "take ratios, not differences: a spectrum spans many decades.": counts(
            lambda line: int(raised(line).diff().argmax()) + 1
        ),
        "this counts the values after the gap.": torch.tensor(
            [float(len(line)) for line in ladders]
        )
        - right,
    }
    otherwise = "find the largest values[i + 1] / values[i] and return i + 1."
    return diagnose(counts(count), right, mistakes, otherwise)
