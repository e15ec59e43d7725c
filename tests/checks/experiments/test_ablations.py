import pytest
import torch

from symtutor.checks import check


def kept(phase):
    return 1 - (1 - torch.cos(phase)) / 3


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda k, w: (kept(k) * kept(w)).sqrt(), "this is the amplitude"),
        (lambda k, w: (torch.cos(k / 2) * torch.cos(w / 2)) ** 2, "half a step leaves"),
        (lambda k, w: kept(k), "in space alone"),
        (lambda k, w: kept(w), "in time alone"),
        (lambda k, w: kept(k) + kept(w) - 1, "are multiplied"),
        (lambda k, w: (1 + torch.cos(k)) * (1 + torch.cos(w)) / 4, "largest, 1/4"),
        (lambda k, w: 1 - kept(k) * kept(w), "share that is lost"),
        (lambda k, w: torch.ones_like(k), "average |1 - theta"),
        (lambda k, w: torch.tensor(1.0), "shape (30,)"),
        (0.5, "must be a function"),
    ],
)
def test_energy_hints(answer, hint, refused):
    refused("ex-bilinear-energy", answer, hint)


def test_energy_right():
    def average(k, omega):  # by quadrature over both offsets
        theta = (torch.arange(400) + 0.5) / 400
        parts = [
            (1 - 2 * theta * (1 - theta) * (1 - torch.cos(v))[:, None]).mean(1) for v in (k, omega)
        ]
        return parts[0] * parts[1]

    assert check("ex-bilinear-energy", average).passed
    assert check("ex-bilinear-energy", lambda k, w: kept(k) * kept(w)).passed


def between(a, low, high):
    return (a >= low) & (a < high)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda *a: between(*a).sum(), "this counts angles"),
        (lambda *a: (~between(*a)).all(1).sum(), "do not change"),
        (lambda a, low, high: between(a.amax(1), low, high).sum(), "run by run"),
        (lambda a, low, high: (a < high).any(1).sum(), "changed or not"),
        (lambda a, low, high: ((a > low) & (a <= high)).any(1).sum(), "below neither"),
        (lambda a, low, high: ((a > low) & (a < high)).any(1).sum(), "found with the higher"),
        (lambda a, low, high: ((a >= low) & (a <= high)).any(1).sum(), "found with neither"),
        (lambda *a: 3, "an angle in [low, high)"),
        (lambda a, low, high: a, "one number"),
    ],
)
def test_flip_hints(answer, hint, refused):
    refused("ex-threshold-flips", answer, hint)


def test_flip_right():
    def by_counting(angles, low, high):
        pairs = [[sum(x < t for x in row) for t in (low, high)] for row in angles.tolist()]
        return sum(before != after for before, after in pairs)

    assert check("ex-threshold-flips", by_counting).passed
    assert check("ex-threshold-flips", lambda *a: between(*a).any(1).sum()).passed
