"""The settings of the experiments with lenses."""

from dataclasses import dataclass
from typing import Literal

from ..data.signal_sets import SIGNALS
from ..lens.vectors import check_batch
from .base import above_zero, at_least, known, one_of_its_choices

EPOCH = 100
"""Steps between changes of the learning rates, as published."""


@dataclass(frozen=True)
class LensTraining:
    """How a stack of lenses is trained.

    Attributes:
        seed: of the initial weights, the order of the samples and the filters' noise.
        runs: lenses trained as one stack, each from its own initial weights.
        batch: samples in a step; a multiple of their dimension.
        steps: training steps.
        rate_model: learning rate of generator and filter at the start.
        rate_estimator: learning rate of the densities at the start.
        decay: factor by which both have fallen at the end, evenly in the logarithm.
        w_alignment: weight of the correlation of neighbours.
        w_uniformity: weight of stationarity.
        w_resolution: weight of the total correlation; 1 as published.
        w_information: weight of the entropy; 1 as published.
        without: a term whose weight is 0 instead: "alignment", "uniformity", "resolution" or
            "information"; "nothing" leaves all.
        noise: deviation of the filters' noise at the start.
        noise_steps: steps in which it falls by a factor e.
        padding: zeros on each side of a datum; -1: as many as it has components.
        hidden: units of the conditional networks; 0: 16 for each component.
        snapshots: times at which the generators are kept.
    """

    seed: int = 0
    runs: int = 4
    batch: int = 420
    steps: int = 5000
    rate_model: float = 8e-3
    rate_estimator: float = 1e-2
    decay: float = 0.1
    w_alignment: float = 1.0
    w_uniformity: float = 2.0
    w_resolution: float = 0.5
    w_information: float = 1.5
    without: Literal["nothing", "alignment", "uniformity", "resolution", "information"] = "nothing"
    noise: float = 0.1
    noise_steps: int = 1000
    padding: int = -1
    hidden: int = 0
    snapshots: int = 40

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "noise", "hidden")
        at_least(self, 0, "w_alignment", "w_uniformity", "w_resolution", "w_information")
        at_least(self, -1, "padding")
        at_least(self, 1, "runs", "batch", "steps", "noise_steps", "snapshots")
        above_zero(self, "rate_model", "rate_estimator", "decay")


@dataclass(frozen=True)
class LensConfig(LensTraining):
    """Find the generator of a hidden translation in raw vectors; each run has its own data.

    Attributes:
        data: a key of `SIGNALS`, such as "gaussian-7" or "legendre-permuted-33".
        samples: vectors that each run learns from.
        data_noise: deviation of white noise in the data; -1: as published.
        circular: whether a circulant set is truly so; the published one is not quite.
    """

    data: str = "gaussian-7"
    samples: int = 63000
    data_noise: float = -1.0
    circular: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        known("data set", self.data, SIGNALS)
        at_least(self, -1, "data_noise")
        at_least(self, 1, "samples")
        check_batch(self.samples, self.d, self.batch)

    @property
    def d(self) -> int:
        """Components of a vector."""
        return SIGNALS[self.data].d
