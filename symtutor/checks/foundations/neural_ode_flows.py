"""Checks of the chapter Neural ODE flows."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import Hint, close, diagnose, exercise, function, tensor

Map = Callable[[Tensor], Tensor]
Flow = Callable[[Tensor, float], Tensor]


def _wavy_field(generator: Generator) -> Map:
    """A random smooth field that is far from linear, so that Runge-Kutta rules differ on it."""
    matrix, mixing = 1.5 * torch.randn(2, 2, 2, generator=generator)

    def field(points: Tensor) -> Tensor:
        return torch.sin(points @ matrix.T) @ mixing.T + 0.3

    return field


def _classical(f: Map, y: Tensor, h: float, node: float = 0.5) -> Tensor:
    k1 = f(y)
    k2 = f(y + node * h * k1)
    k3 = f(y + node * h * k2)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3))


def _rk4_mistakes(f: Map, y: Tensor, h: float) -> dict[str, Tensor]:
    k1 = f(y)
    k2 = f(y + h / 2 * k1)
    k3 = f(y + h / 2 * k2)
    k4 = f(y + h * k3)
    third = f(y + h / 3 * k1)
    two_thirds = f(y + h * (third - k1 / 3))
    last = f(y + h * (k1 - third + two_thirds))
    total = k1 + 2 * k2 + 2 * k3 + k4
    return {
        "this is Euler's step: it uses the slope at the start only.": y + h * k1,
        "this is the midpoint rule, of order 2; two more slopes are needed.": y + h * k2,
        "this is Heun's rule, of order 2; two of the four slopes are taken half way.": (
            y + h / 2 * (k1 + f(y + h * k1))
        ),
        "this is the 3/8 rule: of order 4 too, but the classical rule has nodes 0, 1/2, 1/2, 1.": (
            y + h / 8 * (k1 + 3 * third + 3 * two_thirds + last)
        ),
        "the weights are 1/6, 1/3, 1/3, 1/6; yours are all 1/4.": (y + h / 4 * (k1 + k2 + k3 + k4)),
        "the weights must sum to 1: divide k1 + 2 k2 + 2 k3 + k4 by 6.": y + h * total,
        "the weighted slope is to be multiplied by h.": y + total / 6,
        "this is the increment; add it to y.": h / 6 * total,
        "k3 starts from k2, not from k1 again.": (y + h / 6 * (k1 + 4 * k2 + f(y + h * k2))),
        "k4 is taken after the whole step h, not half of it.": (
            y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h / 2 * k3))
        ),
        "k2 and k3 are taken half way, at h/2, not after the whole step.": _classical(f, y, h, 1),
        "the step goes backwards: the sign of h is wrong.": _classical(f, y, -h),
    }


@exercise("ex-rk4-step", question="Write one classical RK4 step as a function of f, y and h.")
def rk4_step(answer: Any, generator: Generator) -> str | None:
    """y + h/6 (k1 + 2 k2 + 2 k3 + k4) on a non-linear field."""
    step = function(answer, "f, y, h")
    f, y, h = _wavy_field(generator), torch.randn(6, 2, generator=generator), 0.4
    got = tensor(step(f, y, h), (6, 2), "the next state")
    otherwise = "compare your four slopes and their weights with the formula, one by one."
    return diagnose(got, _classical(f, y, h), _rk4_mistakes(f, y, h), otherwise)


def _rotate(points: Tensor, s: float) -> Tensor:
    cos, sin = torch.tensor([float(s)]).cos(), torch.tensor([float(s)]).sin()
    x1, x2 = points[..., 0], points[..., 1]
    return torch.stack([x1 * cos - x2 * sin, x1 * sin + x2 * cos], dim=-1)


def _residual(flow: Flow, z: Tensor, s: float, t: float) -> Tensor:
    return flow(z, s + t) - flow(flow(z, s), t)


DEFECTS: dict[str, Callable[[Flow, Tensor, float, float], Tensor]] = {
    "take the largest difference, not the mean.": lambda *a: _residual(*a).abs().mean(),
    "take the absolute value before the maximum.": lambda *a: _residual(*a).max(),
    "take the largest entry, not the norm of all of them.": lambda *a: _residual(*a).norm(),
    "take the largest coordinate difference, not the longest vector.": (
        lambda *a: _residual(*a).norm(dim=-1).max()
    ),
    "the order is reversed: first move by s, then by t.": (
        lambda flow, z, s, t: (flow(z, s + t) - flow(flow(z, t), s)).abs().max()
    ),
    "maps are composed, not added: the second starts where the first ended.": (
        lambda flow, z, s, t: (flow(z, s + t) - flow(z, s) - flow(z, t)).abs().max()
    ),
    "displacements do not add: the second map starts where the first ended.": (
        lambda flow, z, s, t: (flow(z, s + t) - flow(z, s) - flow(z, t) + z).abs().max()
    ),
    "when maps are composed, their parameters add: s + t.": (
        lambda flow, z, s, t: (flow(z, s * t) - flow(flow(z, s), t)).abs().max()
    ),
}


@exercise(
    "ex-group-law",
    question="Write a function of flow_fn, points, s and t that returns the largest absolute "
    "difference between flow_fn(points, s + t) and flow_fn(flow_fn(points, s), t).",
)
def group_law(answer: Any, generator: Generator) -> str | None:
    """Zero on the rotation group, the known defect on Euler's step, which is no group."""
    defect = function(answer, "flow_fn, points, s, t")
    broken = _wavy_field(generator)
    draws = torch.randn(6, 5, 2, generator=generator)

    def euler(points: Tensor, s: float) -> Tensor:
        return points + s * broken(points)

    def measured(measure: Callable[..., Any]) -> Tensor:
        found = [measure(flow, z, 0.3, 0.5) for flow in (_rotate, euler) for z in draws]
        return torch.stack([tensor(value, (), "the defect") for value in found])

    right = measured(lambda *a: _residual(*a).abs().max())
    mistakes = {hint: measured(measure) for hint, measure in DEFECTS.items()}
    otherwise = "it should vanish on the rotations, and be max |difference| on maps of no group."
    return diagnose(measured(defect), right, mistakes, otherwise)


@exercise(
    "ex-normalise-once",
    question="Write a function of field_fn, points and quadrature_points that returns the vectors "
    "at points, divided by the field's root mean square norm over quadrature_points.",
)
def normalise_once(answer: Any, generator: Generator) -> str | None:
    """V(z) / (mean_q |V(z_q)|^2)^(1/2)."""
    normalise = function(answer, "field_fn, points, quadrature_points")
    field, quadrature = _wavy_field(generator), torch.randn(40, 2, generator=generator)
    points = 0.3 * torch.randn(8, 2, generator=generator)
    got = tensor(normalise(field, points, quadrature), (8, 2), "the normalised vectors")
    part = tensor(normalise(field, points[:3], quadrature), (3, 2), "the normalised vectors")
    if not close(got[:3], part):
        raise Hint(
            "the vector at a point changes with the other points of its batch; take the norm over "
            "quadrature_points alone."
        )
    vectors, norms = field(points), field(quadrature).norm(dim=-1)
    rms = norms.square().mean().sqrt()
    mistakes = {
        "nothing is divided: these are the raw vectors.": vectors,
        "every vector has length 1; divide all of them by the same number.": (
            vectors / vectors.norm(dim=-1, keepdim=True)
        ),
        "this averages over the coordinates, too: sum squares over them, average over points.": (
            vectors / field(quadrature).square().mean().sqrt()
        ),
        "this divides by the mean norm; take the root of the mean square.": vectors / norms.mean(),
        "the root is missing: divide by the root of the mean square.": vectors / rms**2,
        "this divides by the largest norm; take the root mean square.": vectors / norms.max(),
        "this sums over the quadrature; take the mean.": vectors / norms.norm(),
        "the vectors are multiplied by the norm instead of divided.": vectors * rms,
    }
    return diagnose(
        got, vectors / rms, mistakes, "divide by the root of the mean of |V|^2 over the quadrature."
    )
