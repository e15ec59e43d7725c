"""The settings of the experiments that train Fourier neural operators."""

from dataclasses import dataclass
from typing import Literal

from ..data.equations import EQUATIONS
from .base import above_zero, at_least, one_of_its_choices

ARMS = {
    "none": "no augmentation",
    "true": "orthonormal combinations of the true generators",
    "learned": "the generators that pde-symmetry learned, in the order of its slots",
    "approximate": "the approximate symmetries alone",
    "both": "the true generators and the approximate ones",
    "splat": "as true, resampled by the published splat, whose kernel is a hat function in time",
    "bilinear": "as true, resampled with hat functions in space and time",
}
SINGLE_TIME = ("nkdv", "ckdv")


@dataclass(frozen=True)
class FNOTraining:
    """Train operators on solutions and versions of them, moved by symmetries.

    Attributes:
        seed: of the solutions, the subsets, the versions, the initial weights and the batches.
        equation: "kdv" and "ks" are predicted frame after frame, autoregressively; "nkdv" and
            "ckdv" at a single later time.
        arms: what is compared, from "none", "true", "learned", "approximate", "both", "splat" and
            "bilinear"; all see the same solutions and start from the same weights.
        trajectories: training solutions of a run, drawn from the pool without replacement.
        pool: simulated solutions from which the runs draw.
        validation: solutions on which the weights are chosen.
        tests: solutions on which the result is judged.
        runs: operators per arm, trained as one stack; each with its own solutions and weights.
        versions: of every solution, itself among them.
        original: probability that a window is cut from the solution itself at once.
        sigma: largest coefficient of every generator, each of unit norm in the chart.
        points: of the operators' grid; every second or fourth of the simulation's, or all.
        width: channels of the operators.
        modes: Fourier coefficients that they keep.
        layers: of their iteration.
        steps: training steps.
        batch: windows per run in a step.
        learning_rate: of AdamW before the schedule.
        schedule: "cosine" to 0, or "published": times 0.4 at 0, 1/4, 1/2 and 3/4 of the steps.
        checks: times that the weights are tried on the validation solutions; the best are kept.
    """

    seed: int = 0
    equation: Literal["kdv", "ks", "nkdv", "ckdv"] = "kdv"
    arms: tuple[str, ...] = ("none", "true", "learned")
    trajectories: int = 32
    pool: int = 256
    validation: int = 32
    tests: int = 128
    runs: int = 5
    versions: int = 8
    original: float = 0.5
    sigma: float = 0.2
    points: int = 128
    width: int = 32
    modes: int = 32
    layers: int = 4
    steps: int = 4000
    batch: int = 16
    learning_rate: float = 3e-3
    schedule: Literal["cosine", "published"] = "cosine"
    checks: int = 20

    def __post_init__(self) -> None:
        object.__setattr__(self, "arms", tuple(self.arms))
        one_of_its_choices(self)
        at_least(self, 0, "seed")
        at_least(self, 1, "trajectories", "validation", "tests", "runs", "versions", "checks")
        at_least(self, 1, "width", "modes", "layers", "steps", "batch")
        at_least(self, 0, "original")
        above_zero(self, "sigma", "learning_rate")
        self._check_arms()
        if self.pool < self.trajectories:
            raise ValueError(
                f"{self.trajectories} solutions cannot be drawn from a pool of {self.pool}; "
                "simulate a larger pool"
            )
        points = EQUATIONS[self.equation].points
        if self.points < 1 or points % self.points or self.modes > self.points // 2 + 1:
            raise ValueError(
                f"points must divide the simulation's {points} and hold {self.modes} modes, got "
                f"{self.points}; take {points // 2} and at most {points // 4 + 1} modes"
            )
        if self.original > 1:
            raise ValueError(f"original is a probability, got {self.original}")

    def _check_arms(self) -> None:
        strange = [arm for arm in self.arms if arm not in ARMS]
        if strange or not self.arms or len(set(self.arms)) < len(self.arms):
            raise ValueError(
                f"arms are one or more of {', '.join(ARMS)}, each once, got {self.arms}"
            )
        lacking = not EQUATIONS[self.equation].approximate
        if lacking and {"approximate", "both"} & set(self.arms):
            raise ValueError(
                f"{self.equation} has no approximate symmetry for the arms 'approximate' and "
                "'both'; ckdv has"
            )
