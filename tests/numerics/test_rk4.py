import math
from itertools import pairwise

import pytest
import torch

from symtutor.numerics.rk4 import rk4, rk4_step


def pendulum(y):
    return torch.stack([y[..., 1], -torch.sin(y[..., 0])], dim=-1)


def test_error_falls_with_the_fourth_power_of_the_step():
    start = torch.tensor([1.0, 0.0], dtype=torch.float64)
    truth = rk4(pendulum, start, 2.0, steps=4096)
    errors = [(rk4(pendulum, start, 2.0, steps=n) - truth).norm().item() for n in (8, 16, 32, 64)]
    orders = [math.log2(a / b) for a, b in pairwise(errors)]
    assert all(3.8 < order < 4.2 for order in orders), orders


def test_one_step_is_the_taylor_series_of_the_exponential_up_to_fourth_order():
    h = 0.3
    step = rk4_step(lambda y: y, torch.ones(1, dtype=torch.float64), h).item()
    assert step == pytest.approx(1 + h + h**2 / 2 + h**3 / 6 + h**4 / 24, abs=1e-15)


def test_every_row_may_take_its_own_span():
    spans = torch.tensor([[-0.5], [0.0], [0.7]], dtype=torch.float64)
    ends = rk4(lambda y: y, torch.ones(3, 1, dtype=torch.float64), spans, steps=64)
    assert torch.allclose(ends, spans.exp(), atol=1e-9)


@pytest.mark.parametrize("steps", [1, 3, 7])
def test_four_evaluations_per_step(steps):
    calls = []

    def f(y):
        calls.append(1)
        return -y

    rk4(f, torch.ones(2), 1.0, steps=steps)
    assert len(calls) == 4 * steps


def test_no_steps_is_refused():
    with pytest.raises(ValueError, match="steps=0"):
        rk4(lambda y: y, torch.ones(1), 1.0, steps=0)
