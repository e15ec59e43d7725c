"""Generators that leave a scalar function on the plane or in space invariant, learned from samples.

The smallest instance of the method of Ko, Kim and Lee (2024): a validity score, three losses, and a
neural network that knows nothing of the answer. For |z|^2 in space the answer is so(3).
"""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from ..algebra import field_angles, gram, killing_form, structure_constants
from ..fields import Field, MatrixField, MLPField
from ..files import sha256, tensor_bytes
from ..losses import lipschitz, nearest, orthonormality, sobolev
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Loss, Runtime, cosine, train
from ..validity import invariant_change
from .base import Experiment, Metric, Result, Wanted, above_zero, at_least

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
        steps: training steps.
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
    circles: int = 32
    points: int = 16
    steps: int = 2000
    batch: int = 256
    learning_rate: float = 0.01
    sigma: float = 0.4
    rk4_steps: int = 2
    tau: float = 1.25
    w_validity: float = 5.0
    w_ortho: float = 1.0
    w_lipschitz: float = 1.0
    w_sobolev: float = 0.5

    def __post_init__(self) -> None:
        if self.invariant not in KNOWN:
            raise ValueError(f"invariant is one of {', '.join(KNOWN)}, got {self.invariant!r}")
        at_least(self, 0, "seed", "slots", "tau")
        at_least(self, 0, "w_validity", "w_ortho", "w_lipschitz", "w_sobolev")
        at_least(self, 1, "width", "head", "circles", "steps", "batch", "rk4_steps")
        at_least(self, 3, "points")
        above_zero(self, "learning_rate", "sigma")


def square(z: Float[Tensor, "*b d"]) -> Float[Tensor, "*b"]:
    """|z|^2, left invariant by rotations."""
    return z.square().sum(-1)


def difference(z: Float[Tensor, "*b 2"]) -> Float[Tensor, "*b"]:
    """x1^2 - x2^2, left invariant by the hyperbolic rotation (x2, x1)."""
    return z[..., 0].square() - z[..., 1].square()


ROTATION = [[[0.0, 1.0], [-1.0, 0.0]]]
BOOST = [[[0.0, 1.0], [1.0, 0.0]]]
ROTATIONS = [
    [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
    [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
]
# the function, and the linear generators known to leave it invariant; used for judging only
KNOWN: Mapping[str, tuple[Callable[[Tensor], Tensor], list[list[list[float]]]]] = {
    "circle": (square, ROTATION),
    "hyperbola": (difference, BOOST),
    "sphere": (square, ROTATIONS),
}


def run(config: ToySymmetry, runtime: Runtime) -> Result:
    """Sample, learn, judge."""
    function, truth = KNOWN[config.invariant]
    dim = len(truth[0])
    circles = sample_circles(config, dim).to(runtime.device)
    data = Quadrature(circles.flatten(0, 1))
    field = network(config, data, len(truth)).to(runtime.device)
    judge = Quadrature(ball(4096, dim, generator(config.seed, "evaluation")).double())
    before = judged(field, truth, judge)
    batches = generator(config.seed, "batches")

    def batch(step: int) -> tuple[Tensor, Tensor]:
        s = (0.1 + 0.9 * torch.rand((), generator=batches)) * config.sigma
        sign = 2 * torch.randint(2, (), generator=batches) - 1
        z = ball(config.batch, dim, batches)
        return z.to(runtime.device), (sign * s).to(runtime.device)

    loss = objective(config, field, circles, function)
    training = train(
        loss,
        batch,
        torch.optim.Adam(field.parameters(), lr=config.learning_rate),
        {"field": field},
        steps=config.steps,
        generators={"batches": batches},
        schedule=cosine(config.steps),
        runtime=runtime,
        identity=TOY_SYMMETRY.identity(config),
        name="field",
    )
    metrics = judged(field, truth, judge) | scores(field, function, judge, config)
    metrics["angle_before"] = before["angle"]
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    sample = sha256(tensor_bytes({"circles": circles.cpu()}))
    return Result(metrics, tensors, {"field": training}, {"sample": sample})


def network(config: ToySymmetry, data: Quadrature, known: int) -> MLPField:
    """The field to be learned, normalised on the sample."""
    return MLPField(
        data.points.shape[1],
        config.slots or known,
        width=config.width,
        head=config.head,
        quadrature=data,
        seed=fan_out(config.seed, "initialisation"),
    )


def ball(count: int, dim: int, random: torch.Generator) -> Float[Tensor, "count dim"]:
    """Points uniform in the unit ball."""
    direction = torch.randn(count, dim, generator=random)
    radius = torch.rand(count, 1, generator=random) ** (1 / dim)
    return radius * direction / direction.norm(dim=1, keepdim=True)


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


def steepness(function: Callable[[Tensor], Tensor], points: Float[Tensor, "b d"]) -> Tensor:
    """Mean |grad f|: what f changes by, per unit of s, along a field that follows the gradient."""
    gradient = torch.func.vmap(torch.func.grad(function))(points)
    return gradient.norm(dim=-1).mean()


def judged(field: Field, truth: list[list[list[float]]], judge: Quadrature) -> dict[str, Metric]:
    """How far the learned fields are from the known algebra, on points they were not trained on."""
    learned = copy.deepcopy(field).double().to("cpu").requires_grad_(False)
    answer = MatrixField(torch.tensor(truth, dtype=torch.float64))
    angles = torch.rad2deg(field_angles(learned, answer, judge))
    algebra = structure_constants(learned, judge)
    identity = torch.eye(field.n, dtype=torch.float64)
    return {
        "angle": Metric(angles.max().item(), "degree"),
        "angles": Metric(angles.tolist(), "degree"),
        "closure_defect": Metric(algebra.closure_defect),
        "structure_constants": Metric(algebra.constants.tolist()),
        "killing_eigenvalues": Metric(torch.linalg.eigvalsh(killing_form(algebra)).tolist()),
        "gram_defect": Metric((gram(learned, judge) - identity).abs().max().item()),
    }


def scores(
    field: Field, function: Callable[[Tensor], Tensor], judge: Quadrature, config: ToySymmetry
) -> dict[str, Metric]:
    """Change of the function per unit of s, relative to the gradient field, at the largest s."""
    learned = copy.deepcopy(field).double().to("cpu").requires_grad_(False)
    change = invariant_change(learned, function, judge.points, config.sigma)
    relative = change / (config.sigma * steepness(function, judge.points))
    return {"validity": Metric(relative.tolist())}


TOY_SYMMETRY = Experiment(
    name="toy-symmetry",
    summary="generators that leave |z|^2 or x1^2 - x2^2 invariant, learned from samples",
    presets={
        "quick": ToySymmetry(invariant="circle", width=32, steps=300),
        "laptop": ToySymmetry(),
    },
    run=run,
    headline=("angle", "closure_defect"),
    threads=1,
    wanted=tuple(
        Wanted("laptop", overrides, (0, 1, 2, 3, 4))
        for overrides in (
            {},
            {"w_validity": 0.0},  # the control: smoothness and orthonormality alone
            {"slots": 4},  # one more than there are
            {"invariant": "circle"},
            {"invariant": "hyperbola"},
        )
    ),
)
