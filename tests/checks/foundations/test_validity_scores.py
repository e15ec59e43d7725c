import math

import pytest
import torch

from symtutor import derivative, feature_angle
from symtutor.checks import check


def unit(a):
    return a / a.norm(dim=-1, keepdim=True)


def published(a, b):
    return torch.arccos((unit(a) * unit(b)).sum(-1).clamp(max=1 - 1e-6))


def by_sine(a, b):
    return 2 * torch.asin(((unit(a) - unit(b)).norm(dim=-1) / 2).clamp(max=1))


def by_hand(a, b):
    return 2 * torch.atan2((unit(a) - unit(b)).norm(dim=-1), (unit(a) + unit(b)).norm(dim=-1))


def first_axis_only(a, b):
    return by_hand(a, b) if a.ndim == 2 else by_hand(a, b).flip(0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (published, "wrong at 1e-4"),
        (lambda a, b: torch.arccos((unit(a) * unit(b)).sum(-1).clamp(-1, 1)), "wrong at 1e-4"),
        (by_sine, "2 atan2, not 2 arcsin"),
        (lambda a, b: (unit(a) * unit(b)).sum(-1), "this is the cosine"),
        (lambda a, b: by_hand(a, b) / 2, "half the angle"),
        (lambda a, b: by_hand(a, -b), "angle to -b"),
        (lambda a, b: by_hand(a, b).rad2deg(), "degrees"),
        (lambda a, b: (unit(a) - unit(b)).norm(dim=-1), "the chord"),
        (lambda a, b: 2 * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1)), "own norm"),
        (
            lambda a, b: (unit(a) - unit(b)).norm(dim=-1) / (unit(a) + unit(b)).norm(dim=-1),
            "ratio of the two norms",
        ),
        (lambda a, b: a.norm(dim=-1), "The largest error is"),
        (lambda a, b: by_hand(a, b).mean(), "must have shape (12,)"),
        (first_axis_only, "use dim=-1"),
    ],
)
def test_feature_angle_hints(answer, hint, refused):
    refused("ex-feature-angle", answer, hint)


@pytest.mark.parametrize(
    "answer", [by_hand, feature_angle, lambda a, b: by_hand(a.double(), b.double())]
)
def test_feature_angle_right(answer):
    assert check("ex-feature-angle", answer).passed


def relative(value, floor, contrast):
    if contrast <= floor:
        raise ValueError("no contrast")
    return (value - floor) / (contrast - floor)


def below_only(value, floor, contrast):
    if contrast == floor:
        raise ValueError("no contrast")
    return (value - floor) / (contrast - floor)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda v, f, c: (v - f) / (c - f), "contrast = floor"),
        (below_only, "below floor"),
        (lambda v, f, c: (v - f) / c, "score of the contrast must be 1"),
        (lambda v, f, c: v / (c - f), "subtract the floor above"),
        (lambda v, f, c: v / c, "subtract the floor:"),
        (lambda v, f, c: 1 - relative(v, f, c), "the other way round"),
        (lambda v, f, c: relative(v, f, c).clamp(0, 1), "do not clip:"),
        (lambda v, f, c: relative(v, f, c).clamp(min=0), "do not clip at 0"),
        (lambda v, f, c: relative(v, f, c).clamp(max=1), "do not clip at 1"),
        (lambda v, f, c: (v / f).log() / math.log(c / f), "ratio of logarithms"),
        (lambda v, f, c: v, "The largest error is"),
        (lambda v, f, c: None, "not answered yet"),
    ],
)
def test_relative_score_hints(answer, hint, refused):
    refused("ex-relative-score", answer, hint)


def test_relative_score_right():
    assert check("ex-relative-score", relative).passed


SCALE = math.sqrt(3 / 17)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ([[0.0, 4.0], [-1.0, 0.0]], "the norm is 2.38"),
        ([[0.0, 1.0], [-1.0, 0.0]], "this rotates"),
        ([[0.0, 1.0], [-4.0, 0.0]], "leaves 4 x1^2 + x2^2"),
        ([[0.0, 0.0], [0.0, 0.0]], "the zero field"),
        ([[0.0, 4 * SCALE], [SCALE, 0.0]], "must vanish at every point"),
        ([1.0, 2.0], "must have shape (2, 2)"),
    ],
)
def test_ellipse_field_hints(answer, hint, refused):
    refused("ex-ellipse-field", torch.tensor(answer), hint)


@pytest.mark.parametrize("sign", [1, -1])
def test_ellipse_field_right(sign):
    assert check("ex-ellipse-field", [[0, 4 * sign * SCALE], [-sign * SCALE, 0]]).passed


def d(a, order, length):
    return derivative(a, order, length)


def defect(u, q, q_t, length):
    return q_t + d(u * q, 1, length) + d(q, 2, length) + d(q, 4, length)


def varied(nonlinear):
    """The right answer with another term in place of (u q)_x."""

    def wrong(u, q, q_t, length):
        return defect(u, q, q_t, length) - d(u * q, 1, length) + nonlinear(u, q, length)

    return wrong


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (varied(lambda u, q, length: u * d(q, 1, length)), "q u_x belongs to it"),
        (varied(lambda u, q, length: q * d(u, 1, length)), "u q_x is missing"),
        (varied(lambda u, q, length: q * d(q, 1, length)), "u + s q and keep"),
        (varied(lambda u, q, length: 2 * d(u * q, 1, length)), "without a factor 2"),
        (lambda u, q, q_t, length: 2 * q_t - defect(u, q, q_t, length), "all terms are added"),
        (lambda u, q, q_t, length: q_t + d(u * q, 1, length) + d(q, 3, length), "linearised KdV"),
        (lambda u, q, q_t, length: defect(u, q, 0 * q_t, length), "q_t belongs to it"),
        (lambda u, q, q_t, length: q_t + d(u * q, 1, length), "linear terms are missing"),
        (lambda u, q, q_t, length: defect(u, q, q_t, 2 * math.pi), "pass the length on"),
        (lambda u, q, q_t, length: q, "The largest error is"),
        (lambda u, q, q_t, length: q.mean(), "must have shape (2, 32)"),
        (lambda u, q, q_t, length: None, "not answered yet"),
    ],
)
def test_determining_hints(answer, hint, refused):
    refused("ex-determining", answer, hint)


def written_out(u, q, q_t, length):
    product = u * d(q, 1, length) + q * d(u, 1, length)
    return q_t + product + d(q, 2, length) + d(d(q, 2, length), 2, length)


@pytest.mark.parametrize("answer", [defect, written_out])
def test_determining_right(answer):
    assert check("ex-determining", answer).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ((3, -2), "scaling of KdV"),
        ((-1, 2), "a comes first"),
        ((2, 1), "mind the sign of b"),
        ((2, 0), "heat equation"),
        ((0.5, -1), "b is right"),
        ((2, -2), "a is right"),
        ((4, -3), "u_xx has the exponent b - 2"),
        ((1, 1), "make them equal"),
        ((1, 1, 1), "must have shape (2,)"),
    ],
)
def test_burgers_scaling_hints(answer, hint, refused):
    refused("ex-burgers-scaling", torch.tensor(answer), hint)


@pytest.mark.parametrize("answer", [(2, -1), [2.0, -1.0], torch.tensor([2.0, -1.0])])
def test_burgers_scaling_right(answer):
    assert check("ex-burgers-scaling", answer).passed
