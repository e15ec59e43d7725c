import math

import pytest
import torch

from symtutor.numerics.linalg import null_space, orthonormal_basis, principal_angles


def test_null_space_of_a_rank_deficient_matrix(generator):
    left = torch.randn(6, 2, dtype=torch.float64, generator=generator)
    matrix = left @ torch.randn(2, 5, dtype=torch.float64, generator=generator)
    basis, values = null_space(matrix)
    assert basis.shape == (5, 3)
    assert (matrix @ basis).abs().max() < 1e-12
    assert torch.allclose(basis.mT @ basis, torch.eye(3, dtype=torch.float64), atol=1e-12)
    assert values[2] < 1e-12 * values[0] < values[1]


@pytest.mark.parametrize("angle", [1e-9, 1e-4, 0.3, 1.2, math.pi / 2])
def test_angle_of_two_lines_at_every_size(angle):
    a = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    b = torch.tensor([[math.cos(angle)], [math.sin(angle)]], dtype=torch.float64)
    assert principal_angles(a, 3 * b).item() == pytest.approx(angle, rel=1e-6)


def test_angles_do_not_depend_on_the_basis_and_match_scipy(generator):
    scipy_linalg = pytest.importorskip("scipy.linalg")
    a = torch.randn(9, 3, dtype=torch.float64, generator=generator)
    b = torch.randn(9, 4, dtype=torch.float64, generator=generator)
    mixed = a @ torch.randn(3, 3, dtype=torch.float64, generator=generator)
    oracle = sorted(scipy_linalg.subspace_angles(a.numpy(), b.numpy()))
    assert principal_angles(mixed, b).tolist() == pytest.approx(oracle, abs=1e-10)


def test_dependent_columns_count_once():
    column = torch.rand(5, 1)
    assert orthonormal_basis(torch.cat([column, 2 * column], dim=1)).shape == (5, 1)
