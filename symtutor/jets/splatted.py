"""Derivatives of a moved solution after it has been put back on a regular grid by hats."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Jet
from ..numerics.splatting import SUPPORT, squares
from .snapshots import x_names

DIFFERENCES = (
    {0: 1.0},
    {-1: -1 / 2, 1: 1 / 2},
    {-1: 1.0, 0: -2.0, 1: 1.0},
    {-2: -1 / 2, -1: 1.0, 1: -1.0, 2: 1 / 2},
    {-2: 1.0, -1: -4.0, 0: 6.0, 1: -4.0, 2: 1.0},
)
"""Central differences of second order for the derivatives 0 to 4, by column."""


def splatted_jet(
    x: Float[Tensor, "*b time space"],
    t: Float[Tensor, "*b time space"],
    u: Float[Tensor, "*b time space"],
    order: int,
    *,
    length: float,
    spacing: tuple[float, float],
    start: Float[Tensor, "*#b 1 1"],
) -> Jet:
    """The jet of a moved graph by bilinear splatting and central differences.

    Every moved point spreads its u over the four cells of the regular grid around it, with hat
    functions as weights; each cell divides by the weights it has received, so that a constant stays
    a constant under every map. The published experiment (Ko, Kim and Lee 2024, app. E.1) took
    its differences of such cells and did not learn from them. The division changes nothing
    for maps that keep the distances along rows and columns.

    The regular grid goes on beyond the patch: periodically in x, and in t by whole rows to where
    the patch's mean has gone, so that a flow in time does not leave it.

    Args:
        x, t, u: moved points, of consecutive frames and neighbouring columns.
        order: highest x-derivative, at most 4.
        length: period of x.
        spacing: (dt, dx) of the grid; dx divides the length.
        start: time of the first row before the move.

    Returns:
        "x", "t", "u", "u_t", "u_x", ... on all columns of the period and on as many rows as were
        given less two, and "defined": 1 where every cell that the differences take has received at
        least `SUPPORT`, otherwise 0, and the numbers mean nothing.

    Raises:
        ValueError: if there are fewer than 3 rows, or the order is too high.

    Example:
        >>> grid_t, grid_x = torch.meshgrid(torch.arange(5.0), torch.arange(8.0), indexing="ij")
        >>> at, zero = {"length": 8.0, "spacing": (1.0, 1.0)}, torch.zeros(1, 1)
        >>> jet = splatted_jet(grid_x + 3, grid_t, grid_t * 0.5, 2, **at, start=zero)
        >>> jet["u_t"].shape, jet["u_t"].unique().tolist(), bool(jet["defined"].all())
        (torch.Size([3, 8]), [0.5], True)
    """
    if x.shape[-2] < 3 or order >= len(DIFFERENCES):
        raise ValueError(
            f"differences of resampled rows need 3 rows and at most {len(DIFFERENCES) - 1} "
            f"x-derivatives, got {x.shape[-2]} rows and order {order}"
        )
    dt, dx = spacing
    rows, columns = x.shape[-2], round(length / dx)
    moved_rows = (t - start) / dt
    gone = (moved_rows.detach().mean((-2, -1), keepdim=True) - (rows - 1) / 2).round()
    points = x[..., 0, 0].numel(), x.shape[-2:].numel()
    flat = [v.reshape(points) for v in (x / length, moved_rows - gone, u)]
    total, weight = squares(*flat, rows=rows, columns=columns)
    enough = weight.detach() > SUPPORT
    cells = (total / torch.where(enough, weight, torch.ones_like(weight))) * enough
    shape = (*x.shape[:-2], rows, columns)
    jet = _differences(cells.reshape(shape), enough.reshape(shape).to(x), order, spacing)
    along_t = torch.arange(1, rows - 1, dtype=x.dtype, device=x.device)[:, None]
    along_x = dx * torch.arange(columns, dtype=x.dtype, device=x.device)
    times = start + dt * (gone + along_t)
    return {**jet, "t": times.expand_as(jet["u"]), "x": along_x.expand_as(jet["u"])}


def _differences(cells: Tensor, enough: Tensor, order: int, spacing: tuple[float, float]) -> Jet:
    """Central differences of cells "*b rows columns", and where all they take is defined."""
    dt, dx = spacing
    inner = cells[..., 1:-1, :]
    jet = {"u_t": (cells[..., 2:, :] - cells[..., :-2, :]) / (2 * dt)}
    for m, name in enumerate(x_names(order)):
        terms = [weight / dx**m * inner.roll(-k, -1) for k, weight in DIFFERENCES[m].items()]
        jet[name] = torch.stack(terms).sum(0)
    defined = enough[..., 2:, :] * enough[..., :-2, :]
    for k in range(-max(DIFFERENCES[max(order, 1)]), max(DIFFERENCES[max(order, 1)]) + 1):
        defined = defined * enough[..., 1:-1, :].roll(-k, -1)
    return {**jet, "defined": defined}
