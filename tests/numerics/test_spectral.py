import math

import pytest
import torch

from symtutor.numerics.spectral import (
    Band,
    dealias,
    derivative,
    derivatives,
    unresolved,
    wavenumbers,
)

LENGTH = 5.0


def grid(points, dtype=torch.float64):
    return torch.arange(points, dtype=dtype) * LENGTH / points


def wave(x, m, phase=0.3):
    return torch.sin(2 * math.pi * m * x / LENGTH + phase)


@pytest.mark.parametrize("points", [16, 17])
@pytest.mark.parametrize("order", [0, 1, 2, 3, 4])
def test_derivatives_of_waves_below_half_the_points_are_exact(points, order):
    x, m = grid(points), 7
    k = 2 * math.pi * m / LENGTH
    right = k**order * wave(x, m, 0.3 + order * math.pi / 2)
    got = derivative(wave(x, m).expand(2, 3, -1), order, LENGTH)
    assert got.shape == (2, 3, points)
    assert torch.allclose(got, right.expand(2, 3, -1), atol=1e-12 * k**order)


def test_several_derivatives_equal_single_ones_and_do_not_share_memory(dtype):
    u = wave(grid(32, dtype), 3)
    several = derivatives(u, [2, 0, 1], LENGTH)
    for values, order in zip(several, [2, 0, 1], strict=True):
        assert values.dtype == dtype
        assert torch.equal(values, derivative(u, order, LENGTH))
    assert several[1].data_ptr() != u.data_ptr()


def test_the_highest_mode_of_an_even_grid_has_even_derivatives_only():
    zigzag = torch.tensor([1.0, -1.0] * 8, dtype=torch.float64)
    k = wavenumbers(16, LENGTH)[-1]
    assert torch.equal(derivative(zigzag, 1, LENGTH), torch.zeros(16, dtype=torch.float64))
    assert torch.allclose(derivative(zigzag, 2, LENGTH), -(k**2) * zigzag)


def test_a_product_of_dealiased_functions_does_not_fold_back():
    points = 48
    x = grid(points)
    rough = sum(wave(x, m, float(m)) for m in range(1, 23))
    kept = torch.fft.irfft(dealias(torch.fft.rfft(rough), points), n=points)
    fine = sum(wave(grid(4 * points), m, float(m)) for m in range(1, 16))
    truth = torch.fft.rfft(fine.square(), norm="forward")[:16]
    good = torch.fft.rfft(kept.square(), norm="forward")[:16]
    folded = torch.fft.rfft(rough.square(), norm="forward")[:16]
    assert torch.allclose(good, truth, atol=1e-12)
    assert not torch.allclose(folded, truth, atol=1e-2)  # the same without the rule


@pytest.mark.parametrize(("degree", "points"), [(2, 32), (2, 33), (3, 32)])
def test_a_band_multiplies_without_aliasing(degree, points):
    band = Band(points, LENGTH, degree)
    modes = range(1, band.highest + 1)
    state = band.modes(sum(wave(grid(points), m, float(m**2)) for m in modes))
    fine = sum(wave(grid(8 * points), m, float(m**2)) for m in modes)
    got = band.modes(band.values(state) ** degree)
    assert torch.allclose(got, band.modes(fine**degree), atol=1e-11)
    aliased = Band(points, LENGTH, 1)
    assert not torch.allclose(aliased.modes(aliased.values(state) ** degree), got, atol=1e-2)


def test_a_band_differentiates_like_the_grid():
    band = Band(24, LENGTH)
    u = wave(grid(24), 5) + 2
    assert torch.allclose(band.values(band.dx(band.modes(u)), 24), derivative(u, 1, LENGTH))
    assert torch.allclose(band.values(band.modes(u), 24), u)


def test_the_share_of_the_top_modes():
    x = grid(64)
    assert unresolved(wave(x, 3)) < 1e-28
    assert unresolved(wave(x, 31)).item() == pytest.approx(1)
    mixed = wave(x, 3) + 1e-2 * wave(x, 30)
    assert unresolved(mixed).item() == pytest.approx(1e-4, rel=1e-3)
    assert unresolved(mixed + 1e3).item() == pytest.approx(1e-4, rel=1e-3)  # the mean hides nothing
    assert unresolved(torch.zeros(2, 64)).tolist() == [0, 0]


def test_top_modes_are_counted_where_the_function_was_cut():
    cut = wave(grid(63), 3) + 0.1 * wave(grid(63), 20)  # 20 is the highest below 63/3
    assert unresolved(cut) < 1e-28
    assert unresolved(cut, highest=20).item() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: wavenumbers(0, 1.0), "points=0"),
        (lambda: wavenumbers(8, 0.0), "length=0"),
        (lambda: derivative(torch.zeros(8), -1, 1.0), "0 and up"),
        (lambda: derivative(torch.zeros(8), 1, -1.0), "length=-1"),
        (lambda: dealias(torch.zeros(8, dtype=torch.complex64), 8), "5 modes, got 8"),
        (lambda: unresolved(torch.zeros(8), highest=5), "between 1 and 4, got 5"),
        (lambda: Band(3, 1.0), "points=3"),
        (lambda: Band(8, 1.0, 0), "degree=0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
