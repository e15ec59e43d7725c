"""Point symmetries of five evolution equations, learned from simulated solutions.

The PDE experiment of Ko, Kim and Lee (2024): four slots of a network that knows nothing but the
residual of the equation. The field is autonomous and exactly periodic, and gradients go straight
through the steps of the flow.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ..data.equations import EQUATIONS
from ..data.trajectories import Trajectories, simulate
from ..fields import MLPField
from ..files import sha256, tensor_bytes
from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Runtime, Trained, cosine, piecewise, train
from .base import Experiment, Metric, Result, Wanted, above_zero, at_least
from .pde_judge import angles, judged, scores
from .pde_objective import draw_rows, penalised, projected, solve_heads

SAMPLE = 8192  # points of the quadrature on which the fields have unit norm


@dataclass(frozen=True)
class PDESymmetry:
    """Learn the generators of the symmetries of one equation.

    Attributes:
        seed: of the data, the initial weights and the batches; an integer >= 0.
        equation: "kdv", "ks", "burgers", "nkdv" or "ckdv".
        method: "infinitesimal", the determining equation at s = 0; "total", moved solutions by the
            chain rule; "weno", moved solutions by stencils, as published.
        solve: solve for linear heads exactly in every step and at the end (variable projection);
            only with "infinitesimal" and head = 0. Otherwise Adam moves all weights.
        slots: number of generators to look for.
        width: hidden width of the network's trunk.
        head: hidden width of each head; 0 for linear heads.
        trajectories: number of simulated solutions to learn from.
        steps: training steps.
        batch: snapshots (infinitesimal) or trajectories (total, weno) in each step.
        frames: consecutive frames of a patch (total, weno).
        columns: neighbouring grid points of a patch (weno); the others take whole periods.
        snapshots: rows on which the heads are solved for in the end.
        learning_rate: of Adam at the start.
        schedule: "cosine" to 0, or "half": a tenth from half of the steps on, as published.
        sigma: largest |s| of a flow; |s| is uniform in [0, sigma], its sign drawn for every slot.
        sigma_start: sigma at the first step; it grows geometrically over the first half.
        tau: Lipschitz constant that is free of charge.
        w_validity, w_ortho, w_lipschitz: weights of the losses (not used with `solve`).
        w_sobolev: weight of the Sobolev loss, over the last part of the steps.
        sobolev_part: that part.
    """

    seed: int = 0
    equation: Literal["kdv", "ks", "burgers", "nkdv", "ckdv"] = "kdv"
    method: Literal["infinitesimal", "total", "weno"] = "infinitesimal"
    solve: bool = True
    slots: int = 4
    width: int = 128
    head: int = 0
    trajectories: int = 32
    steps: int = 60
    batch: int = 16
    frames: int = 28
    columns: int = 64
    snapshots: int = 64
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "half"] = "cosine"
    sigma: float = 0.4
    sigma_start: float = 0.4
    tau: float = 3.0
    w_validity: float = 1.0
    w_ortho: float = 3.0
    w_lipschitz: float = 1.0
    w_sobolev: float = 1.0
    sobolev_part: float = 0.18

    def __post_init__(self) -> None:
        for name, allowed in (
            ("equation", tuple(EQUATIONS)),
            ("method", ("infinitesimal", "total", "weno")),
            ("schedule", ("cosine", "half")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )
        at_least(self, 0, "seed", "head", "tau", "sobolev_part")
        at_least(self, 0, "w_validity", "w_ortho", "w_lipschitz", "w_sobolev")
        at_least(self, 1, "slots", "width", "trajectories", "steps", "batch", "snapshots")
        above_zero(self, "learning_rate", "sigma", "sigma_start")
        if self.solve and (self.method != "infinitesimal" or self.head):
            raise ValueError(
                "heads can be solved for if they are linear and the score is: solve needs "
                f"method='infinitesimal' and head=0, got {self.method!r} and head={self.head}; "
                "pass solve=False to train all weights"
            )
        self._check_patch()

    def _check_patch(self) -> None:
        rows = {"weno": 3, "infinitesimal": 2}.get(
            self.method, 6 * EQUATIONS[self.equation].order + 1
        )
        kept = EQUATIONS[self.equation].kept
        if not rows <= self.frames <= kept or not 5 <= self.columns <= 256:
            raise ValueError(
                f"the method {self.method!r} needs from {rows} to {kept} frames for "
                f"{self.equation} and 5 to 256 columns, got frames={self.frames} and "
                f"columns={self.columns}"
            )


def run(config: PDESymmetry, runtime: Runtime) -> Result:
    """Simulate, learn, judge on solutions that were not learned from."""
    data = sample(config, "train", config.trajectories, runtime)
    chart = data.chart()
    unseen = sample(config, "test", 16, runtime)
    judge = cloud(unseen, chart, generator(config.seed, "judge"))
    field = network(config, data, chart).to(runtime.device)
    untrained = angles(field, data.equation, chart, judge)
    metrics: dict[str, Metric] = {"angles_before": Metric(untrained, "degree")}
    if config.solve:
        first_rows = draw_rows(data, config.snapshots, generator(config.seed, "first solution"))
        solve_heads(field, first_rows, chart)
        metrics["angles_first"] = Metric(angles(field, data.equation, chart, judge), "degree")
    training = learn(config, runtime, field, data, chart)
    if config.solve:
        rows = draw_rows(data, config.snapshots, generator(config.seed, "solution"))
        found = solve_heads(field, rows, chart)
        metrics["spectrum"] = Metric(found.values[: 2 * config.slots].tolist())
    metrics |= judged(field, data.equation, chart, judge)
    metrics |= scores(field, unseen.take(2), chart, judge, config.sigma)
    metrics["chart_scale"] = Metric(list(chart.scale))
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    checksum = sha256(tensor_bytes({"u": data.u.cpu()}))
    return Result(metrics, tensors, {"field": training}, {"solutions": checksum})


def sample(config: PDESymmetry, split: str, count: int, runtime: Runtime) -> Trajectories:
    """Simulated solutions of the published setting."""
    return simulate(
        EQUATIONS[config.equation], count, seed=config.seed, split=split, device=runtime.device
    )


def cloud(data: Trajectories, chart: Chart, random: torch.Generator) -> Quadrature:
    """Random points of the solutions' graphs, in the chart."""
    points = chart.inward(data.points()).flatten(0, 2)
    chosen = torch.randint(len(points), (SAMPLE,), generator=random)
    return Quadrature(points[chosen.to(points.device)])


def network(config: PDESymmetry, data: Trajectories, chart: Chart) -> MLPField:
    """The field to be learned: periodic in x, normalised on the data, in float64."""
    return MLPField(
        3,
        config.slots,
        periods=(1.0, None, None),
        width=config.width,
        head=config.head,
        names=("x", "t", "u"),
        quadrature=cloud(data, chart, generator(config.seed, "sample")),
        seed=fan_out(config.seed, "initialisation"),
    ).double()


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
        return (draw_rows(data, config.batch, random),)
    grown = min(1.0, 2 * step / config.steps)
    largest = config.sigma_start * (config.sigma / config.sigma_start) ** grown
    sign = 2 * torch.randint(2, (config.slots,), generator=random) - 1
    s = (torch.rand((), generator=random) * largest * sign).to(data.u)
    which = torch.randperm(len(data), generator=random)[: config.batch]
    start = torch.randint(len(data.times) - config.frames + 1, (), generator=random).item()
    graph = data.points()[which.to(data.u.device), int(start) : int(start) + config.frames]
    smooth = float(step >= (1 - config.sobolev_part) * config.steps)
    grid = chart.inward(graph[0])
    if config.method == "infinitesimal":
        return draw_rows(data, config.batch, random), s, grid, smooth
    return patch(config, graph, random), s, grid, smooth


def patch(config: PDESymmetry, graph: Tensor, random: torch.Generator) -> Tensor:
    """Whole periods, or for stencils a window of columns that may run across the seam."""
    if config.method != "weno":
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
        ),
    },
    run=run,
    headline=("angle",),
    threads=1,
    wanted=tuple(
        Wanted("laptop", {} if name == "kdv" else {"equation": name}, (0, 1, 2))
        for name in EQUATIONS
    ),
)
