"""Checks of the chapter One-parameter groups."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import agrees, diagnose, exercise, function, tensor


@exercise("ex-shear-flow", question="Write the flow of L5 = (x2, 0) as a function of points and s.")
def shear_flow(answer: Any, generator: Generator) -> str | None:
    """(x1, x2) -> (x1 + s x2, x2), for any batch shape."""
    flow = function(answer, "points, s")
    points, s = torch.randn(7, 2, generator=generator), 0.7
    kept = points.clone()
    got = tensor(flow(points, s), (7, 2), "the moved points")
    if not torch.equal(points, kept):
        return "your function changes the points it is given; build a new tensor, e.g. torch.stack."
    x1, x2 = points.unbind(-1)

    def pair(first: Tensor, second: Tensor) -> Tensor:
        return torch.stack([first, second], dim=-1)

    mistakes = {
        "this is the flow of L6 = (0, x1): here x1 moves, at the rate x2.": pair(x1, x2 + s * x1),
        "the sign of s is wrong: where x2 > 0, x1 grows with s.": pair(x1 - s * x2, x2),
        "this is the displacement; the flow also keeps the point it starts from.": pair(
            s * x2, torch.zeros_like(x2)
        ),
        "this is the field itself; solve dx/ds = (x2, 0) from the starting point.": pair(
            x2, torch.zeros_like(x2)
        ),
        "x1 moves at the rate x2, not x1: solve dx1/ds = x2 with x2 constant.": pair(
            x1 * math.exp(s), x2
        ),
        "the second component of the field is 0, so x2 must not change.": pair(
            x1 + s * x2, x2 + s * x1
        ),
    }
    hint = diagnose(got, pair(x1 + s * x2, x2), mistakes, "x2 stays and x1 moves at the rate x2.")
    if hint:
        return hint
    for shape in [(2,), (3, 4, 2)]:
        more = torch.randn(shape, generator=generator)
        moved = flow(more, -0.3)
        right = more + torch.stack([-0.3 * more[..., 1], torch.zeros_like(more[..., 0])], dim=-1)
        if not agrees(moved, right):
            return f"points of shape {shape} come out wrong; use points[..., 0] and points[..., 1]."
    return None


@exercise(
    "ex-spiral-generator",
    question="Give (matrix, shift) of the field that turns counter-clockwise about (0.5, 0) at "
    "unit angular speed while it expands away from that point at the rate 0.2.",
)
def spiral_generator(answer: Any, generator: Generator) -> str | None:
    """z' = M (z - c) = M z - M c with M = 0.2 I + J and c = (0.5, 0)."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "the answer must be a pair (matrix, shift)."
    matrix = tensor(answer[0], (2, 2), "the matrix")
    shift = tensor(answer[1], (2,), "the shift")
    eye, turn = torch.eye(2), torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    right, centre = 0.2 * eye + turn, torch.tensor([0.5, 0.0])
    clockwise = "the sign of the rotation is wrong: counter-clockwise, (1, 0) moves towards (0, 1)."
    mistakes = {
        clockwise: 0.2 * eye - turn,
        "the expansion is missing: without it, orbits are circles.": turn,
        "the rotation is missing: without it, orbits are rays from the centre.": 0.2 * eye,
        "the expansion has the wrong sign: away from the centre, the rate is +0.2.": (
            turn - 0.2 * eye
        ),
        "the angular speed is in radians; do not convert it from degrees.": (
            0.2 * eye + math.pi / 180 * turn
        ),
        "this is the flow at s = 1; its generator is the derivative at s = 0.": torch.matrix_exp(
            right
        ),
        "rate 0.2 means z' contains 0.2 (z - c): the flow grows like exp(0.2 s), not 1.2.": (
            1.2 * eye + turn
        ),
    }
    mistakes[clockwise + " The expansion is missing, too."] = -turn
    wrong = "write the matrix as a multiple of the identity plus a rotation by 90 degrees."
    hint = diagnose(matrix, right, mistakes, wrong)
    if hint:
        return hint
    shifts = {
        "without a shift the spiral turns about the origin: the centre is forgotten.": 0 * centre,
        "the shift is not the centre itself: expand M (z - c).": centre,
        "the shift is not minus the centre: expand M (z - c).": -centre,
        "the sign of the shift is wrong: the field must vanish at the centre.": right @ centre,
    }
    return diagnose(shift, -right @ centre, shifts, "the field must vanish at the centre (0.5, 0).")


@exercise(
    "ex-bracket",
    question="Write a function of matrices A and B that returns the matrix C of "
    "[V_A, V_B] = (V_A.grad) V_B - (V_B.grad) V_A, where V_A(x) = A x.",
)
def bracket(answer: Any, generator: Generator) -> str | None:
    """C = BA - AB: (V_A.grad) V_B is the derivative of B x along A x, which is B A x."""
    commutator = function(answer, "A, B")
    a, b = torch.randn(2, 2, 2, generator=generator).unbind()
    got = tensor(commutator(a, b), (2, 2), "the bracket")
    mistakes = {
        "this is AB - BA, the opposite sign: the derivative of B x along A x is B A x.": (
            a @ b - b @ a
        ),
        "this is AB + BA; the bracket is a difference and vanishes for A = B.": a @ b + b @ a,
        "this is BA, the first term only; subtract (V_B.grad) V_A.": b @ a,
        "this is AB, the second term only.": a @ b,
        "A * B multiplies entry by entry and commutes; matrices are multiplied by A @ B.": 0 * a,
        "this is the transpose of the bracket.": (b @ a - a @ b).T,
    }
    return diagnose(
        got, b @ a - a @ b, mistakes, "(V_A.grad) V_B is the derivative of B x in direction A x."
    )
