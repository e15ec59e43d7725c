"""How affine a spectrum is, against quadrature and chance; the roughness of its fields."""

import pytest
import torch

from symtutor import AffineField, Quadrature, field_angles, grid_quadrature, monomials, project
from symtutor.spectrum import Forms, Library, bootstrap_spectrum
from symtutor.spectrum.affine import affine_chance, affine_share, affineness, roughness
from symtutor.spectrum.core import solve

NAMES = ("L1", "L2", "L3", "L4", "L5", "L6")


def places(count=400, dim=2, seed=0):
    g = torch.Generator().manual_seed(seed)
    points = 2 * torch.rand(count, dim, generator=g).double() - 1
    return Quadrature(points, torch.rand(count, generator=g).double())


def spectrum(terms, weights, seed=0, groups=4):
    """A spectrum of random defects: its fields are random ones of the library."""
    g = torch.Generator().manual_seed(seed)
    d, m = weights.points.shape[1], len(terms)
    sizes = 1 + torch.arange(m).double() / m
    library = Library(tuple(terms), tuple(f"x{i + 1}" for i in range(d)), sizes)
    values = library.field(torch.zeros(1, m, d)).basis(weights.points) / sizes
    norm = torch.linalg.qr(weights.omega.sqrt()[:, None] * values, mode="r").R
    mixed = torch.linalg.inv(norm)
    isotropic = torch.randn(groups, 3 * d * m, d, m, generator=g).double() @ torch.linalg.inv(mixed)
    forms = Forms(norm.expand(groups, m, m), isotropic.flatten(2), torch.ones(groups, 2).double())
    return solve(forms, library=library)


def test_affineness_is_that_of_a_projection_by_quadrature():
    weights = places()
    found = spectrum(monomials(2, 3), weights)
    basis = AffineField.named(*NAMES).double()
    expected = project(found.field(20), basis, weights).affineness
    assert torch.allclose(affineness(found), expected, atol=1e-9)


@pytest.mark.parametrize("count", [1, 6, 20])
def test_the_share_is_the_mean_squared_cosine_of_the_angles_between_the_spans(count):
    weights = places()
    found = spectrum(monomials(2, 3), weights)
    angles = field_angles(found.field(count), AffineField.named(*NAMES).double(), weights)
    expected = angles.cos().square().sum().item() / count
    assert affine_share(found, count) == pytest.approx(expected, abs=1e-9)


def test_the_share_is_one_number_whatever_the_basis_of_the_span():
    weights = places()
    found = spectrum(monomials(2, 3), weights)
    turn = torch.linalg.qr(torch.randn(6, 6, generator=torch.Generator().manual_seed(0))).Q.double()
    mixed = torch.einsum("lk,kmd->lmd", turn, found.coefficients[:6])
    other = type(found)(
        found.values[:6], mixed, found.rank, found.library, found.forms, found.whiten
    )
    assert affine_share(other) == pytest.approx(affine_share(found), abs=1e-12)


@pytest.mark.parametrize(("dim", "degree"), [(2, 3), (3, 2)])
def test_random_spectra_have_the_share_of_chance(dim, degree):
    terms, weights = monomials(dim, degree), places(dim=dim)
    many = [spectrum(terms, weights, seed) for seed in range(100)]
    shares = torch.tensor([affine_share(each) for each in many])
    squares = torch.stack([affineness(each)[0].square() for each in many])
    chance = affine_chance(many[0])
    assert chance == pytest.approx((dim + 1) / len(terms))
    assert abs(shares.mean() - chance) < 4 * shares.std() / 10
    assert abs(squares.mean() - chance) < 4 * squares.std() / 10


def test_a_library_of_affine_fields_is_affine_in_every_replica():
    found = spectrum(monomials(2, 1), places())
    interval = bootstrap_spectrum(found, 5).interval(affine_share)
    assert tuple(interval) == pytest.approx((1.0, 1.0, 1.0), abs=1e-6)


def test_a_part_of_the_library_has_the_affineness_of_its_own_fields():
    weights = places()
    part = spectrum(monomials(2, 4), weights).restricted(range(10))
    expected = project(part.field(20), AffineField.named(*NAMES).double(), weights).affineness
    assert torch.allclose(affineness(part), expected, atol=1e-9)


def test_roughness_is_the_gradient_energy_of_the_fields():
    weights = places()
    found = spectrum(monomials(2, 3), weights)
    only = found.with_forms(found.forms.only(roughness(found, weights)))
    field = only.field(20)
    slopes = torch.func.vmap(torch.func.jacrev(field))(weights.points)  # "q n i j"
    energy = torch.einsum("q,qnij->n", weights.omega, slopes.square())
    assert torch.allclose(energy, only.values.square(), rtol=1e-9, atol=1e-12)


def test_roughness_alone_has_the_shifts_first_and_then_nearly_affine_fields():
    square = grid_quadrature([(-1, 1), (-1, 1)], [32, 32], dtype=torch.float64)
    found = spectrum(monomials(2, 3), square)
    alone = found.with_forms(found.forms.only(roughness(found, square)))
    assert alone.values[:2].max() < 1e-9 < 1 < alone.values[2]
    assert affineness(alone)[:6].min() > 0.97
    assert affine_share(alone) > 0.97 > 0.5 > affine_share(found)


def test_a_quadrature_in_parts_gives_the_same_roughness(monkeypatch):
    weights = places()
    found = spectrum(monomials(2, 3), weights)
    whole = roughness(found, weights)
    monkeypatch.setattr("symtutor.spectrum.affine.POINTS", 37)
    parts = roughness(found, weights)
    assert torch.allclose(whole.mT @ whole, parts.mT @ parts, rtol=1e-9, atol=1e-9)


def test_what_does_not_fit_is_refused_by_name():
    weights = places()
    found = spectrum(monomials(2, 2), weights)
    with pytest.raises(ValueError, match=r"add monomials\(dim, 1\)"):
        affineness(spectrum(monomials(2, 2)[1:], weights))
    with pytest.raises(ValueError, match="1 to 12 fields, got count=13"):
        affine_share(found, 13)
    with pytest.raises(ValueError, match="no table of terms"):
        affineness(solve(found.forms))
    with pytest.raises(ValueError, match="coordinates"):
        roughness(found, places(dim=3))


def test_intervals_keep_double_precision():
    """They went through single precision: a constant statistic lay outside its own interval."""
    replicas = bootstrap_spectrum(spectrum(monomials(2, 1), places()), 5)
    assert tuple(replicas.interval(lambda _: 0.1)) == (0.1, 0.1, 0.1)
