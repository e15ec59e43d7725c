"""The published score on simulated solutions: its floor, and what it says of true and false fields.

Mean of log max(|residual|, 1e-4) over 16 patches of 64 x 64 points, one per trajectory, moved by
s = 0.3 times a field of norm 1 in (x/L, (t - t0)/T, c u), with the published constants c. The
numbers to compare with were measured with another simulator and another port of the scheme.
"""

import math
from dataclasses import dataclass

import pytest
import torch

from symtutor import EQUATIONS, LibraryField, deformed_derivatives, flow, simulate
from symtutor.numerics.chart import Chart

S, PATCHES, SIDE = 0.3, 16, 64
SCALES = {"kdv": 0.3463, "ks": 0.2130, "burgers": 20.19, "nkdv": 0.4345, "ckdv": 3.6310}
ORDERS = {"kdv": (1, 3), "ks": (1, 2, 4), "burgers": (1, 2), "nkdv": (1, 3), "ckdv": (1, 3)}
FLOORS = {"kdv": -6.29, "ks": -3.32, "burgers": -8.93, "nkdv": -4.74, "ckdv": -9.13}
FALSE = ("u-shift", "u-scale", "t-scale", "x-warp")


@dataclass
class Table:
    """Scores of one equation: mean over the patches by label, and one number per patch."""

    floor: torch.Tensor
    moved: dict[str, torch.Tensor]

    def above(self, label):
        return (self.moved[label] - self.floor).mean().item()


def candidates(equation, start):
    """True generators, approximate ones and four non-symmetries, as tables of terms."""
    t, u = (("power", 1, 1.0),), (("power", 2, 1.0),)
    wave = (("sin", 0, 2 * math.pi / equation.length),)
    return {
        **equation.algebra,
        **equation.approximate,
        "u-shift": ((2, 1.0, ()),),
        "u-scale": ((2, 1.0, u),),
        "t-scale": ((1, 1.0, t), (1, -start, ())),
        "x-warp": ((0, 1.0, wave),),
    }


def random_patches(data, generator):
    """One patch of (x, t, u) per trajectory; columns wrap around."""
    grid = torch.stack(
        [z.expand_as(data.u) for z in (data.x, data.times[:, None])] + [data.u], dim=-1
    )
    rows = torch.randint(0, data.u.shape[1] - SIDE, (len(data),), generator=generator)
    columns = torch.randint(0, data.u.shape[2], (len(data),), generator=generator)
    first = torch.arange(SIDE)
    rows, columns = rows[:, None] + first, (columns[:, None] + first) % data.u.shape[2]
    index = torch.arange(len(data))[:, None, None]
    return grid, grid[index, rows[:, :, None], columns[:, None, :]]


def score(equation, points, spacing):
    jet = deformed_derivatives(
        *points.unbind(-1), ORDERS[equation.name], length=equation.length, spacing=spacing
    )
    residual = equation.residual(jet).abs().clamp_min(1e-4)
    return residual.log().mean((-1, -2))


@pytest.fixture(scope="module", params=list(EQUATIONS))
def table(request):
    name = request.param
    # half the default steps: their error is still far below that of the differences
    data = simulate(EQUATIONS[name], PATCHES, seed=0, substeps=EQUATIONS[name].substeps // 2)
    equation, start = data.equation, data.times[0].item()
    spacing = ((data.times[1] - data.times[0]).item(), (data.x[1] - data.x[0]).item())
    window = len(data.times) * spacing[0]
    chart = Chart((1 / equation.length, 1 / window, SCALES[name]), (0.0, start, 0.0))
    field = LibraryField.from_generators(candidates(equation, start)).double()
    cloud, points = random_patches(data, torch.Generator().manual_seed(1))
    vectors = chart.push(field(cloud[:, ::4, ::4]))
    norms = vectors.square().sum(-1).mean((0, 1, 2)).sqrt()
    moved = flow(field, points, (S / norms)[None].detach(), steps=4)[0].detach()
    scores = {
        label: score(equation, moved[..., i, :], spacing) for i, label in enumerate(field.labels)
    }
    return name, Table(score(equation, points, spacing), scores)


def test_floor(table):
    """Within 0.5, or within two standard errors of 16 patches where these are larger (KdV, nKdV:
    a patch with a steep soliton has a floor several nats above that of a calm one)."""
    name, scores = table
    error = scores.floor.std().item() / math.sqrt(PATCHES)
    assert abs(scores.floor.mean().item() - FLOORS[name]) < max(0.5, 2 * error)


def test_true_symmetries_score_at_the_floor(table):
    name, scores = table
    for label in EQUATIONS[name].algebra:
        assert abs(scores.above(label)) < 0.35, label


def test_non_symmetries_score_above_it(table):
    """By 1 nat at least; the stretched time of KS by 0.9, as in the published arrangement."""
    name, scores = table
    for label in FALSE:
        least = 0.85 if (name, label) == ("ks", "t-scale") else 1.0
        assert scores.above(label) > least, label


def test_approximate_symmetries_lie_between(table):
    """cKdV hardly minds another time (0.14 measured elsewhere); Burgers' u-scaling is seen."""
    name, scores = table
    false = min(scores.above(label) for label in FALSE if (name, label) != ("burgers", "u-scale"))
    for label in EQUATIONS[name].approximate:
        low, high = (0.04, 0.24) if name == "ckdv" else (1.0, false)
        assert low < scores.above(label) < high, label
