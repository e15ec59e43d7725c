"""Estimates of one family of sub-stencils at many points, and their derivatives by the points."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .elimination import solve_with_duals
from .families import CENTRE, Family

Weights = Literal["published", "normalised", "uniform"]
EPSILON, EXPONENT, SMALLEST_SUM = 1e-6, 2, 1e-6


def _systems(x: Tensor, t: Tensor, u: Tensor, degree: int) -> Tensor:
    """Rows (t x^0, .., t x^m, x, .., x^m, u) at the nodes "n m"."""
    system = x.new_empty(len(x), len(x) + 1, x.shape[1])
    system[:, 0], system[:, degree + 1], system[:, -1] = t, x, u
    for i in range(degree):
        torch.mul(system[:, i], x, out=system[:, i + 1])
        if i:
            torch.mul(system[:, degree + i], x, out=system[:, degree + i + 1])
    return system


def _slopes(p: Tensor, x: Tensor, t: Tensor, degree: int) -> tuple[Tensor, Tensor]:
    """x- and t-derivatives of the polynomials "n m" at their nodes "n m", by Horner's rule."""
    b, a = p[: degree + 1], p[degree + 1 :]
    by_t, by_x = b[degree].expand_as(x), degree * (a[degree - 1] + t * b[degree])
    for i in reversed(range(degree)):
        by_t = torch.addcmul(b[i], by_t, x)
        if i:
            by_x = torch.addcmul(i * torch.addcmul(a[i - 1], t, b[i]), by_x, x)
    return by_x, by_t


def _weights(
    derivatives: Tensor, family: Family, volume: float, usable: Tensor, kind: Weights
) -> Tensor:
    """Weights "stencils points" from all derivatives "n stencils points" of the polynomials."""
    if kind == "uniform":
        raw = usable.to(derivatives.dtype)
        return raw / raw.sum(0).clamp_min(1)
    factors = [volume ** (i + j - 1) for i, j in family.exponents]
    scaled = derivatives * derivatives.new_tensor(factors)[:, None, None]
    smoothness = scaled.square_().square_().sum(0).add_(EPSILON)
    if kind == "published":
        raw = smoothness.pow_(-EXPONENT) * usable
        return raw / raw.sum(0).clamp_min_(SMALLEST_SUM)
    smoothness = smoothness.clamp_max_(1e18).masked_fill_(~usable, torch.inf)
    raw = (smoothness.amin(0).clamp_max_(1e18) / smoothness).pow_(EXPONENT)
    return raw / raw.sum(0).clamp_min_(SMALLEST_SUM)


@dataclass(frozen=True)
class Solver:
    """One family at n interior points: estimates, and how they hang on the points around."""

    family: Family
    spacing: tuple[float, float]
    kind: Weights

    def __call__(self, local: Tensor, gradient: bool) -> tuple[Tensor, Tensor]:
        """Estimates "targets points" and, if wanted, their derivatives "targets 3 slots points".

        `local` "3 slots points" holds x and t, in units of the spacings, and u, counted from the
        centre. Without a usable sub-stencil the estimate is nan, its derivatives 0.
        """
        family, degree = self.family, self.family.degree
        scales = family.derivative_scales(*self.spacing)
        n, stencils, points = family.unknowns, len(family.nodes), local.shape[-1]
        index = torch.tensor(family.nodes, device=local.device).T.reshape(-1)  # node-major
        x, t, u = local.index_select(1, index).reshape(3, n, -1)
        wanted = tuple(k for _, k in family.targets)
        p, duals, usable = solve_with_duals(
            lambda which: _systems(x[:, which], t[:, which], u[:, which], degree),
            wanted if gradient else (),
        )
        usable = usable.reshape(stencils, points)
        derivatives = p.reshape(n, stencils, points) * p.new_tensor(scales)[:, None, None]
        weights = _weights(derivatives, family, math.prod(self.spacing), usable, self.kind)
        estimates = torch.stack([(weights * derivatives[k]).sum(0) for k in wanted])
        estimates.masked_fill_(~usable.any(0), torch.nan)
        jacobian = local.new_zeros(len(duals), *local.shape)
        slopes = _slopes(p, x, t, degree) if gradient else ()
        for part, k, c in zip(jacobian, wanted, duals, strict=False):
            by_u = c.reshape(n, stencils, points).mul_(weights * -scales[k]).reshape(n, -1)
            by_z = [by_u * slope for slope in slopes] + [by_u.neg_()]
            for row, values in zip(part, by_z, strict=True):
                row.index_add_(0, index, values.reshape(-1, points))
            torch.sum(part, 1, out=part[:, CENTRE]).neg_()
        return estimates, jacobian
