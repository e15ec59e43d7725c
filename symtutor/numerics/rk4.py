"""The classical fourth-order Runge-Kutta method for autonomous systems."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

VectorFunction = Callable[[Float[Tensor, "*shape"]], Float[Tensor, "*shape"]]


def rk4_step(
    f: VectorFunction, y: Float[Tensor, "*shape"], h: float | Float[Tensor, "..."]
) -> Float[Tensor, "*shape"]:
    """One step of length `h` of the classical rule, nodes (0, 1/2, 1/2, 1), weights (1, 2, 2, 1)/6.

    `h` may be negative, and may be a tensor that broadcasts against `y`: then every row of `y`
    takes a step of its own length.
    """
    k1 = f(y)
    k2 = f(y + h / 2 * k1)
    k3 = f(y + h / 2 * k2)
    k4 = f(y + h * k3)
    return y + h / 6 * (k1 + 2 * (k2 + k3) + k4)


def rk4(
    f: VectorFunction,
    y: Float[Tensor, "*shape"],
    span: float | Float[Tensor, "..."],
    *,
    steps: int = 4,
) -> Float[Tensor, "*shape"]:
    """Integrate dy/ds = f(y) over a parameter interval of length `span` in `steps` equal steps.

    The last step ends exactly at `span`; nothing is interpolated. The global error is
    O((span/steps)^4). Gradients are those of the discrete steps (discretise, then optimise).

    Args:
        f: autonomous right-hand side; maps a tensor to one of the same shape.
        y: initial state.
        span: length of the interval, of either sign; a tensor broadcasts against `y`.
        steps: number of steps, at least 1.

    Raises:
        ValueError: if `steps` is below 1.

    Example:
        >>> import torch
        >>> round(rk4(lambda y: y, torch.ones(1, dtype=torch.float64), 1.0, steps=20).item(), 5)
        2.71828
    """
    if steps < 1:
        raise ValueError(f"rk4 needs at least one step, got steps={steps}; pass steps=4 or more")
    h = span / steps
    for _ in range(steps):
        y = rk4_step(f, y, h)
    return y
