r"""Symmetries by linear algebra: the fields of a library on which the infinitesimal score is least.

The condition that a field generates symmetries of $u_t=F$ is linear in the field. On a library of
scalar functions $g_1..g_m$ (polynomials, or the features of a network) it is a matrix, and its
smallest singular values and vectors answer the question without any iteration.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .jets import Snapshots, along, characteristic_residual
from .numerics.chart import Chart

Basis = Callable[[Tensor], Tensor]
BLOCK = 2**23  # numbers in a block of the matrix of residuals (64 MiB in float64)


class Spectrum(NamedTuple):
    """Fields of a library, the best symmetry first.

    Attributes:
        values: root mean square residual of every field, rising; the fields have unit norm.
        coefficients: of every field: how much of each library function is in each component.
        rank: how many of the library's functions count as independent on the data.
    """

    values: Float[Tensor, " k"]
    coefficients: Float[Tensor, "k m 3"]
    rank: int


def symmetry_spectrum(
    basis: Basis, rows: Snapshots, chart: Chart, *, rtol: float = 1e-8
) -> Spectrum:
    r"""All fields of a library ordered by their residual per unit norm.

    Minimises $\|D_tQ-F_*[Q]\|$ over $V_i=\sum_mc_{mi}\,g_m$ with $\|V\|=1$ (both root mean squares
    over the snapshots), then again orthogonally to what was found, and so on. Both norms are
    handled by QR and singular values of the functions themselves; the normal equations would
    lose half of the digits, and with smooth libraries those digits are needed.

    Args:
        basis: maps points (x, t, u) "*b 3" of the chart to values "*b m", periodic in x.
        rows: snapshots in float64.
        chart: coordinates of the basis, in which fields have their norm.
        rtol: combinations of functions smaller than this part of the largest are left out; they
            cannot be told from zero on the data.

    Raises:
        ValueError: if rtol is not between 0 and 1, or there are fewer grid points than unknowns.

    Example:
        >>> from .data.equations import EQUATIONS
        >>> from .jets import snapshots
        >>> u = torch.randn(8, 4, generator=torch.Generator().manual_seed(0)).double()
        >>> x = torch.arange(32).double() * torch.pi / 16
        >>> waves = sum(u[:, i : i + 1] * torch.sin((i + 1) * x + i) for i in range(4))
        >>> rows = snapshots(EQUATIONS["kdv"], waves, torch.linspace(0, 9, 8))
        >>> linear = lambda z: torch.stack([torch.ones_like(z[..., 0]), z[..., 1], z[..., 2]], -1)
        >>> found = symmetry_spectrum(linear, rows, Chart((1 / 128, 0.1, 1.0), (0.0, 0.0, 0.0)))
        >>> (found.values < 1e-9).sum().item()  # two translations and the Galilean boost
        3
    """
    if not 0 < rtol < 1:
        raise ValueError(f"rtol is a part of the largest, between 0 and 1, got {rtol}")
    points, velocity = chart.inward(rows.points), chart.push(rows.velocity)
    values, rates = along(basis, points, velocity)
    count, functions = points[..., 0].numel(), values.shape[-1]
    if count < 3 * functions:
        raise ValueError(
            f"{functions} functions in 3 components are {3 * functions} unknowns, but the "
            f"snapshots have only {count} grid points; take more rows"
        )
    triangle = torch.linalg.qr(values.flatten(0, -2) / count**0.5, mode="r").R
    _, sizes, right = torch.linalg.svd(triangle)
    rank = int((sizes > rtol * sizes[0]).sum())
    whiten = right[:rank].mT / sizes[:rank]  # functions -> orthonormal functions
    residual = _residual_triangle(rows, values @ whiten, rates @ whiten, chart) / count**0.5
    _, found, right = torch.linalg.svd(residual)
    coefficients = (whiten @ right.unflatten(1, (3, rank)).mT).flip(0)
    return Spectrum(found.flip(0), coefficients, rank)


def _residual_triangle(rows: Snapshots, values: Tensor, rates: Tensor, chart: Chart) -> Tensor:
    """R of a QR decomposition of the residuals of all functions in all components."""
    functions = values.shape[-1]
    size = max(1, BLOCK // (3 * functions * values.shape[1]))
    triangle = values.new_zeros(0, 3 * functions)
    for part in torch.arange(len(values), device=values.device).split(size):
        columns = torch.cat(
            [
                characteristic_residual(
                    rows.take(part), _component(values[part], i), _component(rates[part], i), chart
                )
                for i in range(3)
            ]
        )
        stacked = torch.cat([triangle, columns.flatten(1).mT])
        triangle = torch.linalg.qr(stacked, mode="r").R
    return triangle


def _component(functions: Float[Tensor, "rows space m"], i: int) -> Tensor:
    """Every function as a field with that component only: "m rows space 3"."""
    result = functions.new_zeros(functions.shape[-1], *functions.shape[:-1], 3)
    result[..., i] = functions.movedim(-1, 0)
    return result
