"""Hidden inputs that the checks of several chapters draw."""

import math

import torch
from torch import Generator, Tensor


def wavy(generator: Generator, rows: int, points: int) -> Tensor:
    """Random periodic rows of a few modes and a mean, in double precision.

    Example:
        >>> wavy(torch.Generator().manual_seed(0), 2, 8).shape
        torch.Size([2, 8])
    """
    x = 2 * math.pi * torch.arange(points, dtype=torch.float64) / points
    sizes, phases = torch.rand(2, rows, 4, 1, generator=generator, dtype=torch.float64)
    m = torch.arange(4, dtype=torch.float64)[:, None]
    return ((0.5 + sizes) * torch.cos(m * x + 6 * phases)).sum(1)
