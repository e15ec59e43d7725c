import math

import pytest
import torch

from symtutor import monomials
from symtutor.numerics.chart import Chart
from symtutor.spectrum import Forms, Library, Spectrum, bootstrap_spectrum
from symtutor.spectrum.core import solve


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def forms():
    counts = torch.tensor([[3.0, 5.0], [2.0, 1.0], [4.0, 2.0]], dtype=torch.float64)
    return Forms(random(3, 6, 4), random(3, 9, 8, seed=1), counts)


def squares(forms):
    """Gram matrices of the whole norm, for all components, and of the whole defect."""
    norm = torch.einsum("gpm,gpk->mk", forms.norm, forms.norm) / forms.counts[:, 0].sum()
    defect = torch.einsum("gqn,gqk->nk", forms.defect, forms.defect) / forms.counts[:, 1].sum()
    return torch.block_diag(*[norm] * forms.components), defect


def in_one_row(spectrum):
    """Fields as vectors, component by component."""
    return spectrum.coefficients.mT.flatten(1)


def test_values_and_fields_solve_the_generalised_eigenproblem(forms):
    found = solve(forms)
    norm, defect = squares(forms)
    wanted = torch.linalg.eigvals(torch.linalg.solve(norm, defect)).real.sort().values
    assert torch.allclose(found.values.square(), wanted)
    fields = in_one_row(found)
    assert torch.allclose(fields @ norm @ fields.mT, torch.eye(8, dtype=norm.dtype), atol=1e-10)
    assert torch.allclose(fields @ defect @ fields.mT, torch.diag(wanted), atol=1e-9)


def test_small_values_keep_digits_that_normal_equations_lose():
    exact = torch.tensor([1e-11, 1e-9, 1.0, 3.0], dtype=torch.float64)
    turn = torch.linalg.qr(random(4, 4)).Q
    forms = Forms(torch.eye(2).double()[None], (torch.diag(exact) @ turn)[None], torch.ones(1, 2))
    assert torch.allclose(solve(forms).values, exact, rtol=1e-4)
    lost = torch.linalg.eigvalsh(forms.defect[0].mT @ forms.defect[0]).abs().sqrt()
    assert not torch.allclose(lost, exact, rtol=0.1)


def test_fewer_equations_than_unknowns_leave_exact_zeros():
    forms = Forms(torch.eye(3).double()[None], random(1, 2, 6), torch.ones(1, 2))
    values = solve(forms).values
    assert values.shape == (6,)
    assert (values[:4] == 0).all()
    assert values[4] > 0.01


def test_a_restricted_library_has_the_spectrum_of_its_own_forms(forms):
    part = solve(forms).restricted([0, 2])
    columns = [0, 2, 4, 6]
    own = solve(Forms(forms.norm[..., [0, 2]], forms.defect[..., columns], forms.counts))
    assert torch.allclose(part.values, own.values)
    assert torch.allclose(part.coefficients.abs(), own.coefficients.abs(), atol=1e-9)
    larger = solve(forms).restricted(lambda j: j != 1)  # holds the smaller library
    assert solve(forms).values[0] <= larger.values[0] <= part.values[0]


def test_a_penalty_is_added_to_the_mean_square(forms):
    penalty = random(2, 8, seed=5)
    norm, defect = squares(forms)
    whole = defect + 0.3 * penalty.mT @ penalty
    wanted = torch.linalg.eigvals(torch.linalg.solve(norm, whole)).real.sort().values.sqrt()
    assert torch.allclose(solve(forms.plus(penalty, 0.3)).values, wanted)
    alone = solve(forms.only(penalty)).values
    assert (alone[:6] < 1e-7).all()
    assert alone[6] > 1e-2


def test_penalties_that_do_not_fit_are_refused(forms):
    with pytest.raises(ValueError, match="weight of at least 0"):
        forms.plus(random(2, 8), -1.0)
    with pytest.raises(ValueError, match=r"\(q, 8\)"):
        forms.plus(random(2, 6))


def spectrum_of(values):
    values = torch.tensor(values, dtype=torch.float64)
    eye = torch.eye(len(values), dtype=torch.float64)[None]
    return solve(Forms(eye[:, :1, :1], torch.diag(values)[None], torch.ones(1, 2)))


@pytest.mark.parametrize(
    ("values", "count", "ratio"),
    [
        ([1e-13, 2e-9, 3e-9, 0.5, 0.6, 0.7, 1.0], 3, 0.5 / 3e-9),
        ([1.0, 1.1, 1.3, 1.4, 1.5, 1.6], 2, 1.3 / 1.1),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 50.0], 1, 2.0),  # the last jump leaves too few behind it
        ([1e-20, 1e-12, 1e-10, 1.0, 2.0], 3, 1e10),  # rounding has larger gaps, and does not count
    ],
)
def test_gap(values, count, ratio):
    gap = spectrum_of(values).gap
    assert gap.count == count
    assert math.isclose(gap.ratio, ratio, rel_tol=1e-6)
    assert f"after {count}" in repr(spectrum_of(values))


def test_a_library_gives_fields_in_its_own_units():
    terms = monomials(3, 1)
    chart = Chart((0.5, 2.0, 4.0), (0.0, 1.0, 0.0))
    sizes = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    library = Library(terms, ("x", "t", "u"), sizes, chart)
    forms = Forms(torch.eye(4).double()[None], random(1, 12, 12), torch.ones(1, 2))
    found = solve(forms, library=library)
    own = found.field(2).coefficients
    scale = torch.tensor(chart.scale, dtype=torch.float64)
    assert torch.allclose(own * scale * sizes[:, None], found.coefficients[:2])
    assert found.field(12).n == 12
    with pytest.raises(ValueError, match="1 to 12 fields, got 13"):
        found.field(13)
    with pytest.raises(ValueError, match="no table of terms"):
        solve(forms).field(1)


def test_replicas_spread_like_fresh_data():
    """The values of fresh samples and of resampled ones have like deviations."""

    def data(seed, groups=200):
        slopes = random(groups, 3, 2, seed=seed) * torch.tensor([1.0, 3.0], dtype=torch.float64)
        ones = torch.ones(groups, 2, dtype=torch.float64)
        return solve(Forms(torch.ones(groups, 1, 1).double(), slopes, ones))

    fresh = torch.stack([data(seed).values for seed in range(300)]).std(0)
    drawn = torch.stack([bootstrap_spectrum(data(s)).values.std(0) for s in (500, 501, 502)])
    assert torch.allclose(drawn.mean(0), fresh, rtol=0.2)


def test_replicas_are_spectra_of_repeated_groups(forms):
    found = solve(forms)
    replicas = bootstrap_spectrum(found, 20, seed=3)
    drawn = torch.randint(3, (20, 3), generator=torch.Generator().manual_seed(3))
    for i, groups in enumerate(drawn):
        again = solve(Forms(forms.norm[groups], forms.defect[groups], forms.counts[groups]))
        if len(groups.unique()) > 1:
            assert torch.allclose(replicas.values[i], again.values, rtol=1e-4)
            inner = (
                in_one_row(again)
                @ squares(Forms(forms.norm[groups], forms.defect[groups], forms.counts[groups]))[0]
                @ in_one_row(replicas.spectrum(i)).mT
            )
            assert torch.allclose(inner.abs(), torch.eye(8).double(), atol=1e-3)


def test_equal_groups_leave_no_spread(forms):
    same = Forms(*(t[:1].expand(5, *t.shape[1:]) for t in (forms.norm, forms.defect, forms.counts)))
    found = solve(same)
    replicas = bootstrap_spectrum(found, 10)
    assert torch.allclose(replicas.values, found.values.expand(10, -1), rtol=1e-5, atol=1e-9)
    assert replicas.count_share() == 1
    interval = replicas.interval(lambda s: s.values[0].item())
    assert math.isclose(interval.low, interval.high, rel_tol=1e-5)


def test_a_bootstrap_needs_groups(forms):
    one = solve(Forms(forms.norm[:1], forms.defect[:1], forms.counts[:1]))
    assert isinstance(one, Spectrum)
    with pytest.raises(ValueError, match=r"1 group\(s\).*several trajectories"):
        bootstrap_spectrum(one)
    with pytest.raises(ValueError, match="between 0 and 1"):
        bootstrap_spectrum(solve(forms), 5).value_intervals(1.0)
