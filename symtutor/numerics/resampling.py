r"""Resampling of a moved space-time grid at the regular one, periodic in x.

A flow moves the graph of a solution, the points $(x_i,t_j,u_{ji})$, to
$(\tilde x_{ji},\tilde t_{ji},\tilde u_{ji})$. Learning and plotting want $\tilde u$ on the old grid
again.
"""

import math

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from .sampling import BLOCK, evaluate
from .splatting import splat, splat_space_time

METHODS = ("pullback", "splat", "hat", "bilinear")
NEWTON = 3
"""Newton steps from the polygon through the points; each doubles the number of correct digits."""


def _lagrange(nodes: Tensor, at: Tensor) -> Tensor:
    """Weights "... p" of p nodes "... p" for the interpolating polynomial's value at "..."."""
    p = nodes.shape[-1]
    own = torch.eye(p, dtype=torch.bool, device=nodes.device)
    above = (at[..., None] - nodes)[..., None, :].expand(*nodes.shape, p)
    below = (nodes[..., :, None] - nodes[..., None, :]).masked_fill(own, 1.0)
    return (above / below).masked_fill(own, 1.0).prod(-1)


def _in_time(moved: Tensor, times: Tensor, order: int) -> tuple[Tensor, Tensor]:
    """Follow every displaced column to the regular times.

    Returns (x, u) "b time space 2" at the regular times, and for every row whether all columns
    reach it ("b time").
    """
    t = moved[..., 1].detach().transpose(-1, -2).contiguous()  # b space time
    ordered = (t.diff(dim=-1) > 0).flatten(1).all(-1)
    regular = times[:, None] * moved.new_tensor([0.0, 1.0, 0.0])
    moved = torch.where(ordered[:, None, None, None], moved, regular[:, None])
    t = torch.where(ordered[:, None, None], t, times)
    slack = 1e-3 * (times[1] - times[0])
    reached = (t[..., :1] - slack <= times) & (times <= t[..., -1:] + slack)
    wanted = times.expand(*t.shape[:-1], -1).contiguous()
    first = (torch.searchsorted(t, wanted) - order // 2).clamp(0, len(times) - order)
    index = first.transpose(-1, -2)[..., None] + torch.arange(order, device=t.device)
    batch = torch.arange(len(t), device=t.device)[:, None, None, None]
    column = torch.arange(t.shape[1], device=t.device)[:, None]
    block, values = max(1, BLOCK // (4 * len(t) * t.shape[1] * order**2)), []
    for near, at in zip(index.split(block, dim=1), times.split(block), strict=True):
        stencil = moved[batch, near, column]  # b time space order 3
        weights = _lagrange(stencil[..., 1], at[:, None].expand(near.shape[:-1]))
        values.append(torch.einsum("brip,bripc->bric", weights, stencil[..., [0, 2]]))
    values = torch.cat(values, dim=1)
    return values, reached.all(dim=1) & ordered[:, None]


def _start(x: Tensor, y: Tensor) -> Tensor:
    """Labels, in samples, at which the polygon through increasing x "b n" takes the values y."""
    first = x[:, :1]
    closed = torch.cat([x, first + 1], dim=1)
    y = first + (y - first).remainder(1)
    upper = torch.searchsorted(closed, y.contiguous(), right=True).clamp(1, x.shape[1])
    left, right = closed.gather(1, upper - 1), closed.gather(1, upper)
    return upper - 1 + (y - left) / (right - left)


def _pull_back(x: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    r"""Values where moved rows pass the regular grid, and which rows have no fold. x in periods.

    The label a of the point that arrives at y solves $\tilde x(a)=a+d(a)=y$ with a band-limited d.
    The polygon through the points gives a start, Newton's method the rest; `u` is evaluated there.
    The last step is taken with gradients, which makes it the implicit function theorem.
    """
    n = x.shape[-1]
    labels = torch.arange(n, dtype=x.dtype, device=x.device) / n
    k = torch.arange(n // 2 + 1, dtype=x.dtype, device=x.device)
    closed = torch.cat([x, x[:, :1] + 1], dim=1).detach()
    unfolded = (closed.diff(dim=-1) > 0).all(-1)
    x = torch.where(unfolded[:, None], x, labels)
    shift = torch.fft.rfft(x - labels)
    both = torch.stack([shift, 2j * math.pi * k * shift], dim=-2)
    a = _start(x.detach(), labels.expand_as(x)) / n
    for step in range(NEWTON):
        last = step == NEWTON - 1
        d, slope = evaluate(both if last else both.detach(), a, n).unbind(-2)
        off = a + d - labels
        off = off - off.detach().round()
        a = a - off / (1 + slope.detach()).clamp(min=0.01)
    settled = ((slope > -1) & (off.abs() < 0.01 / n)).all(-1)
    return evaluate(torch.fft.rfft(u)[:, None], a, n)[:, 0], unfolded & settled


def _check(moved: Tensor, times: Tensor, length: float, method: str, order: int) -> None:
    if method not in METHODS:
        raise ValueError(
            f"no method is called {method!r}; choose 'pullback' (recommended), 'splat', 'hat' or "
            "'bilinear'"
        )
    if moved.ndim < 3 or moved.shape[-1] != 3 or moved.shape[-3] != len(times):
        raise ValueError(
            f"the moved grid must have shape (..., {len(times)} times, space, 3) with (x, t, u) "
            f"last, got {tuple(moved.shape)}"
        )
    if moved.dtype != times.dtype:
        raise ValueError(f"moved points are {moved.dtype} but times {times.dtype}; convert one")
    if not 2 <= order <= len(times):
        raise ValueError(
            f"interpolation in t takes 2 to {len(times)} (all) rows at a time, got order {order}"
        )
    steps = times.diff()
    uneven = (steps - steps.mean()).abs().max() > 1e-3 * steps.mean().abs()
    if not (length > 0 and steps.min() > 0) or uneven:
        raise ValueError(
            f"the regular grid needs a positive length and increasing, equally spaced times, got "
            f"length {length} and steps from {steps.min():g} to {steps.max():g}"
        )


def resample(
    moved: Float[Tensor, "..."],
    times: Float[Tensor, " time"],
    length: float,
    *,
    method: str = "pullback",
    order: int = 10,
) -> tuple[Float[Tensor, "..."], Bool[Tensor, "..."]]:
    r"""Values of moved solutions on the regular grid $x_n=nL/N$, and the rows to be trusted.

    With the first two methods every displaced column is followed to the regular times by the
    polynomial through the `order` nearest of its points. This leaves, at every time, N points of
    the moved graph at unequal distances, a smooth periodic function of their label. Then

    * "pullback" finds, by Newton's method on the band-limited interpolant, the label whose point
      arrives at each cell, and takes u there. Exact wherever map and solution are resolved by the
      samples they start from, however strong the warp. Recommended.
    * "splat" lets every point add u times the Dirichlet kernel around it, and divides by the sum
      of the kernels: equally good for shifts and weak warps, half the time, but what a warp
      squeezes beyond the grid's highest mode is lost, and rows stretched by a quarter or more do
      not receive enough support.

    The other two are the published ones (Ko, Kim and Lee 2024) and stand here for comparison:
    "hat" splats with hat functions in t and the Dirichlet kernel in x, "bilinear" with hats in
    both, and neither divides by what it has spread.

    Sums over points and modes run in blocks of about `BLOCK` numbers, with tables of about
    sqrt(N / 2) numbers per point; no table of all points times all cells is formed. Gradients in
    all three coordinates of the points are those of the values (first order).

    Args:
        moved: "*b time space 3", points (x, t, u) in physical units; label (j, i) started at
            time j and at $x_i=iL/N$. x is not wrapped: around the circle it grows by L.
        times: the regular times, equally spaced.
        length: L, the period in x.
        order: nodes of the interpolation in t, where there is one.

    Returns:
        Values "*b time space", zero in rows that are not trusted; and "*b time", True where a row
        can be trusted: every displaced column reaches the time, the row has no fold, all points
        are finite; for the splats, every cell has received more than 0.8 of a unit of weight.

    Raises:
        ValueError: for shapes, dtypes, times, lengths or orders that do not fit.

    Example:
        >>> x, t = torch.arange(8.0) / 8, torch.arange(4.0)
        >>> wave = torch.sin(2 * torch.pi * x).expand(4, 8)
        >>> grid = torch.stack([x.expand(4, 8), t[:, None].expand(4, 8), wave], -1)
        >>> quarter = grid + torch.tensor([0.25, 1.0, 0.0])
        >>> values, rows = resample(quarter, t, 1.0, order=4)
        >>> rows.tolist(), torch.allclose(values[1], wave[1].roll(2), atol=1e-5)
        ([False, True, True, True], True)
    """
    _check(moved, times, length, method, order)
    shape, (rows, n) = moved.shape[:-3], moved.shape[-3:-1]
    flat = moved.reshape(-1, rows, n, 3) / moved.new_tensor([length, 1.0, 1.0])
    values, trusted = [], []
    for part in flat.split(max(1, BLOCK // (rows * n * order**2))):
        finite = part.detach().isfinite().flatten(1).all(1)
        part = torch.where(finite[:, None, None, None], part, 0.0)  # zeros hold no grid: untrusted
        if method in ("hat", "bilinear"):
            value, good = splat_space_time(part, times, method == "hat")
        else:
            points, reached = _in_time(part, times, order)
            across = _pull_back if method == "pullback" else splat
            lines = points.flatten(0, 1).split(max(1, BLOCK // (2 * n * math.isqrt(n))))
            found = [across(*line.unbind(-1)) for line in lines]
            value = torch.cat([v for v, _ in found]).reshape((*reached.shape, n))
            good = torch.cat([g for _, g in found]).reshape(reached.shape) & reached
        values.append(torch.where(good[..., None], value, torch.zeros_like(value)))
        trusted.append(good)
    return (
        torch.cat(values).reshape(*shape, rows, n),
        torch.cat(trusted).reshape(*shape, rows),
    )


def longest_run(rows: Bool[Tensor, "*b time"]) -> Int[Tensor, "*b 2"]:
    """First row, and one past the last, of the longest unbroken run of trusted rows.

    The first of several equally long ones; (0, 0) if no row is trusted.

    Example:
        >>> longest_run(torch.tensor([True, False, True, True, False])).tolist()
        [2, 4]
    """
    place = torch.arange(1, rows.shape[-1] + 1, device=rows.device).expand(rows.shape)
    run = place - torch.where(rows, 0, place).cummax(dim=-1).values
    length, last = run.max(dim=-1)
    stop = torch.where(length > 0, last + 1, 0)
    return torch.stack([stop - length, stop], dim=-1)
