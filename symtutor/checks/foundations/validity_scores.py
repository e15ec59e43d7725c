"""Checks of the chapter Validity scores."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.spectral import derivative
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


@exercise(
    "ex-determining",
    question="Write a function of u, q, q_t and length that returns the left side of the "
    "determining equation of u_t + u u_x + u_xx + u_xxxx = 0, for rows on a periodic grid.",
)
def determining(answer: Any, generator: Generator) -> str | None:
    """q_t + (u q)_x + q_xx + q_xxxx, at smooth rows that need not solve anything."""
    defect, length = function(answer, "u, q, q_t, length"), 5.0
    angle = 2 * math.pi / 32 * torch.arange(32, dtype=torch.float64)
    waves = torch.stack([torch.ones_like(angle), angle.cos(), angle.sin(), (2 * angle).cos()])
    weights = torch.randn(3, 2, 4, generator=generator, dtype=torch.float64)
    u, q, q_t = weights @ waves

    def d(values: Tensor, order: int) -> Tensor:
        return derivative(values, order, length)

    linear, product = q_t + d(q, 2) + d(q, 4), u * d(q, 1) + q * d(u, 1)
    right = linear + product
    mistakes = {
        "this is the derivative of u u_x only as far as its second factor goes: u is varied, too, "
        "and q u_x belongs to it.": linear + u * d(q, 1),
        "the linearisation of u u_x has two terms; u q_x is missing.": linear + q * d(u, 1),
        "this puts q for u; put u + s q and keep what is linear in s.": linear + q * d(q, 1),
        "u u_x is linearised to (u q)_x, without a factor 2.": linear + 2 * product,
        "F_* is subtracted from q_t, and F has minus signs: all terms are added.": 2 * q_t - right,
        "this is the linearised KdV equation; here u_xx and u_xxxx stand in place of u_xxx.": q_t
        + product
        + d(q, 3),
        "u is not on the left by itself: q_t belongs to it.": right - q_t,
        "the linear terms are missing; they are their own linearisation.": q_t + product,
        "derivatives are per unit of x: pass the length on.": q_t
        + (length / (2 * math.pi)) * product
        + (length / (2 * math.pi)) ** 2 * d(q, 2)
        + (length / (2 * math.pi)) ** 4 * d(q, 4),
    }
    got = tensor(defect(u, q, q_t, length), right.shape, "the left side")
    wrong = {hint: values.float() for hint, values in mistakes.items()}
    return diagnose(got, right.float(), wrong, "put u + s q into the equation.")


@exercise(
    "ex-burgers-scaling",
    question="Give a and b such that x d/dx + a t d/dt + b u d/du generates symmetries of "
    "u_t + u u_x = nu u_xx.",
)
def burgers_scaling(answer: Any, generator: Generator) -> str | None:
    """b - a = 2 b - 1 = b - 2, so a = 2, b = -1."""
    a, b = tensor(answer, (2,), "(a, b)").tolist()
    known = {
        (2.0, -1.0): None,
        (3.0, -2.0): "this is the scaling of KdV; here u_xx stands in place of u_xxx.",
        (-1.0, 2.0): "right, but a comes first.",
        (2.0, 1.0): "with these u_t and u_xx agree; u u_x is multiplied by exp(s), they by "
        "exp(-s): mind the sign of b.",
        (2.0, 0.0): "this is the scaling of the heat equation: u u_x asks for b.",
        (0.5, -1.0): "b is right. t is multiplied by exp(a s), so u_t by exp((b - a) s).",
    }
    for numbers, hint in known.items():
        if math.dist(numbers, (a, b)) < 1e-3:
            return hint
    if abs(a - 2) < 1e-3:
        return "a is right: u_t and u_xx agree. Now u u_x, of exponent 2 b - 1."
    if abs(b - a - (2 * b - 1)) < 1e-3:
        return "u_t and u u_x agree, but u_xx has the exponent b - 2."
    return "u_t has the exponent b - a, u u_x has 2 b - 1 and u_xx has b - 2: make them equal."
