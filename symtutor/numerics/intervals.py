"""Means over a few runs, with the interval that Student's t gives them."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Interval(NamedTuple):
    """A mean and its confidence interval."""

    mean: float
    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether the value lies outside the interval."""
        return not self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def t_quantile(freedom: int, level: float = 0.95) -> float:
    r"""The t with P(|T| <= t) = level for Student's distribution of whole degrees of freedom.

    By bisection of its distribution function, a finite sum in the angle $\arctan(t/\sqrt\nu)$
    (Abramowitz and Stegun 1964, 26.7.3-4).

    Raises:
        ValueError: if there is no degree of freedom, or the level is not inside (0, 1).

    Example:
        >>> round(t_quantile(4), 4)
        2.7764
    """
    if freedom < 1 or not 0 < level < 1:
        raise ValueError(
            f"Student's t needs at least one degree of freedom and a level between 0 and 1, got "
            f"{freedom} and {level}; an interval needs two values or more"
        )
    low, high = 0.0, math.pi / 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, freedom) < level else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _within(angle: float, freedom: int) -> float:
    """P(|T| <= sqrt(freedom) tan(angle))."""
    odd = freedom % 2
    term = math.cos(angle) if odd else 1.0
    total = 0.0
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= math.cos(angle) ** 2 * k / (k + 1)
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def mean_interval(values: Float[Tensor, " runs"], level: float = 0.95) -> Interval:
    """Mean of independent runs with its confidence interval; of differences, if runs are paired.

    Args:
        values: one number per run, two runs or more.
        level: probability that such an interval covers the true mean, for normal values.

    Raises:
        ValueError: for fewer than two values, or values that are not finite.

    Example:
        >>> print(mean_interval(torch.tensor([60.1, 61.0, 59.8])))
        60.30 [58.75, 61.85]
    """
    if values.ndim != 1 or len(values) < 2 or not torch.isfinite(values).all():
        raise ValueError(
            f"an interval needs a vector of at least two finite values, got {values.tolist()}"
        )
    values = values.double()
    mean = values.mean().item()
    half = t_quantile(len(values) - 1, level) * values.std().item() / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)
