"""Derivatives on a grid in (x, t) that has been moved: the scheme of Ko, Kim and Lee (2024)."""

from collections.abc import Iterator, Sequence
from itertools import islice, product
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from .families import CENTRE, COLUMNS, FAMILIES, ROWS, SLOTS
from .solver import Solver, Weights

BLOCK = 8192  # points at a time on a CPU, so that their systems stay in the cache


def _blocks(grid: Tensor) -> Iterator[tuple[slice, slice]]:
    """Samples and interior rows of a grid "samples time space", some `BLOCK` points at a time."""
    samples, rows, columns = len(grid), grid.shape[1] - ROWS + 1, grid.shape[2] - COLUMNS + 1
    if grid.device.type != "cpu":
        yield slice(0, samples), slice(0, rows)
        return
    step = min(max(BLOCK // columns, 1), rows)
    several = max(BLOCK // (step * columns), 1)
    for first, row in product(range(0, samples, several), range(0, rows, step)):
        yield slice(first, min(first + several, samples)), slice(row, min(row + step, rows))


def _part(grid: Tensor, slot: int, block: tuple[slice, slice]) -> Tensor:
    """The neighbours in one window slot of all points in a block."""
    row, column = divmod(slot, COLUMNS)
    samples, rows = block
    columns = slice(column, grid.shape[-1] - COLUMNS + 1 + column)
    return grid[..., samples, row + rows.start : row + rows.stop, columns]


def _windows(grid: Tensor, block: tuple[slice, slice]) -> Tensor:
    """The points around all points of a block, "3 slots points"."""
    samples, rows = block
    part = grid[:, samples, rows.start : rows.stop + ROWS - 1]
    around = part.unfold(-2, ROWS, 1).unfold(-2, COLUMNS, 1)  # 3 b rows columns 3 5
    return around.permute(0, 4, 5, 1, 2, 3).reshape(len(grid), SLOTS, -1)


class _Deformed(torch.autograd.Function):
    """Interior x, t, u and the derivatives, of grids "3 samples time space"; weights are constants
    for the gradient."""

    @staticmethod
    def forward(ctx: Any, grid: Tensor, *options: Any) -> Tensor:
        families, length, spacing, kind = options
        solvers = [Solver(family, spacing, kind) for family in families]
        units = grid.new_tensor([spacing[1], spacing[0], 1.0])[:, None, None]
        results, kept = [], []
        for block in _blocks(grid[0]):
            windows = _windows(grid, block)
            centre = windows[:, CENTRE].clone()
            local = windows.sub_(centre[:, None])
            farthest = float(local[0].abs().amax())  # nan if any is
            if length is not None and not farthest <= length / 2:
                local[0] -= length * (local[0] / length).round_()
            local /= units
            parts = [solve(local, ctx.needs_input_grad[0]) for solve in solvers]
            results.append(torch.cat([centre, *(estimates for estimates, _ in parts)]))
            kept += [z for _, part in parts for z in part]
        ctx.save_for_backward(*kept, *[(r.sum(0) * 0 == 0) for r in results])
        ctx.shape, ctx.spacing, ctx.solvers = grid.shape, spacing, solvers
        out = grid.new_empty(len(results[0]), grid.shape[1], grid.shape[2] - 2, grid.shape[3] - 4)
        for (samples, rows), values in zip(_blocks(grid[0]), results, strict=True):
            part = out[:, samples, rows]
            part.copy_(values.reshape(part.shape))
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Any, ...]:
        if torch.is_grad_enabled():
            raise RuntimeError(
                "gradients of deformed_derivatives cannot be differentiated again; call backward "
                "or autograd.grad without create_graph=True"
            )
        total = gradient.new_zeros(ctx.shape)
        blocks = list(_blocks(total[0]))
        kept, usable = iter(ctx.saved_tensors), ctx.saved_tensors[-len(blocks) :]
        units = total.new_tensor([ctx.spacing[1], ctx.spacing[0], 1.0])[:, None, None]
        for block, good in zip(blocks, usable, strict=True):
            g = gradient[:, block[0], block[1]].flatten(1)
            g = torch.where(good, g, 0.0)
            windows = g.new_zeros(3, SLOTS, g.shape[-1])
            behind = iter(g[3:])
            for solver in ctx.solvers:
                count = len(solver.family.targets)
                solver.pull(list(islice(kept, 2 + count)), list(islice(behind, count)), windows)
            windows /= units
            windows[:, CENTRE] += g[:3]
            for slot in range(SLOTS):
                place = _part(total, slot, block)
                place += windows[:, slot].reshape(place.shape)
        return total, None, None, None, None


def _check(
    shape: torch.Size,
    orders: Sequence[int],
    length: float | None,
    spacing: tuple[float, float],
    kind: str,
) -> None:
    if len(shape) < 2 or shape[-2] < ROWS or shape[-1] < COLUMNS:
        raise ValueError(f"the stencils need at least 3 times and 5 places, got {tuple(shape)}")
    if not orders or len(set(orders)) < len(orders) or not set(orders) <= set(FAMILIES):
        raise ValueError(f"orders are distinct numbers of 1, 2, 3, 4, got {tuple(orders)}")
    if min(spacing) <= 0 or (length is not None and length <= 0):
        raise ValueError(
            f"spacings and period are positive, got spacing {spacing} and length {length}"
        )
    if kind not in ("published", "normalised", "uniform"):
        raise ValueError(f'weights are "published", "normalised" or "uniform", got "{kind}"')


def deformed_derivatives(
    x: Float[Tensor, "..."],
    t: Float[Tensor, "..."],
    u: Float[Tensor, "..."],
    orders: Sequence[int],
    *,
    length: float | None = None,
    spacing: tuple[float, float],
    weights: Weights = "published",
) -> dict[str, Float[Tensor, "..."]]:
    r"""Derivatives of the function whose graph passes through moved grid points (x, t, u).

    The scheme of Ko, Kim and Lee (2024, appendix E). Around each point, polynomials
    $\sum_{i\le m,\,j\le1}p_{ij}\,\delta x^i\,\delta t^j$ interpolate rectangular sub-stencils of
    2 rows and m+1 columns *of the index grid*, whatever place their points have been moved to; the
    m-th derivative in x is read from each and averaged with weights
    $w\propto(\mathrm{IS}+10^{-6})^{-2}$, where
    $\mathrm{IS}=\sum_{(i,j)\ne0}(\partial_x^i\partial_t^jp\cdot(\Delta t\,\Delta x)^{i+j-1})^4$.
    As the grid is refined, all derivatives converge where rows of the moved grid stay level in t.
    Where they are tilted only $u_x$ and $u_t$ do: along a tilted row $t^2$, which no sub-stencil
    knows, looks like $x^2$, and this error does not fall with the spacing.

    A sub-stencil is unusable if it holds a number that is not finite, or if its points determine
    no polynomial to working precision, as where a grid folds onto itself; it gets weight 0. Where a
    family of sub-stencils has no usable member, its derivatives are not a number, and this
    point adds nothing to any gradient, whatever is done with them afterwards.

    Gradients in x, t and u follow the implicit formula, with the weights taken as constants:
    $\partial d/\partial u_r=c_r$ with $c=V^{-T}e$, and
    $\partial d/\partial x_r=-c_r\,\partial_xp(x_r,t_r)$. They cannot be differentiated again.

    Args:
        x, t, u: "... time space", in physical units, broadcast to one shape; rows follow time and
            columns space as on the grid before it was moved. float32 or float64.
        orders: derivatives in x, of 1 to 4; the sub-stencils for 1 also give $u_t$.
        length: period L of x: differences are wrapped to [-L/2, L/2]. Indices are not periodic.
        spacing: $(\Delta t,\Delta x)$ of the grid before it was moved.
        weights: "published", whose sum falls below 1 where $\sum(\mathrm{IS}+10^{-6})^{-2}$ is
            below $10^{-6}$, that is at gradients of about 7 and more; "normalised" with sum 1
            everywhere; or "uniform".

    Returns:
        "x", "t", "u", and "u_x" and "u_t" (order 1), "u_xx", "u_xxx", "u_xxxx", at the interior
        points: without the first and last time and the two outermost places on each side.

    Raises:
        ValueError: for too small a grid, unknown orders or weights, or spacings not positive.

    Example:
        >>> x, t = torch.arange(6.0), torch.arange(4.0)[:, None]
        >>> x, t = x + 0.3 * t, t + 0.1 * x
        >>> jet = deformed_derivatives(x, t, 2 * x - t, (1,), spacing=(1.0, 1.0))
        >>> jet["u_x"].shape, round(jet["u_x"][0, 0].item(), 4), round(jet["u_t"][0, 0].item(), 4)
        (torch.Size([2, 2]), 2.0, -1.0)
    """
    x, t, u = torch.broadcast_tensors(x, t, u)
    _check(u.shape, orders, length, spacing, weights)
    families = [FAMILIES[order] for order in orders]
    names = [name for family in families for name, _ in family.targets]
    grid = torch.stack([x, t, u])
    flat = grid.reshape(3, -1, *grid.shape[-2:])
    values = _Deformed.apply(flat, families, length, spacing, weights)
    batch = grid.shape[1:-2]
    return {
        name: value.reshape(*batch, *value.shape[-2:])
        for name, value in zip(("x", "t", "u", *names), values.unbind(0), strict=True)
    }
