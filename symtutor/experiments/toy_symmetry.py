"""Generators that leave a scalar function on the plane or in space invariant, learned from samples.

The smallest instance of the method of Ko, Kim and Lee (2024): a validity score, three losses, and a
neural network that knows nothing of the answer. For |z|^2 in space the answer is so(3).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import Field, MLPField
from ..files import sha256, tensor_bytes
from ..losses import lipschitz, nearest, orthonormality, sobolev
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Loss, Runtime, Trained, cosine, train
from ..validity import invariant_change
from .base import Experiment, Metric, Result, Wanted, above_zero, at_least, one_of_its_choices
from .toy_problem import KNOWN, ball, judged, scores, steepness

NEIGHBOURS = 8


@dataclass(frozen=True)
class ToySymmetry:
    """Learn the generators that leave a function f on the unit ball invariant.

    Attributes:
        seed: of the data, the initial weights and the batches; an integer >= 0.
        invariant: "circle" |z|^2 on the plane, "hyperbola" x1^2 - x2^2, "sphere" |z|^2 in space.
        slots: number of generators to look for; 0: as many as are known to exist.
        width: hidden width of the network's trunk.
        head: hidden width of each generator's head.
        circles: number of sample circles about the origin, radii spread evenly over the volume.
        points: sample points on each circle.
        restarts: trainings from other initial weights; the one with the smallest objective counts.
        steps: training steps of each.
        batch: points moved along the flow in each step, uniform in the ball.
        learning_rate: of Adam at the start; falls to 0 along half a cosine.
        sigma: largest |s| of a flow; in each step |s| is uniform in [sigma / 10, sigma].
        rk4_steps: Runge-Kutta steps of a flow.
        tau: slope that is free of charge; the uniform scaling of unit norm has slope 1.
        w_validity: weight of the change of f along the flow (1 = that of a field along grad f).
        w_ortho: weight of the orthonormality loss.
        w_lipschitz: weight of the Lipschitz loss.
        w_sobolev: weight of the Sobolev loss along the circles.
    """

    seed: int = 0
    invariant: Literal["circle", "hyperbola", "sphere"] = "sphere"
    slots: int = 0
    width: int = 64
    head: int = 16
    circles: int = 48
    points: int = 16
    restarts: int = 2
    steps: int = 4000
    batch: int = 256
    learning_rate: float = 0.01
    sigma: float = 0.4
    rk4_steps: int = 1
    tau: float = 1.25
    w_validity: float = 5.0
    w_ortho: float = 1.0
    w_lipschitz: float = 0.5
    w_sobolev: float = 0.5

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "slots", "tau")
        at_least(self, 0, "w_validity", "w_ortho", "w_lipschitz", "w_sobolev")
        at_least(self, 1, "width", "head", "circles", "restarts", "steps", "batch", "rk4_steps")
        at_least(self, 3, "points")
        above_zero(self, "learning_rate", "sigma")
        if self.circles * self.points <= NEIGHBOURS:
            raise ValueError(
                f"circles x points must exceed {NEIGHBOURS}, the number of neighbours that the "
                f"Lipschitz loss looks at, got {self.circles} x {self.points}"
            )


def run(config: ToySymmetry, runtime: Runtime) -> Result:
    """Sample, learn, judge: of several trainings the one with the smallest objective counts."""
    function, truth = KNOWN[config.invariant]
    circles = sample_circles(config, len(truth[0])).to(runtime.device)
    attempts = [
        learn(config, runtime, circles, function, len(truth), number)
        for number in range(config.restarts)
    ]
    objectives = [ending(training) for _, training in attempts]
    kept = objectives.index(min(objectives))
    field = attempts[kept][0]
    judge = Quadrature(ball(4096, field.dim, generator(config.seed, "evaluation")).double())
    untrained = network(config, circles, len(truth), kept)
    metrics = {
        **judged(field, truth, judge),
        **scores(field, function, judge, config.sigma),
        "angle_before": judged(untrained, truth, judge)["angle"],
        "objectives": Metric(objectives),
        "kept": Metric(kept),
    }
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    sample = sha256(tensor_bytes({"circles": circles.cpu()}))
    trainings = {attempt(number): training for number, (_, training) in enumerate(attempts)}
    return Result(metrics, tensors, trainings, {"sample": sample})


def attempt(number: int) -> str:
    """Name of a training: field, field1, field2, ..."""
    return f"field{number or ''}"


def learn(
    config: ToySymmetry,
    runtime: Runtime,
    circles: Float[Tensor, "circles points dim"],
    function: Callable[[Tensor], Tensor],
    known: int,
    number: int,
) -> tuple[MLPField, Trained]:
    """One training, from initial weights and batches of its own."""
    field = network(config, circles, known, number).to(runtime.device)
    batches = generator(config.seed, f"batches {number}")

    def batch(step: int) -> tuple[Tensor, Tensor]:
        s = (0.1 + 0.9 * torch.rand((), generator=batches)) * config.sigma
        sign = 2 * torch.randint(2, (), generator=batches) - 1
        z = ball(config.batch, field.dim, batches)
        return z.to(runtime.device), (sign * s).to(runtime.device)

    training = train(
        objective(config, field, circles, function),
        batch,
        torch.optim.Adam(field.parameters(), lr=config.learning_rate),
        {"field": field},
        steps=config.steps,
        generators={"batches": batches},
        schedule=cosine(config.steps),
        runtime=runtime,
        identity=TOY_SYMMETRY.identity(config),
        name=attempt(number),
    )
    return field, training


def ending(training: Trained) -> float:
    """Mean of the objective over the last tenth of a training."""
    curve = training.history.column("loss")
    return curve[-max(1, len(curve) // 10) :].mean().item()


def network(
    config: ToySymmetry, circles: Float[Tensor, "circles points dim"], known: int, number: int
) -> MLPField:
    """The field to be learned, normalised on the sample."""
    return MLPField(
        circles.shape[-1],
        config.slots or known,
        width=config.width,
        head=config.head,
        quadrature=Quadrature(circles.flatten(0, 1).cpu()),
        seed=fan_out(config.seed, f"initialisation {number}"),
    )


def sample_circles(config: ToySymmetry, dim: int) -> Float[Tensor, "circles points dim"]:
    """The fixed sample: random great circles about the origin, evenly spaced points on each."""
    random = generator(config.seed, "data")
    frames, _ = torch.linalg.qr(torch.randn(config.circles, dim, 2, generator=random))
    levels = (torch.arange(config.circles) + 0.5) / config.circles
    start = torch.rand(config.circles, 1, generator=random)
    angle = 2 * math.pi * (start + torch.arange(config.points) / config.points)
    circle = torch.stack([angle.cos(), angle.sin()], dim=-1)
    return levels[:, None, None] ** (1 / dim) * torch.einsum("cdk,cpk->cpd", frames, circle)


def objective(
    config: ToySymmetry,
    field: Field,
    circles: Float[Tensor, "circles points dim"],
    function: Callable[[Tensor], Tensor],
) -> Callable[[Tensor, Tensor], Loss]:
    """The loss of a batch: validity of the flow, and three losses on the sample."""
    sample = circles.flatten(0, 1)
    weights = sample.new_full((len(sample),), 1 / len(sample))
    neighbours = nearest(sample, NEIGHBOURS)
    scale = steepness(function, sample)

    def loss(z: Tensor, s: Tensor) -> Loss:
        values = field(sample)
        change = invariant_change(field, function, z, s, steps=config.rk4_steps)
        terms = {
            "validity": (change / (s.abs() * scale)).sum(),
            "orthonormality": orthonormality(values, weights).sum(),
            "lipschitz": lipschitz(values, sample, neighbours, config.tau).sum(),
            "sobolev": sobolev(values.unflatten(0, circles.shape[:2])).sum(),
        }
        total = (
            config.w_validity * terms["validity"]
            + config.w_ortho * terms["orthonormality"]
            + config.w_lipschitz * terms["lipschitz"]
            + config.w_sobolev * terms["sobolev"]
        )
        return Loss(total, terms)

    return loss


TOY_SYMMETRY = Experiment(
    name="toy-symmetry",
    summary="generators that leave |z|^2 or x1^2 - x2^2 invariant, learned from samples",
    presets={
        "quick": ToySymmetry(invariant="circle", width=32, circles=16, restarts=1, steps=300),
        "laptop": ToySymmetry(),
    },
    run=run,
    headline=("angle", "closure_defect"),
    threads=1,
    wanted=tuple(
        Wanted("laptop", overrides, tuple(range(seeds)))
        for overrides, seeds in (
            ({}, 5),
            ({"w_validity": 0.0}, 5),  # the control: smoothness and orthonormality alone
            ({"slots": 4}, 3),  # one more than there are
        )
    ),
)
