"""Which translation is hidden in raw vectors? Locality and stationarity find it.

Efe and Ozakin (2025): no labels, no equation and no network that was trained before; nine data
sets, several runs of each.
"""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.hidden import hidden_generator, hidden_map
from ..data.signal_sets import SIGNALS, signals
from ..files import sha256, tensor_bytes
from ..lens import generator_cosine, interior_cosine, representation_cosine
from ..training import Runtime
from .base import Experiment, Metric, Result, Wanted
from .lens_config import LensConfig
from .lens_training import final_losses, learn, run_seeds, setting_of


def draw(config: LensConfig) -> Float[Tensor, "runs n d"]:
    """Every run's own data."""
    noise = None if config.data_noise < 0 else config.data_noise
    return torch.stack(
        [
            signals(config.data, config.samples, seed=seed, noise=noise, circular=config.circular)
            for seed in run_seeds(config)
        ]
    )


def run(config: LensConfig, runtime: Runtime) -> Result:
    """Draw the data, train the stack, compare with what was hidden."""
    data = draw(config)
    settings, seeds = [setting_of(config)] * config.runs, run_seeds(config)
    lens, kept, trained = learn(config, runtime, data, settings, seeds, LENS.identity(config))
    chosen = SIGNALS[config.data]
    M, truth = (make(chosen.symmetry, chosen.d) for make in (hidden_map, hidden_generator))
    with torch.no_grad():
        L, G = lens.representation().cpu(), kept.generators[-1].cpu()
        tensors = {
            "antisymmetric": lens.generator.antisymmetric().cpu(),
            "filter": lens.filter().cpu(),
            "snapshots": kept.generators.cpu(),
            "tau": kept.tau.cpu(),
        }
    metrics = {
        "cosine": Metric(generator_cosine(G, truth).tolist()),
        "cosine_interior": Metric(interior_cosine(G, truth, M).tolist()),
        "cosine_representation": Metric(representation_cosine(L, M).tolist()),
        "loss": Metric(final_losses(lens, data, settings, config.batch).tolist()),
        "seconds_per_step": Metric(trained.seconds / config.steps, "s"),
    }
    checksum = sha256(tensor_bytes({"signals": data}))
    return Result(metrics, tensors, {"lens": trained}, {"signals": checksum})


PRESETS = {
    "quick": LensConfig(runs=2, samples=4200, batch=210, steps=300, snapshots=6),
    "laptop": LensConfig(),
    "paper": LensConfig(
        samples=252000,
        batch=2520,
        steps=400000,
        rate_model=1e-4,
        rate_estimator=2.5e-3,
        w_resolution=1.0,
        w_information=1.0,
    ),
}
WIDE: dict[str, Any] = {
    "data": "gaussian-33",
    "runs": 1,
    "samples": 165000,
    "batch": 990,
    "hidden": 66,
    "steps": 33000,
    "rate_model": 3e-3,
    "w_resolution": 0.1,
    "w_information": 1.9,
}
"""Vectors of 33 components, reduced for a processor."""


def wanted() -> tuple[Wanted, ...]:
    """Records on a laptop, of 16 runs with either weights too, and of all sets as published."""
    published: dict[str, Any] = {"w_resolution": 1.0, "w_information": 1.0}
    circular, many = {"data": "gaussian-circulant-7"}, {"runs": 16}
    found = [Wanted("laptop", changed, (0,)) for changed in ({}, circular, WIDE)]
    found += [Wanted("laptop", many | changed, (1,)) for changed in ({}, published)]
    for chosen in SIGNALS.values():
        steps = 400000 if chosen.d == 7 else 1000000
        size = {"data": chosen.name, "batch": chosen.batch, "samples": 100 * chosen.batch}
        fields = size | {"steps": steps}
        changed = {k: v for k, v in fields.items() if v != getattr(PRESETS["paper"], k)}
        found.append(Wanted("paper", changed, (0,)))
    return tuple(found)


LENS = Experiment(
    name="lens",
    summary="the generator of a translation hidden in raw vectors, by locality and stationarity",
    presets=PRESETS,
    run=run,
    wanted=wanted(),
    headline=("cosine", "cosine_interior", "cosine_representation"),
    threads=1,
)
LENS_ABLATION = replace(
    LENS,
    name="lens-ablation",
    summary="the same with one term of the objective left out (`without`)",
    presets=PRESETS
    | {
        "paper": replace(
            PRESETS["paper"], data="mnist-27", samples=1080000, batch=10800, steps=1000000
        )
    },
    wanted=tuple(
        Wanted(preset, {"without": term}, (0,))
        for preset in ("laptop", "paper")
        for term in ("alignment", "uniformity", "resolution", "information")
    ),
)
