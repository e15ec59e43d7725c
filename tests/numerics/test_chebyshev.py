"""Interpolation on Chebyshev nodes."""

import pytest
import torch

from symtutor.numerics.chebyshev import chebyshev_matrix, chebyshev_nodes

X = torch.linspace(-1, 1, 101, dtype=torch.float64)


def test_polynomials_up_to_the_degree_are_reproduced_and_the_next_is_not():
    nodes, matrix = chebyshev_nodes(6), chebyshev_matrix(6, X)
    for degree in range(6):
        assert torch.allclose(matrix @ nodes**degree, X**degree, atol=1e-13)
    assert (matrix @ nodes**6 - X**6).abs().max() > 1e-3


def test_at_a_node_the_value_is_taken():
    nodes = chebyshev_nodes(7)
    assert torch.allclose(chebyshev_matrix(7, nodes), torch.eye(7, dtype=torch.float64))


def test_the_error_for_an_analytic_function_falls_geometrically():
    def error(m):
        return (chebyshev_matrix(m, X) @ runge(chebyshev_nodes(m)) - runge(X)).abs().max().item()

    def runge(x):
        return 1 / (1 + 4 * x**2)

    rate = (0.5 + 1.25**0.5) ** -4  # of the ellipse through the poles at +-i/2, per four nodes
    assert [error(m + 4) / error(m) for m in (12, 16, 20)] == pytest.approx([rate] * 3, rel=0.3)


def test_the_type_of_the_places_is_kept_and_one_node_is_refused():
    assert chebyshev_matrix(4, X.float()).dtype == torch.float32
    with pytest.raises(ValueError, match="at least 2 nodes, got 1"):
        chebyshev_nodes(1)
