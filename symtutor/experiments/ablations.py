"""What the learning of PDE symmetries needs: derivative, Lipschitz constant, scale and weights.

Ko, Kim and Lee (2024, appendices E and F) on the Kuramoto-Sivashinsky equation. Each experiment is
pde-symmetry with the published objective, and one setting at a time is changed.
"""

from dataclasses import asdict, replace
from itertools import product
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..algebra import principal_angles
from ..data.trajectories import Trajectories
from ..fields import Field, MLPField
from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from ..training import Runtime
from . import pde_symmetry
from .ablation_config import Ablation
from .base import Experiment, Metric, Result, Wanted
from .pde_judge import judged, known_field, scores

FOUND = 10.0
"""A generator counts as found if its principal angle is below this, in degrees.

The shift of u, which training by Adam falls into on its way to the boost, is 30 degrees from the
algebra of KS; fields that are as good as the derivatives allow are within 1. At 10 degrees, 3 % of
the squared norm lie outside the algebra.
"""
RESOLVED = 0.1
"""Root mean square below which a combination of slots of unit norm does not count as a direction.

Two slots less than 8 degrees apart are one: their difference, scaled up, is whatever they happen to
differ by.
"""


def directions(field: Field, judge: Quadrature) -> Float[Tensor, "rows k"]:
    """Orthonormal columns that span what the slots span, k at most the number of slots."""
    values = field(judge.points) * judge.omega.sqrt()[:, None, None]
    columns = values.movedim(1, -1).reshape(-1, field.n)
    columns = columns / torch.linalg.vector_norm(columns, dim=0)
    left, sizes, _ = torch.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > RESOLVED]


@torch.no_grad()
def span_angles(field: Field, truth: Field, judge: Quadrature) -> list[float]:
    """Principal angles between the span of all slots and the true algebra, in degrees, ascending.

    As many as the algebra has dimensions: 90 for those that the slots have no direction for.
    """
    pair = directions(field, judge), directions(truth, judge)
    angles = torch.rad2deg(principal_angles(*pair)).tolist()
    return angles + [90.0] * (truth.n - len(angles))


def found(angles: list[float]) -> int:
    """How many generators are found, by `FOUND`."""
    return sum(angle < FOUND for angle in angles)


def reported(
    config: Ablation, field: MLPField, unseen: Trajectories, chart: Chart, judge: Quadrature
) -> dict[str, Metric]:
    """The report of pde-symmetry, with scores of one solution, and how many generators are found.

    "found" counts directions among all slots, "found_first" among the first ones only, as many as
    the algebra has dimensions, as published.
    """
    metrics = judged(field, unseen.equation, chart, judge)
    truth = known_field(dict(unseen.equation.algebra), chart)
    angles = span_angles(field, truth, judge)
    metrics["span_angles"] = Metric(angles, "degree")
    metrics["found"] = Metric(found(angles))
    metrics["found_first"] = Metric(found(metrics["angles"].value))
    methods = ("total", "weno", "bilinear", "infinitesimal")
    return metrics | scores(field, unseen.take(1), chart, judge, config.sigma, methods)


def run(config: Ablation, runtime: Runtime) -> Result:
    """Learn as pde-symmetry does, and count what is found."""
    return pde_symmetry.run(config, runtime, reported)


LAPTOP = Ablation(
    method="weno",
    width=32,
    head=16,
    trajectories=16,
    steps=400,
    batch=4,
    frames=8,
    columns=16,
    learning_rate=5e-3,
    precision="float32",
)
DERIVATIVE = replace(
    LAPTOP, steps=300, batch=1, frames=28, columns=64, precision="float64", sigma_start=0.02
)
SETTING = asdict(pde_symmetry.PDE_SYMMETRY.presets["paper"]) | {
    "equation": "ks",
    "sigma_start": 1.0,
}
PAPER = Ablation(**SETTING, every_frame=1, every_column=1)


def presets(laptop: Ablation, paper: Ablation) -> dict[str, Ablation]:
    """Three sizes of one ablation."""
    small = replace(laptop, width=8, head=4, trajectories=2, steps=2, batch=1)
    return {"quick": small, "laptop": laptop, "paper": paper}


def ablation(
    name: str, summary: str, axes: dict[str, tuple[Any, ...]], seeds: tuple[int, ...]
) -> Experiment:
    """An experiment that wants every combination of some values, at both sizes.

    Args:
        name: after "ablation-".
        summary: one line.
        axes: values by setting; those of the preset are no overrides.
        seeds: of the larger sizes.
    """
    derivative = "method" in axes
    paper = replace(PAPER, precision="float64") if derivative else PAPER
    sizes = presets(DERIVATIVE if derivative else LAPTOP, paper)
    wanted = []
    for preset in ("laptop", "paper"):
        base = asdict(sizes[preset])
        for values in product(*axes.values()):
            point = dict(zip(axes, values, strict=True))
            changed = {key: value for key, value in point.items() if value != base[key]}
            wanted.append(Wanted(preset, changed, seeds))
    return Experiment(
        name=f"ablation-{name}",
        summary=summary,
        presets=sizes,
        run=run,
        headline=("found", "found_first", "span_angles"),
        threads=1,
        wanted=tuple(wanted),
    )


ABLATION_DERIVATIVE = ablation(
    "derivative",
    "symmetries of KS learned with three ways to differentiate moved solutions",
    {"method": ("weno", "bilinear", "total")},
    (0,),
)
ABLATION_LIPSCHITZ = ablation(
    "lipschitz",
    "symmetries of KS learned with several Lipschitz constants free of charge",
    {"tau": (1.0, 2.0, 3.0, 4.0, 8.0, 16.0, 32.0)},
    (0,),
)
ABLATION_SCALE = ablation(
    "scale",
    "symmetries of KS learned with solutions moved more or less far",
    {"sigma": (0.1, 0.2, 0.4, 0.6, 0.8)},
    (0,),
)
ABLATION_WEIGHTS = ablation(
    "weights",
    "symmetries of KS learned with 27 weightings of validity, orthonormality and slope",
    {name: (1.0, 3.0, 10.0) for name in ("w_validity", "w_ortho", "w_lipschitz")},
    (0,),
)
