"""Spectra of colours: closed forms, finite flows, the common norm of all pixels, refusals."""

import jaxtyping
import pytest
import torch

from symtutor import (
    LibraryField,
    Quadrature,
    act_on_colours,
    feature_angle,
    generator,
    gram,
    monomials,
    to_colours,
)
from symtutor.spectrum.images import colour_spectrum
from symtutor.spectrum.rates import image_weights
from symtutor.validity.features import unit


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(4, 3, 6, 6, generator=generator(0, "pictures"), dtype=torch.float64)


MIXED = torch.randn(108, 40, generator=generator(0, "mixed"), dtype=torch.float64)


def linear(f):
    return f.flatten(1) @ MIXED


def curved(f):
    return linear(f) + (f.square().flatten(1) @ MIXED.flip(1))


def test_values_are_the_turns_by_an_explicit_jacobian(pictures):
    spectrum = colour_spectrum(monomials(3, 2), pictures, curved)
    field = spectrum.field(30)

    def rates(f):
        jacobian = torch.func.jacrev(lambda f: unit(curved(f[None]))[0])(f)
        moved = field(to_colours(f)).movedim((-2, -1), (0, 1))  # "n c h w"
        return torch.einsum("kchw,nchw->nk", jacobian, moved)

    squares = torch.stack([rates(f).square().sum(-1) for f in pictures]).mean(0)
    assert torch.allclose(squares.sqrt(), spectrum.values, rtol=1e-8, atol=1e-10)


def test_values_are_the_rates_of_the_feature_angle_of_recoloured_pictures(pictures):
    spectrum = colour_spectrum(monomials(3, 1), pictures, curved)
    field, s = spectrum.field(12), 1e-4
    ends = [act_on_colours(field, pictures, sign * s).data for sign in (1, -1)]
    angles = feature_angle(*(curved(end.flatten(0, 1)).unflatten(0, (12, 4)) for end in ends))
    rates = (angles / (2 * s)).square().mean(1).sqrt()
    assert torch.allclose(rates, spectrum.values, rtol=1e-5)


def test_fields_are_orthonormal_on_all_pixels_by_their_weights(pictures):
    weights = image_weights(pictures, curved, space="colour", random=generator(0, "probes"))
    spectrum = colour_spectrum(monomials(3, 2), pictures, curved, weights=weights)
    every = Quadrature(to_colours(pictures).reshape(-1, 3), weights.flatten())
    eye = gram(spectrum.field(30), every)
    assert torch.allclose(eye, torch.eye(30).double(), atol=1e-8)


def test_exposure_turns_no_linear_features(pictures):
    """H(f + s f) = (1 + s) H(f) has the direction of H(f)."""
    spectrum = colour_spectrum(monomials(3, 1), pictures, linear)
    assert spectrum.values[0] < 1e-9 * spectrum.values[1]
    found = spectrum.field(1).coefficients[0, 1:]
    eye = torch.eye(3).double()
    assert torch.allclose(found, found[0, 0] * eye, atol=1e-8)
    assert spectrum.field(1).coefficients[0, 0].abs().max() < 1e-8


def test_features_of_grey_are_blind_to_two_channels_and_to_exposure_and_to_nothing_else(pictures):
    spectrum = colour_spectrum(monomials(3, 1), pictures, lambda f: f.mean(1).flatten(1))
    assert spectrum.values[8] < 1e-9 * spectrum.values[9]
    sums = spectrum.field(9).coefficients.sum(-1)  # of V1 + V2 + V3: a multiple of R + G + B
    assert sums[:, 0].abs().max() < 1e-7
    assert (sums[:, 1:] - sums[:, 1:2]).abs().max() < 1e-7


def test_blocks_change_nothing_and_a_part_is_what_it_would_be_by_itself(pictures):
    weights = image_weights(pictures, curved, space="colour", random=generator(0, "probes"))
    again = image_weights(pictures, curved, space="colour", random=generator(0, "probes"), block=3)
    assert torch.allclose(again, weights)
    whole, blocks = (
        colour_spectrum(monomials(3, 2), pictures, curved, weights=weights, block=block)
        for block in (4, 3)
    )
    assert torch.allclose(whole.values, blocks.values, rtol=1e-9, atol=1e-10)
    part = whole.restricted(range(4))
    alone = colour_spectrum(monomials(3, 1), pictures, curved, weights=weights)
    assert torch.allclose(part.values, alone.values, rtol=1e-8, atol=1e-10)


def test_weights_are_the_squares_that_the_probes_estimate(pictures):
    f = pictures[:1]
    many = image_weights(
        f,
        lambda f: f.flatten(1),
        space="colour",
        probes=4000,
        random=generator(0, "probes"),
    )
    size = torch.linalg.vector_norm(f)
    exact = ((1 - (f / size).square()) / size.square()).sum(1)
    assert torch.allclose(many, exact, rtol=0.15)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": torch.rand(2, 1, 6, 6)}, "red, green and blue"),
        ({"images": torch.full((2, 3, 6, 6), 0.5)}, "different things"),
        ({"images": 2 * torch.ones(2, 3, 6, 6)}, r"must lie in \[0, 1\]"),
        ({"library": ((("power", 3, 1.0),),)}, "coordinates run from 0 to 2"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, message, pictures, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    given = {"library": monomials(3, 1), "images": pictures, "features": lambda f: f.flatten(1)}
    with pytest.raises(ValueError, match=message):
        colour_spectrum(**given | change)


def test_the_field_of_a_spectrum_is_on_colours(pictures):
    field = colour_spectrum(monomials(3, 1), pictures, curved).field(1)
    assert isinstance(field, LibraryField) and field.names == ("red", "green", "blue")
