"""The Dirichlet kernel, interpolation through it, and Fourier sums over scattered points."""

import math

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.utils._python_dispatch import TorchDispatchMode

from symtutor.numerics import sampling
from symtutor.numerics.sampling import dirichlet_kernel, evaluate, modes, whittaker_shannon

EVEN_AND_ODD = pytest.mark.parametrize("n", [8, 9, 256, 257])


class Largest(TorchDispatchMode):
    """The largest tensor that any operation has returned."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(tensor, torch.Tensor) and not tensor._is_view():
                self.numel = max(self.numel, tensor.untyped_storage().nbytes() // 8)
        return result


def wave(n, highest, generator):
    """A random trigonometric polynomial as a function of the position in samples."""
    a, b = torch.randn(2, highest + 1, dtype=torch.float64, generator=generator)
    k = torch.arange(highest + 1, dtype=torch.float64)

    def f(y):
        angle = 2 * math.pi * k * y.double()[..., None] / n
        return ((a * angle.cos() + b * angle.sin()).sum(-1)).to(y.dtype)

    return f


@EVEN_AND_ODD
def test_kernel_is_the_periodic_sum_of_cosines(n):
    y = torch.linspace(-1.7 * n, 1.7 * n, 999, dtype=torch.float64)
    k = torch.arange(1, (n + 1) // 2, dtype=torch.float64)
    total = 1 + 2 * torch.cos(2 * math.pi * k * y[:, None] / n).sum(-1)
    if n % 2 == 0:
        total = total + torch.cos(math.pi * y)
    assert torch.allclose(dirichlet_kernel(y, n), total / n, atol=1e-13)


@EVEN_AND_ODD
def test_kernel_is_exactly_one_at_its_periods_and_zero_at_other_integers(n, dtype):
    y = torch.arange(-3 * n, 3 * n + 1, dtype=dtype)
    assert torch.equal(dirichlet_kernel(y, n), (y.remainder(n) == 0).to(dtype))


@pytest.mark.parametrize("n", [6, 7])
def test_kernel_is_smooth_at_and_near_its_nodes(n):
    near = torch.tensor([0.0, 1e-14, -1e-9, 1e-4, 0.0499, 0.0501], dtype=torch.float64)
    y = torch.cat([near, near + 1, near + n, near - 2 * n]).requires_grad_()
    assert gradcheck(lambda y: dirichlet_kernel(y, n), y)
    assert gradgradcheck(lambda y: dirichlet_kernel(y, n), y)
    curvature = torch.func.grad(torch.func.grad(lambda y: dirichlet_kernel(y, n)))(near[0])
    k = torch.arange(1, (n + 1) // 2, dtype=torch.float64)
    exact = -2 / n * ((2 * math.pi * k / n) ** 2).sum() - (n % 2 == 0) * math.pi**2 / n
    assert torch.allclose(curvature, exact, rtol=1e-12)


@EVEN_AND_ODD
def test_exact_on_band_limited_functions_and_at_the_nodes(n, dtype, tolerance, generator):
    f = wave(n, min((n - 1) // 2, 20), generator)
    nodes = torch.arange(n, dtype=dtype)
    positions = 4 * n * torch.rand(3, 50, dtype=dtype, generator=generator) - 2 * n
    values = torch.stack([f(nodes), 2 * f(nodes)])
    found = whittaker_shannon(values, positions)
    scale = values.abs().max()
    assert found.shape == (2, 3, 50)
    loose = 1000 if dtype == torch.float32 else 10  # float32 positions of size 2n are rounded
    assert (found[0] - f(positions)).abs().max() < loose * tolerance * scale
    assert torch.allclose(found[1], 2 * found[0], rtol=1e-5)
    assert torch.equal(whittaker_shannon(values, nodes), values)


def test_the_highest_cosine_of_an_even_grid_is_kept_and_a_faster_one_is_aliased():
    y = torch.linspace(0, 8, 33, dtype=torch.float64)
    nodes = torch.arange(8, dtype=torch.float64)
    fastest = whittaker_shannon(torch.cos(math.pi * nodes), y)
    assert torch.allclose(fastest, torch.cos(math.pi * y), atol=1e-14)
    fifth = whittaker_shannon(torch.cos(2 * math.pi * 5 * nodes / 8), y)
    assert torch.allclose(fifth, torch.cos(2 * math.pi * 3 * y / 8), atol=1e-14)


def test_gradients_in_values_and_positions(generator):
    values = torch.randn(2, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    positions = 6 * torch.rand(4, dtype=torch.float64, generator=generator)
    positions[0] = 2.0  # a node
    assert gradcheck(whittaker_shannon, (values, positions.requires_grad_()))


def test_blocks_bound_the_memory_and_change_nothing(monkeypatch, generator):
    values = torch.randn(64, dtype=torch.float64, generator=generator)
    positions = 64 * torch.rand(3000, dtype=torch.float64, generator=generator)
    whole = whittaker_shannon(values, positions)
    monkeypatch.setattr(sampling, "BLOCK", 64 * 10)
    with Largest() as largest:
        blocks = whittaker_shannon(values, positions)
    assert torch.allclose(blocks, whole, atol=1e-13)
    assert largest.numel == len(positions)  # the result itself; the kernel would hold 64 times more


@pytest.mark.parametrize("n", [1, 2, 3, 16, 17, 100])
def test_fourier_sums_agree_with_the_fast_transform_on_a_regular_grid(n, dtype, generator):
    u = torch.randn(2, 3, n, dtype=dtype, generator=generator)
    phase = (torch.arange(n, dtype=dtype) / n).expand(2, n)
    tolerance = {torch.float32: 1e-4, torch.float64: 1e-12}[dtype]
    assert torch.allclose(modes(phase, u, n // 2 + 1), torch.fft.rfft(u), atol=tolerance)
    assert torch.allclose(evaluate(torch.fft.rfft(u), phase, n), u, atol=tolerance)


@pytest.mark.parametrize("n", [12, 13])
def test_fourier_sums_agree_with_the_kernel_between_the_nodes(n, generator):
    u = torch.randn(2, n, dtype=torch.float64, generator=generator)
    phase = 5 * torch.rand(2, 40, dtype=torch.float64, generator=generator) - 2
    values = evaluate(torch.fft.rfft(u)[:, None], phase, n)[:, 0]
    for row in range(2):
        by_kernel = whittaker_shannon(u[row], n * phase[row])
        assert torch.allclose(values[row], by_kernel, atol=1e-13)
    weights = torch.randn(2, 1, 40, dtype=torch.float64, generator=generator)
    spread = torch.fft.irfft(modes(phase, weights, n // 2 + 1), n=n)[:, 0]
    for row in range(2):
        kernel = dirichlet_kernel(n * phase[row][:, None] - torch.arange(n), n)
        assert torch.allclose(spread[row], weights[row, 0] @ kernel, atol=1e-12)


def test_refuses_mixed_precision_and_empty_periods():
    with pytest.raises(ValueError, match=r"float32 but positions torch.float64; convert"):
        whittaker_shannon(torch.zeros(4), torch.zeros(2, dtype=torch.float64))
    with pytest.raises(ValueError, match="at least 1 sample, got n = 0"):
        dirichlet_kernel(torch.zeros(2), 0)
