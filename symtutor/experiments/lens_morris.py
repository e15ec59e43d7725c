"""Which setting of the lens matters? Morris' elementary effects over eight factors at once.

Efe and Ozakin (2025), appendix E.2: trajectories through a grid of settings, one factor changed at
a time; all settings of the plan are trained as one stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..data.hidden import hidden_generator, hidden_map
from ..data.signal_sets import SIGNALS, signals
from ..files import sha256, tensor_bytes
from ..lens import generator_cosine, interior_cosine
from ..numerics.random import fan_out
from ..training import Runtime
from .base import Experiment, Metric, Result, Wanted, above_zero, at_least
from .lens_config import LensConfig
from .lens_training import Setting, learn

FACTORS = {
    "rate_estimator": (0.75, 1.25),
    "rate_model": (0.75, 1.25),
    "decay": (0.1, 0.2),
    "alignment": (0.75, 1.25),
    "uniformity": (1.5, 2.5),
    "resolution": (0.75, 1.25),
    "information": (0.75, 1.25),
    "data_noise": (0.0, 0.2),
}
"""Published ranges; those of the two rates are factors of the configuration's."""


@dataclass(frozen=True)
class LensMorris:
    """Train lenses along Morris trajectories on "gaussian-7".

    Attributes:
        seed: of the plan, the data, the initial weights, the order of the samples and the noise.
        trajectories: paths through the grid, each of nine settings.
        levels: values of a factor on the grid; even.
        samples: vectors that each lens learns from.
        batch: of them in a step; a multiple of 7.
        steps: training steps.
        rate_model: learning rate of generator and filter in the middle of its range.
        rate_estimator: learning rate of the densities in the middle of its range.
    """

    seed: int = 0
    trajectories: int = 4
    levels: int = 4
    samples: int = 63000
    batch: int = 420
    steps: int = 5000
    rate_model: float = 8e-3
    rate_estimator: float = 1e-2

    def __post_init__(self) -> None:
        at_least(self, 0, "seed")
        at_least(self, 2, "trajectories", "levels")
        above_zero(self, "rate_model", "rate_estimator")
        if self.levels % 2:
            raise ValueError(f"the grid has an even number of levels, got {self.levels}")
        self.training()

    def training(self) -> LensConfig:
        """What all lenses have in common."""
        own = {name: getattr(self, name) for name in ("seed", "samples", "batch", "steps")}
        return LensConfig(**own)


def plan(config: LensMorris) -> Float[np.ndarray, "settings factors"]:
    """The settings, trajectory by trajectory, in units of the factors' ranges."""
    seed = fan_out(config.seed, "morris plan") % 2**32
    levels = config.levels
    return _salib("sample").sample(_problem(), config.trajectories, num_levels=levels, seed=seed)


def _salib(part: str) -> Any:
    """SALib's module on Morris' method that samples, or that analyses."""
    try:
        return import_module(f"SALib.{part}.morris")
    except ModuleNotFoundError as error:
        message = 'lens-morris plans and analyses with SALib: pip install "symtutor[sweep]"'
        raise ModuleNotFoundError(message) from error


def _problem() -> dict[str, Any]:
    return {"num_vars": len(FACTORS), "names": list(FACTORS), "bounds": [[0.0, 1.0]] * len(FACTORS)}


def settings_of(
    config: LensMorris, units: Float[np.ndarray, "settings factors"]
) -> tuple[list[Setting], list[float]]:
    """What each lens is trained with, and the noise of its data."""
    settings, noises = [], []
    for row in units:
        chosen = {
            name: low + float(unit) * (high - low)
            for unit, (name, (low, high)) in zip(row, FACTORS.items(), strict=True)
        }
        noises.append(chosen.pop("data_noise"))
        for rate in ("rate_model", "rate_estimator"):
            chosen[rate] *= getattr(config, rate)
        settings.append(Setting(**chosen))
    return settings, noises


def effects(
    config: LensMorris, units: Float[np.ndarray, "settings factors"], scores: Float[Tensor, " n"]
) -> Mapping[str, list[float]]:
    """Mean, mean size with its 95 % half-width, and deviation of the elementary effects."""
    found = _salib("analyze").analyze(
        _problem(),
        units,
        scores.double().numpy(),
        num_levels=config.levels,
        seed=fan_out(config.seed, "morris bootstrap") % 2**32,
    )
    names = ("mu", "mu_star", "mu_star_conf", "sigma")
    return {name: [float(value) for value in found[name]] for name in names}


def run(config: LensMorris, runtime: Runtime) -> Result:
    """Plan, train all settings at once, analyse."""
    units, training = plan(config), config.training()
    settings, noises = settings_of(config, units)
    seeds = [fan_out(config.seed, f"morris {i}") for i in range(len(settings))]
    data = torch.stack(
        [
            signals(training.data, config.samples, seed=seed, noise=noise)
            for seed, noise in zip(seeds, noises, strict=True)
        ]
    )
    training = replace(training, runs=len(settings))
    identity = LENS_MORRIS.identity(config)
    lens, kept, trained = learn(training, runtime, data, settings, seeds, identity)
    chosen, G = SIGNALS[training.data], kept.generators[-1].cpu()
    M, truth = (make(chosen.symmetry, chosen.d) for make in (hidden_map, hidden_generator))
    cosine = generator_cosine(G, truth)
    metrics = {
        "cosine": Metric(cosine.tolist()),
        "cosine_interior": Metric(interior_cosine(G, truth, M).tolist()),
        "plan": Metric(units.tolist()),
        "seconds_per_step": Metric(trained.seconds / config.steps, "s"),
    }
    for name, values in effects(config, units, cosine).items():
        metrics[name] = Metric(values)
    tensors = {"generators": G, "filter": lens.filter().detach().cpu()}
    checksum = sha256(tensor_bytes({"signals": data}))
    return Result(metrics, tensors, {"lens": trained}, {"signals": checksum})


LENS_MORRIS = Experiment(
    name="lens-morris",
    summary="which settings of the lens matter, by Morris' elementary effects",
    presets={
        "quick": LensMorris(trajectories=2, samples=420, batch=42, steps=20),
        "laptop": LensMorris(),
        "paper": LensMorris(
            samples=252000, batch=2520, steps=400000, rate_model=1e-4, rate_estimator=2.5e-3
        ),
    },
    run=run,
    headline=("cosine", "mu_star"),
    wanted=(Wanted("laptop", {}, (0,)), Wanted("paper", {}, (0,))),
    threads=1,
)
