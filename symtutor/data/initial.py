"""Random initial conditions: sums of a few sine waves."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .evolution import Equation


def initial_condition(
    equation: Equation, n: int, generator: torch.Generator, points: int | None = None
) -> Float[Tensor, "n space"]:
    r"""Random initial conditions $\sum_{p=1}^P A_p\sin(2\pi l_px/L+\varphi_p)$, in float64.

    $A_p\sim U(-\tfrac12,\tfrac12)$, $\varphi_p\sim U(0,2\pi)$ and $l_p$ drawn from the equation's
    wavenumbers (Ko, Kim and Lee 2024, equation 20); Burgers makes its own profile from the
    series. Asking for more keeps the first ones, and the function does not depend on `points`.

    Args:
        equation: gives P, the wavenumbers, L and the grid.
        n: how many.
        generator: source of the random numbers, on the CPU.
        points: grid points; by default the equation's.

    Raises:
        ValueError: for n below 1, or a grid too coarse for the wavenumbers.

    Example:
        >>> from symtutor import KdV
        >>> initial_condition(KdV(), 2, torch.Generator().manual_seed(0)).shape
        torch.Size([2, 256])
    """
    points = equation.points if points is None else points
    fewest = max(4, 2 * max(equation.wavenumbers) + 1)
    if n < 1 or points < fewest:
        raise ValueError(
            f"initial conditions of {equation.name} need n of at least 1 and at least {fewest} "
            f"points, got n={n} and points={points}"
        )
    draws = torch.rand(n, 3, equation.waves, generator=generator, dtype=torch.float64)
    amplitudes, phases = draws[:, 0] - 0.5, 2 * math.pi * draws[:, 1]
    choices = torch.tensor(equation.wavenumbers, dtype=torch.float64)
    periods = choices[(draws[:, 2] * len(choices)).long()]
    reference = max(type(equation).points, fewest)
    x = torch.arange(reference, dtype=torch.float64) / reference
    angles = 2 * math.pi * periods[..., None] * x + phases[..., None]
    values = equation.initial((amplitudes[..., None] * torch.sin(angles)).sum(1))
    if points == reference:
        return values
    spectrum = torch.fft.rfft(values, norm="forward")[:, : (reference - 1) // 2 + 1]
    return torch.fft.irfft(spectrum, n=points, norm="forward")
