"""Spectra of tables of terms: powers of x, closed forms, and what is refused."""

import math
import warnings

import pytest
import torch

from symtutor import (
    EQUATIONS,
    Chart,
    Charted,
    KdV,
    LibraryField,
    Quadrature,
    bootstrap_spectrum,
    draw_snapshots,
    field_angles,
    generator,
    infinitesimal_residual,
    monomials,
    simulate,
    snapshots,
    symmetry_spectrum,
)
from symtutor.experiments.spectrum_pde import PDESpectrum, terms_of


@pytest.fixture(scope="module", params=sorted(EQUATIONS))
def solved(request):
    data = simulate(EQUATIONS[request.param], 3)
    rows = draw_snapshots(data, 12)
    terms = terms_of(PDESpectrum(equation=request.param, library="powers"))
    return data.equation, rows, data.chart(), symmetry_spectrum(terms, rows, data.chart())


def charted(generators, chart):
    return Charted(LibraryField.from_generators(generators).double(), chart)


def test_the_whole_point_algebra_is_found_also_what_changes_the_period(solved):
    equation, rows, chart, found = solved
    count = len(equation.local_algebra)
    assert count >= len(equation.algebra)
    assert found.gap.count == count
    assert found.gap.ratio > 1e6
    points = Quadrature(chart.inward(rows.points).flatten(0, 1)[::7])
    truth = charted(equation.local_algebra, chart)
    assert field_angles(Charted(found.field(), chart), truth, points).max() < 1e-9


def test_fields_of_a_table_have_unit_norm_and_the_defects_claimed(solved):
    _, rows, chart, found = solved
    field = Charted(found.field(12), chart)
    values = field(chart.inward(rows.points)).flatten(0, 1)
    gram = torch.einsum("pkd,pld->kl", values, values) / len(values)
    assert torch.allclose(gram, torch.eye(12).double(), atol=1e-7)
    defect = infinitesimal_residual(field, rows, chart).square().mean((1, 2)).sqrt()
    assert torch.allclose(defect, found.values[:12], rtol=1e-4, atol=1e-7 * found.values[-1].item())


def test_a_periodic_table_and_the_same_functions_give_the_same_spectrum():
    data = simulate(EQUATIONS["kdv"], 2)
    rows, chart = draw_snapshots(data, 8), data.chart()
    terms = terms_of(PDESpectrum(degree=1))
    table = symmetry_spectrum(terms, rows, chart)
    functions = LibraryField(terms, torch.zeros(1, len(terms), 3).double(), names="xtu")
    plain = symmetry_spectrum(lambda z: functions.basis(chart.outward(z)), rows, chart)
    assert torch.allclose(table.values, plain.values, rtol=1e-6, atol=1e-9)


def test_leibniz_agrees_with_the_derivative_of_a_product():
    """On rows that die out before the seam, x q is as good as periodic."""
    rows = draw_snapshots(simulate(EQUATIONS["ks"], 1), 1)
    x = rows.jet["x"]
    length = rows.equation.length
    bump = torch.exp(-((x - 0.5 * length) ** 2) / 20)[None]
    for power in (1, 2, 3):
        whole = rows.linearised(x**power * bump)
        small = 1e-6 * whole.abs().max().item()
        assert torch.allclose(rows.linearised(bump, power), whole, rtol=1e-6, atol=small)


def test_groups_are_trajectories():
    data = simulate(EQUATIONS["burgers"], 3)
    rows = draw_snapshots(data, 12)
    found = symmetry_spectrum(monomials(3, 1), rows, data.chart())
    assert len(found.forms) == 3
    assert found.forms.counts[:, 0].tolist() == [
        512.0 * (rows.trajectory == k).sum().item() for k in range(3)
    ]
    again = symmetry_spectrum(monomials(3, 1), rows.take(torch.arange(12).flip(0)), data.chart())
    assert torch.allclose(found.values, again.values, rtol=1e-6, atol=1e-12)
    replicas = bootstrap_spectrum(found, 50)
    assert replicas.count_share() == 1
    assert all(i.low <= i.high for i in replicas.value_intervals())
    loose = snapshots(data.equation, data.u[0, [5, 50, 99]], data.times[[5, 50, 99]])
    assert len(symmetry_spectrum(monomials(3, 1), loose, data.chart()).forms) == 3


def test_terms_that_depend_on_each_other_on_the_data_are_named():
    data = simulate(EQUATIONS["burgers"], 2)
    rows = draw_snapshots(data, 6)
    doubled = (*monomials(3, 1), (("power", 1, 0.5), ("power", 1, 0.5)))
    with pytest.raises(ValueError, match=r"one combination of t, t\^0.5 t\^0.5 is zero"):
        symmetry_spectrum(doubled, rows, data.chart())
    root, inverse = (("sqrt", 1, 1.0),), (("rsqrt", 1, 1.0),)
    related = [(), root, inverse, (("power", 1, 1.0), inverse[0])]  # sqrt(T) = (t + 1)/sqrt(T)
    with pytest.raises(ValueError, match=r"of sqrt\(t \+ 1\), 1/sqrt\(t \+ 1\), t 1/sqrt"):
        symmetry_spectrum(related, rows, data.chart())
    one_instant = snapshots(data.equation, data.u[:, 3], data.times[3].expand(2))
    with pytest.raises(ValueError, match=r"combination of 1, t is zero.*more varied data"):
        symmetry_spectrum(monomials(3, 1), one_instant, data.chart())


def test_terms_without_a_period_and_empty_terms_are_refused():
    data = simulate(EQUATIONS["burgers"], 2)
    rows, chart = draw_snapshots(data, 6), data.chart()
    with pytest.raises(ValueError, match=r"sin\(0.7 x\) has no period"):
        symmetry_spectrum([(("sin", 0, 0.7),)], rows, chart)
    with pytest.raises(ValueError, match="whole powers, and sin or cos"):
        symmetry_spectrum([(("exp", 0, 1.0),)], rows, chart)
    with pytest.raises(ValueError, match=r"terms u\^0.5 are zero or not finite"):
        symmetry_spectrum([(), (("power", 2, 0.5),)], rows, chart)
    with pytest.raises(ValueError, match="more rows"):
        symmetry_spectrum(monomials(3, 17), rows.take(torch.tensor([0])), chart)


def test_products_that_fold_back_are_reported_and_resolved_ones_are_not():
    data = simulate(EQUATIONS["kdv"], 2)
    chart = data.chart()
    with pytest.warns(UserWarning, match="fold back"):
        symmetry_spectrum(terms_of(PDESpectrum()), draw_snapshots(data, 8, fine=1), chart)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        symmetry_spectrum(terms_of(PDESpectrum()), draw_snapshots(data, 8), chart)


def noise(modes, points):
    """Rows of so many random modes."""
    waves = torch.zeros(24, points // 2 + 1, dtype=torch.complex128)
    random = generator(0, "noise")
    waves[:, : modes + 1] = torch.randn(24, modes + 1, dtype=waves.dtype, generator=random)
    u = torch.fft.irfft(waves, n=points)
    return 0.7 * u / u.square().mean().sqrt()


@pytest.mark.parametrize(
    ("modes", "points", "fine", "count"),
    [(16, 64, 1, 1), (12, 48, 1, 1), (8, 32, 1, 1), (8, 32, 2, 4), (16, 64, 2, 4), (6, 64, 1, 4)],
)
def test_a_gap_that_aliases_destroy_is_reported(modes, points, fine, count):
    """Also where the first fields behind the false gap hardly change on a finer grid."""
    times = 20 * torch.rand(24, generator=generator(0, "times"))
    rows = snapshots(KdV(), noise(modes, points), times, fine=fine)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        found = symmetry_spectrum(monomials(3, 2), rows, Chart((1 / 128, 1 / 20, 1.0), (0.0,) * 3))
    assert found.gap.count == count
    assert any("fold back" in str(each.message) for each in heard) == (count == 1)


def test_control_a_library_without_the_field_finds_it_only_roughly():
    """nKdV's exponentials by polynomials: worse than exact by many decades, better by degree."""
    data = simulate(EQUATIONS["nkdv"], 2)
    rows, chart = draw_snapshots(data, 8), data.chart()
    with_it = symmetry_spectrum(terms_of(PDESpectrum(equation="nkdv")), rows, chart)
    size = rows.jet["u_t"].square().mean().sqrt()
    thirds = []
    for degree in (1, 2, 4):
        config = PDESpectrum(equation="nkdv", special=False, degree=degree)
        thirds.append(symmetry_spectrum(terms_of(config), rows, chart).values[2] / size)
    assert with_it.values[2] / size < 1e-8
    assert thirds[0] > 3 * thirds[1] > 9 * thirds[2] > 1e-6


def test_sines_of_whole_periods_are_taken():
    data = simulate(EQUATIONS["burgers"], 2)
    wave = (("sin", 0, 2 * math.pi / data.equation.length * 2),)
    found = symmetry_spectrum([(), wave], draw_snapshots(data, 6), data.chart())
    assert found.gap.count == 2  # the translations


def test_terms_keep_their_order():
    data = simulate(EQUATIONS["burgers"], 2)
    rows, chart = draw_snapshots(data, 6), data.chart()
    terms = monomials(3, 1)  # 1, x, t, u: x comes before t, though it is set apart
    found = symmetry_spectrum(terms, rows, chart)
    assert found.field(2).terms == terms
    turned = symmetry_spectrum(terms[::-1], rows, chart)
    assert torch.allclose(turned.values, found.values, rtol=1e-6, atol=1e-12)
    field, flipped = found.field(4), turned.field(4)
    points = Quadrature(rows.points.flatten(0, 1)[::9])
    assert field_angles(field, flipped, points).max() < 1e-9
    scaling = LibraryField.from_generators({"s": EQUATIONS["burgers"].local_algebra["scaling"]})
    assert field_angles(scaling.double(), field, points).max() < 1e-9
