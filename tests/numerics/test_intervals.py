"""Student's t against SciPy, and what an interval promises."""

import math

import pytest
import torch
from scipy import stats

from symtutor.numerics.intervals import Interval, mean_interval, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 9, 30, 101])
def test_quantiles_are_those_of_scipy(freedom):
    for level in (0.5, 0.9, 0.95, 0.999):
        assert t_quantile(freedom, level) == pytest.approx(
            stats.t.ppf((1 + level) / 2, freedom), rel=1e-8
        )


def test_the_interval_is_that_of_scipy(generator):
    values = 60 + torch.randn(5, generator=generator)
    found = mean_interval(values)
    error = stats.sem(values.double().numpy())
    low, high = stats.t.interval(0.95, 4, loc=values.double().mean().item(), scale=error)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-9)
    assert found.mean == pytest.approx(values.mean().item(), rel=1e-6)
    assert mean_interval(values, 0.5).high < found.high


def test_nineteen_of_twenty_intervals_cover_the_mean(generator):
    draws = 3 + 2 * torch.randn(2000, 5, generator=generator)
    missed = sum(mean_interval(row).excludes(3.0) for row in draws) / len(draws)
    assert missed == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / len(draws)))


def test_the_ends_belong_to_the_interval():
    interval = Interval(1.0, 0.0, 2.0)
    assert not interval.excludes(0.0) and not interval.excludes(2.0)
    assert interval.excludes(-1e-9) and interval.excludes(2.1)
    assert str(interval) == "1.00 [0.00, 2.00]"


@pytest.mark.parametrize(
    "values", [torch.tensor([1.0]), torch.tensor([]), torch.tensor([1.0, math.nan])]
)
def test_an_interval_needs_two_finite_values(values):
    with pytest.raises(ValueError, match="at least two finite values"):
        mean_interval(values)


@pytest.mark.parametrize(("freedom", "level"), [(0, 0.95), (3, 1.0), (3, 0.0), (3, math.nan)])
def test_impossible_quantiles_are_refused(freedom, level):
    with pytest.raises(ValueError, match="one degree of freedom and a level between 0 and 1"):
        t_quantile(freedom, level)
