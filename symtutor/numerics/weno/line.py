"""WENO on the nodes of a line: the first derivative, of high order and without oscillations."""

import math
from typing import Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class WenoDerivative(NamedTuple):
    """A derivative and how it came about; sub-stencils go from left to right.

    Attributes:
        value: the derivative at the interior nodes, "... inner".
        weights: of the sub-stencils, with sum 1, "... inner stencils".
        slopes: the derivative that each sub-stencil gives, "... inner stencils".
        smoothness: the indicator of each sub-stencil, in units of the values squared, of the same
            shape.
    """

    value: Tensor
    weights: Tensor
    slopes: Tensor
    smoothness: Tensor


def linear_weights(places: Float[Tensor, "*b two_k"]) -> Float[Tensor, "*b s"]:
    r"""Positive weights that combine k+1 polynomials of degree k into one of degree 2k.

    Let q interpolate data at k places left and k places right of 0. Its value at 0 is a mean of the
    values of the k+1 polynomials through k neighbouring places each, with weights that depend on
    the places alone: by Neville's rule
    $q_{a..b}(0)=\frac{\xi_b\,q_{a..b-1}(0)-\xi_a\,q_{a+1..b}(0)}{\xi_b-\xi_a}$, where
    $\xi_a<0<\xi_b$ as soon as there are more than k places.

    Example:
        >>> linear_weights(torch.tensor([-2.0, -1.0, 1.0, 2.0])).mul(6).round().tolist()
        [1.0, 4.0, 1.0]
    """
    k = places.shape[-1] // 2
    # from the whole set down: the weight of each run of places, by its first one
    weights = torch.ones_like(places[..., :1])
    for count in range(2 * k, k, -1):
        left, right = places[..., : 2 * k - count + 1], places[..., count - 1 :]
        keep_left = weights * right / (right - left)
        keep_right = weights * -left / (right - left)
        zero = torch.zeros_like(weights[..., :1])
        weights = torch.cat([keep_left, zero], -1) + torch.cat([zero, keep_right], -1)
    return weights


def _indicator(degree: int, like: Tensor) -> Tensor:
    r"""Matrix of $\sum_{l\ge1}\int_{-1/2}^{1/2}(P^{(l)})^2d\xi$ in the coefficients of P - P(0)."""
    q = torch.zeros(degree, degree, dtype=torch.float64)
    for i in range(1, degree + 1):
        for j in range(1, degree + 1):
            for r in range(1, min(i, j) + 1):
                power = i + j - 2 * r
                if power % 2 == 0:
                    falling = math.perm(i, r) * math.perm(j, r)
                    q[i - 1, j - 1] += falling * 0.5**power / (power + 1)
    return q.to(like)


def _neighbours(grid: Tensor, k: int, length: float | None, shift: float) -> Tensor:
    """2k+1 neighbours of every interior node; of every node, with `shift` a period further, if
    `length` is given."""
    if length is not None:
        grid = torch.cat([grid[..., -k:] - shift, grid, grid[..., :k] + shift], -1)
    return grid.unfold(-1, 2 * k + 1, 1)


def weno_derivative(
    values: Float[Tensor, "*b n"],
    nodes: Float[Tensor, " n"],
    *,
    degree: int = 2,
    weights: Literal["nonlinear", "linear"] = "nonlinear",
    epsilon: float = 1e-6,
    length: float | None = None,
) -> WenoDerivative:
    r"""First derivative of point values on increasing nodes, however unequal their distances.

    Each node lies in k+1 sub-stencils of k+1 neighbours; polynomials P of degree k through them
    have slopes of order k. The linear weights $\gamma_s$ (see `linear_weights`) combine them to the
    slope of the polynomial through all 2k+1 neighbours, of order 2k. WENO (Jiang and Shu, 1996)
    replaces them by $w_s\propto\gamma_s/(\epsilon+\mathrm{IS}_s)^2$,
    $\mathrm{IS}_s=\sum_{l\ge1}\int(P_s^{(l)})^2\,d\xi$ over one cell, $\xi=(x-x_i)/h_i$, with $h_i$
    half the distance of the two next nodes. Where u is smooth this changes nothing up to the order;
    a sub-stencil across a jump hardly counts.

    Only the first derivative: for higher ones, linear weights of that order are partly negative.

    Args:
        values: u at the nodes, in any number of functions.
        nodes: strictly increasing; within one period if `length` is given.
        degree: k, from 1 to 4.
        weights: "linear" keeps $\gamma_s$: the plain stencil of order 2k.
        epsilon: in units of the values squared.
        length: period in x; then the derivative is given at all n nodes, else at the n-2k inner
            ones.

    Raises:
        ValueError: if nodes do not increase, are too few, or the degree is out of range.

    Example:
        >>> x = torch.tensor([0.0, 0.5, 1.2, 2.0, 2.5, 3.3], dtype=torch.float64)
        >>> weno_derivative(x**2, x, weights="linear").value.tolist()
        [2.4, 4.0]
    """
    if not 1 <= degree <= 4 or len(nodes) < 2 * degree + 1:
        raise ValueError(
            "degrees are 1 to 4 and need 2 degree + 1 nodes, "
            f"got degree {degree} and {len(nodes)} nodes"
        )
    span = math.inf if length is None else length
    steps = nodes.detach().diff()
    if not bool((steps > 0).all()) or not float(steps.sum()) < span:
        raise ValueError("nodes must increase strictly, and stay within one period")
    k, near = degree, [i for i in range(2 * degree + 1) if i != degree]
    x, u = _neighbours(nodes, k, length, length or 0.0), _neighbours(values, k, length, 0.0)
    h = (x[:, k + 1 : k + 2] - x[:, k - 1 : k]) / 2
    xi = ((x - x[:, k : k + 1]) / h)[:, near]
    # P = u_i + xi q(xi), and q interpolates the divided differences to the node in the middle
    divided = (u - u[..., k : k + 1])[..., near] / xi
    places, runs = xi.unfold(-1, k, 1), divided.unfold(-1, k, 1)
    vandermonde = places[..., None] ** torch.arange(k, device=xi.device)
    q = torch.linalg.solve(vandermonde, runs[..., None])[..., 0]
    smoothness = torch.einsum("...i,ij,...j->...", q, _indicator(k, q), q)
    gamma = linear_weights(xi).expand(smoothness.shape)
    w = gamma if weights == "linear" else gamma / (epsilon + smoothness) ** 2
    w = w / w.sum(-1, keepdim=True)
    slopes = q[..., 0] / h
    return WenoDerivative((w * slopes).sum(-1), w, slopes, smoothness)
