import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as strategy
from sample_fields import REAL, near, noise

from symtutor import linear_weights, weno_derivative

DEGREES = (1, 2, 3, 4)


def uneven(n, seed=0):
    """Increasing nodes on [0, 1) whose distances differ by up to a factor of 3."""
    steps = 1 + 2 * torch.rand(n, generator=torch.Generator().manual_seed(seed), dtype=REAL)
    return (steps.cumsum(0) - steps[0]) / steps.sum()


def smooth(n):
    s = torch.arange(n, dtype=REAL) / n
    return s + 0.08 * torch.sin(2 * torch.pi * s)


@pytest.mark.parametrize("degree", DEGREES)
@settings(max_examples=20, deadline=None)
@given(seed=strategy.integers(0, 999))
def test_linear_weights_are_positive_and_give_the_large_stencil(degree, seed):
    x = uneven(2 * degree + 1, seed)
    middle = x[degree]
    weights = linear_weights(torch.cat([x[:degree], x[degree + 1 :]]) - middle)
    assert (weights > 0).all()
    near(weights.sum(), 1, 1e-12)
    powers = torch.arange(2 * degree + 1, dtype=REAL)
    u = (x - middle)[None] ** powers[:, None]  # all polynomials up to degree 2k
    plain = weno_derivative(u, x, degree=degree, weights="linear")
    near(plain.value[:, 0], (powers == 1).to(REAL), 1e-9)
    near(plain.weights[0, 0], weights, 1e-12)


def test_linear_weights_of_equal_distances():
    near(linear_weights(torch.tensor([-1.0, 1.0], dtype=REAL)), [0.5, 0.5])
    near(linear_weights(torch.tensor([-2.0, -1.0, 1.0, 2.0], dtype=REAL)) * 6, [1, 4, 1])
    six = torch.tensor([-3.0, -2.0, -1.0, 1.0, 2.0, 3.0], dtype=REAL)
    near(linear_weights(six) * 20, [1, 9, 9, 1])


def test_five_points_by_hand():
    u = noise(5)
    found = weno_derivative(u, torch.arange(5, dtype=REAL))
    slopes = torch.stack(
        [(u[0] - 4 * u[1] + 3 * u[2]) / 2, (u[3] - u[1]) / 2, (-3 * u[2] + 4 * u[3] - u[4]) / 2]
    )
    bends = torch.stack([u[2] - 2 * u[1] + u[0], u[3] - 2 * u[2] + u[1], u[4] - 2 * u[3] + u[2]])
    smoothness = slopes**2 + 13 / 12 * bends**2
    w = torch.tensor([1.0, 4.0, 1.0], dtype=REAL) / (1e-6 + smoothness) ** 2
    near(found.slopes[0], slopes)
    near(found.smoothness[0], smoothness)
    near(found.value[0], (w * slopes).sum() / w.sum())


@pytest.mark.parametrize("degree", DEGREES)
def test_the_plain_stencil_has_twice_the_order(degree):
    errors = [convergence_error(degree, "linear", n) for n in (32, 64)]
    assert torch.log2(errors[0] / errors[1]) > 2 * degree - 0.25


@pytest.mark.parametrize(("degree", "order"), [(2, 4), (3, 5)])
def test_the_nonlinear_weights_keep_it_where_u_is_smooth(degree, order):
    errors = [convergence_error(degree, "nonlinear", n) for n in (40, 80)]
    assert torch.log2(errors[0] / errors[1]) > order - 0.2


def convergence_error(degree, weights, n):
    x = smooth(n)
    u, exact = torch.sin(2 * torch.pi * x), 2 * torch.pi * torch.cos(2 * torch.pi * x)
    found = weno_derivative(u, x, degree=degree, weights=weights, length=1.0)
    return (found.value - exact).abs().max()


@pytest.mark.parametrize("degree", [2, 3])
def test_beside_a_jump_only_the_plain_stencil_errs(degree):
    x = uneven(60)
    u, exact = torch.sin(3 * x) + (x > 0.5), 3 * torch.cos(3 * x)[degree:-degree]

    def error(weights):
        found = weno_derivative(u, x, degree=degree, weights=weights, epsilon=1e-12)
        return (found.value - exact).abs().max()

    assert error("nonlinear") < 0.02
    assert error("linear") > 20


def test_no_overshoot_beside_a_kink():
    x = uneven(40)
    u = (x - 0.5).relu()

    def overshoot(weights):
        slope = weno_derivative(u, x, weights=weights, epsilon=1e-12).value
        return torch.maximum(slope - 1, -slope).max()

    assert overshoot("linear") > 0.04
    assert overshoot("nonlinear") < overshoot("linear") / 3


def test_weights_avoid_the_jump_whichever_side_it_is_on():
    x = torch.arange(10, dtype=REAL)
    found = weno_derivative((x > 4.5).to(REAL), x)
    left, right = found.weights[4 - 2], found.weights[5 - 2]
    assert left[0] > 0.999 and right[2] > 0.999
    near(found.value, torch.zeros(6), 1e-6)


@pytest.mark.parametrize("degree", DEGREES)
def test_across_the_seam(degree):
    x = uneven(20)
    found = weno_derivative(torch.sin(2 * torch.pi * x), x, degree=degree, length=1.0)
    twice = torch.cat([x, x + 1])
    whole = weno_derivative(torch.sin(2 * torch.pi * twice), twice, degree=degree, length=2.0)
    assert found.value.shape == (20,)
    near(found.value.repeat(2), whole.value, 1e-9)


def test_gradients_in_values_and_nodes():
    values, nodes = noise(2, 8).requires_grad_(), uneven(8).requires_grad_()
    function = lambda u, x: weno_derivative(u, x, epsilon=0.1).value  # noqa: E731
    assert torch.autograd.gradcheck(function, (values, nodes))


@pytest.mark.parametrize(
    ("nodes", "options", "message"),
    [
        ([0.0, 1.0, 2.0, 2.0, 3.0], {}, "increase"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], {"length": 4.0}, "period"),
        ([0.0, 1.0, 2.0, 3.0], {}, "4 nodes"),
        ([0.0, 1.0, 2.0, 3.0, 4.0], {"degree": 0}, "degree 0"),
    ],
)
def test_errors_say_what_is_wrong(nodes, options, message):
    x = torch.tensor(nodes)
    with pytest.raises(ValueError, match=message):
        weno_derivative(x, x, **options)
