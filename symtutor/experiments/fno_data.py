"""What the operators are trained on: solutions, subsets of them, versions moved by generators."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..algebra import orthonormal
from ..data.equations import EQUATIONS, Equation
from ..data.trajectories import simulate
from ..fields import Field
from ..fields.stored import load_solution_field
from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..solutions import Versions, solution_versions
from ..training import Runtime
from .fno_config import SINGLE_TIME, FNOTraining
from .pde_judge import cloud, first, known_field

RESAMPLING = {"splat": "hat", "bilinear": "bilinear"}


class Task(NamedTuple):
    """Which frames are seen and which are predicted.

    Attributes:
        seen, wanted: frames of a training window, from its start.
        start: of all windows; None for random ones.
        first: first frame seen when the operator is judged.
        windows: predictions one after the other when it is judged.
    """

    seen: range
    wanted: range
    start: int | None
    first: int
    windows: int


def task_of(equation: str) -> Task:
    """Twenty frames to the next twenty, fed back five times; or to the one 70 frames on."""
    if equation in SINGLE_TIME:
        return Task(range(20), range(70, 71), 20, 20, 1)
    return Task(range(20), range(20, 40), None, 20, 5)


class Pool(NamedTuple):
    """The solutions of an experiment, divided by the root mean square of those to train on.

    Attributes:
        train, validation, tests: in single precision on the operators' grid.
        subsets: of the training solutions, one row per run.
        graph: points (x, t, u) of the training solutions, in the chart.
    """

    train: Float[Tensor, "n time space"]
    validation: Float[Tensor, "v time space"]
    tests: Float[Tensor, "m time space"]
    subsets: Int64[Tensor, "runs k"]
    equation: Equation
    times: Float[Tensor, " time"]
    rms: float
    chart: Chart
    graph: Quadrature


def run_seeds(config: FNOTraining) -> list[int]:
    """A seed for every run of the stack, the same in every arm."""
    return [fan_out(config.seed, f"run {i}") for i in range(config.runs)]


def prepare(config: FNOTraining, runtime: Runtime) -> Pool:
    """Simulate, and draw the subsets."""
    equation, counts = EQUATIONS[config.equation], (config.pool, config.validation, config.tests)
    made = [
        simulate(equation, count, seed=config.seed, split=split, device=runtime.device)
        for count, split in zip(counts, ("train", "validation", "test"), strict=True)
    ]
    rms = made[0].u.square().mean().sqrt().item()
    every = equation.points // config.points
    train, validation, tests = ((data.u[..., ::every] / rms).float() for data in made)
    subsets = [
        torch.randperm(config.pool, generator=generator(seed, "subset"))[: config.trajectories]
        for seed in run_seeds(config)
    ]
    chart = load_solution_field(config.equation)[1]
    graph = cloud(made[0], chart, generator(config.seed, "sample"))
    return Pool(
        train, validation, tests, torch.stack(subsets), equation, made[0].times, rms, chart, graph
    )


def generators_of(arm: str, config: FNOTraining, pool: Pool) -> Field:
    """What an arm moves solutions by: in the pool's chart, of unit norm on its solutions."""
    exact, nearly = dict(pool.equation.algebra), dict(pool.equation.approximate)
    if arm == "learned":
        slots = load_solution_field(config.equation)[0].to(pool.graph.points)
        field = first(slots, len(exact) + len(nearly))
    else:
        table = {"approximate": nearly, "both": exact | nearly}.get(arm, exact)
        field = known_field(table, pool.chart).to(pool.graph.points)
    return orthonormal(field, pool.graph).requires_grad_(False)


def versions_of(arm: str, config: FNOTraining, pool: Pool) -> Versions:
    """The training solutions, and versions of those that a run uses; equal draws in all arms."""
    n = len(pool.train)
    if arm == "none":
        rows = torch.tensor([0, len(pool.times)]).expand(n, 1, 2)
        return Versions(pool.train[:, None], rows.to(pool.train.device), 0.0)
    field = generators_of(arm, config, pool)
    used = pool.subsets.unique()
    random = generator(config.seed, "versions")
    uniform = 2 * torch.rand(n, config.versions - 1, field.n, generator=random) - 1
    made = solution_versions(
        field,
        pool.train[used] * pool.rms,
        config.sigma * uniform[used],
        times=pool.times,
        length=pool.equation.length,
        chart=pool.chart,
        resampling=RESAMPLING.get(arm, "pullback"),
    )
    u = pool.train[:, None].repeat(1, config.versions, 1, 1)
    rows = torch.tensor([0, len(pool.times)]).repeat(n, config.versions, 1).to(u.device)
    u[used, 1:], rows[used] = made.u[:, 1:] / pool.rms, made.rows
    return Versions(u, rows, made.rejected)
