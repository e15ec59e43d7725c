"""Derivatives of a solution that a flow has moved, on the grid it came from."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Jet
from ..numerics.spectral import derivative
from .snapshots import x_names

WEIGHTS = (3 / 4, -3 / 20, 1 / 60)  # of f(t + k dt) - f(t - k dt), k = 1, 2, 3
HALO = len(WEIGHTS)


def _in_time(values: Float[Tensor, "*b time space"], dt: float) -> Tensor:
    """Central difference of order 6 between rows; `HALO` rows are lost at either end."""
    inner = values.shape[-2] - 2 * HALO
    rows = [values[..., k : k + inner, :] for k in range(2 * HALO + 1)]
    total = (rows[HALO + 1] - rows[HALO - 1]) * (WEIGHTS[0] / dt)
    for k in range(2, HALO + 1):
        total = torch.add(total, rows[HALO + k] - rows[HALO - k], alpha=WEIGHTS[k - 1] / dt)
    return total


def _trim(values: Float[Tensor, "*b time space"], rows: int) -> Tensor:
    """Without the first and last `rows` rows."""
    return values[..., rows : values.shape[-2] - rows, :]


def _combine(slopes: tuple[Tensor, Tensor], factors: tuple[Tensor, Tensor]) -> Tensor:
    """A derivative in the moved coordinates, from those along the grid on as many rows or fewer."""
    a, b = (_trim(f, (f.shape[-2] - slopes[0].shape[-2]) // 2) for f in factors)
    return torch.addcmul(a * slopes[0], b, slopes[1])


def moved_jet(
    x: Float[Tensor, "*b time space"],
    t: Float[Tensor, "*b time space"],
    u: Float[Tensor, "*b time space"],
    order: int,
    *,
    length: float,
    dt: float,
) -> Jet:
    r"""The jet of the graph $\{(x',t',u')\}$ over the regular grid whose points were moved.

    Grid point $(x_i,t_j)$ was moved to $(x'_{ij},t'_{ij})$ and carries $u'_{ij}$. Derivatives in
    the new coordinates are combinations of derivatives along the grid,

    $$\partial_{x'}=\frac{D_tt'\,D_x-D_xt'\,D_t}{J},\quad
    \partial_{t'}=\frac{-D_tx'\,D_x+D_xx'\,D_t}{J}$$

    with the Jacobian $J=D_xx'\,D_tt'-D_tx'\,D_xt'$,
    $D_x$ spectral (the displacement $x'-x$, $t'$ and $u'$ are periodic along a row) and
    $D_t$ a central difference of order 6. Nothing is solved for and no point is looked up. Where
    the map folds ($J\le0$) the numbers mean nothing; they are not hidden.

    Args:
        x, t, u: moved points, "rows by columns" of a regular grid that covers one period in x.
        order: highest x-derivative.
        length: period of x.
        dt: time between two rows of the grid before it was moved.

    Returns:
        "x", "t", "u", "u_t", "u_x", "u_xx", ..., and "jacobian" J, all without the first and last
        3 max(order, 1) rows.

    Raises:
        ValueError: if there are too few rows, or the shapes differ.

    Example:
        >>> grid_t, grid_x = torch.meshgrid(torch.arange(9.0), torch.arange(8.0), indexing="ij")
        >>> wave = torch.sin(2 * torch.pi * (grid_x - 0.1 * grid_t) / 8)  # u_t = -0.1 u_x
        >>> jet = moved_jet(grid_x + 0.5 * grid_t, grid_t, wave, 1, length=8, dt=1)  # boosted
        >>> torch.allclose(jet["u_t"], -0.6 * jet["u_x"], atol=1e-4)
        True
    """
    order = max(order, 1)
    if not x.shape == t.shape == u.shape or x.shape[-2] <= 2 * HALO * order:
        raise ValueError(
            f"{order} x-derivatives of a moved solution need more than {2 * HALO * order} rows of "
            f"equal shape, got x {tuple(x.shape)}, t {tuple(t.shape)}, u {tuple(u.shape)}; "
            "move more frames"
        )
    columns = x.shape[-1]
    step = length / columns * torch.arange(columns, dtype=x.dtype, device=x.device)
    x_x, t_x = 1 + derivative(x - step, 1, length), derivative(t, 1, length)
    x_t, t_t = _in_time(x, dt), _in_time(t, dt)
    x_x, t_x = _trim(x_x, HALO), _trim(t_x, HALO)
    jacobian = x_x * t_t - x_t * t_x

    by_x, by_t = (t_t / jacobian, -t_x / jacobian), (-x_t / jacobian, x_x / jacobian)
    jet = {"x": x, "t": t, "u": u, "jacobian": jacobian}
    current = u
    for name in x_names(order)[1:]:
        slopes = _trim(derivative(current, 1, length), HALO), _in_time(current, dt)
        if "u_t" not in jet:
            jet["u_t"] = _combine(slopes, by_t)
        current = jet[name] = _combine(slopes, by_x)
    rows = current.shape[-2]
    return {name: _trim(v, (v.shape[-2] - rows) // 2) for name, v in jet.items()}
