"""Moved solutions judged after bilinear resampling: what it gets right, and how it fails."""

import math

import pytest
import torch

from symtutor import (
    EQUATIONS,
    AffineField,
    MLPField,
    moved_residual,
    residual_score,
    simulate,
    solution_validity,
)
from symtutor.experiments.pde_judge import U_TRANSLATION, known_field
from symtutor.jets import splatted_jet
from symtutor.numerics.quadrature import Quadrature

NAMES = ("u_t", "u_x", "u_xx", "u_xxx", "u_xxxx")


@pytest.fixture(scope="module")
def data():
    return simulate(EQUATIONS["ks"], 1)


def wave(columns, shift):
    """sin(x + t) on 9 rows of a grid, every point moved by `shift(x)` along x, and dt = dx."""
    step = 2 * math.pi / columns
    t = (step * torch.arange(9.0).double())[:, None].expand(9, columns)
    x = (step * torch.arange(float(columns)).double()).expand(9, columns)
    return x + shift(x, step), t, torch.sin(x + t), step


def jet_of(columns, shift, order=4):
    x, t, u, step = wave(columns, shift)
    grid = {"length": 2 * math.pi, "spacing": (step, step), "start": t[:1, :1]}
    return splatted_jet(x, t, u, order, **grid)


def errors(columns, shift):
    """Largest error of every derivative of a wave that was translated along x."""
    jet = jet_of(columns, shift)
    assert jet["defined"].all()
    u = torch.sin
    at = jet["x"] + jet["t"] - shift(torch.zeros(()).double(), 2 * math.pi / columns)
    wanted = (torch.cos(at), torch.cos(at), -u(at), -torch.cos(at), u(at))
    return {n: (jet[n] - w).abs().max().item() for n, w in zip(NAMES, wanted, strict=True)}


@pytest.mark.parametrize("part", [0.0, 0.3])
def test_a_translation_by_any_part_of_a_cell_keeps_the_second_order(part):
    coarse, fine = (errors(n, lambda x, step: part * step + 0 * x) for n in (32, 64))
    for name in NAMES:
        assert coarse[name] / fine[name] == pytest.approx(4, rel=0.15)
        assert fine[name] < 0.02


def stretched(x, _):
    return 0.1 * torch.sin(x)


def test_a_displacement_that_varies_makes_the_derivatives_diverge():
    """x + 0.1 sin x: errors of order dx^2 that change from cell to cell, divided by dx^m."""
    found = {}
    for n in (64, 256):
        jet = jet_of(n, stretched)
        label = jet["x"]  # solves label + 0.1 sin(label) = x
        for _ in range(30):
            label = jet["x"] - stretched(label, 0)
        slope = 1 / (1 + 0.1 * torch.cos(label))
        bend = 0.1 * torch.sin(label) * slope**3
        phase, known = label + jet["t"], jet["defined"] > 0
        first = torch.cos(phase) * slope
        second = torch.cos(phase) * bend - torch.sin(phase) * slope**2
        assert known.double().mean() > 0.9
        off = (jet["u_x"] - first, jet["u_xx"] - second, jet["u_xxxx"])  # |u_xxxx| itself < 3
        found[n] = [values[known].abs().max().item() for values in off]
    assert found[256][0] > 0.8 * found[64][0] > 0.05
    assert found[256][1] > 3 * found[64][1] > 3
    assert found[256][2] > 50 * found[64][2] > 5000


def test_a_constant_stays_a_constant():
    x, t, _, step = wave(64, stretched)
    grid = {"length": 2 * math.pi, "spacing": (step, step), "start": t[:1, :1]}
    jet = splatted_jet(x, t, torch.full_like(x, 3.0), 4, **grid)
    assert (jet["u"] - 3)[jet["defined"] > 0].abs().max() < 1e-12


def test_what_no_point_reaches_is_not_defined():
    """A window of 20 of 64 columns, moved by half a row: two columns and a row at either end."""
    x, t, u, step = wave(64, lambda x, _: 0 * x)
    grid = {"length": 2 * math.pi, "spacing": (step, step), "start": t[:1, :1]}
    window = (v[:, 60 - 64 :].contiguous() for v in (x, t, u))
    part = [torch.cat([v, w[:, :16]], dim=1) for v, w in zip(window, (x, t, u), strict=True)]
    defined = splatted_jet(*part, 4, **grid)["defined"]
    assert defined.shape == (7, 64)
    assert (defined.sum(1) == 16).all() and defined[0, -2:].all() and defined[0, :14].all()
    half = splatted_jet(part[0], part[1] + 0.5 * step, part[2], 4, **grid)["defined"]
    assert half.sum(1).tolist() in ([16.0] * 6 + [0.0], [0.0] + [16.0] * 6)
    broken = part[2].clone()
    broken[4, 10] = torch.nan
    hole = splatted_jet(part[0], part[1], broken, 4, **grid)
    assert all(v.isfinite().all() for v in hole.values()) and hole["defined"].sum() < 112


def shift(*vector):
    return AffineField(torch.zeros(1, 3, 3), torch.tensor([vector])).double()


def residual(data, field, s=1.0, **options):
    points = data.points()[:, :10]
    return moved_residual(field, points, data.equation, s, method="bilinear", **options)


def test_translations_by_whole_cells_move_the_residual_and_nothing_else(data):
    """Three columns; and 40 rows, far beyond the patch: the grid follows it."""
    dx, dt = data.equation.length / 256, data.equation.frame_time
    rest = residual(data, shift(0.0, 0.0, 0.0))
    assert rest.shape == (1, 1, 8, 256) and rest.isfinite().all()
    east = residual(data, shift(3 * dx, 0.0, 0.0))
    assert torch.allclose(east, rest.roll(3, -1), atol=1e-6)
    late = residual(data, shift(0.0, 40 * dt, 0.0))
    assert torch.allclose(late, rest, atol=1e-6)


def scores_of(data, generators, s, method):
    chart = data.chart()
    cloud = chart.inward(data.points().reshape(-1, 3)[::7])
    even = Quadrature(cloud, torch.ones_like(cloud[:, 0]))
    field, wrong = (known_field(g, chart, even) for g in (generators, U_TRANSLATION))
    return solution_validity(field, data, wrong, s, method=method, chart=chart)


def test_it_sees_symmetries_at_rest_and_mistakes_a_small_warp_for_ruin(data):
    """Mean logarithms of both schemes on the same data; "total" takes root mean squares."""
    true, warp = dict(data.equation.algebra), {"x-warp": ((0, 1.0, (("sin", 0, math.tau / 64),)),)}
    found = {m: scores_of(data, true, 0.1, m) for m in ("total", "weno", "bilinear")}
    # differences of second order on the undistorted grid: below weno, far above the chain rule
    assert found["total"].floor + 5 < found["bilinear"].floor < found["weno"].floor - 0.5
    # its symmetries leave the floor, those of the others do not
    loss = {m: (score.value - score.floor).max().item() for m, score in found.items()}
    assert loss["bilinear"] > 0.15 > 10 * max(loss["total"], loss["weno"])
    above = {
        m: scores_of(data, warp, 0.02, m).value.item() - found[m].floor
        for m in ("weno", "bilinear")
    }
    assert above["bilinear"] > above["weno"] + 2


@pytest.mark.parametrize("s", [0.0, 0.02, 0.4])
def test_gradients_are_finite_and_reach_every_weight(data, s):
    field = MLPField(3, 2, periods=(1.0, None, None), width=16, head=4, seed=3).double()
    score = residual_score(residual(data, field, s, chart=data.chart()), "bilinear")
    assert score.shape == (2,) and score.isfinite().all()
    score.sum().backward()
    assert all(p.grad.isfinite().all() for p in field.parameters())
    assert s == 0 or all((p.grad != 0).any() for p in field.parameters())


def test_the_gradient_is_that_of_the_score(data):
    field = MLPField(3, 1, periods=(1.0, None, None), width=8, seed=3).double()

    def score():
        return residual_score(residual(data, field, 0.02, chart=data.chart()), "bilinear").sum()

    score().backward()
    step = 1e-7 * field.head_out.grad / field.head_out.grad.norm()
    ends = []
    for sign in (1, -1):
        with torch.no_grad():
            field.head_out += sign * step
            ends.append(score().item())
            field.head_out -= sign * step
    assert (ends[0] - ends[1]) / 2e-7 == pytest.approx(field.head_out.grad.norm().item(), rel=0.02)


def test_masked_points_are_left_out_and_a_slot_without_points_counts_as_the_worst():
    values = torch.full((3, 1, 2, 2), torch.nan)
    values[0, 0, 0] = torch.tensor([math.e, -(math.e**3)])
    values[1] = 1e-9
    found = residual_score(values, "bilinear")
    assert torch.allclose(found, torch.tensor([2.0, math.log(1e-4), 3.0]))
    assert residual_score(values[2:], "bilinear").item() == 0


def test_a_patch_that_is_too_small_is_refused(data):
    with pytest.raises(ValueError, match="need 3 rows and at most 4 x-derivatives, got 2 rows"):
        moved_residual(
            shift(0.0, 0.0, 0.0),
            data.points()[:, :2],
            data.equation,
            1.0,
            method="bilinear",
        )
