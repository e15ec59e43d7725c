import math

import pytest
import torch

from symtutor import (
    EQUATIONS,
    Chart,
    Charted,
    KdV,
    LibraryField,
    infinitesimal_residual,
    snapshots,
)
from symtutor.readout import certificate, mean_bound


def groups_of(sigma, count, trials=1500):
    """Squares of defects, norms and speeds of many experiments, and the true ratio of means."""
    g = torch.Generator().manual_seed(count)
    a, b, c = (
        torch.exp(s * torch.randn(trials, count, generator=g).double()) for s in (sigma, 0.3, 0.5)
    )
    return a, b, c, math.exp((sigma**2 - 0.3**2 - 0.5**2) / 2)


@pytest.mark.parametrize("count", [4, 8, 32])
@pytest.mark.parametrize(("sigma", "least"), [(0.3, 0.945), (0.7, 0.935), (1.0, 0.915)])
def test_the_bound_covers_as_often_as_it_says(sigma, least, count):
    a, b, c, true = groups_of(sigma, count)
    assert (mean_bound(a, b, c) >= true).double().mean() >= least
    assert (mean_bound(a, b, c, level=0.5) >= true).double().mean() < 0.75


def test_control_percentiles_of_a_bootstrap_cover_less():
    a, b, c, true = groups_of(1.0, 8)
    drawn = torch.randint(8, (400, 8), generator=torch.Generator().manual_seed(0))
    ratios = a[:, drawn].mean(-1) / (b[:, drawn].mean(-1) * c[:, drawn].mean(-1))
    assert (ratios.quantile(0.95, dim=1) >= true).double().mean() < 0.85
    assert (mean_bound(a, b, c) >= true).double().mean() > 0.92


def test_the_bound_tightens_with_the_groups_and_scales_with_the_values():
    factors = [mean_bound(*groups_of(0.7, n)[:3]).median().item() for n in (4, 16, 64)]
    assert factors[0] > factors[1] > factors[2] > groups_of(0.7, 64)[3]
    a, b, c, _ = groups_of(0.7, 8, 5)
    assert torch.allclose(mean_bound(1e-18 * a, b, c), 1e-18 * mean_bound(a, b, c), rtol=1e-9)
    same = torch.full((4,), 3.0).double()
    assert mean_bound(same, same).item() == pytest.approx(1.0)
    assert mean_bound(0 * same, same).item() < 1e-300


def test_too_few_groups_and_senseless_levels_are_refused():
    with pytest.raises(ValueError, match="more trajectories"):
        mean_bound(torch.ones(2).double())
    with pytest.raises(ValueError, match=r"from 0\.5"):
        mean_bound(torch.ones(5).double(), level=0.3)


def drawn(equation, count=12):
    """Rows of waves: the equation makes every function of x an instant of a solution."""
    g = torch.Generator().manual_seed(0)
    x = 2 * torch.pi / 64 * torch.arange(64).double()
    heights, phases = torch.randn(2, count, 4, 1, generator=g).double()
    waves = sum(heights[:, k] * torch.sin((k + 1) * x + phases[:, k]) for k in range(4))
    return snapshots(equation, waves, torch.linspace(40, 80, count).double())


@pytest.fixture
def case():
    return drawn(KdV()), Chart((1 / 128, 1 / 40, 0.2), (0.0, 40.0, 0.0)), torch.arange(12) % 6


def test_true_generators_get_small_bounds_and_wrong_ones_large(case):
    rows, chart, which = case
    wrong = {"u-scaling": ((2, 1.0, (("power", 2, 1.0),)),)}
    table = {**rows.equation.algebra, **wrong}
    field = Charted(LibraryField.from_generators(table).double(), chart)
    found = certificate(field, rows, chart, groups=which)
    assert found.groups == 6 and found.labels == tuple(table)
    assert (found.delta[:3] < 1e-9).all() and found.delta[3] > 0.1
    assert (found.delta > found.estimate).all()
    assert str(found).splitlines()[3].startswith("u-scaling: defect at most ")
    assert str(found).endswith(" of u_t at 95 %")


def test_the_estimate_is_the_relative_defect(case):
    rows, chart, which = case
    table = {"u-scaling": ((2, 1.0, (("power", 2, 1.0),)),)}
    field = Charted(LibraryField.from_generators(table).double(), chart)
    defect = infinitesimal_residual(field, rows, chart).square().mean().sqrt()
    norm = (chart.scale[2] * rows.jet["u"]).square().mean().sqrt()
    expected = defect / norm / rows.jet["u_t"].square().mean().sqrt()
    for scale in (1.0, 7.0):
        table = {"u-scaling": ((2, scale, (("power", 2, 1.0),)),)}
        field = Charted(LibraryField.from_generators(table).double(), chart)
        found = certificate(field, rows, chart, groups=which)
        assert found.estimate.item() == pytest.approx(expected.item(), rel=1e-9)


def test_rows_know_their_groups_or_are_their_own(case):
    rows, chart, which = case
    field = Charted(LibraryField.from_generators(rows.equation.algebra).double(), chart)
    assert certificate(field, rows, chart).groups == 12
    object.__setattr__(rows, "trajectory", which)
    assert certificate(field, rows, chart).groups == 6
    object.__setattr__(rows, "trajectory", None)
    with pytest.raises(ValueError, match="one group"):
        certificate(field, rows, chart, groups=which[:3])


def test_a_generator_that_is_zero_is_refused(case):
    rows, chart, which = case
    nothing = LibraryField(((),), torch.zeros(1, 1, 3).double())
    with pytest.raises(ValueError, match="not zero"):
        certificate(nothing, rows, chart, groups=which)


def test_factors_of_an_equation_count_on_both_sides(case):
    _, chart, _ = case
    table = {"u-scaling": ((2, 1.0, (("power", 2, 1.0),)),)}
    field = Charted(LibraryField.from_generators(table).double(), chart)
    # at one instant nKdV is KdV with another unit of time; relative to u_t the defect is the same
    kdv, nkdv = (
        certificate(field, drawn(EQUATIONS[name]), chart).delta.item() for name in ("kdv", "nkdv")
    )
    assert kdv == pytest.approx(nkdv, rel=1e-9)
