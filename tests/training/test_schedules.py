import math

import pytest

from symtutor import constant, cosine, piecewise


def test_constant_is_one():
    assert {constant(step) for step in (0, 1, 10**9)} == {1.0}


def test_cosine_falls_from_one_to_zero_symmetrically():
    rate = cosine(8)
    values = [rate(step) for step in range(9)]
    assert values == pytest.approx([(1 + math.cos(math.pi * k / 8)) / 2 for k in range(9)])
    assert values[0] == 1 and values[8] == pytest.approx(0, abs=1e-15)
    assert [a + b for a, b in zip(values, values[::-1], strict=True)] == pytest.approx([1] * 9)


def test_warmup_rises_in_equal_steps_to_the_top_of_the_cosine():
    rate = cosine(10, warmup=4)
    assert [rate(step) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert [rate(step) for step in range(4, 11)] == pytest.approx(
        [cosine(6)(step) for step in range(7)]
    )


@pytest.mark.parametrize(("steps", "warmup"), [(10, 10), (10, -1), (0, 0), (-5, 0)])
def test_a_warmup_longer_than_the_training_is_refused(steps, warmup):
    with pytest.raises(ValueError, match=f"below {steps} steps, got {warmup}"):
        cosine(steps, warmup=warmup)


def test_piecewise_multiplies_at_every_milestone_reached():
    rate = piecewise([60, 120], 0.1)
    assert [rate(s) for s in (0, 59, 60, 119, 120, 999)] == pytest.approx(
        [1, 1, 0.1, 0.1, 0.01, 0.01]
    )
    assert piecewise([], 0.5)(7) == 1
    assert piecewise([120, 60], 0.1)(60) == pytest.approx(0.1)
