"""Checks of the chapter Generators of colour space."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import diagnose, exercise, function, tensor


@exercise(
    "ex-exposure-flow",
    question="Write a function of y (shape (..., 3)), s and k that returns the flow of V(y) = y - "
    "k at s.",
)
def exposure_flow(answer: Any, generator: Generator) -> str | None:
    """k + e^s (y - k) on random colours."""
    moved = function(answer, "y, s, k")
    y = torch.randn(4, 2, 3, generator=generator)
    k, s = torch.tensor([-2.1, -2.0, -1.8]), 0.7
    got = tensor(moved(y.clone(), s, k.clone()), y.shape, "the colours")
    grown = math.exp(s) * (y - k)
    mistakes = {
        "this stretches about the mean colour, where y = 0; exposure keeps black fixed.": (
            math.exp(s) * y
        ),
        "this is one Euler step, k + (1 + s)(y - k); the velocity grows on the way.": (
            k + (1 + s) * (y - k)
        ),
        "this is the flow at -s: with V(y) = y - k colours move away from black.": (
            k + math.exp(-s) * (y - k)
        ),
        "you measured from black; add k again to come back to y.": grown,
        "this is the velocity V(y); follow it for the time s.": y - k,
        "this is the displacement; add the starting point.": grown + k - y,
    }
    return diagnose(got, k + grown, mistakes, "compare with k + e^s (y - k).")


def _trilinear(corners: Tensor, place: Tensor) -> Tensor:
    for t in place:
        corners = (1 - t) * corners[0] + t * corners[1]
    return corners


@exercise(
    "ex-trilinear",
    question="Write a function of corners (2, 2, 2, 3), indexed by red, green, blue, and place "
    "(3 numbers in [0, 1]) that returns the trilinear interpolation there.",
)
def trilinear(answer: Any, generator: Generator) -> str | None:
    """Products of three weights at random places of random cells."""
    rule = function(answer, "corners, place")
    cells = torch.randn(5, 2, 2, 2, 3, generator=generator)
    places = torch.rand(5, 3, generator=generator)

    def values(f: Any) -> Tensor:
        found = [f(c.clone(), p.clone()) for c, p in zip(cells, places, strict=True)]
        return torch.stack([tensor(v, (3,), "the displacement") for v in found])

    mistakes = {
        "corners are indexed by red, green, blue, in this order; yours has it backwards.": values(
            lambda c, p: _trilinear(c, p.flip(0))
        ),
        "corner 1 has the weight t and corner 0 has 1 - t, not the other way round.": values(
            lambda c, p: _trilinear(c, 1 - p)
        ),
        "this is the value at the nearest corner: between corners it jumps.": values(
            lambda c, p: _trilinear(c, p.round())
        ),
        "this is the mean of the corners, whatever the place.": values(
            lambda c, p: c.mean((0, 1, 2))
        ),
    }
    otherwise = "each corner has the product of three weights, t or 1 - t, one per axis."
    return diagnose(values(rule), values(_trilinear), mistakes, otherwise)
