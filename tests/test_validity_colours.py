"""Scores and weights of colours: what is known in closed form, and two estimates of one number."""

import math

import pytest
import torch

from symtutor import AffineField, feature_angle, generator, load_images, nearest
from symtutor.colours import IMAGENET, act_on_colours, stirring, to_colours
from symtutor.validity import (
    colour_sensitivity,
    colour_validity,
    nearest_colour,
    neighbour_sensitivity,
)

EXACT = torch.float64


def brightness(n=1):
    return AffineField(torch.zeros(n, 3, 3), torch.ones(n, 3))


def neighbourhoods(colours, k):
    return torch.cat([torch.arange(len(colours))[:, None], nearest(colours, k)], dim=1)


def lengthwise(weights):
    """Features of constant length whose direction turns by the angle (weights . image)."""

    def features(images):
        angle = (images * weights).sum((1, 2, 3))
        return torch.stack([angle.cos(), angle.sin()], dim=1)

    return features


def curved(images):
    """Smooth features of no particular length."""
    flat = images.flatten(1)
    rows = torch.linspace(-1, 1, 7 * flat.shape[1], dtype=flat.dtype).reshape(7, -1).cos()
    return torch.tanh(flat @ rows.mT / 3) + 2


@pytest.fixture(scope="module")
def small():
    """Four little pictures in few colours, twelve colours to weigh."""
    random = generator(0, "little pictures")
    colours = torch.rand(12, 3, generator=random, dtype=EXACT)
    index = torch.randint(12, (4, 5, 4), generator=random)
    images = colours[index].movedim(-1, 1)
    images = images + 1e-3 * torch.randn(images.shape, generator=random, dtype=EXACT)
    return images, colours, neighbourhoods(colours, 3)


# --- the score


def test_a_known_angle_is_the_score():
    """Brightness adds s to every one of 3 x 16 values; the direction turns by 0.01 of their sum."""
    pictures = torch.rand(5, 3, 4, 4, generator=generator(0, "f"))
    features = lengthwise(torch.full((3, 4, 4), 0.01))
    score = colour_validity(brightness(), pictures, features, -0.3, brightness(2))
    assert score.value.item() == pytest.approx(0.3 * 48 * 0.01, rel=1e-4)
    assert score.floor == pytest.approx(0, abs=1e-6)
    assert score.contrast == pytest.approx(0.144, rel=1e-4)


def test_what_the_features_do_not_see_costs_nothing():
    weights = torch.randn(3, 4, 4, generator=generator(0, "w"))
    blind = weights - weights.mean()
    pictures = torch.rand(5, 3, 4, 4, generator=generator(0, "f"))
    score = colour_validity(brightness(), pictures, lengthwise(blind), 0.5, stirring())
    assert score.value.item() < 1e-4 < 0.1 < score.contrast
    assert score.relative.item() < 1e-3


def test_the_score_is_the_mean_angle_of_the_moved_pictures_in_any_chart():
    pictures = load_images("cifar10", "test", source="sample").pixels[:4]
    field = stirring()
    moved = act_on_colours(field, pictures, 0.2, chart=IMAGENET, steps=2).data[0]
    still = pictures.float() / 255
    expected = feature_angle(curved(moved), curved(still)).mean()
    settings = {"chart": IMAGENET, "steps": 2}
    score = colour_validity(field, pictures, curved, 0.2, brightness(), **settings)
    assert score.value.item() == pytest.approx(expected.item(), rel=1e-5)
    near = colour_validity(field, pictures, curved, 0.2, brightness(), lattice=33, **settings)
    assert near.value.item() == pytest.approx(expected.item(), rel=0.05)


def test_the_score_has_a_gradient_in_the_field():
    field = AffineField(torch.zeros(1, 3, 3), torch.ones(1, 3), trainable=True)
    pictures = torch.rand(2, 3, 4, 4, generator=generator(0, "f"))
    colour_validity(field, pictures, curved, 0.2, brightness(), lattice=3).value.sum().backward()
    assert field.shift.grad.abs().min() > 0 and field.matrix.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("s", "field", "pictures", "told"),
    [
        (0.0, brightness(), torch.rand(1, 3, 4, 4), "nothing to score"),
        (torch.ones(2), brightness(), torch.rand(1, 3, 4, 4), "one group parameter"),
        (0.1, AffineField.named("L1"), torch.rand(1, 3, 4, 4), "colour has 3 coordinates"),
        (0.1, brightness(), torch.rand(1, 1, 4, 4), "repeat a grey channel"),
        (0.1, brightness(), torch.rand(1, 3, 4, 4) - 1, r"must lie in \[0, 1\]"),
    ],
)
def test_what_cannot_be_scored_is_refused(s, field, pictures, told):
    with pytest.raises(ValueError, match=told):
        colour_validity(field, pictures, lambda f: f.flatten(1), s, brightness())


# --- the weights


def test_the_nearest_colour_is_that_of_the_smallest_distance():
    random = generator(0, "places")
    places, colours = torch.randn(4, 50, 3, generator=random), torch.randn(20, 3, generator=random)
    expected = torch.cdist(places.flatten(0, 1), colours).argmin(1)
    assert nearest_colour(places, colours).flatten().equal(expected)


def jacobian(images, colours, features, chart=None):
    """Derivatives of the features' direction by every pixel's colour, summed by nearest colour."""
    found = []
    for image in images:
        seen = to_colours(image[None], chart)

        def direction(y):
            back = chart.outward(y) if chart else y
            h = features(back.movedim(-1, 1))[0]
            return h / h.norm()

        full = torch.func.jacrev(direction)(seen)[:, 0].flatten(1, 2)  # "k pixels 3"
        cell = torch.cdist(seen.flatten(0, 2), colours).argmin(1)
        cells = torch.zeros(full.shape[0], len(colours), 3, dtype=EXACT)
        found.append(cells.index_add_(1, cell, full))
    return torch.stack(found)  # "b k q 3"


@pytest.mark.parametrize("chart", [None, IMAGENET])
def test_projections_give_the_squared_jacobian_of_every_neighbourhood(small, chart):
    images, colours, groups = small
    colours = chart.inward(colours) if chart else colours
    groups = neighbourhoods(colours, 3)
    whole = jacobian(images, colours, curved, chart)
    turns = torch.stack([whole[:, :, own].sum(2).square().sum((1, 2)).mean() for own in groups])
    member = torch.stack([(groups == i).any(1) for i in range(len(groups))])
    expected = (member * turns).sum(1) / member.sum(1)
    found = colour_sensitivity(
        images, curved, colours, groups, chart=chart, probes=4000, random=generator(0, "v")
    )
    assert torch.allclose(found, expected, rtol=0.08)
    assert expected.max() > 3 * expected.min()


def test_the_published_estimate_and_the_projections_agree_in_expectation(small):
    """Both are unbiased for the turn by random neighbour tangents; their means are compared."""
    images, colours, groups = small
    random = generator(0, "tangents")

    def mean(draw, times):
        found = torch.stack([draw() for _ in range(times)])
        return found.mean(0), found.std(0) / math.sqrt(times)

    published, error = mean(
        lambda: neighbour_sensitivity(images, curved, colours, groups, random=random), 80
    )
    projected, other = mean(
        lambda: colour_sensitivity(
            images, curved, colours, groups, tangents="neighbours", random=random
        ),
        1200,
    )
    standard = (published - projected).abs() / (error.square() + other.square()).sqrt()
    assert standard.max() < 4  # of twelve correlated numbers
    assert ((error + other) / published).max() < 0.25
    differs = colour_sensitivity(images, curved, colours, groups, probes=200, random=random)
    shares = [w / w.sum() for w in (published, differs)]
    assert (shares[0] - shares[1]).abs().max() > 0.02  # another quantity would have been seen


def test_a_colour_that_features_ignore_has_no_weight():
    """Only the left half counts, which is red; the right half is blue."""
    images = torch.zeros(3, 3, 4, 4)
    images[:, 0, :, :2], images[:, 2, :, 2:] = 1.0, 1.0
    weights = torch.zeros(3, 4, 4)
    weights[:, :, :2] = torch.rand(3, 4, 2, generator=generator(0, "w"))
    red, blue = [1.0, 0, 0], [0, 0, 1.0]
    colours = torch.tensor([red, blue]).repeat_interleave(2, 0) + 0.01 * torch.eye(4, 3)
    found = colour_sensitivity(
        images, lengthwise(weights), colours, neighbourhoods(colours, 1), probes=8
    )
    assert found[:2].min() > 0 and found[2:].abs().max() < 1e-10


def test_the_weights_do_not_depend_on_the_length_of_features(small):
    images, colours, groups = small
    once, thrice = (
        colour_sensitivity(images, features, colours, groups, random=generator(0, "v"))
        for features in (curved, lambda f: 3 * curved(f))
    )
    assert torch.allclose(once, thrice, rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tangents": "all"}, "'any' or 'neighbours'"),
        ({"probes": 0}, "probes at least 1"),
        ({"neighbours": torch.tensor([[0], [1]])}, "at least one other"),
        ({"neighbours": torch.tensor([[1, 0], [0, 1]])}, "itself first"),
        ({"neighbours": torch.tensor([[0, 1]])}, "each of 2 colours"),
        ({"images": torch.rand(1, 1, 4, 4)}, "repeat a grey channel"),
    ],
)
def test_weights_that_cannot_be_are_refused(change, told, monkeypatch):
    import jaxtyping

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    fit = {
        "images": torch.rand(1, 3, 4, 4),
        "features": lambda f: f.flatten(1),
        "colours": torch.eye(2, 3),
        "neighbours": torch.tensor([[0, 1], [1, 0]]),
    }
    with pytest.raises(ValueError, match=told):
        colour_sensitivity(**(fit | change))
