"""Checks of the chapter Learning a generator."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import Hint, close, diagnose, exercise, function, tensor

Loss = Callable[[Tensor, Tensor], Tensor]


def _cosines(values: Tensor, weights: Tensor, later: bool, earlier: bool = False) -> Tensor:
    """|<V_a, V_b>| "a b", with gradients to the later slot b, the earlier slot a, or both."""
    v = values if earlier else values.detach()
    w = values if later else values.detach()
    return torch.einsum("q,qad,qbd->ab", weights, v, w)


def _loss(values: Tensor, weights: Tensor, later: bool = True, earlier: bool = False) -> Tensor:
    cosines = _cosines(values, weights, later, earlier).abs()
    return torch.arcsin(cosines.triu(diagonal=1)).sum(0)


def _loss_mistakes(values: Tensor, weights: Tensor) -> dict[str, Tensor]:
    signed = _cosines(values, weights, later=True)
    cosines = signed.abs().clamp(max=1)
    even = _cosines(values, torch.full_like(weights, 1 / len(weights)), later=True)
    apart = torch.arcsin(cosines.triu(1)) + torch.arcsin(cosines.tril(-1))
    return {
        "take the absolute value of the inner product: -V is as parallel to V as V is.": (
            torch.arcsin(signed.triu(1)).sum(0)
        ),
        "these are the cosines; the loss is their arcsine.": cosines.triu(1).sum(0),
        "arccos is pi/2 for orthogonal slots; the loss is arcsin, which is 0 there.": (
            torch.arccos(cosines).triu(1).sum(0)
        ),
        "square nothing: the loss is the arcsine of |<V_a, V_b>|.": (
            cosines.square().triu(1).sum(0)
        ),
        "this compares every slot with the later ones; compare it with the earlier ones.": (
            torch.arcsin(cosines.tril(-1)).sum(0)
        ),
        "this compares every slot with all others; only the earlier ones count.": apart.sum(0),
        "a slot is compared with itself, too; leave that out.": (
            torch.arcsin(cosines.triu(1)).sum(0) + math.pi / 2
        ),
        "the weights of the points are ignored.": torch.arcsin(even.abs().clamp(max=1).triu(1)).sum(
            0
        ),
    }


@exercise(
    "ex-orthonormality-loss",
    question='Write the orthonormality loss of n slots as a function of values "q n d" and '
    'weights "q" that returns "n" numbers, with no gradient to earlier slots.',
)
def orthonormality_loss(answer: Any, generator: Generator) -> str | None:
    """Values and gradients of sum_{a<b} arcsin |<sg(V_a), V_b>|."""
    loss = function(answer, "values, weights")
    weights = torch.rand(30, generator=generator, dtype=torch.float64) + 0.1
    weights = weights / weights.sum()
    signs = torch.tensor([1.0, -1.0, 1.0, 1.0])[:, None]  # inner products of both signs
    drawn = torch.randn(30, 4, 2, generator=generator, dtype=torch.float64)
    values = signs * (drawn + 0.4)
    values = values / torch.einsum("q,qnd,qnd->n", weights, values, values).sqrt()[:, None]
    values.requires_grad_()
    result = loss(values, weights)
    got = tensor(result, (4,), "the loss")
    wanted = _loss(values, weights).detach()
    mistakes = {hint: value.detach() for hint, value in _loss_mistakes(values, weights).items()}
    hint = diagnose(got, wanted, mistakes, "compare with sum_{a<b} arcsin |<V_a, V_b>|.")
    if hint is not None:
        return hint
    if not isinstance(result, Tensor) or not result.requires_grad:
        raise Hint(
            "the values are right, but no gradient reaches any slot; detach the earlier slot only."
        )

    def gradient(total: Tensor) -> Tensor:
        return torch.autograd.grad(total.sum(), values, allow_unused=True)[0]

    got = gradient(result)
    if close(got, gradient(_loss(values, weights, later=True, earlier=True))):
        return (
            "the values are right, but the earlier slots are pushed, too; detach them in the "
            "inner product."
        )
    if close(got, gradient(_loss(values, weights, later=False, earlier=True))):
        return "the values are right, but the wrong slot is detached: the later one has to move."
    otherwise = "the values are right; compare the gradient with that of arcsin |<sg(V_a), V_b>|."
    return diagnose(got, gradient(_loss(values, weights)), {}, otherwise)


Scalar = Callable[[Tensor], Tensor]


def _wavy_function(generator: Generator) -> Scalar:
    """A random smooth function of the plane."""
    a, b, c, d, e = torch.randn(5, generator=generator, dtype=torch.float64).tolist()

    def wavy(z: Tensor) -> Tensor:
        x1, x2 = z[..., 0], z[..., 1]
        return a * x1.square() + b * x1 * x2 + torch.sin(c * x1 + d * x2) + e * x2**3

    return wavy


@exercise(
    "ex-tangent-fields",
    question='Write a function of f and points "q 2" that returns, at every point, the gradient '
    'of f turned by +90 degrees: (-df/dx2, df/dx1), "q 2".',
)
def tangent_fields(answer: Any, generator: Generator) -> str | None:
    """The quarter turn of the gradient, of a random function."""
    turned = function(answer, "f, points")
    wavy = _wavy_function(generator)
    points = torch.randn(12, 2, generator=generator, dtype=torch.float64)
    got = tensor(turned(wavy, points), (12, 2), "the field")
    gradient = torch.func.vmap(torch.func.grad(wavy))(points).float()
    first, second = gradient.unbind(-1)
    right = torch.stack([-second, first], dim=-1)
    mistakes = {
        "this is the gradient, along which f changes fastest; turn it by 90 degrees.": gradient,
        "this is turned clockwise; for |z|^2 the field should run counter-clockwise.": -right,
        "the derivatives are swapped, but one of them needs a minus sign.": gradient.flip(-1),
        "keep the length of the gradient; do not normalise.": (
            right / right.norm(dim=-1, keepdim=True)
        ),
        "do not normalise over the points.": right / right.square().sum(-1).mean().sqrt(),
    }
    otherwise = "the answer has to be (-df/dx2, df/dx1) at every point."
    return diagnose(got, right, mistakes, otherwise)


def _forms(generator: Generator) -> list[Tensor]:
    """Symmetric matrices of all kinds: definite, indefinite, degenerate, zero."""
    forms = []
    for signs in ([1, 1], [1, -1], [1, 1, 1], [1, -1, 0], [1, 1, 0, 0], [1, 1, -1, -1], [0, 0]):
        size = len(signs)
        mixing = torch.randn(size, size, generator=generator, dtype=torch.float64)
        frame = torch.linalg.qr(mixing)[0]
        lengths = 0.5 + torch.rand(size, generator=generator, dtype=torch.float64)
        diagonal = torch.tensor(signs, dtype=torch.float64) * lengths
        forms.append(frame @ diagonal.diag() @ frame.T)
    return forms


def _nullity(form: Tensor, action: Callable[[Tensor, Tensor], Tensor]) -> int:
    size = len(form)
    units = torch.eye(size**2, dtype=form.dtype).reshape(-1, size, size)
    columns = torch.stack([action(unit, form).flatten() for unit in units])
    return size**2 - int(torch.linalg.matrix_rank(columns, atol=1e-9))


@exercise(
    "ex-count-linear-symmetries",
    question='Write a function of a symmetric matrix Q "d d" that returns how many independent '
    "linear fields V(z) = A z leave z . Q z invariant.",
)
def count_linear_symmetries(answer: Any, generator: Generator) -> str | None:
    """The number of independent A with A^T Q + Q A = 0."""
    count = function(answer, "Q")
    forms = _forms(generator)

    def counts(rule: Callable[[Tensor], Any]) -> Tensor:
        return torch.stack([tensor(rule(form.clone()), (), "the number") for form in forms])

    def rank(form: Tensor) -> int:
        return int(torch.linalg.matrix_rank(form, atol=1e-9))

    right = counts(lambda Q: _nullity(Q, lambda A, Q: A.T @ Q + Q @ A))
    mistakes = {
        "d(d-1)/2 holds if Q has full rank; where Q z = 0, more fields are free.": counts(
            lambda Q: len(Q) * (len(Q) - 1) // 2
        ),
        "this counts the fields within the range of Q; any field along its null space counts, "
        "too.": counts(lambda Q: rank(Q) * (rank(Q) - 1) // 2),
        "this is the number of conditions (the rank); the answer is the dimension of what "
        "satisfies them.": counts(
            lambda Q: len(Q) ** 2 - _nullity(Q, lambda A, Q: A.T @ Q + Q @ A)
        ),
        "A has to be transposed in one of the two terms: A^T Q + Q A = 0.": counts(
            lambda Q: _nullity(Q, lambda A, Q: A @ Q + Q @ A)
        ),
        "the two terms are added: these are the matrices with A^T Q = Q A.": counts(
            lambda Q: _nullity(Q, lambda A, Q: A.T @ Q - Q @ A)
        ),
        "these are the matrices that commute with Q; the condition is A^T Q + Q A = 0.": counts(
            lambda Q: _nullity(Q, lambda A, Q: A @ Q - Q @ A)
        ),
    }
    otherwise = "count the independent solutions A of A^T Q + Q A = 0."
    return diagnose(counts(count), right, mistakes, otherwise)
