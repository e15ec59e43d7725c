"""Versions of solutions: exact where the flow is known, rejected where little is left."""

import jaxtyping
import pytest
import torch

from symtutor import EQUATIONS, Chart, LibraryField, gram, orthonormal, simulate
from symtutor.experiments.fno_config import FNOTraining
from symtutor.experiments.fno_data import generators_of, prepare, versions_of
from symtutor.fields import AffineField, Charted, Combined, MLPField
from symtutor.fields.combined import combine
from symtutor.solutions import solution_versions
from symtutor.training import Runtime


@pytest.fixture(scope="module")
def waves():
    return simulate(EQUATIONS["kdv"], 2, points=128)


def true_field(data):
    return Charted(LibraryField.from_generators(data.equation.algebra).double(), data.chart())


def made(data, beta, **options):
    grid = {"times": data.times, "length": data.equation.length, "chart": data.chart()}
    return solution_versions(true_field(data), data.u, beta, **grid, **options)


def test_a_boost_is_a_shift_that_grows_with_time_and_a_rise(waves):
    beta = torch.zeros(2, 1, 3).double()
    beta[:, 0, 2] = 0.3  # the boost (t, 0, 1), which in the chart keeps its parameter
    found = made(waves, beta)
    k = 2 * torch.pi * torch.fft.rfftfreq(128, 1.0).double()
    shift = torch.exp(-1j * k * 0.3 * waves.times[:, None])
    expected = torch.fft.irfft(torch.fft.rfft(waves.u) * shift, n=128) + 0.3
    assert torch.equal(found.u[:, 0], waves.u) and found.rejected == 0
    assert found.rows.tolist() == [[[0, 140]] * 2] * 2
    assert (found.u[:, 1] - expected).abs().max() < 2e-3 * waves.u.abs().max()


def test_a_version_solves_the_equation_as_the_solver_does(waves):
    beta = torch.zeros(2, 1, 3).double()
    beta[:, 0] = torch.tensor([7.0, 3.0, 0.2])
    found = made(waves, beta)
    first, last = found.rows[0, 1].tolist()
    assert 120 < last - first < 140
    own = waves.equation.solve(
        found.u[:, 1, first], waves.times[first:last], start=waves.times[first].item()
    )
    error = (own - found.u[:, 1, first:last]).square().mean().sqrt() / own.square().mean().sqrt()
    assert error < 0.01


def test_a_version_that_leaves_the_window_is_rejected_and_counted(waves):
    beta = torch.zeros(2, 4, 3).double()
    beta[:, 0, 1], beta[:, 1, 1] = 20.0, 40.0  # time units: 50 and 100 of the 140 frames
    found = made(waves, beta)
    assert found.rejected == pytest.approx(0.25)
    assert found.rows[0, 1].tolist() == [50, 140] and found.rows[0, 2].tolist() == [0, 140]
    assert torch.equal(found.u[:, 2], waves.u)


def test_combinations_of_combinations_are_one_network():
    torch.manual_seed(0)
    field = MLPField(3, 4, periods=(1.0, None, None), width=8, head=0).double()
    inner, outer, z = (
        torch.randn(3, 4).double(),
        torch.randn(5, 3).double(),
        torch.rand(6, 3).double(),
    )
    slow = Combined(Combined(field, inner), outer)
    fast = combine(Combined(field, inner), outer)
    assert isinstance(fast, MLPField) and not any(p.requires_grad for p in fast.parameters())
    assert torch.allclose(fast(z), slow(z), atol=1e-12)
    copies = torch.rand(6, 5, 3).double()
    assert torch.allclose(fast.raw_own(copies), slow.raw_own(copies), atol=1e-12)
    deep = MLPField(3, 4, width=8, head=4).double()
    assert isinstance(combine(deep, inner), Combined)


def test_orthonormal_combinations_span_the_same_in_the_same_order(waves):
    chart = waves.chart()
    from symtutor.experiments.pde_judge import cloud

    points = cloud(waves, chart, torch.Generator().manual_seed(0))
    field = orthonormal(true_field(waves), points)
    assert torch.allclose(gram(field, points), torch.eye(3).double(), atol=1e-9)
    assert field.beta.triu(1).abs().max() < 1e-12
    twice = AffineField(torch.zeros(2, 3, 3), torch.eye(3)[[0, 0]]).double()
    with pytest.raises(ValueError, match="generator 2 of 2 is a combination of those before it"):
        orthonormal(twice, points)


def test_arms_move_the_same_solutions_equally_far_and_learned_nearly_as_true():
    config = FNOTraining(
        pool=4, trajectories=3, validation=1, tests=1, runs=2, versions=3, arms=("true", "learned")
    )
    pool = prepare(config, Runtime())
    assert pool.train.shape == (4, 140, 128) and pool.subsets.shape == (2, 3)
    assert pool.train.double().square().mean().sqrt().item() == pytest.approx(1, abs=1e-3)
    for arm in config.arms:
        field = generators_of(arm, config, pool)
        assert torch.allclose(gram(field, pool.graph), torch.eye(3).double(), atol=1e-6)
    none = versions_of("none", config, pool)
    assert none.u.shape == (4, 1, 140, 128)
    moved = versions_of("true", config, pool)
    assert torch.equal(moved.u[:, 0], pool.train)
    size = (moved.u[:, 1:] - pool.train[:, None]).square().mean((2, 3)).sqrt()
    unused = sorted(set(range(4)) - set(pool.subsets.unique().tolist()))
    assert (size[unused] == 0).all() and (size[pool.subsets.unique()] > 0.05).all()


def test_what_does_not_fit_is_refused(waves, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"2 solutions need coefficients \(2, versions, gener"):
        made(waves, torch.zeros(3, 1, 3).double())
    with pytest.raises(
        ValueError, match=r"combinations of 3 generators need coefficients \(n, 3\)"
    ):
        made(waves, torch.zeros(2, 1, 2).double())
    assert Chart  # the chart is part of the public names
