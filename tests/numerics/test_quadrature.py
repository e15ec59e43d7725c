import pytest
import torch

from symtutor.numerics.quadrature import Quadrature, grid_quadrature


def test_weights_sum_to_one_and_keep_their_proportions():
    q = Quadrature(torch.rand(3, 2), torch.tensor([1.0, 2.0, 5.0]))
    assert torch.allclose(q.omega, torch.tensor([0.125, 0.25, 0.625]))


def test_missing_weights_are_equal():
    assert torch.allclose(Quadrature(torch.rand(5, 1)).omega, torch.full((5,), 0.2))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (torch.zeros(3), "sum to zero"),
        (torch.tensor([1.0, -1.0, 2.0]), "non-negative"),
        (torch.tensor([1.0, float("nan"), 2.0]), "finite"),
        (torch.ones(4), "one weight"),
    ],
)
def test_weights_that_define_no_mean_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        Quadrature(torch.rand(3, 2), weights)


def test_grid_includes_both_ends_and_averages_x_squared():
    q = grid_quadrature([(-1, 1), (0, 2)], [201, 3], dtype=torch.float64)
    assert q.points.min(0).values.tolist() == [-1, 0]
    assert q.points.max(0).values.tolist() == [1, 2]
    # the mean of x^2 over 2m+1 equispaced values of [-1, 1] is (m+1)/(3m)
    assert (q.omega @ q.points[:, 0] ** 2).item() == pytest.approx(101 / 300, abs=1e-12)


def test_grid_needs_one_size_per_coordinate():
    with pytest.raises(ValueError, match="one size"):
        grid_quadrature([(-1, 1)], [3, 3])


def test_conversion_follows_a_tensor():
    assert Quadrature(torch.rand(3, 2)).to(torch.zeros(1).double()).omega.dtype == torch.float64
