"""Checks of the chapter Symmetries of CIFAR-10."""

from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import diagnose, exercise, function, tensor


@exercise(
    "ex-pixel-turns",
    question="Write a function of pulled = J^T v (b c h w) and the slopes of the pictures "
    "(b c h w 2) that returns one estimate of the pixel sensitivity (h w).",
)
def pixel_turns(answer: Any, generator: Generator) -> str | None:
    """Sum over channels, square, sum over directions, mean over pictures."""
    estimate = function(answer, "pulled, slopes")
    pulled = torch.randn(5, 3, 6, 4, generator=generator)
    slopes = torch.randn(5, 3, 6, 4, 2, generator=generator)
    got = tensor(estimate(pulled.clone(), slopes.clone()), (6, 4), "the sensitivity")
    each = pulled[..., None] * slopes  # "b c h w 2"
    turns = each.sum(1)
    right = turns.square().sum(-1).mean(0)
    mistakes = {
        "the three channels of a pixel are displaced together: add them up before squaring.": (
            each.square().sum((1, -1)).mean(0)
        ),
        "the two directions are separate displacements: square before adding them up.": (
            turns.sum(-1).square().mean(0)
        ),
        "each picture turns its own features: square before averaging over pictures.": (
            turns.mean(0).square().sum(-1)
        ),
        "the expectation over pictures is their mean, not their sum.": 5 * right,
        "both directions count, and are added.": 0.5 * right,
        "the squares are wanted, not the lengths.": turns.norm(dim=-1).mean(0),
    }
    otherwise = "sum over channels, square, sum over the two directions, mean over pictures."
    return diagnose(got, right, mistakes, otherwise)


def _share(values: Tensor, basis: Tensor, weights: Tensor) -> Tensor:
    """Norm of the weighted projection of a field onto a span, over the norm of the field."""
    root = weights.sqrt()[:, None]
    field = (root * values).reshape(-1)
    columns = (root[:, None] * basis).movedim(1, -1).reshape(len(field), -1)
    return torch.linalg.qr(columns).Q.mT.mv(field).norm() / field.norm()


def _unit(fields: Tensor, weights: Tensor) -> Tensor:
    """Fields "q m d" divided by their norms."""
    return fields / torch.einsum("q,qmd->m", weights, fields.square()).sqrt()[:, None]


@exercise(
    "ex-affine-share",
    question="Write a function of a field's values (q 2), the values of m independent fields "
    "(q m 2) and weights of sum 1 (q) that returns the affine-ness: the norm of the projection "
    "onto their span, relative to the norm of the field.",
)
def affine_share(answer: Any, generator: Generator) -> str | None:
    """A projection, under the weights, of fields that are not orthogonal."""
    share = function(answer, "values, basis, weights")
    points = 2 * torch.rand(40, 2, generator=generator) - 1
    one, (x1, x2) = torch.ones(40), points.unbind(-1)
    zero = torch.zeros(40)
    rows = [(one, zero), (zero, one), (x1, zero), (zero, x2), (x2, zero), (zero, x1)]
    basis = torch.stack([torch.stack(row, dim=-1) for row in rows], dim=1)
    weights = torch.exp(-2 * (points - 0.4).square().sum(-1))  # off the middle: not orthogonal
    weights = weights / weights.sum()
    values = 3 * (basis[:, [0, 3]].sum(1) + 2 * torch.sin(4 * points).flip(-1))
    given = [v.clone() for v in (values, basis, weights)]
    got = tensor(share(*given), (), "the affine-ness")
    norm = (weights @ values.square().sum(-1)).sqrt()
    parts = torch.einsum("q,qd,qmd->m", weights, values, _unit(basis, weights))
    even = torch.full_like(weights, 1 / len(weights))
    right = _share(values, basis, weights)
    mistakes = {
        "these fields are not orthogonal under the weights: the root of the sum of squares of "
        "inner products counts what they share several times. Project, e.g. by least squares.": (
            parts.norm() / norm
        ),
        "every point has its own weight: use the weights in the projection and in both norms.": (
            _share(values, basis, even)
        ),
        "divide by the norm of the field itself.": right * norm,
        "this is the square; affine-ness is a ratio of norms.": right.square(),
        "this is what the projection leaves over.": (1 - right.square()).sqrt(),
    }
    otherwise = "multiply all rows by the roots of their weights, then compare lengths."
    return diagnose(got, right, mistakes, otherwise)
