"""Helper, no tests: an experiment that takes milliseconds, for everything around experiments."""

from dataclasses import dataclass

import pytest
import torch
from torch import nn

from symtutor import Loss, Runtime, execute, experiments, generator, train
from symtutor.experiments import Experiment, Metric, Result, Wanted
from symtutor.experiments.base import at_least


@dataclass(frozen=True)
class TinyConfig:
    """Fit a line.

    Attributes:
        seed: of the batches.
        slope: of the line.
        steps: training steps.
        spoil: give a metric that is no number.
        noisy: nothing.
    """

    seed: int = 0
    slope: float = 2.0
    steps: int = 6
    spoil: bool = False
    noisy: bool = False

    def __post_init__(self):
        at_least(self, 1, "steps")


CALLS: list[TinyConfig] = []


def run(config: TinyConfig, runtime: Runtime) -> Result:
    CALLS.append(config)
    torch.manual_seed(0)
    line = nn.Linear(1, 1)
    draws = generator(config.seed, "batches")

    def loss(x):
        error = (line(x) - config.slope * x).square().mean()
        return Loss(error, {"error": error})

    trained = train(
        loss,
        lambda step: (torch.randn(8, 1, generator=draws),),
        torch.optim.Adam(line.parameters(), lr=0.1),
        {"line": line},
        steps=config.steps,
        generators={"draws": draws},
        runtime=runtime,
        identity=TINY.identity(config),
        name="line",
    )
    slope = float("nan") if config.spoil else line.weight.item()
    metrics = {"slope": Metric(slope, "m/s"), "both": Metric([[slope, 1.0]])}
    tensors = {f"line/{key}": value for key, value in line.state_dict().items()}
    return Result(metrics, tensors, {"line": trained}, {"sample": "0" * 64})


TINY = Experiment(
    name="tiny-line",
    summary="a line, <fitted> & done",
    presets={"quick": TinyConfig(), "laptop": TinyConfig(steps=9)},
    run=run,
    headline=("slope",),
    threads=1,
    wanted=(
        Wanted("laptop", {}, (0, 1)),
        Wanted("laptop", {"slope": 0.0}, (0,)),
        Wanted("laptop", {"slope": -1e-5, "steps": 4, "noisy": True}, (0,)),
    ),
)


@pytest.fixture
def tiny(monkeypatch):
    """The experiment, registered; the list of its runs is empty."""
    monkeypatch.setitem(experiments.REGISTRY, TINY.name, TINY)
    CALLS.clear()
    return TINY


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty folder of results."""
    folder = tmp_path / "results"
    monkeypatch.setenv("SYMTUTOR_RESULTS", str(folder))
    return folder


def made(folder, preset="quick", **fields):
    """A record of it in a folder."""
    return execute(TINY, TINY.config(preset, **fields), preset, Runtime(folder=folder))
