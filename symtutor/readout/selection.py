r"""Which terms a span of fields needs, and which of them tell its generators apart.

The error of a set of terms is what it leaves of an orthonormal basis of the span (the root of the
sum of the squared sines of the principal angles). Terms are removed one by one, always the one that
is missed least, and of the path the smallest set is taken after which no further term helps much.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

FLOOR, CEILING = 1e-10, 0.1
"""Errors below FLOOR are held for none; above CEILING none is accepted if terms are left."""
PIVOT = 1e-3
EXCHANGED, WORTH = 16, 1.2
"""Sets of how many columns are improved by exchanges, and by what factor one must help."""


class Rule(NamedTuple):
    r"""When a set of terms is good enough.

    With a tolerance: if its error is no larger. Without one, if its error $\theta$ is at most
    `CEILING` (or half as much again as the full set's, if that is larger) and no m further terms
    take it below $\theta/h^m$.

    Attributes:
        tolerance: error to allow.
        helps: h, how many times smaller a term that is worth having makes the error.
    """

    tolerance: float | None = None
    helps: float = 10.0


PLAIN = Rule()


def smallest(errors: Sequence[float], rule: Rule = PLAIN) -> int:
    r"""Where on a path of removals to stop: the index of the smallest set that is good enough.

    Args:
        errors: of sets that lose one term after the other, the full one first; below `FLOOR` they
            count as that.
        rule: for what is good enough. If no set is, the full one has to do.

    Example:
        >>> smallest([1e-9, 2e-9, 3e-9, 0.3, 0.8]), smallest([0.01, 0.012, 0.03, 0.02, 0.7])
        (2, 3)
    """
    if rule.tolerance is not None:
        return max((i for i, error in enumerate(errors) if error <= rule.tolerance), default=0)
    theta = [max(error, FLOOR) for error in errors]
    ceiling = max(CEILING, 1.5 * theta[0])
    for i in reversed(range(len(theta))):
        helped = any(theta[j] * rule.helps ** (i - j) < theta[i] for j in range(i))
        if theta[i] <= ceiling and not helped:
            return i
    return 0


def span_basis(fields: Float[Tensor, "c n"]) -> Float[Tensor, "c n"]:
    """An orthonormal basis of the span.

    Raises:
        ValueError: if the fields are linearly dependent.

    Example:
        >>> span_basis(torch.tensor([[2.0], [0.0]])).abs().tolist()
        [[1.0], [0.0]]
    """
    left, sizes, _ = torch.linalg.svd(fields, full_matrices=False)
    rank = int((sizes > 1e-9 * sizes[0]).sum())
    if rank < fields.shape[1]:
        raise ValueError(
            f"the {fields.shape[1]} generators span only {rank} dimension(s) on these points; "
            "leave out those that are combinations of others, or pass span=False"
        )
    return left


def regress(columns: Tensor, targets: Tensor) -> tuple[Tensor, Tensor, float]:
    """Coefficients, the distance of every column from the others, and the norm left over.

    Example:
        >>> regress(torch.eye(2).double(), torch.ones(2, 1).double())[1].tolist()
        [1.0, 1.0]
    """
    q, triangle = torch.linalg.qr(columns)
    unit = torch.eye(triangle.shape[1], dtype=triangle.dtype)
    inverse = torch.linalg.solve_triangular(triangle, unit, upper=True)
    inside = q.mT @ targets
    left = (targets - q @ inside).norm().item()
    return inverse @ inside, 1 / inverse.norm(dim=1), left


def needed_columns(
    columns: Float[Tensor, "c m"],
    span: Float[Tensor, "c n"],
    rule: Rule = PLAIN,
) -> tuple[int, ...]:
    """The columns that the whole span needs, by backward elimination with exchanges.

    Of the columns that can go without a trace, the last goes first. Sets of at most `EXCHANGED`
    columns have them exchanged for others as long as this helps: among functions that resemble
    one another, the first to go may have been the right ones.

    Example:
        >>> needed_columns(torch.eye(4).double(), torch.eye(4).double()[:, [3, 1]])
        (1, 3)
    """
    support = list(range(columns.shape[1]))
    path, errors = [], []
    while True:
        coefficients, apart, left = regress(columns[:, support], span)
        while left > FLOOR and len(support) <= EXCHANGED:
            better = _exchanged(columns, span, support)
            new = regress(columns[:, better], span)
            if new[-1] > left / WORTH:
                break
            support, (coefficients, apart, left) = better, new
        path.append(tuple(support))
        errors.append(left)
        if len(support) <= span.shape[1]:
            return path[smallest(errors, rule)]
        missed = (left**2 + (coefficients.norm(dim=1) * apart).square()).sqrt()
        free = torch.nonzero(missed < FLOOR)
        del support[int(free[-1] if len(free) else missed.argmin())]


def _exchanged(columns: Tensor, span: Tensor, support: Sequence[int]) -> list[int]:
    """The set with one column exchanged for the one that helps most."""
    best, least = list(support), math.inf
    for j in support:
        rest = [k for k in support if k != j]
        q, _ = torch.linalg.qr(columns[:, rest])
        left, free = span - q @ (q.mT @ span), columns - q @ (q.mT @ columns)
        sizes = free.norm(dim=0)
        gain = (free.mT @ left).norm(dim=1) / sizes.clamp(min=FLOOR)
        gain[sizes < FLOOR] = 0.0
        error = (left.square().sum() - gain.max().square()).item()
        if error < least:
            best, least = sorted([*rest, int(gain.argmax())]), error
    return best


def pivots(
    columns: Float[Tensor, "c m"], span: Float[Tensor, "c n"], support: Sequence[int]
) -> tuple[int, ...]:
    """The first columns, in their order, whose coefficients tell the generators apart.

    A column is taken if the generator that it stands for would be missed without it: more than
    `PIVOT`, and three times more than what the columns leave of the span anyway.
    """
    coefficients, apart, left = regress(columns[:, list(support)], span)
    coefficients, n = coefficients * apart[:, None], span.shape[1]
    threshold, chosen = max(PIVOT, 3 * left), []
    while len(chosen) < n:
        sizes = coefficients.norm(dim=1)
        sizes[chosen] = 0.0
        large = torch.nonzero(sizes > threshold)
        j = int(large[0] if len(large) else sizes.argmax())
        direction = coefficients[j] / coefficients[j].norm().clamp(min=1e-300)
        coefficients = coefficients - (coefficients @ direction)[:, None] * direction
        chosen.append(j)
    return tuple(sorted(support[j] for j in chosen))
