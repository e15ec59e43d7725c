"""What the toy symmetry is about: the functions, the points, and the judge who knows the answer."""

import copy
from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from ..algebra import field_angles, gram, killing_form, structure_constants
from ..fields import Field, MatrixField
from ..numerics.quadrature import Quadrature
from ..validity import invariant_change
from .base import Metric


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


def ball(count: int, dim: int, random: torch.Generator) -> Float[Tensor, "count dim"]:
    """Points uniform in the unit ball."""
    direction = torch.randn(count, dim, generator=random)
    radius = torch.rand(count, 1, generator=random) ** (1 / dim)
    return radius * direction / direction.norm(dim=1, keepdim=True)


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
    field: Field, function: Callable[[Tensor], Tensor], judge: Quadrature, sigma: float
) -> dict[str, Metric]:
    """Change of the function per unit of s, relative to the gradient field, at s = sigma."""
    learned = copy.deepcopy(field).double().to("cpu").requires_grad_(False)
    change = invariant_change(learned, function, judge.points, sigma)
    relative = change / (sigma * steepness(function, judge.points))
    return {"validity": Metric(relative.tolist())}
