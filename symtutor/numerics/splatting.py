r"""Splats: every moved point spreads its value over the cells around it.

Points are given by x in periods and, for the published splats, t in rows of the grid.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .sampling import BLOCK, modes

SUPPORT = 0.8
"""Least share of a unit of weight that every cell of a trusted row must have received."""


def splat(x: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    """Dirichlet splat divided by its support, and which rows received enough. x in periods."""
    n = x.shape[-1]
    weights = torch.stack([u, torch.ones_like(u)], dim=-2)
    value, support = torch.fft.irfft(modes(x, weights, n // 2 + 1), n=n).unbind(-2)
    enough = support.detach() > SUPPORT
    return value / torch.where(enough, support, torch.ones_like(support)), enough.all(-1)


def _hats(position: Tensor, size: int, periodic: bool) -> list[tuple[Tensor, Tensor]]:
    """The two cells next to a position, and the weights of a hat function in each."""
    low = position.detach().floor()
    cells = []
    for cell, weight in ((low, low + 1 - position), (low + 1, position - low)):
        if periodic:
            cells.append((cell.remainder(size).long(), weight))
        else:
            within = (cell >= 0) & (cell < size)
            cells.append((cell.clamp(0, size - 1).long(), weight * within))
    return cells


def _waves(x: Tensor, row: Tensor, weights: Tensor, rows: int, n: int) -> Tensor:
    """Modes "rows modes 2" of points "p" with weights "p 2", shared out by hats of their row."""
    turns = x[:, None] * torch.arange(n // 2 + 1, dtype=x.dtype, device=x.device)
    angle = -2 * math.pi * (turns - turns.detach().round())
    part = torch.complex(angle.cos(), angle.sin())[..., None] * weights[:, None]
    sums = part.new_zeros(rows, *part.shape[1:])
    for target, share in _hats(row, rows, periodic=False):
        sums = sums.index_add(0, target, part * share[:, None, None])
    return sums


def _squares(x: Tensor, row: Tensor, weights: Tensor, rows: int, n: int) -> Tensor:
    """Cells "b rows n 2" that points "b p" with weights "b p 2" share out by hats, both ways."""
    sums = weights.new_zeros(len(x), rows, n, 2)
    item = torch.arange(len(x), device=x.device)[:, None]
    for target, share in _hats(row, rows, periodic=False):
        for column, near in _hats(x * n, n, periodic=True):
            part = weights * (share * near)[..., None]
            sums = sums.index_put((item, target, column), part, accumulate=True)
    return sums


def squares(
    x: Float[Tensor, "b p"],
    row: Float[Tensor, "b p"],
    u: Float[Tensor, "b p"],
    *,
    rows: int,
    columns: int,
) -> tuple[Float[Tensor, "b rows columns"], Float[Tensor, "b rows columns"]]:
    """What bilinear splats of points add to every cell: u times the weights, and the weights.

    x in periods, `row` in rows of the grid. Points that are not finite add nothing.
    """
    finite = x.isfinite() & row.isfinite() & u.isfinite()
    x, row, u = (torch.where(finite, v, 0.0) for v in (x, row, u))
    weights = torch.stack([u, torch.ones_like(u)], dim=-1) * finite[..., None]
    total, support = _squares(x, row, weights, rows, columns).unbind(-1)
    return total, support


def splat_space_time(moved: Tensor, times: Tensor, dirichlet: bool) -> tuple[Tensor, Tensor]:
    """Every moved point adds u times its weights to the cells around it; nothing is divided.

    The weights are hat functions in t and, in x, the Dirichlet kernel or hats. `moved` "b time
    space 3" with x in periods; returns values "b time space" and rows "b time".
    """
    rows, n = moved.shape[1:3]
    values, enough = [], []
    for points in moved.flatten(1, 2):
        sums = torch.zeros((), dtype=moved.dtype, device=moved.device)
        for x, t, u in (block.unbind(-1) for block in points.split(max(1, BLOCK // (2 * n)))):
            row = (t - times[0]) / (times[1] - times[0])
            weights = torch.stack([u, torch.ones_like(u)], dim=-1)
            if dirichlet:
                sums = sums + _waves(x, row, weights, rows, n)
            else:
                sums = sums + _squares(x[None], row[None], weights[None], rows, n)[0]
        value, support = (torch.fft.irfft(sums, n=n, dim=1) if dirichlet else sums).unbind(-1)
        values.append(value)
        enough.append((support.detach() > SUPPORT).all(-1))
    return torch.stack(values), torch.stack(enough)
