"""Spectra of pictures: closed forms, finite differences, invariances, resampling, refusals."""

import jaxtyping
import pytest
import torch

from symtutor import (
    AffineField,
    LibraryField,
    Quadrature,
    act_on_images,
    bootstrap_spectrum,
    feature_angle,
    field_angles,
    generator,
    gram,
    image_gradient,
    load_extractor,
    load_images,
    monomials,
    pixel_grid,
)
from symtutor.spectrum.images import image_spectrum
from symtutor.spectrum.rates import image_weights
from symtutor.validity.features import unit

GRID = pixel_grid(32, 32, dtype=torch.float64)


def blobs(count, grid=GRID, seed=0, width=0.1):
    """Smooth pictures that vanish towards the edge: sums of four Gaussians."""
    g = torch.Generator().manual_seed(seed)
    centres = 0.6 * torch.rand(count, 4, 2, generator=g).double() - 0.3
    widths = width + width * torch.rand(count, 4, 1, 1, generator=g).double()
    apart = (grid - centres[:, :, None, None]).square().sum(-1)
    return torch.exp(-apart / (2 * widths**2)).mean(1, keepdim=True)


def kernels(count, grid=GRID, seed=1):
    """Smooth waves, drawn at random: features are integrals of pictures against them."""
    g = torch.Generator().manual_seed(seed)
    waves = 3 * torch.randn(count, 2, generator=g).double()
    return torch.cos(grid @ waves.mT + torch.rand(count, generator=g).double())


def seen(f, kernels):
    return torch.einsum("bchw,hwk->bk", f, kernels)


FIRST, SECOND = kernels(7), kernels(7, seed=2)


def curved(f):
    """Seven features that are no linear functions of the picture."""
    return seen(f, FIRST) + seen(f, SECOND).square() / 10


def the_grid(weights):
    return Quadrature(GRID.reshape(-1, 2), weights.sum(0).flatten())


@pytest.fixture(scope="module")
def found():
    pictures = blobs(6)
    weights = image_weights(pictures, curved, random=generator(0, "probes"))
    return pictures, weights, image_spectrum(monomials(2, 3), pictures, curved, weights=weights)


def test_values_are_the_turns_by_an_explicit_jacobian(found):
    pictures, _, spectrum = found
    field = spectrum.field(20)

    def rates(f):
        jacobian = torch.func.jacrev(lambda f: unit(curved(f[None]))[0])(f)
        moved = torch.einsum("hwna,chwa->nchw", field(GRID), image_gradient(f[None])[0])
        return torch.einsum("kchw,nchw->nk", jacobian, moved)

    squares = torch.stack([rates(f).square().sum(-1) for f in pictures]).mean(0)
    assert torch.allclose(squares.sqrt(), spectrum.values, rtol=1e-9, atol=1e-12)


def test_defects_are_the_rates_of_the_feature_angle_of_warped_pictures():
    """Against finite flows; slopes and lookup agree to second order of the spacing of pixels."""
    terms, s, errors = monomials(2, 2), 1e-3, []
    each = LibraryField(terms, torch.eye(12).reshape(12, 2, 6).mT.double())
    for side in (64, 128):
        grid = pixel_grid(side, side, dtype=torch.float64)
        pictures, own = blobs(4, grid), kernels(5, grid)
        weights = torch.ones(4, side, side)
        spectrum = image_spectrum(terms, pictures, lambda f, k=own: seen(f, k), weights=weights)
        raw = torch.linalg.pinv(spectrum.whiten) * spectrum.library.sizes
        defects = spectrum.forms.in_functions(raw).defect_root().norm(dim=0)
        ends = [act_on_images(each, pictures, sign * s).data for sign in (1, -1)]
        vectors = [seen(end.flatten(0, 1), own).unflatten(0, (12, 4)) for end in ends]
        rates = (feature_angle(*vectors) / (2 * s)).square().mean(1).sqrt()
        errors.append((rates / defects - 1).abs())
    assert errors[1].max() < 0.01
    assert 3.5 < errors[0].norm() / errors[1].norm() < 4.5


def test_fields_are_orthonormal_under_the_weights_of_all_pictures(found):
    _, weights, spectrum = found
    eye = gram(spectrum.field(20), the_grid(weights))
    assert torch.allclose(eye, torch.eye(20).double(), atol=1e-9)


def test_features_that_see_radii_only_have_the_rotation_at_the_bottom():
    grid = pixel_grid(64, 64, dtype=torch.float64)
    radii = grid.square().sum(-1)
    rings = torch.stack([torch.exp(-radii / (2 * w**2)) for w in (0.2, 0.3, 0.45, 0.7)], -1)
    spectrum = image_spectrum(monomials(2, 2), blobs(12, grid), lambda f: seen(f, rings))
    rotation = AffineField.named("L5-L6").double()
    angle = field_angles(spectrum.field(1), rotation, Quadrature(grid.reshape(-1, 2)))
    assert angle.item() < 0.02
    assert spectrum.values[0] < 0.05 * spectrum.values[1]
    assert spectrum.gap.count == 1


def test_features_that_no_shift_changes_have_both_shifts_at_the_bottom():
    """Moduli of Fourier coefficients; derivatives by Sobel's stencils shift none of them."""

    def moduli(f):
        return torch.fft.fft2(f)[:, 0, :3, :3].abs().square().flatten(1)

    spectrum = image_spectrum(monomials(2, 2), blobs(8, width=0.06), moduli)
    shifts = AffineField.named("L1", "L2").double()
    angles = field_angles(spectrum.field(2), shifts, Quadrature(GRID.reshape(-1, 2)))
    assert angles.max() < 1e-3
    assert spectrum.values[1] < 1e-3 * spectrum.values[2]
    assert spectrum.gap.count == 2


def test_a_part_of_the_library_is_what_it_would_be_by_itself(found):
    pictures, weights, spectrum = found
    part = spectrum.restricted(range(6))
    again = image_spectrum(monomials(2, 2), pictures, curved, weights=weights)
    assert part.library.terms == again.library.terms
    assert torch.allclose(part.values, again.values, rtol=1e-8, atol=1e-12)
    angles = field_angles(part.field(4), again.field(4), the_grid(weights))
    assert angles.max() < 1e-6


def test_blocks_change_nothing(found):
    pictures, weights, spectrum = found
    again = image_weights(pictures, curved, random=generator(0, "probes"), block=1)
    assert torch.allclose(again, weights)
    for block in (1, 4, 100):
        other = image_spectrum(monomials(2, 3), pictures, curved, weights=weights, block=block)
        assert torch.allclose(other.values, spectrum.values, rtol=1e-9, atol=1e-12)


def test_more_features_than_fields_are_reduced_without_loss():
    pictures = blobs(3)
    weights = torch.ones(3, 32, 32)
    own = torch.randn(32, 32, 30, generator=generator(0, "kernels"), dtype=torch.float64)
    several = [
        image_spectrum(monomials(2, degree), pictures, lambda f: seen(f, own), weights=weights)
        for degree in (2, 5)
    ]
    assert [tuple(each.forms.defect.shape) for each in several] == [(3, 12, 12), (3, 30, 42)]
    part = several[1].restricted(range(6))
    assert torch.allclose(part.values, several[0].values, rtol=1e-7)


def test_equal_pictures_have_intervals_of_no_width():
    one = blobs(1)
    pictures, weights = one.expand(5, -1, -1, -1), torch.rand(1, 32, 32).expand(5, -1, -1)
    spectrum = image_spectrum(monomials(2, 1), pictures, curved, weights=weights)
    for value in bootstrap_spectrum(spectrum, 10).value_intervals():
        assert value.high - value.low < 1e-5 * value.mean + 1e-9


def test_different_pictures_have_intervals_that_hold_the_value(found):
    replicas = bootstrap_spectrum(found[2], 50)
    assert all(i.low < i.mean and i.high > i.low for i in replicas.value_intervals())


def test_weights_are_the_squares_that_the_probes_estimate():
    f = torch.rand(1, 1, 6, 6, generator=generator(0, "f")).double()
    many = image_weights(f, lambda f: f.flatten(1), probes=4000, random=generator(0, "probes"))
    size = torch.linalg.vector_norm(f)
    exact = (1 - (f / size).square()) / size.square() * image_gradient(f).square().sum(-1)
    assert torch.allclose(many, exact[:, 0], rtol=0.15)


def test_bytes_and_reals_of_a_trained_network_give_one_spectrum():
    images, model = load_images("cifar10", "test", source="sample"), load_extractor()
    pixels, settings = images.pixels[:3], {"weights": torch.ones(3, 32, 32)}
    a = image_spectrum(monomials(2, 1), pixels, model.features, **settings)
    b = image_spectrum(monomials(2, 1), pixels.float() / 255, model.features, **settings)
    assert torch.equal(a.values, b.values)
    assert a.values[0] > 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"library": monomials(3, 1)}, "coordinates run from 0 to 1"),
        ({"library": (*monomials(2, 1), (("power", 0, 1.0),))}, "Leave one of them out"),
        ({"library": ((), (("sin", 0, 0.0),))}, "sin\\(0 x1\\) are zero"),
        ({"images": torch.zeros(0, 1, 32, 32)}, "at least one"),
        ({"images": 3 * blobs(2)}, r"must lie in \[0, 1\]"),
        ({"images": blobs(2).long()}, "must be uint8"),
        ({"features": lambda f: f}, "one vector each"),
        ({"features": lambda f: f.mean()}, "one vector each"),
        ({"features": lambda f: 0 * f.flatten(1) + 1}, "do not depend on the pictures"),
        ({"weights": torch.ones(2, 16, 16)}, "one number of at least 0 per pixel"),
        ({"weights": -torch.ones(2, 32, 32)}, "one number of at least 0 per pixel"),
        ({"probes": 0}, "at least 1"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    given = {"library": monomials(2, 1), "images": blobs(2), "features": curved} | change
    with pytest.raises(ValueError, match=message):
        image_spectrum(**given)


def test_another_space_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="'plane' or on 'colour'"):
        image_weights(blobs(1), curved, space="time")


def test_the_field_of_a_spectrum_is_on_the_square(found):
    field = found[2].field(2)
    assert isinstance(field, LibraryField) and field.names == ("x1", "x2")
