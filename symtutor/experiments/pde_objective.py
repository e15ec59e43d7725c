"""What a training of PDE symmetries minimises, step by step."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.trajectories import Trajectories
from ..fields import MLPField
from ..jets import Snapshots, along, characteristic_residual
from ..losses import lipschitz, orthonormality, sobolev
from ..numerics.chart import Chart
from ..spectrum import Spectrum, symmetry_spectrum
from ..training import Loss
from ..validity import infinitesimal_residual, moved_residual, residual_score
from .pde_config import PDESymmetry

NEGLIGIBLE = 1e-4
"""Residual, relative to the root mean square of u_t, below which a slot needs no improvement."""

LANDINGS = 4
"""Points of an orbit that are judged: a quarter, half, three quarters and all of s."""


def features(field: MLPField) -> Callable[[Tensor], Tensor]:
    """The library that linear heads choose from: 1 and the trunk's features."""

    def basis(points: Tensor) -> Tensor:
        found = field.features(points)
        return torch.cat([torch.ones_like(found[..., :1]), found], dim=-1)

    return basis


@torch.no_grad()
def solve_heads(field: MLPField, rows: Snapshots, chart: Chart) -> Spectrum:
    """Put the best fields that the features can form into the heads, the best first."""
    found = symmetry_spectrum(features(field), rows, chart)
    best = found.coefficients[: field.n]
    field.head_out_bias.copy_(best[:, :1])
    field.head_out.copy_(best[:, 1:])
    return found


def projected(field: MLPField, chart: Chart) -> Callable[..., Loss]:
    r"""Variable projection: solve for the heads, then descend in the features.

    The heads enter linearly, so for given features the best ones are known exactly. At this optimum
    the derivative of the score with respect to the heads vanishes, and the gradient in the
    features is the one at fixed heads (Golub and Pereyra 1973).

    The score is the logarithm of $\sqrt{\mathrm{rms}^2+\epsilon^2}$ with a small $\epsilon$: a slot
    that is right to rounding would otherwise add the gradient of its rounding error, scaled up to
    the size of the others'.
    """

    def loss(rows: Snapshots) -> Loss:
        solve_heads(field, rows, chart)
        values, rates = along(field.raw, chart.inward(rows.points), chart.push(rows.velocity))
        values, rates = values.movedim(-2, 0), rates.movedim(-2, 0)
        residual = characteristic_residual(rows, values, rates, chart)
        square = residual.square().mean((-2, -1)) / values.square().sum(-1).mean((-2, -1))
        negligible = NEGLIGIBLE**2 * rows.jet["u_t"].square().mean()
        validity = (square + negligible).log().mean() / 2
        return Loss(validity, {"validity": validity})

    return loss


def edges(rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """Indices of the next point in time and in space on a grid, the last ones their own."""
    index = torch.arange(rows * columns).reshape(rows, columns)
    in_time = torch.cat([index[1:], index[-1:]])
    in_space = torch.cat([index[:, 1:], index[:, -1:]], dim=1)
    return in_time.reshape(-1, 1), in_space.reshape(-1, 1)


def penalties(
    config: PDESymmetry, field: MLPField, grid: Float[Tensor, "rows columns 3"], smooth: float
) -> dict[str, Tensor]:
    """Weighted penalties on full rows of a solution's graph, in chart coordinates."""
    seam = grid[:, :1] + grid.new_tensor([1.0, 0.0, 0.0])
    closed = torch.cat([grid, seam], dim=1)
    rows, columns = closed.shape[:2]
    points = closed.flatten(0, 1)
    values = field(points)
    inner = values.unflatten(0, (rows, columns))[:, :-1]
    flat = inner.flatten(0, 1)
    slope = values.new_zeros(())
    for neighbours, part in zip(edges(rows, columns), (rows - 1, columns - 1), strict=True):
        whole = rows if part == rows - 1 else columns
        neighbours = neighbours.to(points.device)
        excess = lipschitz(values, points, neighbours, config.tau, length=1.0, reduce="mean")
        slope = slope + excess.mean() * whole / part
    ortho = orthonormality(flat, flat.new_ones(len(flat))).mean()
    rough = sobolev(inner).mean() * smooth if smooth else flat.new_zeros(())
    return {
        "orthonormality": config.w_ortho * ortho,
        "lipschitz": config.w_lipschitz * slope,
        "sobolev": config.w_sobolev * rough,
    }


def penalised(
    config: PDESymmetry, field: MLPField, data: Trajectories, chart: Chart
) -> Callable[..., Loss]:
    """The published objective: validity of every slot, and three penalties."""

    def validity(argument: Snapshots | Tensor, s: Tensor) -> Tensor:
        if isinstance(argument, Snapshots):
            residual = infinitesimal_residual(field, argument, chart)
            return residual_score(residual[:, None], "infinitesimal").mean()
        landings = torch.arange(1, LANDINGS + 1).to(s)[:, None] / LANDINGS * s
        residual = moved_residual(
            field,
            argument,
            data.equation,
            landings,
            chart=chart,
            method="total" if config.method == "infinitesimal" else config.method,
            steps=1,
        )
        return residual_score(residual, config.method).mean()

    def loss(argument: Snapshots | Tensor, s: Tensor, grid: Tensor, smooth: float) -> Loss:
        terms = {"validity": config.w_validity * validity(argument, s)}
        terms |= penalties(config, field, grid, smooth)
        return Loss(torch.stack(list(terms.values())).sum(), terms)

    return loss
