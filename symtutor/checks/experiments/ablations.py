"""Checks of the chapter What carries the method."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import diagnose, exercise, function, tensor


def _share(phase: Tensor) -> Tensor:
    """Mean energy left by linear interpolation over all offsets."""
    return (2 + torch.cos(phase)) / 3


_MEANS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "this is the amplitude; the share of the energy is its square.": (
        lambda k, w: (_share(k) * _share(w)).sqrt()
    ),
    "this is what a shift by half a step leaves, where theta (1 - theta) is largest, 1/4; its mean "
    "over all offsets is less.": (lambda k, w: (torch.cos(k / 2) * torch.cos(w / 2)).square()),
    "this is the interpolation in space alone; frames are interpolated, too.": (
        lambda k, w: _share(k)
    ),
    "this is the interpolation in time alone.": lambda k, w: _share(w),
    "the two shares are multiplied: what is dimmed in space is dimmed again in time.": (
        lambda k, w: _share(k) + _share(w) - 1
    ),
    "this is the share that is lost; subtract it from 1.": (lambda k, w: 1 - _share(k) * _share(w)),
}


@exercise(
    "ex-bilinear-energy",
    question="Write a function of k and omega, the phases of a wave from grid point to grid point "
    "and from frame to frame, that returns the share of its energy that bilinear interpolation "
    "leaves, on average over all offsets in space and time.",
)
def bilinear_energy(answer: Any, generator: Generator) -> str | None:
    """A product of two means over uniform offsets."""
    rule = function(answer, "k, omega")
    k, omega = math.pi * torch.rand(2, 30, generator=generator)
    got = tensor(rule(k.clone(), omega.clone()), (30,), "the shares")
    mistakes = {hint: slip(k, omega) for hint, slip in _MEANS.items()}
    otherwise = "average |1 - theta + theta exp(ik)|^2 over theta, likewise for omega; multiply."
    return diagnose(got, _share(k) * _share(omega), mistakes, otherwise)


def _counts(angles: Tensor, threshold: float) -> Tensor:
    return (angles < threshold).sum(1)


_FLIPS: dict[str, Callable[[Tensor, float, float], Tensor]] = {
    "this counts angles; a run in which two generators change is one run.": (
        lambda a, low, high: ((a >= low) & (a < high)).sum()
    ),
    "this counts the runs that do not change.": (
        lambda a, low, high: (_counts(a, low) == _counts(a, high)).sum()
    ),
    "this compares totals over all runs; compare run by run.": (
        lambda a, low, high: (a.amax(1) < high).sum() - (a.amax(1) < low).sum()
    ),
    "this counts the runs that have an angle below the higher threshold, changed or not.": (
        lambda a, low, high: (a < high).any(1).sum()
    ),
    "an angle equal to the lower threshold is not below it, but below the higher one; an angle "
    "equal to the higher one is below neither.": (
        lambda a, low, high: ((a > low) & (a <= high)).any(1).sum()
    ),
    "an angle equal to the lower threshold is not found with it, and found with the higher one.": (
        lambda a, low, high: ((a > low) & (a < high)).any(1).sum()
    ),
    "an angle equal to the higher threshold is found with neither.": (
        lambda a, low, high: ((a >= low) & (a <= high)).any(1).sum()
    ),
}


@exercise(
    "ex-threshold-flips",
    question="Write a function of angles (runs, generators), low and high that returns for how "
    "many runs the number of angles below the threshold changes when it rises from low to high.",
)
def threshold_flips(answer: Any, generator: Generator) -> str | None:
    """Runs with angles on both sides of two thresholds, and some exactly at them."""
    rule = function(answer, "angles, low, high")
    low, high = 5.0, 20.0
    cases = []
    for runs in (12, 17, 23):
        angles = 40 * torch.rand(runs, 3, generator=generator)
        angles[0] = torch.tensor([1.0, low, 30.0])
        angles[1:3] = torch.tensor([2.0, 30.0, high])
        cases.append(angles)

    def values(f: Any) -> Tensor:
        return torch.stack([tensor(f(a.clone(), low, high), (), "the number") for a in cases])

    right = values(lambda a, low, high: (_counts(a, low) != _counts(a, high)).sum())
    mistakes = {hint: values(slip) for hint, slip in _FLIPS.items()}
    otherwise = "count the rows that have an angle in [low, high)."
    return diagnose(values(rule), right, mistakes, otherwise)
