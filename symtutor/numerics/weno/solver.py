"""Estimates of one family of sub-stencils at many points, and their derivatives by the points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from .elimination import solve_with_duals
from .families import CENTRE, Family

Weights = Literal["published", "normalised", "uniform"]
EPSILON, EXPONENT, SMALLEST_SUM = 1e-6, 2, 1e-6


def _systems(x: Tensor, t: Tensor, u: Tensor, degree: int, out: Tensor) -> Tensor:
    """Rows (t x^0, .., t x^m, x, .., x^m, u) at the nodes "n m", written to `out`."""
    out[:, 0], out[:, degree + 1], out[:, -1] = t, x, u
    for i in range(degree):
        torch.mul(out[:, i], x, out=out[:, i + 1])
        if i:
            torch.mul(out[:, degree + i], x, out=out[:, degree + i + 1])
    return out


def _slopes(p: Tensor, x: Tensor, t: Tensor, degree: int) -> tuple[Tensor, Tensor]:
    """x- and t-derivatives of the polynomials "n m" at their nodes "n m", by Horner's rule."""
    b, a, term = p[: degree + 1], p[degree + 1 :], torch.empty_like(x)
    by_t = (b[degree] * x).add_(b[degree - 1])
    for i in reversed(range(degree - 1)):
        torch.addcmul(b[i], by_t, x, out=by_t)
    i_times = torch.arange(1, degree + 1, dtype=p.dtype, device=p.device)[:, None]
    a, b = a * i_times, b[1:] * i_times
    by_x = torch.addcmul(a[-1], t, b[-1])
    for i in reversed(range(degree - 1)):
        torch.addcmul(a[i], t, b[i], out=term)
        torch.addcmul(term, by_x, x, out=by_x)
    return by_x, by_t


def _weights(
    p: Tensor, family: Family, spacing: tuple[float, float], usable: Tensor | None, kind: Weights
) -> Tensor:
    """Weights "stencils points" from all coefficients "n stencils points" of the polynomials."""
    if kind == "uniform":
        raw = torch.ones_like(p[0])
        smallest = 1.0
    else:
        volume, scales = math.prod(spacing), family.derivative_scales(*spacing)
        factors = [
            scale * volume ** (i + j - 1)
            for scale, (i, j) in zip(scales, family.exponents, strict=True)
        ]
        scaled = p * p.new_tensor(factors)[:, None, None]
        smoothness = scaled.square_().square_().sum(0).add_(EPSILON)
        smallest = SMALLEST_SUM
        if kind == "normalised":  # in units of the smallest, so that the sum is at least 1
            least = smoothness if usable is None else smoothness.masked_fill(~usable, torch.inf)
            smoothness = smoothness.clamp_max_(1e18) / least.amin(0).clamp_max_(1e18)
        raw = smoothness.pow_(-EXPONENT)
    if usable is not None:
        raw *= usable
    return raw / raw.sum(0).clamp_min_(smallest)


@dataclass(frozen=True)
class Solver:
    """One family at n interior points: estimates, and how they hang on the points around."""

    family: Family
    spacing: tuple[float, float]
    kind: Weights
    _space: list[Tensor] = field(default_factory=list)

    def workspace(self, x: Tensor) -> Tensor:
        """Room for the systems of nodes "n m", the same in every call of at most that size."""
        n, m = x.shape
        if not self._space or self._space[0].shape[-1] < m:
            self._space[:] = [x.new_empty(n, n + 1, m)]
        return self._space[0][..., :m]

    def __call__(self, local: Tensor, gradient: bool) -> tuple[Tensor, list[Tensor]]:
        """Estimates "targets points", and what `pull` needs if a gradient is wanted.

        `local` "3 slots points" holds x and t, in units of the spacings, and u, counted from the
        centre. Without a usable sub-stencil the estimate is nan, its derivatives 0.
        """
        family, degree = self.family, self.family.degree
        scales = family.derivative_scales(*self.spacing)
        n, stencils, points = family.unknowns, len(family.nodes), local.shape[-1]
        x, t, u = local.index_select(1, self.index(local)).reshape(3, n, -1)
        wanted = tuple(k for _, k in family.targets)

        def build(which: Tensor | None) -> Tensor:
            if which is None:
                return _systems(x, t, u, degree, space)
            few = [z.index_select(1, which) for z in (x, t, u)]
            return _systems(few[0], few[1], few[2], degree, x.new_empty(n, n + 1, len(which)))

        space = self.workspace(x)
        p, duals, usable = solve_with_duals(build, wanted if gradient else ())
        usable = None if usable is None else usable.reshape(stencils, points)
        coefficients = p.reshape(n, stencils, points)
        weights = _weights(coefficients, family, self.spacing, usable, self.kind)
        estimates = torch.stack([(weights * coefficients[k]).sum(0) * scales[k] for k in wanted])
        if usable is not None:
            estimates.masked_fill_(~usable.any(0), torch.nan)
        if not gradient:
            return estimates, []
        kept = [z.reshape(n, stencils, points) for z in (*_slopes(p, x, t, degree), *duals)]
        for k, c in zip(wanted, kept[2:], strict=True):
            c.mul_(weights * scales[k])
        if usable is not None:  # 0 times a coordinate that is not finite
            kept = [z.masked_fill_(~usable, 0.0) for z in kept]
        return estimates, kept

    def index(self, local: Tensor) -> Tensor:
        """Window slots of all sub-stencils, node by node."""
        return torch.tensor(self.family.nodes, device=local.device).T.reshape(-1)

    def pull(self, kept: Sequence[Tensor], gradients: Sequence[Tensor], windows: Tensor) -> None:
        """Add the gradient in the local points to `windows` "3 slots points".

        By u it is c for each estimate, by x and t the same times minus the slope of the polynomial;
        all points are counted from the centre, which gets minus their sum.
        """
        by_x, by_t, first, *others = kept
        by_u = first * gradients[0]
        for c, g in zip(others, gradients[1:], strict=True):
            by_u.addcmul_(c, g)
        index, points = self.index(windows), windows.shape[-1]
        for window, values, sign in zip(
            windows, (by_u * by_x, by_u * by_t, by_u), (-1, -1, 1), strict=True
        ):
            window.index_add_(0, index, values.reshape(-1, points), alpha=sign)
            window[CENTRE].sub_(values.sum((0, 1)), alpha=sign)
