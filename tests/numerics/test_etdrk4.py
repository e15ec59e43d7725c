import math
from itertools import pairwise

import pytest
import torch

from symtutor.numerics.etdrk4 import coefficients, etdrk4

ONE = torch.ones(1, dtype=torch.complex128)


def time(*values):
    return torch.tensor(values, dtype=torch.float64)


def nothing(v, t):
    return torch.zeros_like(v)


def bernoulli(v, t):
    return -v.square()


def exact(symbol, start, t):
    """Solution of v' = a v - v^2."""
    growth = torch.exp(symbol * t)
    return symbol * start * growth / (symbol + start * (growth - 1))


def test_the_linear_part_is_exact_at_any_step():
    symbol = torch.tensor([-1e5, 3j, -2 + 1j, 0.1], dtype=torch.complex128)
    got = etdrk4(symbol, nothing, ONE.expand(4), time(0.5, 2.0), step=10.0)
    assert torch.allclose(got, torch.exp(symbol * time(0.5, 2.0)[:, None]), atol=1e-14)


@pytest.mark.parametrize("linear", [-1.0, -40.0, 2j])
def test_error_falls_with_the_fourth_power_of_the_step(linear):
    symbol = linear * ONE
    start = 0.9 * ONE
    right = exact(symbol, start, 1.0)
    steps = [1 / 16, 1 / 32, 1 / 64, 1 / 128]
    got = [etdrk4(symbol, bernoulli, start, time(1.0), step=h) for h in steps]
    errors = [(v - right).abs().item() / right.abs().item() for v in got]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert all(3.6 < order < 4.5 for order in orders), (errors, orders)


def test_a_force_that_depends_on_time_is_followed():
    """v' = -v + cos t from 1/2 has the solution (sin t + cos t) / 2."""
    got = etdrk4(-ONE, lambda v, t: math.cos(t) * ONE, ONE / 2, time(1.0, 3.0), step=0.01)
    right = (torch.sin(time(1.0, 3.0)) + torch.cos(time(1.0, 3.0))) / 2
    assert torch.allclose(got[:, 0].real, right, atol=1e-9)
    later = etdrk4(-ONE, lambda v, t: math.cos(t) * ONE, got[0], time(3.0), step=0.01, start=1.0)
    assert torch.allclose(later, got[1:], atol=1e-12)


def closed(z, h):
    """The formulas before the contour, fine for z far from 0."""
    e = torch.exp(z)
    return {
        "stage": h * (torch.exp(z / 2) - 1) / z,
        "first": h * (-4 - z + e * (4 - 3 * z + z**2)) / z**3,
        "middle": 2 * h * (2 + z + e * (z - 2)) / z**3,
        "last": h * (-4 - 3 * z - z**2 + e * (4 - z)) / z**3,
    }


def test_coefficients_equal_their_closed_forms_far_from_zero():
    h, z = 0.5, torch.tensor([5.0, -7.0, 6j, -30.0, 3 + 4j], dtype=torch.complex128)
    got = coefficients(z / h, h)
    for name, right in closed(z, h).items():
        assert torch.allclose(getattr(got, name), right, rtol=1e-12), name


def test_coefficients_keep_their_digits_near_zero_where_closed_forms_lose_them():
    z = torch.tensor([1e-4], dtype=torch.complex128)
    got = coefficients(z, 1.0)
    series = 1 / 6 + z / 6 + 3 * z**2 / 40 + z**3 / 45  # of "first"
    assert (got.first - series).abs().item() < 1e-15
    assert (closed(z, 1.0)["first"] - series).abs().item() > 1e-6
    plain = coefficients(0 * ONE, 1.0)  # the classical rule: 1/6, 1/3, 1/3, 1/6
    weights = [plain.first, plain.middle, plain.last, plain.stage]
    right = [1 / 6, 1 / 3, 1 / 6, 1 / 2]
    assert [w.item().real for w in weights] == pytest.approx(right, abs=1e-14)


def test_landing_on_more_times_does_not_change_the_solution():
    few = etdrk4(-ONE, bernoulli, ONE, time(2.0), step=0.01)
    many = etdrk4(-ONE, bernoulli, ONE, time(0.0, 0.123, 0.5, 0.5, 1.999, 2.0), step=0.01)
    assert torch.allclose(few[0], many[-1], atol=1e-10)
    assert torch.equal(many[0], ONE)
    assert torch.equal(many[2], many[3])


@pytest.mark.parametrize(("span", "step", "wanted"), [(1.0, 0.25, 4), (1.0, 0.3, 4), (0.1, 5.0, 1)])
def test_as_few_steps_as_allowed_with_four_evaluations_each(span, step, wanted):
    calls = []

    def count(v, t):
        calls.append(t)
        return torch.zeros_like(v)

    etdrk4(-ONE, count, ONE, time(span), step=step)
    assert len(calls) == 4 * wanted
    assert max(calls) == pytest.approx(span)


def test_no_times_give_no_states():
    assert etdrk4(-ONE, nothing, ONE.expand(2, 1), time(), step=1.0).shape == (0, 2, 1)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="positive, got 0"):
        etdrk4(-ONE, nothing, ONE, time(1.0), step=0.0)
    with pytest.raises(ValueError, match="start=2"):
        etdrk4(-ONE, nothing, ONE, time(1.0), step=0.1, start=2.0)
    with pytest.raises(ValueError, match="rise"):
        etdrk4(-ONE, nothing, ONE, time(1.0, 0.5), step=0.1)
    with pytest.raises(FloatingPointError, match=r"between t=0 and t=5.*more substeps"):
        etdrk4(ONE, lambda v, t: v.square(), ONE, time(5.0), step=0.5)
