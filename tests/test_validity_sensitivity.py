"""Pixel sensitivity by projections, by windows and by Jacobians; the feature angle at s = 0."""

import pytest
import torch

from symtutor import (
    AffineField,
    ResNet,
    feature_rate,
    feature_validity,
    generator,
    grid_quadrature,
    image_gradient,
    infinitesimal_feature_validity,
    pixel_grid,
    pixel_sensitivity,
    window_sensitivity,
)
from symtutor.numerics.interpolation import bilinear, bilinear_grids


@pytest.fixture(scope="module")
def pictures():
    return torch.rand(3, 2, 6, 6, generator=generator(0, "pictures"), dtype=torch.float64)


@pytest.fixture(scope="module")
def features():
    """A small smooth map to five features."""
    weights = torch.randn(72, 5, generator=generator(0, "weights"), dtype=torch.float64) / 6
    return lambda f: torch.sigmoid(f.flatten(1) @ weights)


def jacobian(pictures, features):
    """d(direction)/d(pixel): "b k c h w"."""

    def direction(f):
        h = features(f[None])[0]
        return h / h.norm()

    return torch.stack([torch.func.jacrev(direction)(f) for f in pictures])


def test_the_slope_of_a_ramp_and_of_its_edge():
    grid = pixel_grid(5, 9, dtype=torch.float64)
    planes = torch.stack([2 * grid[..., 0], grid[..., 1], grid.sum(-1)])[None]
    slopes = image_gradient(planes)
    inner = slopes[0, :, 2, 4]
    expected = torch.tensor([[2.0, 0], [0, 1], [1, 1]], dtype=torch.float64)
    assert torch.allclose(inner, expected)
    assert torch.allclose(slopes[0, 0, :, 0, 0], torch.ones(5, dtype=torch.float64))  # halved


def test_projections_estimate_the_exact_squares(pictures, features):
    slopes = image_gradient(pictures)
    turns = torch.einsum("bkchw,bchwa->bkhwa", jacobian(pictures, features), slopes)
    exact = turns.square().sum((1, 4)).mean(0)
    found = pixel_sensitivity(pictures, features, probes=4000, random=generator(0, "probes"))
    assert torch.allclose(found, exact, rtol=0.15)
    few = pixel_sensitivity(pictures, features, probes=2, random=generator(0, "probes"))
    assert not torch.allclose(few, exact, rtol=0.15)


def test_the_published_windows_agree_with_projections(pictures, features):
    centres = pixel_grid(6, 6, dtype=torch.float64).reshape(-1, 2)
    published = window_sensitivity(pictures, features, centres, window=0.3)
    found = pixel_sensitivity(
        pictures, features, probes=4000, window=0.3, random=generator(1, "probes")
    )
    assert torch.allclose(found, published, rtol=0.1)
    narrow = pixel_sensitivity(pictures, features, probes=4000, random=generator(1, "probes"))
    assert not torch.allclose(narrow, published, rtol=0.1)


def test_a_window_of_no_width_is_one_pixel(pictures, features):
    one = pixel_sensitivity(pictures, features, window=1e-3, random=generator(2, "probes"))
    assert torch.allclose(one, pixel_sensitivity(pictures, features, random=generator(2, "probes")))


def test_features_that_look_at_one_pixel_are_sensitive_there_only(pictures):
    def look(f):
        seen = f[:, 0, 2, 3]
        return torch.stack([seen, torch.ones_like(seen)], dim=1)

    found = pixel_sensitivity(pictures, look, probes=3, random=generator(0, "probes"))
    assert found[2, 3] > 0
    found[2, 3] = 0
    assert not found.any()


@pytest.mark.parametrize("wrong", [{"probes": 0}, {"window": 0.0}, {"window": -1.0}])
def test_senseless_settings_are_refused(pictures, features, wrong):
    with pytest.raises(ValueError, match="probes must be at least 1 and the window positive"):
        pixel_sensitivity(pictures, features, **wrong)


def test_the_rate_is_the_derivative_along_a_moved_plane(features):
    """Planes are their own bilinear interpolants, and Sobel's slopes are exact inside them."""
    grid = pixel_grid(6, 6, dtype=torch.float64)
    planes = torch.stack([grid[..., 0], 0.5 * grid[..., 1]])[None] / 4 + 0.5
    inside = torch.zeros(6, 6, dtype=torch.float64)
    inside[1:-1, 1:-1] = 1

    def framed(f):  # what enters at the border is not seen
        return features(f * inside)

    field = AffineField.named("L1", "L2", "L5-L6", dtype=torch.float64)
    s = 1e-4
    finite = feature_validity(field, planes, framed, s, field, fill=0.0).value / s
    assert torch.allclose(feature_rate(field, planes, framed), finite, rtol=1e-3)


def test_the_rate_is_homogeneous_and_reaches_the_field(pictures, features):
    once = AffineField(torch.zeros(1, 2, 2), torch.ones(1, 2), trainable=True).double()
    twice = AffineField(torch.zeros(1, 2, 2), 2 * torch.ones(1, 2)).double()
    rate = feature_rate(once, pictures, features)
    assert torch.allclose(2 * rate, feature_rate(twice, pictures, features))
    rate.sum().backward()
    assert once.shift.grad is not None and once.shift.grad.abs().min() > 0


def test_a_field_that_does_nothing_is_at_the_floor_of_the_rate(pictures, features):
    still = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2)).double()
    contrast = AffineField.named("L1", dtype=torch.float64)
    score = infinitesimal_feature_validity(still, pictures, features, contrast)
    assert score.value.item() == score.floor == 0 < score.contrast
    assert score.relative.item() == 0


def test_a_residual_network_has_rates_and_sensitivities():
    model = ResNet((4, 8), 1).eval()
    f = torch.rand(2, 3, 16, 16, generator=generator(0, "f"))
    field = AffineField.named("L1", "L2", quadrature=grid_quadrature([(-1, 1)] * 2, [16, 16]))
    assert (feature_rate(field, f, model.features) > 0).all()
    assert pixel_sensitivity(f, model.features).shape == (16, 16)


def test_grids_are_looked_up_like_single_points():
    images = torch.rand(4, 3, 8, 9, generator=generator(0, "images"), dtype=torch.float64)
    grids = 2.4 * torch.rand(5, 8, 9, 2, generator=generator(0, "grids"), dtype=torch.float64) - 1.2
    found, expected = bilinear_grids(images, grids), bilinear(images, grids)[0].movedim(2, 0)
    assert torch.allclose(found, expected, atol=1e-12)
    weights = torch.randn(found.shape, generator=generator(0, "w"), dtype=torch.float64)
    leaf = grids.requires_grad_()
    many = (bilinear_grids(images, leaf) * weights).sum()
    single = (bilinear(images, leaf)[0].movedim(2, 0) * weights).sum()
    first, second = (torch.autograd.grad(value, leaf)[0] for value in (many, single))
    assert torch.allclose(first, second, atol=1e-9)
