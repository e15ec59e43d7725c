"""The settings of the experiment colour-symmetry."""

from dataclasses import dataclass
from typing import Literal

from ..models.resnet import ARCHITECTURES
from .base import above_zero, at_least
from .cifar_data import CONTROLS

NEIGHBOURS = 19
"""Nearest other colours that the Lipschitz loss looks at, as published."""


@dataclass(frozen=True)
class ColourSymmetry:
    """Learn generators of colour space under which features of CIFAR-10 pictures turn little.

    Attributes:
        seed: of the initial weights, the sampled colours and the batches; an integer >= 0.
        control: "none", or what is taken away: "untrained" has an extractor with random weights,
            "shuffled-labels" one trained on labels dealt out at random, "no-validity" leaves the
            symmetry loss out.
        architecture: of the extractor: "small", which comes with the package, or "resnet18".
        data: "full" CIFAR-10, or the bundled "sample".
        slots: number of generators to look for.
        width: hidden width of the network's trunk.
        head: hidden width of each head.
        colours: colours sampled from the pictures, which stand for colour space.
        steps: training steps.
        batch: pictures in each step; every slot recolours all of them.
        learning_rate: of Adam at the start.
        schedule: "cosine" to 0, or "constant", as published.
        scales: "slots" draws s for every slot, "common" one for all, as published.
        sigma: largest |s|; s is uniform in [-sigma, sigma].
        rk4_steps: Runge-Kutta steps of a flow.
        lattice: colours per channel whose flow is computed; others are interpolated.
        tau: difference between neighbouring colours' vectors that is free of charge, at the
            median distance of neighbours.
        w_validity: weight of the angle by which features turn.
        w_ortho: weight of the orthonormality of the slots.
        w_lipschitz: weight of what exceeds the Lipschitz constant `tau`.
        sensitivity: pictures from which the colours' weights are estimated.
        judged: test pictures on which the slots are scored in the end.
        precision: "float32", or "bfloat16" for the extractor's layers; coordinates are float32.
    """

    seed: int = 0
    control: Literal["none", "untrained", "shuffled-labels", "no-validity"] = "none"
    architecture: Literal["small", "resnet18"] = "small"
    data: Literal["full", "sample"] = "full"
    slots: int = 3
    width: int = 128
    head: int = 32
    colours: int = 1024
    steps: int = 1000
    batch: int = 32
    learning_rate: float = 2e-3
    schedule: Literal["cosine", "constant"] = "cosine"
    scales: Literal["slots", "common"] = "slots"
    sigma: float = 1.0
    rk4_steps: int = 2
    lattice: int = 9
    tau: float = 1.0
    w_validity: float = 1.0
    w_ortho: float = 3.0
    w_lipschitz: float = 1.0
    sensitivity: int = 1024
    judged: int = 500
    precision: Literal["float32", "bfloat16"] = "bfloat16"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("control", CONTROLS),
            ("architecture", tuple(ARCHITECTURES)),
            ("data", ("full", "sample")),
            ("schedule", ("cosine", "constant")),
            ("scales", ("slots", "common")),
            ("precision", ("float32", "bfloat16")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} is one of {', '.join(allowed)}, got {getattr(self, name)!r}"
                )
        at_least(self, 0, "seed", "tau", "w_validity", "w_ortho", "w_lipschitz")
        at_least(self, 1, "slots", "width", "head", "steps", "batch", "rk4_steps")
        at_least(self, 1, "sensitivity", "judged")
        at_least(self, 2, "lattice")
        at_least(self, NEIGHBOURS + 1, "colours")
        above_zero(self, "learning_rate", "sigma")
