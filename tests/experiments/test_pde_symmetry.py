"""Variable projection, the published objective, and the judge of PDE symmetries."""

import math
from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import (
    EQUATIONS,
    MLPField,
    NonFiniteError,
    Quadrature,
    Runtime,
    StoppedError,
    draw_snapshots,
    experiments,
    field_angles,
    generator,
    orthonormal,
)
from symtutor.experiments import pde_judge as judge
from symtutor.experiments import pde_objective as objective
from symtutor.experiments import pde_symmetry as pde
from symtutor.jets import Snapshots

PDE = experiments.get("pde-symmetry")
TINY = replace(
    PDE.presets["quick"], equation="burgers", width=32, trajectories=2, batch=4, snapshots=8
)
FINITE = {"solve": False, "head": 4, "batch": 1, "steps": 2}


@pytest.fixture(scope="module")
def data():
    return pde.sample(TINY, "train", 2, Runtime())


@pytest.fixture(scope="module")
def chart(data):
    return data.chart()


@pytest.fixture
def unscored(monkeypatch):
    """Runs without the final scores, which take longer than all the rest."""
    monkeypatch.setattr(pde, "scores", lambda *_: {})


@pytest.fixture
def field(data, chart):
    return pde.network(TINY, data, chart)


def test_quick_finds_the_algebra_of_burgers_far_better_than_the_untrained_network():
    found = pde.run(TINY, Runtime()).metrics
    assert found["angle"].value < 1 < 10 < max(found["angles_before"].value)
    assert found["angle"].value == max(found["angles"].value)
    assert found["spectrum"].value == sorted(found["spectrum"].value)
    assert len(found["inner_products"].value) == TINY.slots
    assert len(found["inner_products"].value[0]) == 4  # three exact, one approximate
    for method in ("total", "weno", "infinitesimal"):
        assert len(found[f"score_{method}"].value) == TINY.slots
        assert found[f"floor_{method}"].value < found[f"contrast_{method}"].value - 1
    assert max(found["score_total"].value[:3]) < found["contrast_total"].value - 3


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others(unscored):
    one, same = (pde.run(TINY, Runtime()) for _ in range(2))
    other = pde.run(replace(TINY, seed=1), Runtime())
    assert one.metrics["spectrum"] == same.metrics["spectrum"]
    assert one.data == same.data != other.data


def test_solved_heads_are_orthonormal_and_reach_the_residuals_of_the_spectrum(data, chart, field):
    rows = draw_snapshots(data, 16, generator(0, "rows"))
    found = objective.solve_heads(field, rows, chart)
    values = field.raw(chart.inward(rows.points)).flatten(0, 1).detach()
    gram = torch.einsum("qnd,qmd->nm", values, values) / len(values)
    assert torch.allclose(gram, torch.eye(4, dtype=gram.dtype), atol=1e-7)
    loss = objective.projected(field, chart)(rows).total
    negligible = objective.NEGLIGIBLE**2 * rows.jet["u_t"].square().mean()
    wanted = 0.5 * (found.values[:4].square() + negligible).log().mean()
    assert loss.item() == pytest.approx(wanted.item(), abs=1e-5)


def test_the_gradient_at_fixed_heads_is_that_of_the_solved_problem(data, chart, field):
    """Envelope theorem: central differences of the optimum itself, one weight at a time."""
    rows = draw_snapshots(data, 16, generator(0, "rows"))
    loss = objective.projected(field, chart)
    loss(rows).total.backward()
    for weight, index in ((field.w1, (3, 2)), (field.w2, (5, 7)), (field.b2, (1,))):
        gradient, h = weight.grad[index].item(), 1e-4
        ends = []
        for sign in (1, -1):
            with torch.no_grad():
                weight[index] += sign * h
                ends.append(loss(rows).total.item())
                weight[index] -= sign * h
        assert (ends[0] - ends[1]) / (2 * h) == pytest.approx(gradient, rel=0.02, abs=1e-4)


def test_a_slot_exact_to_rounding_adds_no_gradient(data, chart, field):
    """Named after the defect: the gradient of log(rounding error) drowned that of the others."""
    single = judge.first(field, 1).requires_grad_(True)
    rows = draw_snapshots(data, 16, generator(0, "rows"))
    for f in (single, field):
        objective.projected(f, chart)(rows).total.backward()
    assert single.w1.grad.norm() < 1e-3 * field.w1.grad.norm()


def test_training_the_features_lowers_the_residuals(data, chart):
    config = replace(TINY, steps=30, width=16)
    field = pde.network(config, data, chart)
    rows = draw_snapshots(data, 16, generator(0, "rows"))
    before = objective.solve_heads(field, rows, chart).values[:4].log().mean()
    history = pde.learn(config, Runtime(), field, data, chart).history
    after = objective.solve_heads(field, rows, chart).values[:4].log().mean()
    assert after < before - 0.2
    assert len(history.column("validity")) == 30


@pytest.mark.parametrize("method", ["total", "weno", "infinitesimal"])
def test_every_weight_is_moved_by_the_published_objective(data, chart, method):
    config = replace(TINY, method=method, frames=16, sobolev_part=1.0, tau=0.0, **FINITE)
    field = pde.network(config, data, chart)
    before = {name: p.detach().clone() for name, p in field.named_parameters()}
    history = pde.learn(config, Runtime(), field, data, chart).history
    assert all(not torch.equal(p, before[name]) for name, p in field.named_parameters())
    terms = {name: history.column(name) for name in ("orthonormality", "lipschitz", "sobolev")}
    assert all((values > 0).all() for values in terms.values())
    total = history.column("validity") + sum(terms.values())
    assert torch.allclose(history.column("loss"), total)


def test_the_finite_objective_judges_four_points_of_every_orbit(data, chart, monkeypatch):
    config = replace(TINY, method="total", frames=16, **FINITE)
    seen, original = [], objective.moved_residual

    def watched(field, points, equation, s, **options):
        result = original(field, points, equation, s, **options)
        seen.append((points.shape, s, result.shape, options["steps"]))
        return result

    monkeypatch.setattr(objective, "moved_residual", watched)
    pde.learn(config, Runtime(), pde.network(config, data, chart), data, chart)
    assert len(seen) == config.steps
    points, s, residual, steps = seen[0]
    assert points == (1, 16, 256, 3) and residual == (4, 4, 1, 4, 256) and steps == 1
    assert torch.allclose(s / s[-1], torch.tensor([0.25, 0.5, 0.75, 1.0]).double()[:, None])
    assert torch.allclose(s[-1].abs(), s[-1].abs()[0])  # one size, a sign for every slot
    assert s.abs().max() <= config.sigma


def test_the_scale_grows_to_sigma_over_half_of_the_steps(data, chart):
    config = replace(TINY, method="total", frames=16, sigma_start=0.01, **FINITE | {"steps": 100})

    def largest(step):
        draws = [
            pde.draw_batch(config, data, chart, step, generator(k, "batch"))[1].abs().max()
            for k in range(20)
        ]
        return max(draws)

    assert largest(0) <= 0.01 < 0.2 < largest(50) <= 0.4
    assert 0.01 < largest(25) <= math.sqrt(0.01 * 0.4) + 1e-9


def test_the_sobolev_loss_enters_in_the_last_part_only(data, chart):
    config = replace(TINY, method="total", frames=16, sobolev_part=0.18, **FINITE | {"steps": 50})
    smooth = [
        pde.draw_batch(config, data, chart, step, generator(0, "batch"))[3] for step in range(50)
    ]
    assert smooth == [0.0] * 41 + [1.0] * 9


def test_a_patch_of_columns_may_run_across_the_seam(data):
    config = replace(TINY, method="weno", frames=16, columns=64, **FINITE)
    graph = data.points()[:1, :16]
    starts = set()
    for seed in range(30):
        part = pde.patch(config, graph, generator(seed, "patch"))
        assert part.shape == (1, 16, 64, 3)
        steps = part[0, 0, :, 0].diff()
        jumps = (steps < 0).sum().item()
        assert jumps <= 1
        starts.add(jumps)
    assert starts == {0, 1}
    assert pde.patch(replace(config, method="total"), graph, generator(0, "p")) is graph


def test_penalties_are_the_published_ones_on_a_known_field(data, chart):
    """h = (0, 0, a sin 2 pi x): Lipschitz means by hand, on points whose u does not vary."""
    config = replace(TINY, method="total", frames=16, tau=1.0, **FINITE)
    x, t = torch.arange(256).double() / 256, torch.arange(16).double()[:, None] / 140
    grid = torch.stack([x.expand(16, -1), t.expand(-1, 256), torch.zeros(16, 256).double()], -1)

    class Wave(MLPField):
        def raw(self, points):
            value = 2 * torch.sin(2 * math.pi * points[..., 0])
            zero = torch.zeros_like(value)
            return torch.stack([zero, zero, value], -1)[..., None, :].expand(
                *points.shape[:-1], self.n, 3
            )

    field = Wave(3, 2).double()
    found = objective.penalties(config, field, grid, 1.0)
    edges = 256 * (2 * torch.sin(2 * math.pi * torch.arange(257) / 256)).diff().abs()
    wanted = (edges.double() - config.tau).clamp(min=0).mean()
    assert found["lipschitz"].item() == pytest.approx(wanted.item(), rel=1e-4)
    assert found["sobolev"].item() == pytest.approx(math.log(4), rel=1e-6)
    # two equal slots of squared norm 2: the loss goes on along the tangent beyond a cosine of 1
    assert found["orthonormality"].item() > 3 * math.pi / 4
    assert objective.penalties(config, field, grid, 0.0)["sobolev"].item() == 0


def test_first_slots_are_the_same_fields(field):
    z = torch.rand(20, 3, generator=generator(0, "z")).double()
    assert torch.equal(judge.first(field, 2).raw(z), field.raw(z)[:, :2])


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_the_true_algebra_is_judged_perfect_and_a_wrong_field_is_not(name, chart):
    points = Quadrature(torch.rand(500, 3, generator=generator(0, "points")).double())
    equation = EQUATIONS[name]
    true = judge.known_field(dict(equation.algebra), chart)
    assert field_angles(true, true, points).max() < 1e-6
    shift = judge.known_field(judge.U_TRANSLATION, chart, points)
    assert shift(points.points).square().sum(-1).mean().item() == pytest.approx(1)
    # the boost less a translation moves u most of all: a shift of u is not far from the algebra
    assert 5 < torch.rad2deg(field_angles(shift, true, points)).max() < 45
    warp = {"x-warp": ((0, 1.0, (("sin", 0, 2 * math.pi / EQUATIONS["burgers"].length),)),)}
    wrong = judge.known_field(warp, chart)
    assert torch.rad2deg(field_angles(wrong, true, points)).max() > 80


def test_orthonormal_keeps_order_span_and_sign(chart):
    points = torch.rand(500, 3, generator=generator(0, "points")).double()
    field = judge.known_field(dict(EQUATIONS["kdv"].algebra), chart)
    values, basis = field(points), orthonormal(field, Quadrature(points))(points)
    gram = torch.einsum("qnd,qmd->nm", basis, basis) / len(points)
    assert torch.allclose(gram, torch.eye(3, dtype=gram.dtype), atol=1e-10)
    cross = torch.einsum("qnd,qmd->nm", values, basis) / len(points)
    assert torch.allclose(cross, cross.tril(), atol=1e-10) and (cross.diagonal() > 0).all()


def test_a_run_that_was_stopped_ends_as_an_unbroken_one(tmp_path, unscored):
    config = replace(TINY, steps=6)
    whole = pde.run(config, Runtime())
    with pytest.raises(StoppedError):
        pde.run(config, Runtime(folder=tmp_path, max_seconds=1e-9))
    resumed = pde.run(config, Runtime(folder=tmp_path))
    assert resumed.trainings["field"].sessions != whole.trainings["field"].sessions
    assert all(torch.equal(whole.tensors[k], v) for k, v in resumed.tensors.items())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"equation": "heat"}, "equation is one of"),
        ({"method": "guess"}, "method is one of"),
        ({"method": "total"}, "solve needs"),
        ({"head": 3}, "solve needs"),
        ({"method": "total", "solve": False, "frames": 12}, "needs from 13 to 140 frames"),
        ({"method": "weno", "solve": False, "columns": 4}, "5 to 256 columns"),
        ({"precision": "float32"}, "float64"),
        ({"precision": "float16"}, "precision is one of"),
        ({"sigma": 0.0}, "sigma must be finite and positive"),
        ({"steps": 0}, "steps must be finite and at least 1"),
    ],
)
def test_settings_that_mean_nothing_are_refused(change, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=message):
        replace(TINY, **change)


def test_the_presets_are_the_published_setting_and_one_smaller():
    paper = PDE.presets["paper"]
    assert (paper.method, paper.solve, paper.slots, paper.width, paper.head) == (
        "weno", False, 4, 256, 32,
    )  # fmt: skip
    assert paper.steps == 50 * 1024 // 4 and paper.trajectories == 1024
    assert (paper.sigma, paper.tau, paper.frames, paper.columns) == (0.4, 3.0, 64, 64)
    assert {w.overrides.get("equation", "kdv") for w in PDE.wanted} == set(EQUATIONS)


def test_rows_are_snapshots_and_a_broken_training_says_so(data, chart, field):
    batch = pde.draw_batch(TINY, data, chart, 0, generator(0, "batch"))
    assert isinstance(batch[0], Snapshots)
    with torch.no_grad():
        field.w1[0, 0] = torch.inf
    with pytest.raises((NonFiniteError, torch.linalg.LinAlgError)):
        pde.learn(TINY, Runtime(), field, data, chart)
