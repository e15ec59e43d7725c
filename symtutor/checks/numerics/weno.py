"""Checks of the chapter WENO: differences on a moved grid."""

from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.weno import linear_weights
from ..engine import diagnose, exercise, function, tensor


def _five(generator: Generator) -> Tensor:
    steps = 0.3 + torch.rand(5, generator=generator, dtype=torch.float64)
    return steps.cumsum(0) - 1.5


@exercise(
    "ex-linear-weights",
    question="Write a function of five increasing nodes x that returns the weights with which the "
    "slopes at x[2] of the left, the middle and the right parabola give that of the quartic.",
)
def five_weights(answer: Any, generator: Generator) -> str | None:
    """Those of `linear_weights`, on unequal nodes."""
    weights = function(answer, "x")
    x = _five(generator)
    near = torch.cat([x[:2], x[3:]]) - x[2]
    right = linear_weights(near)
    middle_only = torch.tensor([0.0, 1.0, 0.0], dtype=x.dtype)
    mistakes = {
        "these are the weights of equal distances; use the nodes.": torch.tensor(
            [1.0, 4.0, 1.0], dtype=x.dtype
        )
        / 6,
        "left and right are exchanged.": right.flip(0),
        "a mean of equal weights has order 2 only.": torch.full_like(right, 1 / 3),
        "these are proportional to the weights, but their sum is not 1.": 6 * right,
        "the middle parabola alone has order 2 only.": middle_only,
        "count places from x[2], not from 0.": linear_weights(torch.cat([x[:2], x[3:]])),
    }
    got = tensor(weights(x), (3,), "the weights")
    return diagnose(
        got, right, mistakes, "run Neville's rule with the rows of a unit matrix as slopes."
    )


@exercise(
    "ex-implicit-gradient",
    question="Write a function of V, f and k that returns the derivative of p_k by every entry of "
    "V, where V p = f.",
)
def implicit_gradient(answer: Any, generator: Generator) -> str | None:
    """-c p^T with c = V^{-T} e_k."""
    gradient = function(answer, "V, f, k")
    n, k = 5, 3
    matrix = torch.randn(n, n, generator=generator, dtype=torch.float64) + 3 * torch.eye(n)
    f = torch.randn(n, generator=generator, dtype=torch.float64)
    e = torch.eye(n, dtype=f.dtype)[k]
    p, c = torch.linalg.solve(matrix, f), torch.linalg.solve(matrix.T, e)
    right = -c[:, None] * p
    mistakes = {
        "the sign: dp = -V^{-1} dV p.": -right,
        "this is the transpose: entry (r, j) of V multiplies p_j in row r.": right.T,
        "c solves the transposed system V^T c = e.": -torch.linalg.solve(matrix, e)[:, None] * p,
        "dV multiplies the solution p, not f.": -c[:, None] * f,
    }
    got = tensor(gradient(matrix, f, k), (n, n), "the derivative")
    return diagnose(got, right, mistakes, "differentiate V p = f, and multiply by c = V^{-T} e_k.")
