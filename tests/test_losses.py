import importlib.util
import math
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_fields import REAL, ROTATION, equal_weights, near, noise, square, unit

from symtutor import lipschitz, losses, nearest, orthonormality, sobolev


def pair(angle, dtype=REAL):
    """Two constant unit fields of the plane at an angle."""
    angle = torch.as_tensor(angle, dtype=dtype)
    second = torch.stack([angle.cos(), angle.sin()])
    return torch.stack([torch.tensor([1.0, 0.0], dtype=dtype), second]).expand(5, 2, 2)


def paper_orthonormality(values, weights):
    """The published loss, per slot: arccos wrapper and clamp."""
    cosines = torch.einsum("q,qad,qbd->ab", weights, values.detach(), values).abs()
    return (math.pi / 2 - cosines.clamp(max=1 - 1e-6).arccos()).triu(1).sum(0)


@pytest.mark.parametrize("angle", [0.01, 0.5, 1.0, math.pi / 2, 2.5, -0.3])
def test_orthonormality_is_the_angle_missing_to_a_right_one(angle, dtype):
    missing = abs(math.pi / 2 - abs(angle))
    loss = orthonormality(pair(angle, dtype), torch.ones(5, dtype=dtype))
    assert loss.dtype == dtype
    near(loss, [0.0, missing], 2e-5 if dtype == torch.float32 else 1e-9)


def test_orthonormality_sums_over_the_earlier_slots_only():
    fields = torch.tensor([[1.0, 0.0], [0.6, 0.8], [0.8, -0.6]], dtype=REAL).expand(4, 3, 2)
    expected = [0, math.asin(0.6), math.asin(0.8) + math.asin(0)]
    near(orthonormality(fields, torch.ones(4, dtype=REAL)), expected)


def test_orthonormality_uses_the_weights_whatever_their_sum():
    values = torch.tensor([[[1.0, 0.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]], dtype=REAL)
    for scale in (1.0, 40.0):
        weights = scale * torch.tensor([0.25, 0.75], dtype=REAL)
        near(orthonormality(values, weights)[1], math.asin(0.25))


def test_orthonormality_has_no_gradient_to_earlier_slots(dtype):
    values = noise(20, 4, 3, dtype=dtype).requires_grad_()
    weights = torch.rand(20, dtype=dtype, generator=torch.Generator().manual_seed(1))
    for b, loss in enumerate(orthonormality(unit(values, weights), weights)):
        (gradient,) = torch.autograd.grad(loss, values, retain_graph=True)
        others = [a for a in range(4) if a != b]
        assert torch.equal(gradient[:, others], torch.zeros_like(gradient[:, others]))
        assert (gradient[:, b].abs().max() > 1e-3) == (b > 0)


def test_orthonormality_gradient_to_the_own_slot():
    weights, first = equal_weights(6), unit(noise(6, 1, 2), equal_weights(6))
    second = unit(noise(6, 1, 2, seed=1), weights).requires_grad_()

    def loss(field):
        return orthonormality(torch.cat([first, field], dim=1), weights)[1]

    assert torch.autograd.gradcheck(loss, second)


@given(st.integers(0, 10**6), st.floats(-3, 3), st.booleans())
@settings(max_examples=30, deadline=None)
def test_orthonormality_ignores_signs_and_rotated_components(seed, angle, flip):
    weights = equal_weights(7)
    values = unit(noise(7, 3, 2, seed=seed), weights)
    turned = values @ torch.linalg.matrix_exp(angle * ROTATION).mT * (-1 if flip else 1)
    near(orthonormality(turned, weights), orthonormality(values, weights), 1e-6)


def test_orthonormality_equals_the_published_loss_up_to_its_clamp():
    weights = equal_weights(9)
    values = unit(noise(9, 5, 2), weights)
    near(orthonormality(values, weights), paper_orthonormality(values, weights))
    same, clamp = pair(0.0), math.acos(1 - 1e-6)
    near(paper_orthonormality(same, equal_weights(5))[1], math.pi / 2 - clamp)
    # the tangent adds half of the clamped angle: arcsin is a square root there
    near(orthonormality(same, equal_weights(5))[1], math.pi / 2 - clamp / 2, 1e-8)


def parted(loss, start, dtype, steps):
    """Angle between two slots after descent of the second one, from a start angle."""
    values, weights = pair(start, dtype), equal_weights(5, dtype)
    second = values[:, 1:].clone().requires_grad_()
    for _ in range(steps):
        fields = torch.cat([values[:, :1], unit(second, weights)], dim=1)
        (gradient,) = torch.autograd.grad(loss(fields, weights).sum(), second)
        assert gradient.isfinite().all()
        second = (second - 0.05 * gradient).detach().requires_grad_()
    return torch.atan2(second[0, 0, 1], second[0, 0, 0]).item()


def test_nearly_equal_slots_part_and_under_the_published_clamp_stay(dtype):
    assert parted(orthonormality, 1e-4, dtype, 400) == pytest.approx(math.pi / 2, abs=0.05)
    assert parted(paper_orthonormality, 1e-4, dtype, 400) == pytest.approx(1e-4, rel=1e-3)


def test_identical_slots_have_a_finite_gradient_without_a_direction(dtype):
    values, weights = pair(0.0, dtype).clone().requires_grad_(), equal_weights(5, dtype)
    (gradient,) = torch.autograd.grad(orthonormality(values, weights).sum(), values)
    assert gradient[:, 1, 0].min() > 100  # it only shrinks the field: normalisation removes it
    assert torch.equal(gradient[:, 1, 1], torch.zeros_like(gradient[:, 1, 1]))


def test_orthonormality_of_fields_that_are_not_normalised():
    small, large = (orthonormality(c * pair(0.0), torch.ones(5))[1] for c in (0.1, 2.0))
    near(small, math.asin(0.01))
    assert 707 * 3 < large < 708 * 3 + 2  # <V, W> = 4, three above the point of the tangent


def test_losses_keep_single_precision_under_autocast():
    values, weights = unit(noise(64, 3, 2), equal_weights(64)).float(), equal_weights(64).float()
    points = square().float()
    neighbours = nearest(points, 4)

    def all_three():
        return torch.stack(
            [
                orthonormality(values, weights),
                lipschitz(values, points, neighbours, 0.5),
                sobolev(values.unflatten(0, (8, 8))),
            ]
        )

    expected = all_three()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(all_three(), expected)
    for low in (values.bfloat16(), values.half()):
        assert orthonormality(low, weights).dtype == torch.float32
        assert sobolev(low.unflatten(0, (8, 8))).dtype == torch.float32
        assert lipschitz(low, points, neighbours, 0.5).dtype == torch.float32


def test_the_losses_compile_without_a_graph_break():
    # loaded past the shape checks of the test run, which are not part of the package
    path = Path(losses.__file__)
    spec = importlib.util.spec_from_file_location("losses_without_checks", path)
    assert spec is not None and spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    points, weights = square(6), equal_weights(36)
    neighbours = nearest(points, 4)

    def total(values):
        smooth = plain.lipschitz(values, points, neighbours, 0.5)
        mean = plain.lipschitz(values, points, neighbours, 0.5, 2.0, reduce="mean")
        periodic = plain.sobolev(values.unflatten(0, (6, 6)))
        return plain.orthonormality(values, weights) + smooth + mean + periodic

    gradients = []
    for function in (total, torch.compile(total, backend="eager", fullgraph=True)):
        values = unit(noise(36, 3, 2), weights).requires_grad_()
        function(values).sum().backward()
        gradients.append(values.grad)
    near(gradients[1], gradients[0])
