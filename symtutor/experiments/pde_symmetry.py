"""Point symmetries of five evolution equations, learned from simulated solutions.

The PDE experiment of Ko, Kim and Lee (2024): four slots of a network that knows nothing but the
residual of the equation. The field is autonomous and exactly periodic, and gradients go straight
through the steps of the flow.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ..data.equations import EQUATIONS
from ..data.trajectories import Trajectories, simulate
from ..fields import MLPField
from ..files import sha256, tensor_bytes
from ..jets import draw_snapshots
from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Runtime, Trained, cosine, piecewise, train
from .base import Experiment, Metric, Result, Wanted
from .pde_config import DTYPES, PDESymmetry
from .pde_judge import angles, cloud, judged, scores
from .pde_objective import penalised, projected, solve_heads

Report = Callable[..., dict[str, Metric]]
ADAM = {"equation": "ks", "solve": False, "width": 64, "head": 32, "learning_rate": 2e-3}


def reported(
    config: PDESymmetry, field: MLPField, unseen: Trajectories, chart: Chart, judge: Quadrature
) -> dict[str, Metric]:
    """What is said about the learned fields: how near the algebra they are, and their scores."""
    found = judged(field, unseen.equation, chart, judge)
    return found | scores(field, unseen.take(2), chart, judge, config.sigma)


def run(config: PDESymmetry, runtime: Runtime, report: Report = reported) -> Result:
    """Simulate, learn, judge on solutions that were not learned from."""
    data = sample(config, "train", config.trajectories, runtime)
    chart = data.chart()
    unseen = sample(config, "test", 16, runtime)
    judge = cloud(unseen, chart, generator(config.seed, "judge"))
    field = network(config, data, chart).to(runtime.device)
    untrained = angles(field.double(), data.equation, chart, judge)
    field.to(DTYPES[config.precision])
    metrics: dict[str, Metric] = {"angles_before": Metric(untrained, "degree")}
    if config.solve:
        first_rows = draw_snapshots(
            data, config.snapshots, generator(config.seed, "first solution")
        )
        solve_heads(field, first_rows, chart)
        metrics["angles_first"] = Metric(angles(field, data.equation, chart, judge), "degree")
    training = learn(config, runtime, field, data, chart)
    if config.solve:
        rows = draw_snapshots(data, config.snapshots, generator(config.seed, "solution"))
        found = solve_heads(field, rows, chart)
        metrics["spectrum"] = Metric(found.values[: 2 * config.slots].tolist())
    field.double()
    metrics |= report(config, field, unseen, chart, judge)
    metrics["chart_scale"] = Metric(list(chart.scale))
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    checksum = sha256(tensor_bytes({"u": data.u.cpu()}))
    return Result(metrics, tensors, {"field": training}, {"solutions": checksum})


def sample(config: PDESymmetry, split: str, count: int, runtime: Runtime) -> Trajectories:
    """Simulated solutions of the published setting."""
    return simulate(
        EQUATIONS[config.equation], count, seed=config.seed, split=split, device=runtime.device
    )


def network(config: PDESymmetry, data: Trajectories, chart: Chart) -> MLPField:
    """The field to be learned: periodic in x, normalised on the data."""
    return MLPField(
        3,
        config.slots,
        periods=(1.0, None, None),
        width=config.width,
        head=config.head,
        names=("x", "t", "u"),
        quadrature=cloud(data, chart, generator(config.seed, "sample")),
        seed=fan_out(config.seed, "initialisation"),
    ).to(DTYPES[config.precision])


def learn(
    config: PDESymmetry, runtime: Runtime, field: MLPField, data: Trajectories, chart: Chart
) -> Trained:
    """One training; the batches come from a generator of their own."""
    batches = generator(config.seed, "batches")
    half = piecewise([config.steps // 2], 0.1)
    trained = [field.w1, field.b1, field.w2, field.b2] if config.solve else field.parameters()
    return train(
        projected(field, chart) if config.solve else penalised(config, field, data, chart),
        lambda step: draw_batch(config, data, chart, step, batches),
        torch.optim.Adam(trained, lr=config.learning_rate),
        {"field": field},
        steps=config.steps,
        generators={"batches": batches},
        schedule=half if config.schedule == "half" else cosine(config.steps),
        runtime=runtime,
        identity=PDE_SYMMETRY.identity(config),
        name="field",
    )


def draw_batch(
    config: PDESymmetry, data: Trajectories, chart: Chart, step: int, random: torch.Generator
) -> tuple[Any, ...]:
    """Snapshots or patches, signed scales, and the rows on which penalties are evaluated."""
    if config.solve:
        return (draw_snapshots(data, config.batch, random),)
    grown = min(1.0, 2 * step / config.steps)
    largest = config.first_sigma * (config.sigma / config.first_sigma) ** grown
    sign = 2 * torch.randint(2, (config.slots,), generator=random) - 1
    size = torch.rand((), generator=random) * largest
    which = torch.randperm(len(data), generator=random)[: config.batch]
    start = torch.randint(len(data.times) - config.frames + 1, (), generator=random).item()
    part = slice(int(start), int(start) + config.frames)
    whole = data.u[which.to(data.u.device)]
    chosen = replace(data, u=whole[:, part], times=data.times[part])
    graph = chosen.points().to(DTYPES[config.precision])
    s = (size * sign).to(graph)
    smooth = float(step >= (1 - config.sobolev_part) * config.steps)
    rows, columns = config.penalty_grid(part)
    first_solution = replace(data, u=whole[:1, rows], times=data.times[rows]).points()
    grid = chart.inward(first_solution[0, :, columns].to(graph))
    if config.method == "infinitesimal":
        return draw_snapshots(data, config.batch, random), s, grid, smooth
    return patch(config, graph, random), s, grid, smooth


def patch(config: PDESymmetry, graph: Tensor, random: torch.Generator) -> Tensor:
    """Whole periods, or for stencils a window of columns that may run across the seam."""
    if config.method not in ("weno", "bilinear"):
        return graph
    shift = torch.randint(graph.shape[2], (), generator=random).item()
    return graph.roll(-int(shift), dims=2)[:, :, : config.columns]


PDE_SYMMETRY = Experiment(
    name="pde-symmetry",
    summary="Lie point symmetries of KdV, KS, Burgers, nKdV and cKdV, learned from solutions",
    presets={
        "quick": PDESymmetry(equation="ks", width=64, trajectories=4, steps=3, snapshots=32),
        "laptop": PDESymmetry(),
        "paper": PDESymmetry(
            method="weno",
            solve=False,
            width=256,
            head=32,
            trajectories=1024,
            steps=12800,
            batch=4,
            frames=64,
            learning_rate=1e-4,
            schedule="half",
            precision="float32",
        ),
    },
    run=run,
    headline=("angle",),
    threads=1,
    wanted=(
        *(
            Wanted("laptop", {} if name == "kdv" else {"equation": name}, (0, 1, 2))
            for name in EQUATIONS
        ),
        Wanted("laptop", ADAM | {"batch": 8, "steps": 1000}, (0,)),
        Wanted(
            "laptop",
            ADAM | {"method": "total", "batch": 1, "steps": 300, "sigma_start": 0.02},
            (0,),
        ),
        Wanted("laptop", ADAM | {"method": "weno", "batch": 1, "steps": 400, "frames": 32}, (0,)),
        Wanted("paper", {}, (0, 1, 2)),
    ),
)
