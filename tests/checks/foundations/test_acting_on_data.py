import math

import pytest
import torch
from torch.nn.functional import grid_sample

from symtutor.checks import check
from symtutor.numerics.interpolation import bilinear as package_bilinear
from symtutor.numerics.interpolation import inside


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda f, theta, s: lambda x: f(theta(x, s)), "against the flow"),
        (lambda f, theta, s: f, "not transformed"),
        (lambda f, theta, s: lambda x: f(theta(x, -2 * s)), "where x came from"),
        (lambda f, theta, s: f(theta(torch.zeros(20, 2), -s)), "must return a function"),
        (lambda f, theta, s: lambda x: theta(x, -s), "must have shape (20,)"),
        (lambda f, theta, s: lambda x: theta(f(x), -s), "must have shape (20,)"),
    ],
)
def test_pull_back_hints(answer, hint, refused):
    refused("ex-pull-back", answer, hint)


def test_pull_back_right():
    assert check("ex-pull-back", lambda f, theta, s: lambda x: f(theta(x, -s))).passed


def test_a_pull_back_whose_inner_function_returns_nothing_is_not_answered():
    result = check("ex-pull-back", lambda f, theta, s: lambda x: None)
    assert result.message.endswith("not answered yet.")


def by_hand(image, x1, x2, *, centre=True, swap=False, up=False, rule="linear", clamp=True):
    h, w = image.shape
    x1, x2 = (x2, x1) if swap else (x1, x2)
    x2 = -x2 if up else x2
    if centre:
        column, row = (x1 + 1) / 2 * (w - 1), (x2 + 1) / 2 * (h - 1)
    else:
        column, row = ((x1 + 1) * w - 1) / 2, ((x2 + 1) * h - 1) / 2
    if rule == "nearest":
        return image[round(row), round(column)]
    i, j = math.floor(row), math.floor(column)
    if rule == "corner":
        return image[i, j]
    if clamp:
        i, j = min(i, h - 2), min(j, w - 2)
    a, b = row - i, column - j
    if rule == "exchanged":
        a, b = 1 - a, 1 - b
    top = (1 - b) * image[i, j] + b * image[i, j + 1]
    return (1 - a) * top + a * ((1 - b) * image[i + 1, j] + b * image[i + 1, j + 1])


def with_options(**options):
    return lambda image, x1, x2: by_hand(image, x1, x2, **options)


def square_only(image, x1, x2):
    h = image.shape[0]
    return by_hand(image[:, :h] if image.shape[1] >= h else image, x1, x2)


def whole_pixels(image, x1, x2):
    n = image.shape[0]
    stretched = [(x + 1) / 2 * n / (n - 1) * 2 - 1 for x in (x1, x2)]
    return by_hand(image, *stretched)


def by_grid_sample(image, x1, x2, *, align_corners=True):
    grid = torch.tensor([[[[x1, x2]]]])
    return grid_sample(image[None, None], grid, align_corners=align_corners).squeeze()


def zero_on_border(image, x1, x2):
    return by_hand(image, x1, x2) if max(abs(x1), abs(x2)) < 1 else 0.0


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (with_options(swap=True), "rows and columns are swapped"),
        (with_options(centre=False), "align_corners=False"),
        (lambda *a: by_grid_sample(*a, align_corners=False), "align_corners=False"),
        (with_options(rule="nearest"), "nearest pixel"),
        (with_options(rule="corner"), "up and to the left"),
        (with_options(up=True), "x2 points down"),
        (with_options(rule="exchanged"), "weights are exchanged"),
        (whole_pixels, "n - 1 gaps"),
        (square_only, "on a square image only"),
        (with_options(clamp=False), "clamp its index"),
        (zero_on_border, "clamp its index"),
        (lambda image, x1, x2: image.mean(), "The largest error is"),
        (lambda image, x1, x2: image[0], "one number, but yours has shape (6,)"),
    ],
)
def test_bilinear_hints(answer, hint, refused):
    refused("ex-bilinear", answer, hint)


@pytest.mark.parametrize(
    "answer",
    [
        by_hand,
        by_grid_sample,
        lambda image, *x: package_bilinear(image[None, None], torch.tensor(x))[0].squeeze(),
    ],
)
def test_bilinear_right(answer):
    assert check("ex-bilinear", answer).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: (x.abs() <= 1).any(-1), "not any of them"),
        (lambda x: (x.abs() < 1).all(-1), "use <="),
        (lambda x: x.norm(dim=-1) <= 1, "the disc"),
        (lambda x: ~inside(x), "inverted"),
        (lambda x: (x <= 1).all(-1), "lower bound"),
        (lambda x: (x >= -1).all(-1), "upper bound"),
        (lambda x: x[..., 0].abs() <= 1, "only the first"),
        (lambda x: x[..., 1].abs() <= 1, "only the second"),
        (lambda x: x.abs() <= 1, "one answer per point"),
        (lambda x: inside(x).float(), "must be boolean"),
        (lambda x: inside(x).all(), "must have shape (64,)"),
        (lambda x: inside(x / 1.2), "for example"),
        (lambda x: (x.abs() <= 1).all(1), "come out wrong"),
    ],
)
def test_trusted_mask_hints(answer, hint, refused):
    refused("ex-trusted-mask", answer, hint)


@pytest.mark.parametrize("answer", [inside, lambda x: x.abs().amax(-1) <= 1])
def test_trusted_mask_right(answer):
    assert check("ex-trusted-mask", answer).passed
