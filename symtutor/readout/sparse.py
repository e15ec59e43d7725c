r"""A basis of a span in which every generator has few terms.

The rows of B hold the coefficients of the generators: 1 at the row's own pivot, 0 at the pivots of
the other rows, 0 outside the row's support. B minimises what its generators leave of an orthonormal
basis Z of the span, $\min_A\|Z-TB^{\mathsf T}A\|$ with the library T, by the method of Gauss and
Newton with A projected out (Kaufman 1975, BIT 15, 49-57).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .selection import FLOOR, PLAIN, Rule, needed_columns, pivots, regress, smallest, span_basis

STEPS, HALVINGS = 40, 6


class Row(NamedTuple):
    """One generator: the column whose coefficient is 1, and all columns that it has."""

    pivot: int
    support: tuple[int, ...]


class Fit(NamedTuple):
    """Generators fitted to a span.

    Attributes:
        coefficients: B, 1 at the pivots.
        error: what they leave of the span.
        room: how far a coefficient has to move to leave as much as 1 more, to first order.
    """

    coefficients: Float[Tensor, "n m"]
    error: float
    room: Float[Tensor, "n m"]


def _start(columns: Tensor, span: Tensor, rows: Sequence[Row]) -> Tensor:
    """Reduced row echelon form of the span's least-squares coefficients, without small print."""
    union = sorted({j for row in rows for j in row.support})
    found, *_ = regress(columns[:, union], span)
    leading = found[[union.index(row.pivot) for row in rows]]
    echelon = torch.linalg.lstsq(leading.mT, found.mT, driver="gelsd").solution
    result = columns.new_zeros(len(rows), columns.shape[1])
    for i, row in enumerate(rows):
        for j in row.support:
            result[i, j] = 1.0 if j == row.pivot else echelon[i, union.index(j)]
    return result


def _error(columns: Tensor, span: Tensor, coefficients: Tensor) -> float:
    """What generators leave of a span."""
    q, _ = torch.linalg.qr(columns @ coefficients.mT)
    return (span - q @ (q.mT @ span)).norm().item()


def fit_rows(
    columns: Float[Tensor, "c m"],
    span: Float[Tensor, "c n"],
    rows: Sequence[Row],
    start: Float[Tensor, "n m"] | None = None,
) -> Fit:
    """The generators with the given pivots and supports that are nearest to a span.

    Args:
        columns: the library.
        span: orthonormal.
        rows: as many as the span has dimensions.
        start: coefficients to start from; those outside the supports are ignored.

    Example:
        >>> span = torch.tensor([[0.6], [0.8], [0.0]]).double()
        >>> fit_rows(torch.eye(3).double(), span, [Row(0, (0, 1))]).coefficients.round(decimals=6)
        tensor([[1.0000, 1.3333, 0.0000]], dtype=torch.float64)
    """
    places = [(i, j) for i, row in enumerate(rows) for j in row.support if j != row.pivot]
    allowed = columns.new_zeros(len(rows), columns.shape[1])
    for i, row in enumerate(rows):
        allowed[i, list(row.support)] = 1.0
    b = (_start(columns, span, rows) if start is None else start) * allowed
    error, room = _error(columns, span, b), torch.zeros_like(b)
    if not places:
        return Fit(b, error, room)
    which, what = (torch.tensor(index) for index in zip(*places, strict=True))
    for _ in range(STEPS):
        q, triangle = torch.linalg.qr(columns @ b.mT)
        mixing = torch.linalg.pinv(triangle) @ (q.mT @ span)
        free = columns[:, what] - q @ (q.mT @ columns[:, what])
        jacobian = torch.einsum("cp,pn->cnp", free, mixing[which]).flatten(0, 1)
        inverse = torch.linalg.pinv(jacobian)
        step = inverse @ (span - q @ (q.mT @ span)).flatten()
        room[which, what] = inverse.norm(dim=1)
        better = _descend(columns, span, b, (which, what), step, error)
        if better is None:
            break
        done = error - better[1] < 1e-9 * error
        b, error = better
        if done:
            break
    return Fit(b, error, room)


def _descend(
    columns: Tensor,
    span: Tensor,
    b: Tensor,
    places: tuple[Tensor, Tensor],
    step: Tensor,
    error: float,
) -> tuple[Tensor, float] | None:
    """Coefficients after the longest step that lowers the error, with it; or None."""
    for k in range(HALVINGS):
        moved = b.clone()
        moved[places] += step / 2**k
        new = _error(columns, span, moved)
        if new < error:
            return moved, new
    return None


def thinned(
    columns: Float[Tensor, "c m"],
    span: Float[Tensor, "c n"],
    rows: Sequence[Row],
    rule: Rule = PLAIN,
) -> list[Row]:
    """Rows without the coefficients that are not missed, by backward elimination."""
    rows = list(rows)
    found = fit_rows(columns, span, rows)
    path, errors = [rows], [found.error]
    while any(len(row.support) > 1 for row in rows):
        places = [(i, j) for i, row in enumerate(rows) for j in row.support if j != row.pivot]
        part = torch.stack(
            [found.coefficients[p] / found.room[p].clamp(min=1e-300) for p in places]
        )
        missed = (part.square() + found.error**2).sqrt()
        free = torch.nonzero(missed < FLOOR)
        i, j = places[int(free[-1] if len(free) else missed.argmin())]
        rows = list(rows)
        rows[i] = Row(rows[i].pivot, tuple(k for k in rows[i].support if k != j))
        found = fit_rows(columns, span, rows, found.coefficients)
        path.append(rows)
        errors.append(found.error)
    return path[smallest(errors, rule)]


def sparse_basis(
    columns: Float[Tensor, "c m"],
    fields: Float[Tensor, "c n"],
    rule: Rule = PLAIN,
) -> list[Row]:
    """Which columns each generator of a sparse basis has: a row echelon form that bears noise.

    Args:
        columns: of the library, the simplest first; they become pivots.
        fields: any generators of the span.
        rule: for the number of terms.

    Raises:
        ValueError: if the fields are linearly dependent.

    Example:
        >>> mixed = torch.tensor([[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]]).double()
        >>> sparse_basis(torch.eye(3).double(), mixed)
        [Row(pivot=0, support=(0, 1)), Row(pivot=2, support=(2,))]
    """
    span = span_basis(fields)
    support = needed_columns(columns, span, rule)
    leading = pivots(columns, span, support)
    rows = [
        Row(pivot, tuple(j for j in support if j == pivot or j not in leading)) for pivot in leading
    ]
    return thinned(columns, span, rows, rule)
