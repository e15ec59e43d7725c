"""Versions of solutions: each moved by random members of a group, once, before any training."""

import copy
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from tqdm.auto import tqdm

from ..actions import act_on_solutions
from ..fields import Field
from ..fields.combined import combine
from ..numerics.chart import Chart
from ..numerics.resampling import longest_run

LEAST_ROWS = 60
"""Trusted rows that a version needs, as published; with fewer it is rejected."""
ORDER = 6
"""Nodes of the interpolation in time."""


class Versions(NamedTuple):
    """Solutions and versions of them; version 0 is the solution itself.

    Attributes:
        u: values; of a rejected version, those of the solution.
        rows: first trusted row and one past the last of the longest run of them.
        rejected: share of the versions, without version 0, that were rejected.
    """

    u: Float[Tensor, "n versions time space"]
    rows: Int[Tensor, "n versions 2"]
    rejected: float

    def to(self, device: torch.device | str) -> "Versions":
        """The same on another device."""
        return Versions(self.u.to(device), self.rows.to(device), self.rejected)


@torch.no_grad()
def solution_versions(
    field: Field,
    u: Float[Tensor, "n time space"],
    beta: Float[Tensor, "n made k"],
    *,
    times: Float[Tensor, " time"],
    length: float,
    chart: Chart | None = None,
    resampling: str = "pullback",
    least: int = LEAST_ROWS,
) -> Versions:
    r"""Every solution and its versions $\exp(\sum_j\beta_jV_j)\,u$, on the regular grid.

    The combined field acts for unit time, in one Runge-Kutta step: for the scales of augmentation,
    $|\beta|$ of a few tenths of the chart, more steps change less than the resampling does.

    Args:
        field: k generators on (x, t, u), periodic in x.
        u: solutions; computed in their dtype.
        beta: coefficients, one row per version to be made.
        times, length, chart, resampling: as for `act_on_solutions`.
        least: trusted rows, one after the other, that a version needs.

    Raises:
        ValueError: if there are not coefficients for every solution, or as `act_on_solutions`.

    Example:
        >>> from ..fields import AffineField
        >>> rise = AffineField(torch.zeros(1, 3, 3), torch.tensor([[0.0, 0.0, 1.0]]))
        >>> u, t = torch.zeros(2, 64, 8), torch.arange(64.0)
        >>> made = solution_versions(rise, u, torch.full((2, 3, 1), 0.5), times=t, length=1.0)
        >>> made.u.shape, made.u[1, :, 0, 0].tolist()
        (torch.Size([2, 4, 64, 8]), [0.0, 0.5, 0.5, 0.5])
    """
    if beta.ndim != 3 or len(beta) != len(u):
        raise ValueError(
            f"{len(u)} solutions need coefficients ({len(u)}, versions, generators), got "
            f"{tuple(beta.shape)}"
        )
    field = copy.deepcopy(field).to(u)
    grid = {"times": times.to(u), "length": length, "chart": chart}
    values, rows, kept = [], [], []
    for one, coefficients in tqdm(zip(u, beta, strict=True), "versions", len(u), leave=False):
        mover = combine(field, coefficients.to(u))
        moved = act_on_solutions(
            mover, one, 1.0, **grid, resampling=resampling, order=ORDER, steps=1
        )
        run = longest_run(moved.mask)
        enough = run[:, 1] - run[:, 0] >= least
        whole = torch.tensor([[0, len(times)]], device=u.device)
        values.append(torch.cat([one[None], torch.where(enough[:, None, None], moved.data, one)]))
        rows.append(torch.cat([whole, torch.where(enough[:, None], run, whole)]))
        kept.append(enough)
    made = torch.stack(kept).float()
    rejected = 1 - made.mean().item() if made.numel() else 0.0
    return Versions(torch.stack(values), torch.stack(rows), rejected)
