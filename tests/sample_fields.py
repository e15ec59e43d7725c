"""Helpers, no tests: numbers and fields that several tests need."""

import torch
from torch.testing import assert_close

from symtutor import grid_quadrature

REAL = torch.float64
ROTATION = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=REAL)


def near(actual, expected, tolerance=1e-12):
    """Assert that a tensor equals numbers, which may be fewer, up to a relative tolerance."""
    expected = torch.as_tensor(expected, dtype=actual.dtype)
    assert_close(actual, expected.broadcast_to(actual.shape), atol=tolerance, rtol=tolerance)


def noise(*shape, seed=0, dtype=REAL):
    """Normal numbers."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def unit(values, weights):
    """Fields "q n d" scaled to unit weighted norm."""
    return values / torch.einsum("q,qnd->n", weights, values**2).sqrt()[:, None]


def equal_weights(q, dtype=REAL):
    return torch.full((q,), 1 / q, dtype=dtype)


def square(size=8, dtype=REAL):
    """Points of a regular grid on [-1, 1]^2."""
    return grid_quadrature([(-1, 1), (-1, 1)], [size, size], dtype=dtype).points
