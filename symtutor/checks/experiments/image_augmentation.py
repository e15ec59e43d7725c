"""Checks of the chapter Augmentation with learned generators."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.interpolation import pixel_grid
from ...numerics.intervals import mean_interval, t_quantile
from ..engine import diagnose, exercise, function, tensor


@exercise(
    "ex-combined-map",
    question="Write a function of beta (b, n) and matrices (n, 3, 3), augmented matrices of affine "
    "generators, that returns for every draw the 3 x 3 matrix by which pixels are looked up.",
)
def combined_map(answer: Any, generator: Generator) -> str | None:
    """The exponential of minus the combined matrix, for random affine generators."""
    rule = function(answer, "beta, matrices")
    beta = torch.rand(5, 4, generator=generator) - 0.5
    matrices = torch.randn(4, 3, 3, generator=generator)
    matrices[:, 2] = 0
    got = tensor(rule(beta.clone(), matrices.clone()), (5, 3, 3), "the matrices")
    combined = torch.einsum("bn,nij->bij", beta, matrices)
    single = torch.linalg.matrix_exp(-beta[..., None, None] * matrices)
    product = single[:, 0] @ single[:, 1] @ single[:, 2] @ single[:, 3]
    reverse = single[:, 3] @ single[:, 2] @ single[:, 1] @ single[:, 0]
    late = "this is one flow after the other; add up the matrices first, then take one exponential."
    mistakes = {
        "this moves pixels along the field; a moved picture is looked up where its content came "
        "from, at minus beta.": torch.linalg.matrix_exp(combined),
        late: product,
        late + " ": reverse,
        "this is one Euler step, 1 - A; the field changes on the way: take the exponential.": (
            torch.eye(3) - combined
        ),
        "this is the combined matrix itself; take its exponential.": -combined,
    }
    right = torch.linalg.matrix_exp(-combined)
    return diagnose(got, right, mistakes, "compare with exp(-sum_j beta_j M_j).")


def _areas(places: Tensor) -> Tensor:
    right = places[:-1, 1:] - places[:-1, :-1]
    down = places[1:, :-1] - places[:-1, :-1]
    return right[..., 0] * down[..., 1] - right[..., 1] * down[..., 0]


@exercise(
    "ex-count-folds",
    question="Write a function of places (h, w, 2), the moved pixel grid, that returns how many of "
    "its cells are turned over.",
)
def count_folds(answer: Any, generator: Generator) -> str | None:
    """Cells of negative area in grids moved at random."""
    rule = function(answer, "places")
    grid = pixel_grid(6, 9)
    noise = torch.randn(4, 6, 9, 2, generator=generator)
    moved = [grid, *(grid + 0.15 * size * n for size, n in zip((1, 1.5, 2, 3), noise, strict=True))]

    def counts(f: Any) -> Tensor:
        return torch.stack([tensor(f(x.clone()), (), "the number") for x in moved])

    right = counts(lambda x: (_areas(x) < 0).sum())
    number = torch.tensor(5.0 * 8)
    mistakes = {
        "x2 points down: the grid itself, which nothing has moved, must have no folded cell. "
        "Exchange the two edges.": number - right,
        "this is whether any cell is folded; count them.": (right > 0).float(),
        "this is the share of the folded cells; return their number.": right / number,
        "an edge may point backwards without the cell being turned over, if the other one does "
        "too: take the sign of the area they span.": counts(
            lambda x: ((x[:-1, 1:, 0] < x[:-1, :-1, 0]) | (x[1:, :-1, 1] < x[:-1, :-1, 1])).sum()
        ),
    }
    otherwise = "count the cells whose edges a (right) and b (down) have a1 b2 - a2 b1 < 0."
    return diagnose(counts(rule), right, mistakes, otherwise)


def _seeds(generator: Generator, count: int) -> tuple[Tensor, Tensor]:
    """Accuracies of two arms that share their seeds."""
    seeds = 60 + 2 * torch.randn(count, generator=generator, dtype=torch.float64)
    noise = torch.randn(2, count, generator=generator, dtype=torch.float64)
    return seeds + 1 + 0.4 * noise[0], seeds + 0.4 * noise[1]


def _end(arm: Tensor, base: Tensor, quantile: float, correction: int = 1) -> Tensor:
    """Lower end of the interval of the mean difference."""
    gain = arm - base
    return gain.mean() - quantile * gain.std(correction=correction) / math.sqrt(len(gain))


def _unpaired(arm: Tensor, base: Tensor) -> Tensor:
    """The same, as if the two arms had nothing in common."""
    error = ((arm.var() + base.var()) / len(arm)).sqrt()
    return arm.mean() - base.mean() - _student(arm) * error


def _student(arm: Tensor) -> float:
    return t_quantile(len(arm) - 1)


_SLIPS: dict[str, Callable[[Tensor, Tensor], Any]] = {
    "this treats the two arms as independent; they share their seeds: take differences seed by "
    "seed.": _unpaired,
    "few seeds need Student's t, not the 1.96 of a normal distribution.": (
        lambda a, b: _end(a, b, 1.96)
    ),
    "2.7764 belongs to five seeds; another number of seeds has another quantile.": (
        lambda a, b: _end(a, b, t_quantile(4))
    ),
    "the standard deviation of a sample divides by n - 1.": (
        lambda a, b: _end(a, b, _student(a), correction=0)
    ),
    "divide the deviation by the root of the number of seeds: the interval is that of the mean.": (
        lambda a, b: (a - b).mean() - _student(a) * (a - b).std()
    ),
    "this is the upper end.": lambda a, b: mean_interval(a - b).high,
    "this is the mean; subtract half the interval.": lambda a, b: (a - b).mean(),
    "this is the gain of base over arm.": lambda a, b: mean_interval(b - a).low,
}


@exercise(
    "ex-paired-gain",
    question="Write a function of arm and base, accuracies of two arms for the same seeds, that "
    "returns the lower end of the 95 % interval of the gain.",
)
def paired_gain(answer: Any, generator: Generator) -> str | None:
    """Student's interval of paired differences, for five and for eight seeds."""
    rule = function(answer, "arm, base")
    pairs = [_seeds(generator, count) for count in (5, 8, 5)]

    def values(f: Any) -> Tensor:
        return torch.stack([tensor(f(a.clone(), b.clone()), (), "the end") for a, b in pairs])

    right = values(lambda a, b: mean_interval(a - b).low)
    mistakes = {hint: values(slip) for hint, slip in _SLIPS.items()}
    return diagnose(values(rule), right, mistakes, "compare with st.mean_interval(arm - base).low.")
