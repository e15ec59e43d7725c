r"""Exponential time differencing of fourth order for $v'=\Lambda v+N(v,t)$, $\Lambda$ diagonal.

The linear part is integrated exactly, so its stiffness costs nothing; the method is that of Cox
and Matthews (2002) with the coefficients computed as Kassam and Trefethen (2005) do, as means
over a circle in the complex plane, where no digits cancel.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Complex, Float
from torch import Tensor

Nonlinearity = Callable[[Complex[Tensor, "*b modes"], float], Complex[Tensor, "*b modes"]]


@dataclass(frozen=True)
class Coefficients:
    r"""The numbers of one step of length h, one per mode, with $z=h\Lambda$.

    Attributes:
        full, half: $e^z$ and $e^{z/2}$.
        stage: $h\,(e^{z/2}-1)/z$.
        first, middle, last: weights of N at the start, (twice) in the middle and at the end.
    """

    full: Complex[Tensor, " modes"]
    half: Complex[Tensor, " modes"]
    stage: Complex[Tensor, " modes"]
    first: Complex[Tensor, " modes"]
    middle: Complex[Tensor, " modes"]
    last: Complex[Tensor, " modes"]


def coefficients(
    symbol: Complex[Tensor, " modes"], step: float, *, contour: int = 32
) -> Coefficients:
    r"""Coefficients of a step, as means over `contour` points of the unit circle around $h\Lambda$.

    The closed forms, such as $h\,(-4-z+e^z(4-3z+z^2))/z^3$, lose all digits as z tends to 0; an
    analytic function equals its mean over a circle, on which z is far from 0. With 32 points the
    mean is exact to rounding.

    Args:
        symbol: the diagonal of the linear part, complex.
        step: h, any sign, not 0.
        contour: number of points on the circle.

    Example:
        >>> first = coefficients(torch.zeros(1, dtype=torch.complex128), 0.6).first
        >>> abs(first.item() - 0.6 / 6) < 1e-14
        True
    """
    symbol = symbol.to(torch.complex128)
    turns = torch.arange(contour, dtype=torch.float64, device=symbol.device) + 0.5
    angles = 2 * math.pi / contour * turns
    z = step * symbol[:, None] + torch.polar(torch.ones_like(angles), angles)

    def mean(values: Tensor) -> Tensor:
        return step * values.mean(dim=1)

    e = torch.exp(z)
    return Coefficients(
        full=torch.exp(step * symbol),
        half=torch.exp(step / 2 * symbol),
        stage=mean((torch.exp(z / 2) - 1) / z),
        first=mean((-4 - z + e * (4 - 3 * z + z**2)) / z**3),
        middle=mean(2 * (2 + z + e * (z - 2)) / z**3),
        last=mean((-4 - 3 * z - z**2 + e * (4 - z)) / z**3),
    )


def etdrk4_step(
    c: Coefficients, nonlinearity: Nonlinearity, v: Complex[Tensor, "*b modes"], t: float, h: float
) -> Complex[Tensor, "*b modes"]:
    """One step from t to t + h with the coefficients of h. addcmul(x, c, y) is x + c y."""
    at_v = nonlinearity(v, t)
    halfway = c.half * v
    a = torch.addcmul(halfway, c.stage, at_v)
    at_a = nonlinearity(a, t + h / 2)
    b = torch.addcmul(halfway, c.stage, at_a)
    at_b = nonlinearity(b, t + h / 2)
    end = torch.addcmul(c.half * a, c.stage, 2 * at_b - at_v)
    at_end = nonlinearity(end, t + h)
    v = torch.addcmul(c.full * v, c.first, at_v)
    return v.addcmul_(c.middle, at_a + at_b).addcmul_(c.last, at_end)


@torch.no_grad()
def etdrk4(
    symbol: Complex[Tensor, " modes"],
    nonlinearity: Nonlinearity,
    state: Complex[Tensor, "*b modes"],
    times: Float[Tensor, " time"],
    *,
    step: float,
    start: float = 0.0,
) -> Complex[Tensor, "time *b modes"]:
    r"""Solve $v'=\Lambda v+N(v,t)$ from `start` and return v at each of the given times.

    Between two landings the steps are equal and as few as keep them at most `step` long; nothing is
    interpolated. The global error is $O(h^4)$.

    Args:
        symbol: $\Lambda$, the diagonal of the linear part.
        nonlinearity: N(v, t), a function of coefficients and time.
        state: v at `start`; any number of leading batch dimensions.
        times: rising, none before `start`.
        step: longest step allowed, in the unit of t.
        start: time of `state`.

    Raises:
        ValueError: for times that do not rise or lie before `start`, or a step that is not
            positive.
        FloatingPointError: if the solution becomes infinite; the step was then too long.

    Example:
        >>> one = torch.ones(1, dtype=torch.complex128)
        >>> zero = torch.zeros_like(one)
        >>> time = torch.tensor([1.0], dtype=torch.float64)
        >>> end = etdrk4(zero, lambda v, t: v, one, time, step=0.1)  # v' = v
        >>> abs(end.item() - math.e) < 1e-5
        True
    """
    if not step > 0:
        raise ValueError(f"the step must be positive, got {step}")
    instants = [start, *times.tolist()]
    if any(late < early for early, late in pairwise(instants)):
        raise ValueError(f"the times must rise from start={start}, got {instants[1:5]} ...")
    out, c, last = [], None, 0.0
    for early, late in pairwise(instants):
        count = max(1, math.ceil((late - early) / step - 1e-9)) if late > early else 0
        h = (late - early) / max(count, 1)
        if count and (c is None or abs(h - last) > 1e-12 * last):
            c, last = coefficients(symbol, h), h
        for i in range(count):
            assert c is not None
            state = etdrk4_step(c, nonlinearity, state, early + i * h, h)
        if not torch.isfinite(torch.view_as_real(state)).all():
            raise FloatingPointError(
                f"the solution became infinite between t={early:.6g} and t={late:.6g} with steps "
                f"of {h:.3g}; use shorter steps (more substeps)"
            )
        out.append(state)
    return torch.stack(out) if out else state.new_zeros((0, *state.shape))
