"""Scores of moved solutions: their floors, their contrasts, and that the three agree."""

import math
from dataclasses import dataclass, replace

import jaxtyping
import pytest
import torch

from symtutor import (
    EQUATIONS,
    Charted,
    Heat,
    KdV,
    LibraryField,
    MLPField,
    Quadrature,
    Trajectories,
    infinitesimal_residual,
    moved_residual,
    residual_score,
    simulate,
    snapshots,
    solution_validity,
)
from symtutor.validity.solutions import needed_orders

U = (("power", 2, 1.0),)
RAISED = {"raised u": ((2, 1.0, ()),)}


@dataclass
class Case:
    """One trajectory, and fields of norm 1 in its chart."""

    data: Trajectories

    def field(self, generators) -> Charted:
        chart = self.data.chart()
        cloud = chart.inward(self.data.points().reshape(-1, 3)[::7])
        even = Quadrature(cloud, torch.ones_like(cloud[:, 0]))
        return Charted(LibraryField.from_generators(generators).double(), chart, even)

    def score(self, generators, s=None, **options):
        options.setdefault("chart", self.data.chart())
        return solution_validity(
            self.field(generators), self.data, self.field(RAISED), s, **options
        )


def a_case(name):
    """The frames 36 to 99 of the usual ones, with fewer steps between them."""
    usual = EQUATIONS[name]
    part = usual.duration * 99 / (usual.frames - 1)
    return Case(
        simulate(
            replace(usual, duration=part, frames=100, kept=64), 1, substeps=usual.substeps * 3 // 4
        )
    )


@pytest.fixture(scope="module", params=list(EQUATIONS))
def case(request):
    return a_case(request.param)


@pytest.fixture(scope="module")
def kdv():
    return Case(simulate(KdV(), 1, substeps=16))  # the published frames


def false(equation):
    wave = (("sin", 0, 2 * math.pi / equation.length),)
    return {**RAISED, "louder": ((2, 1.0, U),), "warped": ((0, 1.0, wave),)}


def test_needed_orders():
    """The x-derivatives that each equation's formula contains, and always u_x."""
    found = {name: needed_orders(equation) for name, equation in EQUATIONS.items()}
    third = (1, 3)
    assert found == {
        "kdv": third,
        "ks": (1, 2, 4),
        "burgers": (1, 2),
        "nkdv": third,
        "ckdv": third,
    }
    assert needed_orders(Heat()) == (1, 2)


def at_rest(data, method):
    zero = LibraryField([()], torch.zeros(1, 1, 3).double())
    return moved_residual(zero, data.points(), data.equation, 0.0, method=method)


def test_the_chain_rule_has_the_lower_floor(kdv):
    median = {m: at_rest(kdv.data, m).abs().median().item() for m in ("total", "weno")}
    assert median["total"] < median["weno"] / 100
    assert 1e-3 < median["weno"] < 1e-1  # as blind as the published scheme is


def test_residuals_lose_the_documented_margins(kdv):
    assert at_rest(kdv.data, "total").shape == (1, 1, 140 - 2 * 9, 256)
    assert at_rest(kdv.data, "weno").shape == (1, 1, 138, 252)


@pytest.mark.parametrize("s", [0.03, -0.1])
def test_total_knows_symmetries(case, s):
    """True generators at the floor, a non-symmetry at least 3 nats above it."""
    score = case.score(case.data.equation.algebra, s)
    assert torch.allclose(score.value, torch.full_like(score.value, score.floor), atol=0.05)
    assert (case.score(false(case.data.equation), s).value > score.floor + 3).all()
    assert score.contrast > score.floor + 3


def test_weno_knows_gross_violations(case):
    """The same at s = 0.3, by 1 nat; cKdV's floor is near the clamp."""
    score = case.score(case.data.equation.algebra, 0.3, method="weno")
    assert (score.value - score.floor).abs().max() < 0.35
    assert (case.score(false(case.data.equation), 0.3, method="weno").value > score.floor + 1).all()
    assert score.contrast > score.floor + 1


def test_weno_hardly_sees_a_tenth(kdv):
    """u -> 1.1 u: less than half a nat for the stencils, several for the chain rule."""
    louder = LibraryField.from_generators({"louder": ((2, 1.0, U),)}).double()
    above = {}
    for method in ("weno", "total"):
        options = {"method": method, "equation": kdv.data.equation}
        moved = moved_residual(louder, kdv.data.points(), s=math.log(1.1), **options)
        above[method] = residual_score(moved, method) - residual_score(
            at_rest(kdv.data, method), method
        )
    assert above["weno"].abs() < 0.5
    assert above["total"] > 3


def test_infinitesimal_is_rounding_for_symmetries_only(case):
    """Highest derivatives of order 4 magnify rounding most: KS, e^-19."""
    score = case.score(case.data.equation.algebra, method="infinitesimal")
    wrong = case.score(false(case.data.equation), method="infinitesimal").value
    assert score.value.max() < -18
    assert wrong.min() > -7
    assert score.contrast == pytest.approx(wrong[0].item())


def test_infinitesimal_sees_approximate_symmetries():
    """cKdV in another time, Burgers with louder u: above the rounding, below the contrast."""
    for name in ("burgers", "ckdv"):
        case = a_case(name)
        score = case.score(case.data.equation.approximate, method="infinitesimal")
        assert score.floor + 15 < score.value.item() < score.contrast + 0.5


def test_infinitesimal_is_the_derivative_of_total(case):
    """d/ds of the residual of the moved graph at s = 0, for any smooth field."""
    data, chart, h = case.data, case.data.chart(), 1e-3
    field = MLPField(3, 2, periods=(1.0, None, None), width=32, seed=1).double()
    s = torch.tensor([h, -h], dtype=torch.float64)
    with torch.no_grad():
        options = {"chart": chart, "steps": 1}
        parts = [moved_residual(field, data.points(), data.equation, step, **options) for step in s]
        rows = snapshots(data.equation, data.u[0], data.times)
        direct = infinitesimal_residual(field, rows, chart)
    difference = (parts[0] - parts[1])[:, 0] / (2 * h)
    lost = (data.u.shape[1] - difference.shape[1]) // 2
    direct = direct[:, lost:-lost, ::2]  # the rows are refined twofold
    assert (difference - direct).norm() < 0.02 * direct.norm()
    assert direct.square().mean() > 1e-8


def test_learning_can_use_all_three(kdv):
    """The value has gradients, floor and contrast are plain numbers."""
    part = replace(kdv.data, u=kdv.data.u[:, :24], times=kdv.data.times[:24])
    for method, s in (("total", 0.1), ("weno", 0.1), ("infinitesimal", None)):
        field = MLPField(3, 2, periods=(1.0, None, None), width=8, seed=1).double()
        contrast = kdv.field(RAISED)
        score = solution_validity(field, part, contrast, s, method=method, chart=part.chart())
        score.value.sum().backward()
        assert all(p.grad.isfinite().all() and p.grad.any() for p in field.parameters())
        assert isinstance(score.floor, float) and isinstance(score.contrast, float)


def test_published_score_is_clamped():
    """Nothing counts as less than 1e-4, so no score is below its logarithm."""
    residual = torch.tensor([0.0, 1e-9, -1e-4, -1.0]).double().reshape(1, 1, 2, 2)
    expected = torch.tensor([3 * math.log(1e-4) / 4]).double()
    assert torch.allclose(residual_score(residual, "weno"), expected)
    assert torch.allclose(residual_score(0 * residual, "weno"), expected * 4 / 3)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_published_score_takes_the_worst_for_missing_points(bad):
    """Per generator: the second one has another worst point; a missing point has no gradient."""
    residual = torch.tensor([bad, 0.01, -2.0, 0.5, bad, 0.1, 0.1, -3.0]).double()
    residual = residual.reshape(2, 1, 2, 2).requires_grad_()
    found = residual_score(residual, "weno")
    expected = [[2.0, 0.01, 2.0, 0.5], [3.0, 0.1, 0.1, 3.0]]
    assert torch.allclose(found, torch.tensor(expected).double().log().mean(1))
    found.sum().backward()
    assert residual.grad.isfinite().all()
    assert residual.grad.flatten()[[0, 4]].eq(0).all()


def test_other_scores_are_root_mean_squares():
    residual = torch.tensor([[3.0, 4.0], [1e-9, 0.0]]).double().reshape(2, 1, 1, 2)
    expected = torch.tensor([12.5, 5e-19]).double().sqrt().log()
    for method in ("total", "infinitesimal"):
        assert torch.allclose(residual_score(residual, method), expected)


def test_a_local_field_cheats_the_mean_of_logs(kdv):
    """u raised near one place only, with norm 1: the narrower, the better and the worse."""
    points, x = kdv.data.points(), kdv.data.x
    scores = []
    for sharpness in (2.0, 20.0, 200.0):
        bump = (sharpness * (torch.cos(2 * math.pi * x / 128) - 1)).exp()
        bump = bump / bump.square().mean().sqrt()
        moved = points + 0.1 * bump[:, None] * torch.tensor([0.0, 0.0, 1.0])
        residual = moved_residual(
            LibraryField([()], torch.zeros(1, 1, 3).double()), moved, kdv.data.equation, 0.0
        )
        scores.append([residual_score(residual, m).item() for m in ("weno", "total")])
    logs, squares = zip(*scores, strict=True)
    assert logs[0] > logs[1] > logs[2]
    assert squares[0] < squares[1] < squares[2]


def test_what_cannot_be_scored(kdv, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    algebra = KdV().algebra
    for method in ("total", "weno"):
        with pytest.raises(ValueError, match="move solutions by s"):
            kdv.score(algebra, method=method)
        with pytest.raises(ValueError, match="nothing to score"):
            kdv.score(algebra, 0.0, method=method)
    with pytest.raises(ValueError, match="'infinitesimal' takes no s"):
        kdv.score(algebra, 0.1, method="infinitesimal")
    with pytest.raises(ValueError, match="'total', 'weno' or 'bilinear', got 'guess'"):
        kdv.score(algebra, 0.1, method="guess")
    with pytest.raises(ValueError, match="one group parameter"):
        kdv.score(algebra, torch.tensor([0.1, 0.2]))
    short = replace(kdv.data, u=kdv.data.u[:, :18], times=kdv.data.times[:18])
    with pytest.raises(ValueError, match="more than 18 rows"):
        Case(short).score(algebra, 0.1)
    with pytest.raises(ValueError, match="acts on"):
        solution_validity(MLPField(2, 1).double(), kdv.data, kdv.field(RAISED), 0.1)
