"""Scores of adversaries: closed forms, bounds of the search, and the level of chance."""

import math

import jaxtyping
import pytest
import torch
import torch.nn.functional as F

from symtutor.lens.gan import (
    LieGAN,
    expected_best,
    flow_score,
    random_rotations,
    shift_cosines,
)

SHIFT = torch.eye(7, dtype=torch.float64).roll(1, 1)
ANGLES = 2 * math.pi * torch.tensor([0, 1, 2, 3, -3, -2, -1], dtype=torch.float64) / 7


def logarithm(power=1):
    """The principal logarithm of a power of the shift: circulant, with eigenvalues i angle."""
    angles = torch.remainder(power * ANGLES + math.pi, 2 * math.pi) - math.pi
    row = torch.fft.ifft(1j * angles).real
    return torch.stack([row.roll(i) for i in range(7)], dim=1)


def test_the_logarithm_moves_samples_by_a_component():
    gan = LieGAN(7, seeds=(0,)).double()
    with torch.no_grad():
        gan.free.copy_(logarithm())
    x = torch.randn(1, 5, 7, dtype=torch.float64)
    assert torch.allclose(gan.moved(x, torch.ones(1, 5, dtype=torch.float64)), x.roll(-1, -1))


def test_a_shift_scores_one_and_the_identity_only_among_the_candidates():
    powers = torch.stack([torch.matrix_power(SHIFT, s) for s in range(7)])
    assert torch.allclose(shift_cosines(3 * powers), torch.eye(7, dtype=torch.float64))
    identity = shift_cosines(torch.eye(7))
    assert identity.max() == pytest.approx(1) and identity[1:].max() == 0
    assert torch.allclose(shift_cosines(-SHIFT)[1], torch.tensor(-1.0).double())
    assert shift_cosines(torch.zeros(7, 7)).tolist() == [0] * 7


@pytest.mark.parametrize("scale", [1.0, -1.0, 0.01, -30.0])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_the_logarithm_of_any_power_reaches_the_shift(power, scale):
    found = flow_score(scale * logarithm(power), SHIFT)
    assert found.cosine.item() == pytest.approx(1, abs=1e-7)
    reached = torch.linalg.matrix_exp(found.t * scale * logarithm(power))
    assert torch.allclose(reached, SHIFT, atol=1e-3)


def test_the_best_place_is_within_its_bound_and_no_grid_beats_it():
    generators = torch.randn(6, 7, 7, dtype=torch.float64)
    found = flow_score(generators, SHIFT)
    size = torch.linalg.matrix_norm(generators, 2)
    assert (found.t.abs() * size <= 3 * math.pi + 1e-9).all()
    for L, best, t, norm in zip(generators, *found, size, strict=True):
        grid = torch.linspace(-3 * math.pi, 3 * math.pi, 3001, dtype=torch.float64) / norm
        elements = torch.linalg.matrix_exp(grid[:, None, None] * L)
        cosines = F.cosine_similarity(elements.flatten(1), SHIFT.flatten()[None])
        assert best >= cosines.max() - 1e-4
        element = torch.linalg.matrix_exp(t * L)
        own = F.cosine_similarity(element.flatten(), SHIFT.flatten(), dim=0)
        assert torch.allclose(best, own)


def test_no_motion_scores_as_the_identity():
    found = flow_score(torch.zeros(2, 7, 7), SHIFT)
    assert found.cosine.tolist() == [0, 0] and found.t.tolist() == [0, 0]
    assert flow_score(torch.zeros(7, 7), torch.eye(7)).cosine.item() == pytest.approx(1)


def test_random_rotations_are_uniform_to_second_order(generator):
    drawn = random_rotations(4000, 5, generator)
    one = torch.eye(5, dtype=drawn.dtype)
    assert torch.allclose(drawn @ drawn.mT, one.expand_as(drawn), atol=1e-12)
    assert torch.allclose(drawn.det(), torch.ones(4000, dtype=drawn.dtype))
    assert drawn.mean(0).abs().max() < 0.03
    assert torch.allclose(drawn.square().mean(0), torch.full_like(one, 0.2), atol=0.02)


def test_the_expected_best_is_that_of_drawing(generator):
    draws = torch.randn(50, generator=generator)
    picked = torch.randint(50, (20000, 4), generator=generator)
    assert expected_best(draws, 4) == pytest.approx(draws[picked].amax(1).mean().item(), abs=0.02)
    assert expected_best(draws, 1) == pytest.approx(draws.mean().item(), abs=1e-6)


def test_what_cannot_be_scored_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"square matrices are compared, got \(7, 6\)"):
        shift_cosines(torch.zeros(7, 6))
    with pytest.raises(ValueError, match="not finite"):
        flow_score(torch.full((7, 7), math.nan), SHIFT)
    for truth in (torch.eye(6), torch.zeros(7, 7)):
        with pytest.raises(ValueError, match="compared with one matrix of that size"):
            flow_score(torch.zeros(7, 7), truth)
    for draws, trials in ((torch.zeros(0), 1), (torch.zeros(3), 0)):
        with pytest.raises(ValueError, match="does not exist"):
            expected_best(draws, trials)
