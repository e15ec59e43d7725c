import math

import pytest
import torch

from symtutor import MatrixField, lie_bracket
from symtutor.checks import check


def columns(function):
    return lambda points, s: torch.stack(function(points[..., 0], points[..., 1], s), dim=-1)


right_shear = columns(lambda x1, x2, s: (x1 + s * x2, x2))


def spoil_input(points, s):
    points[..., 0] += s * points[..., 1]
    return points


def first_axis_only(points, s):
    return torch.stack([points[:, 0] + s * points[:, 1], points[:, 1]], dim=1)


def first_axis_only_quietly(points, s):
    moved = points.clone()
    moved[0] += s * 0
    return right_shear(points, s) if points.ndim == 2 else moved


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (columns(lambda x1, x2, s: (x1, x2 + s * x1)), "flow of L6"),
        (columns(lambda x1, x2, s: (x1 - s * x2, x2)), "sign of s"),
        (columns(lambda x1, x2, s: (s * x2, 0 * x2)), "displacement"),
        (columns(lambda x1, x2, s: (x2, 0 * x2)), "the field itself"),
        (columns(lambda x1, x2, s: (x1 * math.exp(s), x2)), "rate x2, not x1"),
        (columns(lambda x1, x2, s: (x1 + s * x2, x2 + s * x1)), "x2 must not change"),
        (columns(lambda x1, x2, s: (x1 + s * x2**2, x2)), "The largest error is"),
        (spoil_input, "changes the points"),
        (first_axis_only, "IndexError"),
        (first_axis_only_quietly, r"shape (2,) come out wrong"),
        (torch.zeros(7, 2), "must be a function of (points, s), not Tensor"),
    ],
)
def test_shear_flow_hints(answer, hint, refused):
    refused("ex-shear-flow", answer, hint)


def test_shear_flow_right():
    assert check("ex-shear-flow", right_shear).passed
    matrix = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    assert check("ex-shear-flow", lambda x, s: x @ torch.matrix_exp(s * matrix).T).passed


M = torch.tensor([[0.2, -1.0], [1.0, 0.2]])
J = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
EYE = torch.eye(2)
CENTRE = torch.tensor([0.5, 0.0])
SHIFT = -M @ CENTRE


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ((M.T, -M.T @ CENTRE), "sign of the rotation"),
        ((J, -J @ CENTRE), "expansion is missing: "),
        ((-J, J @ CENTRE), "expansion is missing, too"),
        ((0.2 * EYE, -0.2 * CENTRE), "rotation is missing"),
        ((J - 0.2 * EYE, SHIFT), "expansion has the wrong sign"),
        ((0.2 * EYE + math.radians(1) * J, SHIFT), "in radians"),
        ((torch.matrix_exp(M), SHIFT), "generator is the derivative"),
        ((1.2 * EYE + J, SHIFT), "not 1.2"),
        ((3 * EYE, SHIFT), "rotation by 90 degrees"),
        ((M, 0 * SHIFT), "centre is forgotten"),
        ((M, CENTRE), "not the centre itself"),
        ((M, -CENTRE), "not minus the centre"),
        ((M, -SHIFT), "sign of the shift"),
        ((M, 2 * SHIFT), "vanish at the centre (0.5, 0)"),
        ((SHIFT, M), "the matrix must have shape (2, 2)"),
        ((M, SHIFT[None]), "the shift must have shape (2,)"),
        (M, "must be a pair"),
    ],
)
def test_spiral_hints(answer, hint, refused):
    refused("ex-spiral-generator", answer, hint)


@pytest.mark.parametrize("answer", [(M, SHIFT), ([[0.2, -1], [1, 0.2]], [-0.1, -0.5])])
def test_spiral_right(answer):
    assert check("ex-spiral-generator", answer).passed


def test_the_right_spiral_turns_and_expands_as_the_question_says():
    """At angle pi/2 a point right of the centre stands above it, exp(0.2 pi/2) times as far."""
    augmented = torch.zeros(3, 3)
    augmented[:2, :2], augmented[:2, 2] = M, SHIFT
    end = torch.matrix_exp(math.pi / 2 * augmented) @ torch.tensor([1.5, 0.0, 1.0])
    expected = torch.tensor([0.5, math.exp(0.1 * math.pi), 1.0])
    torch.testing.assert_close(end, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda a, b: a @ b - b @ a, "the opposite sign"),
        (lambda a, b: a @ b + b @ a, "bracket is a difference"),
        (lambda a, b: b @ a, "the first term only"),
        (lambda a, b: a @ b, "the second term only"),
        (lambda a, b: b * a - a * b, "entry by entry"),
        (lambda a, b: (b @ a - a @ b).T, "transpose"),
        (lambda a, b: 2 * (b @ a - a @ b), "derivative of B x in direction A x"),
        (lambda a, b: (b @ a - a @ b)[0], "must have shape (2, 2)"),
    ],
)
def test_bracket_hints(answer, hint, refused):
    refused("ex-bracket", answer, hint)


def test_bracket_right_and_equal_to_the_bracket_of_the_fields(generator):
    assert check("ex-bracket", lambda a, b: b @ a - a @ b).passed

    def by_derivatives(a, b):
        points = torch.eye(2)
        return lie_bracket(MatrixField(a[None]), MatrixField(b[None]), points)[:, 0, 0].T

    assert check("ex-bracket", by_derivatives).passed
