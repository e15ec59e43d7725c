"""The settings that experiments against a classifier's features share."""

from dataclasses import dataclass
from typing import Literal

from .base import above_zero, at_least, one_of_its_choices


@dataclass(frozen=True)
class FeatureSymmetry:
    """Learn generators under which the features of CIFAR-10 pictures turn little.

    Attributes:
        seed: of the initial weights, the samples and the batches; an integer >= 0.
        control: "none", or what is taken away: "untrained" has an extractor with random weights,
            "shuffled-labels" one trained on labels dealt out at random, "no-validity" leaves the
            symmetry loss out.
        architecture: of the extractor: "small", which comes with the package, or "resnet18".
        data: "full" CIFAR-10, or the bundled "sample".
        slots: number of generators to look for.
        width: hidden width of the network's trunk.
        head: hidden width of each head.
        steps: training steps.
        batch: pictures in each step; every slot acts on all of them.
        learning_rate: of Adam at the start.
        schedule: "cosine" to 0, or "constant", as published.
        scales: "slots" draws s for every slot, "common" one for all, as published.
        sigma: largest |s|; s is uniform in [-sigma, sigma].
        rk4_steps: Runge-Kutta steps of a flow.
        tau: slope that is free of charge; see the experiment.
        w_validity: weight of the angle by which features turn.
        w_ortho: weight of the orthonormality of the slots.
        w_lipschitz: weight of what exceeds `tau`.
        sensitivity: pictures from which the weights of pixels or colours are estimated.
        judged: test pictures on which the slots are scored in the end.
        precision: "float32", or "bfloat16" for the extractor's layers; coordinates are float32.
    """

    seed: int = 0
    control: Literal["none", "untrained", "shuffled-labels", "no-validity"] = "none"
    architecture: Literal["small", "resnet18"] = "small"
    data: Literal["full", "sample"] = "full"
    slots: int = 10
    width: int = 128
    head: int = 32
    steps: int = 1600
    batch: int = 16
    learning_rate: float = 1e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    scales: Literal["slots", "common"] = "slots"
    sigma: float = 0.4
    rk4_steps: int = 2
    tau: float = 7.75
    w_validity: float = 1.0
    w_ortho: float = 10.0
    w_lipschitz: float = 10.0
    sensitivity: int = 4096
    judged: int = 1000
    precision: Literal["float32", "bfloat16"] = "bfloat16"

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "tau", "w_validity", "w_ortho", "w_lipschitz")
        at_least(self, 1, "slots", "width", "head", "steps", "batch", "rk4_steps")
        at_least(self, 1, "sensitivity", "judged")
        above_zero(self, "learning_rate", "sigma")
