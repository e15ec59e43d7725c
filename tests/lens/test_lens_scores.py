"""Scores of generators and representations."""

import pytest
import torch

from symtutor.data.hidden import hidden_generator, hidden_map
from symtutor.lens import generator_cosine, interior_cosine, representation_cosine

CASES = [(s, d) for s in ("translation", "circulant", "permuted", "frequency") for d in (7, 33)]


@pytest.mark.parametrize(("symmetry", "d"), CASES)
def test_the_truth_scores_one_in_both_directions_and_its_powers_do_not(symmetry, d):
    truth, M = hidden_generator(symmetry, d), hidden_map(symmetry, d)
    for found in (truth, truth.T):
        assert generator_cosine(found, truth).item() == pytest.approx(1, abs=1e-12)
        assert interior_cosine(found, truth, M).item() == pytest.approx(1, abs=1e-12)
    for other in (truth @ truth, torch.eye(d, dtype=torch.float64)):
        assert abs(generator_cosine(other, truth).item()) < 1e-12
    assert generator_cosine(-truth, truth).item() < 1e-12


@pytest.mark.parametrize(("symmetry", "d"), CASES)
def test_the_hidden_components_are_the_ideal_representation(symmetry, d):
    M = hidden_map(symmetry, d)
    for L in (M.T, -M.T, M.T.flip(1), -M.T.flip(1)):
        assert representation_cosine(L, M).item() == pytest.approx(1, abs=1e-12)
    z = torch.randn(4, d, dtype=torch.float64)
    assert torch.allclose((z @ M) @ M.T, z)


@pytest.mark.parametrize("d", [7, 27, 33])
def test_a_wrapping_shift_has_the_known_ceiling_and_none_inside(d):
    T = torch.diag(torch.ones(d - 1, dtype=torch.float64), 1)
    wrapping = torch.eye(d, dtype=torch.float64).roll(1, 1)
    assert generator_cosine(wrapping, T).item() == pytest.approx(((d - 1) / d) ** 0.5)
    M = torch.eye(d, dtype=torch.float64)
    assert interior_cosine(wrapping, T, M).item() == pytest.approx(1)
    assert interior_cosine(wrapping.T, T, M).item() == pytest.approx(1)


def test_what_is_wrong_inside_is_seen_inside():
    T = torch.diag(torch.ones(6, dtype=torch.float64), 1)
    broken = T.clone()
    broken[2, 3] = -1
    M = torch.eye(7, dtype=torch.float64)
    assert interior_cosine(broken, T, M).item() == pytest.approx(4 / 6)
    assert generator_cosine(broken, T).item() == pytest.approx(4 / 6)


def test_a_matrix_of_zeros_scores_zero_and_runs_are_scored_one_by_one():
    T = torch.eye(7).roll(1, 1)
    found = generator_cosine(torch.stack([torch.zeros(7, 7), T]), T)
    assert found.tolist() == pytest.approx([0, 1])
