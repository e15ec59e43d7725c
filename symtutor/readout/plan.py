"""Which generators to write with which terms, and what other estimates make of them."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..numerics.linalg import principal_angles
from .design import Design, Samples, design
from .selection import Rule, span_basis
from .sparse import Row, fit_rows, sparse_basis


class Plan(NamedTuple):
    """The generators to write: those of each block are fitted to the span of its sources."""

    sources: list[list[int]]
    blocks: list[list[Row]]

    @property
    def rows(self) -> list[Row]:
        """All generators."""
        return [row for block in self.blocks for row in block]


def fitted(made: Design, plan: Plan, start: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Coefficients in unit columns "n m", and the room that the error left gives each."""
    found, first = [], 0
    for source, block in zip(plan.sources, plan.blocks, strict=True):
        own = None if start is None else start[first : first + len(block)]
        found.append(fit_rows(made.columns, span_basis(made.fields[:, source]), block, own))
        first += len(block)
    room = torch.cat([fit.room * fit.error for fit in found])
    return torch.cat([fit.coefficients for fit in found]), room


def in_units(coefficients: Tensor, made: Design, plan: Plan) -> Tensor:
    """Coefficients "n k d" in the units of the coordinates, 1 at every pivot."""
    units = made.units.reshape(-1)
    leading = units[[row.pivot for row in plan.rows]]
    return (coefficients * units / leading[:, None]).reshape(-1, *made.units.shape)


def estimated(
    samples: Samples,
    others: Sequence[Samples],
    plan: Plan,
    start: Float[Tensor, "n m"],
    resamples: int,
    seed: int,
) -> Float[Tensor, "r n k d"]:
    """The same read-out of every replica, or else of bootstrap samples of the points."""
    if others:
        designs = [design(other) for other in others]
    else:
        g, count = torch.Generator().manual_seed(seed), len(samples.omega)
        drawn = torch.randint(count, (resamples, count), generator=g)
        counts = torch.stack([torch.bincount(row, minlength=count) for row in drawn])
        weights = counts * samples.omega
        designs = (design(samples, w / w.sum()) for w in weights)
    return torch.stack([in_units(fitted(made, plan, start)[0], made, plan) for made in designs])


class Settled(NamedTuple):
    """What is to be written, in the units of the coordinates.

    Attributes:
        plan: the generators with the terms they keep.
        values: coefficients, 1 at every pivot.
        low, high: percentiles of their estimates.
        room: how far each can move before the generators turn as much as they are away already.
    """

    plan: Plan
    values: Float[Tensor, "n k d"]
    low: Float[Tensor, "n k d"]
    high: Float[Tensor, "n k d"]
    room: Float[Tensor, "n k d"]


def settled(
    samples: Samples,
    others: Sequence[Samples],
    plan: Plan,
    level: float,
    resamples: int,
    seed: int,
) -> Settled:
    """The plan without terms whose interval covers 0; one goes at a time.

    Args:
        samples: of the field.
        others: of its replicas; if there are none, points are resampled.
        plan: to start from.
        level: of the intervals.
        resamples: number of bootstrap samples.
        seed: of these.
    """
    made = design(samples)
    while True:
        unit, room = fitted(made, plan)
        values = in_units(unit, made, plan)
        estimates = estimated(samples, others, plan, unit, resamples, seed)
        tails = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=estimates.dtype)
        low, high = estimates.quantile(tails, dim=0)
        place = _least(plan, values.flatten(1), low.flatten(1), high.flatten(1))
        if place is None:
            return Settled(plan, values, low, high, in_units(room, made, plan))
        plan = _without(plan, place)


def _least(plan: Plan, values: Tensor, low: Tensor, high: Tensor) -> tuple[int, int] | None:
    """The coefficient whose interval covers 0, and which is smallest in its units; or None."""
    found: list[tuple[float, tuple[int, int]]] = []
    for i, row in enumerate(plan.rows):
        for j in row.support:
            width = (high[i, j] - low[i, j]).item()
            if j != row.pivot and low[i, j] <= 0 <= high[i, j]:
                found.append((abs(values[i, j].item()) / max(width, 1e-300), (i, j)))
    return min(found)[1] if found else None


def _without(plan: Plan, place: tuple[int, int]) -> Plan:
    """The plan without one column of one generator."""
    rows = iter(
        Row(row.pivot, tuple(j for j in row.support if (i, j) != place))
        for i, row in enumerate(plan.rows)
    )
    return Plan(plan.sources, [[next(rows) for _ in block] for block in plan.blocks])


def planned(made: Design, span: bool, rule: Rule) -> Plan:
    """What to write: a sparse basis of the span, or every generator on its own."""
    n = made.fields.shape[1]
    sources = [list(range(n))] if span else [[i] for i in range(n)]
    blocks = [sparse_basis(made.columns, made.fields[:, chosen], rule) for chosen in sources]
    return Plan(sources, blocks)


def largest_angle(made: Design, plan: Plan, written: Float[Tensor, "n k d"]) -> float:
    """Largest principal angle between what is written and what was given."""
    columns = made.columns @ (written / made.units).flatten(1).mT
    pairs = ((columns[:, chosen], made.fields[:, chosen]) for chosen in plan.sources)
    return max(principal_angles(a, b)[-1].item() for a, b in pairs)
