import pytest
import torch

from symtutor.readout.selection import Rule, needed_columns, pivots, smallest, span_basis
from symtutor.readout.sparse import Row, fit_rows, sparse_basis


def library(count=8, rows=40, seed=0):
    """Columns of unit norm that resemble one another: powers on an interval away from 0."""
    s = torch.linspace(2, 3, rows).double()
    columns = torch.stack([s**k for k in range(count)], 1)
    noise = torch.randn(rows, count, generator=torch.Generator().manual_seed(seed)).double()
    columns = columns / columns.norm(dim=0) + 0.05 * noise / rows**0.5
    return columns / columns.norm(dim=0)


def mixture(columns, truth, noise, seed):
    """Orthonormal mixtures of true generators, disturbed."""
    g = torch.Generator().manual_seed(seed)
    span = span_basis(columns @ truth.mT)
    turned = span @ torch.linalg.qr(torch.randn(len(truth), len(truth), generator=g).double())[0]
    return turned + noise * torch.randn(turned.shape, generator=g).double() / len(turned) ** 0.5


TRUTH = torch.zeros(3, 8).double()
TRUTH[0, 0] = TRUTH[1, 2] = TRUTH[2, 3] = 1.0
TRUTH[1, 4], TRUTH[2, 6], TRUTH[2, 4] = -2.0, 0.5, 3.0
ROWS = [Row(0, (0,)), Row(2, (2, 4)), Row(3, (3, 4, 6))]


@pytest.mark.parametrize("noise", [0.0, 1e-10, 1e-6, 1e-4])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_sparse_basis_is_found_again_in_mixtures(noise, seed):
    columns = library()
    fields = mixture(columns, TRUTH, noise, seed)
    rows = sparse_basis(columns, fields)
    assert rows == ROWS
    fit = fit_rows(columns, span_basis(fields), rows)
    assert torch.allclose(fit.coefficients, TRUTH, atol=1e-9 + 1e3 * noise)


def test_room_tells_what_a_coefficient_is_missed():
    columns, truth = library(), TRUTH.clone()
    truth[2, 6] = 0.01
    span = span_basis(mixture(columns, truth, 1e-3, 0))
    fit = fit_rows(columns, span, ROWS)
    without = fit_rows(columns, span, [*ROWS[:2], Row(3, (3, 4))]).error
    expected = (fit.error**2 + (fit.coefficients[2, 6] / fit.room[2, 6]).item() ** 2) ** 0.5
    assert without > 1.5 * fit.error
    assert without == pytest.approx(expected, rel=0.05)
    assert (fit.room != 0).nonzero().tolist() == [[1, 4], [2, 4], [2, 6]]


def test_fits_are_best_of_their_kind():
    columns = library()
    span = span_basis(mixture(columns, TRUTH, 0.05, 1))
    fit = fit_rows(columns, span, ROWS)

    def error(coefficients):
        q = torch.linalg.qr(columns @ coefficients.mT)[0]
        return (span - q @ (q.mT @ span)).norm().item()

    assert error(fit.coefficients) == pytest.approx(fit.error)
    assert fit.error <= error(TRUTH)
    for i, j in [(1, 4), (2, 4), (2, 6)]:
        for step in (1e-3, -1e-3):
            moved = fit.coefficients.clone()
            moved[i, j] += step
            assert error(moved) > fit.error


def test_exchanges_mend_what_greed_has_spoilt():
    t = torch.linspace(0.5, 2.0, 60).double()
    shapes = [t**0, t, t**2, t**3, torch.exp(t), torch.exp(-t)]
    columns = torch.stack([s / s.norm() for s in shapes], 1)
    wiggle = 3e-3 * torch.sin(20 * t) / torch.sin(20 * t).norm()
    target = (columns[:, 0] - 0.6 * columns[:, 4])[:, None]
    target = target / target.norm() + wiggle[:, None]
    assert needed_columns(columns, target / target.norm()) == (0, 4)


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([1e-15, 1e-10, 1e-9, 0.2, 0.5], 2),  # linear algebra
        ([1e-15, 1e-9, 1e-3, 0.5], 1),  # a term that is small, and real
        ([4e-3, 5e-3, 9e-3, 2e-2, 0.4], 3),  # a network
        ([0.3, 0.31, 0.4, 0.9], 2),  # not in the library
        ([1e-12, 7e-4, 1e-3, 0.4], 0),  # two small terms that need each other
    ],
)
def test_where_a_path_of_errors_stops(errors, expected):
    assert smallest(errors) == expected


def test_a_tolerance_overrides_the_rule():
    errors = [1e-9, 1e-3, 0.04, 0.3]
    assert [smallest(errors, Rule(e)) for e in (1e-10, 1e-8, 0.01, 0.05, 1.0)] == [0, 0, 1, 2, 3]


def test_pivots_are_the_simplest_columns_that_will_do():
    eye = torch.eye(4).double()
    span = span_basis(torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]).double())
    assert pivots(eye, span, range(4)) == (0, 2)


def test_dependent_generators_are_refused():
    with pytest.raises(ValueError, match=r"span only 1 dimension.*span=False"):
        span_basis(torch.ones(5, 2).double())
