import math

import pytest
import torch

import symtutor as st
from symtutor.checks import check


def cosines(values, weights, detach=True):
    first = values.detach() if detach else values
    return torch.einsum("q,qad,qbd->ab", weights, first, values)


def right_loss(values, weights):
    return torch.arcsin(cosines(values, weights).abs().triu(1)).sum(0)


def of(function, side=1):
    """A loss from the matrix of inner products."""
    return lambda values, weights: function(cosines(values, weights)).triu(side).sum(0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (of(lambda c: torch.arcsin(c.clamp(-1, 1))), "absolute value"),
        (of(torch.abs), "these are the cosines"),
        (of(lambda c: torch.arccos(c.abs().clamp(max=1))), "arccos"),
        (of(torch.square), "square nothing"),
        (lambda v, w: right_loss(v.flip(1), w).flip(0), "the later ones"),
        (lambda v, w: right_loss(v, w) + right_loss(v.flip(1), w).flip(0), "all others"),
        (of(lambda c: torch.arcsin(c.abs().clamp(max=1)), side=0), "with itself"),
        (lambda v, w: right_loss(v, torch.full_like(w, 1 / len(w))), "weights of the points"),
        (lambda v, w: right_loss(v, w).sum(), "shape (4,)"),
        (lambda v, w: 2 * right_loss(v, w), "sum_{a<b}"),
        (lambda v, w: right_loss(v.detach(), w), "no gradient reaches any slot"),
        (
            lambda v, w: torch.arcsin(cosines(v, w, detach=False).abs().triu(1)).sum(0),
            "the earlier slots are pushed",
        ),
        (
            lambda v, w: torch.arcsin(cosines(v, w).T.abs().triu(1)).sum(0),
            "the wrong slot is detached",
        ),
        (
            lambda v, w: right_loss(v, w).detach() + 0 * v.sum(),
            "compare the gradient",
        ),
    ],
)
def test_orthonormality_hints(answer, hint, refused):
    refused("ex-orthonormality-loss", answer, hint)


def test_orthonormality_right():
    assert check("ex-orthonormality-loss", right_loss).passed
    assert check("ex-orthonormality-loss", st.orthonormality).passed


def gradient(f, points):
    return torch.func.vmap(torch.func.grad(f))(points)


def quarter_turn(f, points):
    first, second = gradient(f, points).unbind(-1)
    return torch.stack([-second, first], dim=-1)


def by_differences(f, points, h=1e-5):
    steps = h * torch.eye(2, dtype=points.dtype)
    first, second = ((f(points + step) - f(points - step)) / (2 * h) for step in steps)
    return torch.stack([-second, first], dim=-1)


def rms(vectors):
    return vectors.square().sum(-1).mean().sqrt()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (gradient, "changes fastest"),
        (lambda f, z: -quarter_turn(f, z), "clockwise"),
        (lambda f, z: gradient(f, z).flip(-1), "needs a minus sign"),
        (
            lambda f, z: quarter_turn(f, z) / quarter_turn(f, z).norm(dim=-1, keepdim=True),
            "keep the length",
        ),
        (lambda f, z: quarter_turn(f, z) / rms(quarter_turn(f, z)), "over the points"),
        (lambda f, z: torch.stack([-z[:, 1], z[:, 0]], dim=-1), "(-df/dx2, df/dx1)"),
        (lambda f, z: f(z), "shape (12, 2)"),
    ],
)
def test_tangent_hints(answer, hint, refused):
    refused("ex-tangent-fields", answer, hint)


def test_tangent_right():
    assert check("ex-tangent-fields", quarter_turn).passed
    assert check("ex-tangent-fields", by_differences).passed


def system(Q, rule):
    d = len(Q)
    units = torch.eye(d * d, dtype=Q.dtype).reshape(-1, d, d)
    return int(torch.linalg.matrix_rank(torch.stack([rule(A, Q).flatten() for A in units])))


def condition(A, Q):
    return A.T @ Q + Q @ A


def formula(Q):
    d, r = len(Q), int(torch.linalg.matrix_rank(Q))
    return r * (r - 1) // 2 + d * (d - r)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda Q: math.comb(len(Q), 2), "full rank"),
        (lambda Q: math.comb(int(torch.linalg.matrix_rank(Q)), 2), "null space counts"),
        (lambda Q: system(Q, condition), "number of conditions"),
        (lambda Q: len(Q) ** 2 - system(Q, lambda A, Q: A @ Q + Q @ A), "transposed in one"),
        (lambda Q: len(Q) ** 2 - system(Q, lambda A, Q: A.T @ Q - Q @ A), "are added"),
        (lambda Q: len(Q) ** 2 - system(Q, lambda A, Q: A @ Q - Q @ A), "commute with Q"),
        (lambda Q: 1, "independent solutions"),
        (lambda Q: Q, "one number"),
    ],
)
def test_count_hints(answer, hint, refused):
    refused("ex-count-linear-symmetries", answer, hint)


def test_count_right():
    assert check("ex-count-linear-symmetries", formula).passed
    assert check("ex-count-linear-symmetries", lambda Q: len(Q) ** 2 - system(Q, condition)).passed
