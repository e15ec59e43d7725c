"""Checks of the chapter Validity scores."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import close, diagnose, exercise, function, tensor


def _published(a: Tensor, b: Tensor) -> Tensor:
    cosine = (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    return torch.arccos(cosine.clamp(max=1 - 1e-6))


def _pairs(angles: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
    """Vectors of R^4 in coordinate planes, at given angles, of different lengths."""
    lengths = 0.5 + torch.rand(2, len(angles), generator=generator)
    a, b = torch.zeros(2, len(angles), 4)
    a[:, 2] = lengths[0]
    b[:, 2], b[:, 0] = lengths[1] * angles.cos(), lengths[1] * angles.sin()
    return a, b


def _agrees(angle: Callable[..., Any], exact: Tensor, generator: Generator) -> bool:
    """Whether all angles, or their distances to pi, come out to one per cent."""
    a, b = _pairs(exact, generator)
    got = tensor(angle(a, b), exact.shape, "the angles").double()
    small = torch.where(exact > 1, math.pi - exact.double(), exact.double())
    return bool(((got - exact.double()).abs() <= 0.01 * small).all())


@exercise(
    "ex-feature-angle",
    question="Write a function of a and b, each of shape (..., k), that returns the angles between "
    "the vectors in radians, also of vectors that are nearly parallel, in single precision.",
)
def feature_angle(answer: Any, generator: Generator) -> str | None:
    """2 atan2(|a^ - b^|, |a^ + b^|), or anything as accurate."""
    angle = function(answer, "a, b")
    a, b = torch.randn(2, 12, 5, generator=generator)
    unit_a, unit_b = a / a.norm(dim=-1, keepdim=True), b / b.norm(dim=-1, keepdim=True)
    right = torch.arccos((unit_a * unit_b).sum(-1))
    apart, together = (unit_a - unit_b).norm(dim=-1), (unit_a + unit_b).norm(dim=-1)
    mistakes = {
        "this is the cosine; the angle is its arccos, or better an atan2.": right.cos(),
        "this is half the angle.": right / 2,
        "this is the angle to -b: the difference goes into the first argument of atan2.": math.pi
        - right,
        "these are degrees.": right.rad2deg(),
        "this is the distance between the unit vectors, the chord and not the arc.": apart,
        "the lengths of a and b must not matter: divide each by its own norm.": 2
        * torch.atan2((a - b).norm(dim=-1), (a + b).norm(dim=-1)),
        "this is the ratio of the two norms; take 2 atan2 of it.": apart / together,
    }
    got = tensor(angle(a, b), (12,), "the angles")
    hint = diagnose(got, right, mistakes, "the angle has cosine <a, b> / (|a| |b|).")
    if hint:
        return hint
    if not _agrees(angle, torch.tensor([1e-4, 1e-5]), generator):
        return (
            "right for large angles, but wrong at 1e-4: the cosine of a small angle is 1 up to "
            "rounding; use the lengths of the difference and of the sum of the unit vectors."
        )
    if not _agrees(angle, torch.tensor([math.pi - 1e-3]), generator):
        return "right, but inaccurate for nearly opposite vectors; use 2 atan2, not 2 arcsin."
    more = torch.randn(2, 3, 4, 5, generator=generator)
    shaped = tensor(angle(*more), (3, 4), "the angles of vectors of shape (3, 4, 5)")
    return None if close(shaped, _published(*more)) else "for more axes, use dim=-1."


def _raises(relative: Callable[..., Any], floor: float, contrast: float) -> bool:
    try:
        relative(torch.tensor([0.3]), floor, contrast)
    except ValueError:
        return True
    return False


@exercise(
    "ex-relative-score",
    question="Write a function of value, floor and contrast that returns the relative score, and "
    "raises ValueError if the contrast does not exceed the floor.",
)
def relative_score(answer: Any, generator: Generator) -> str | None:
    """(value - floor) / (contrast - floor), not clipped."""
    relative = function(answer, "value, floor, contrast")
    floor, contrast = 0.2, 1.7
    value = torch.cat([torch.rand(6, generator=generator) + 0.3, torch.tensor([0.1, 2.0])])
    right = (value - floor) / (contrast - floor)
    mistakes = {
        "subtract the floor below, too: the score of the contrast must be 1.": (value - floor)
        / contrast,
        "subtract the floor above, too: the score of the identity must be 0.": value
        / (contrast - floor),
        "subtract the floor: the score of the identity must be 0.": value / contrast,
        "this is 1 at the floor and 0 at the contrast; it must be the other way round.": 1 - right,
        "do not clip: a value below the floor or above the contrast is news.": right.clamp(0, 1),
        "do not clip at 0: a value below the floor is news.": right.clamp(min=0),
        "do not clip at 1: a value above the contrast is news.": right.clamp(max=1),
        "this is a ratio of logarithms; take differences of the scores.": (value / floor).log()
        / math.log(contrast / floor),
    }
    got = tensor(relative(value, floor, contrast), (8,), "the relative scores")
    hint = diagnose(got, right, mistakes, "0 at the floor, 1 at the contrast, linear in between.")
    if hint:
        return hint
    if not _raises(answer, 0.5, 0.5):
        return "with contrast = floor = 0.5 there is no answer: raise ValueError."
    if not _raises(answer, 0.5, 0.4):
        return "with contrast 0.4 below floor 0.5 the sign is meaningless: raise ValueError."
    return None


@exercise(
    "ex-ellipse-field",
    question="Give the 2 x 2 matrix A of a field A x that leaves x1^2 + 4 x2^2 invariant and has "
    "root mean square norm 1 on the square [-1, 1]^2.",
)
def ellipse_field(answer: Any, generator: Generator) -> str | None:
    """A = c [[0, 4], [-1, 0]] with c^2 (16 + 1) / 3 = 1, or its negative."""
    got = tensor(answer, (2, 2), "the matrix")
    direction = torch.tensor([[0.0, 4.0], [-1.0, 0.0]])
    right = direction * math.sqrt(3 / 17)
    if close(got, right) or close(got, -right):
        return None
    norm = got.norm()
    if norm == 0:
        return "the zero field leaves everything invariant, but its norm is 0."
    along = (got / norm * direction / direction.norm()).sum().abs().item()
    if along > 1 - 1e-5:
        size = (norm / math.sqrt(3)).item()
        return f"the direction is right; the norm is {size:.3g}, and the mean of x1^2 is 1/3."
    if abs(got[0, 1] + got[1, 0]) < 1e-4 and abs(got[0, 1]) > 1e-4:
        return "this rotates: it leaves circles invariant, not ellipses."
    if abs(got[1, 0] + 4 * got[0, 1]) < 1e-4 and abs(got[0, 1]) > 1e-4:
        return "this leaves 4 x1^2 + x2^2 invariant; the gradient here is (2 x1, 8 x2)."
    return "V . grad f = 2 x1 V1 + 8 x2 V2 must vanish at every point: try V1 = p x2, V2 = q x1."
