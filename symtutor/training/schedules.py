"""Learning-rate schedules: pure functions of the step, so a resumed run needs no memory of them."""

import math
from collections.abc import Callable, Sequence

Schedule = Callable[[int], float | Sequence[float]]
"""Step -> factor of the learning rate, or one factor for every parameter group."""


def constant(step: int) -> float:
    """The factor 1 at every step."""
    return 1.0


def cosine(steps: int, *, warmup: int = 0) -> Schedule:
    """Rise linearly to 1 over the first `warmup` steps, then fall to 0 along half a cosine.

    Example:
        >>> rate = cosine(100)
        >>> rate(0), round(rate(50), 3), round(rate(100), 3)
        (1.0, 0.5, 0.0)
    """
    if not 0 <= warmup < steps:
        raise ValueError(f"warmup must be from 0 to below {steps} steps, got {warmup}")

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))

    return factor


def piecewise(milestones: Sequence[int], factor: float) -> Schedule:
    """Multiply by `factor` at every milestone reached, e.g. x0.1 at half of the steps.

    Example:
        >>> rate = piecewise([60, 120], 0.5)
        >>> rate(59), rate(60), rate(120)
        (1.0, 0.5, 0.25)
    """
    return lambda step: factor ** sum(step >= milestone for milestone in milestones)
