"""Moved space-time grids back on the regular grid: exactness, order, trust, gradients, memory."""

import math

import pytest
import torch
from test_sampling import Largest
from torch.autograd import gradcheck

from symtutor.numerics import resampling, splatting
from symtutor.numerics.resampling import longest_run, resample

LENGTH = 4.0
ACCURATE = pytest.mark.parametrize("method", ["pullback", "splat"])
ALL = ("pullback", "splat", "hat", "bilinear")


def regular(points, frames=24, dtype=torch.float64):
    x = LENGTH * torch.arange(points, dtype=dtype) / points
    t = 0.25 * torch.arange(frames, dtype=dtype) + 3
    return x.expand(frames, points), t[:, None].expand(frames, points), t


def wave(x, t):
    """Modes 0 to 5 in x; a polynomial of degree 3 in t."""
    p = 2 * math.pi * x / LENGTH
    return 0.3 + torch.sin(p - 1) + torch.cos(5 * p) * (1 + 0.1 * t - 0.02 * (t - 5) ** 3)


def warp(x, strength):
    return x + strength * LENGTH / (2 * math.pi) * torch.sin(2 * math.pi * x / LENGTH)


def unwarp(y, strength):
    x = y.clone()
    for _ in range(60):
        p = 2 * math.pi * x / LENGTH
        x = x - (warp(x, strength) - y) / (1 + strength * torch.cos(p))
    return x


def relative(found, exact):
    return ((found - exact).norm() / exact.norm()).item()


@ACCURATE
@pytest.mark.parametrize("points", [64, 65])
def test_shifts_of_rows_are_exact(method, points, dtype):
    x, t, times = regular(points, dtype=dtype)
    u = wave(x, t)
    moved = torch.stack([x + 0.37 * t - 9.1, t, u], -1)
    found, rows = resample(moved, times, LENGTH, method=method)
    assert rows.all()
    # places of size |x| are rounded four times, here and in the wave compared with
    dense = wave(*regular(1024)[:2])
    steepest = dense.diff(dim=1).abs().max() * 1024 / LENGTH
    bound = 4 * torch.finfo(dtype).eps * moved[..., 0].abs().max() * steepest
    assert (found - wave(x - 0.37 * t + 9.1, t)).abs().max() < bound


@pytest.mark.parametrize("method", ALL)
def test_the_grid_itself_comes_back(method):
    x, t, times = regular(32)
    u = wave(x, t)
    found, rows = resample(torch.stack([x, t, u], -1), times, LENGTH, method=method)
    assert rows.all()
    assert torch.allclose(found, u, atol=1e-13)


@pytest.mark.parametrize("strength", [0.01, 0.05])
def test_smooth_warps_are_exact_but_for_the_published_splat_which_multiplies_by_the_jacobian(
    strength,
):
    x, t, times = regular(64)
    u = wave(x, t)
    moved = torch.stack([warp(x, strength), t, u], -1)
    old = unwarp(x, strength)
    exact = wave(old, t)
    for method in ("pullback", "splat"):
        found, rows = resample(moved, times, LENGTH, method=method)
        assert rows.all()
        assert (found - exact).abs().max() < 1e-12
    found, rows = resample(moved, times, LENGTH, method="hat")
    assert rows.all()
    jacobian = 1 / (1 + strength * torch.cos(2 * math.pi * old / LENGTH))
    assert (found - exact * jacobian).abs().max() < 1e-10
    # the root mean square of strength * cos is 0.7 % and 3.5 %
    one = torch.stack([warp(x, strength), t, torch.ones_like(u)], -1)
    ones = resample(one, times, LENGTH, method="hat")[0]
    assert relative(ones, torch.ones_like(ones)) == pytest.approx(strength / 2**0.5, rel=0.01)


def test_strong_warps_are_exact_by_pull_back_while_splats_lose_their_support():
    x, t, times = regular(128)
    moved = torch.stack([warp(x, 0.8), t, wave(x, t)], -1)
    found, rows = resample(moved, times, LENGTH)
    assert rows.all()
    assert (found - wave(unwarp(x, 0.8), t)).abs().max() < 1e-12
    for method in ("splat", "hat", "bilinear"):
        found, rows = resample(moved, times, LENGTH, method=method)
        assert not rows.any()
        assert (found == 0).all()


@ACCURATE
def test_polynomials_in_t_are_exact_under_uneven_moves_of_time(method):
    x, t, times = regular(64)
    later = t + 0.3 + 0.05 * torch.sin(t) + 0.04 * torch.cos(2 * math.pi * x / LENGTH)
    moved = torch.stack([x, later, wave(x, later)], -1)  # the graph moves within itself
    found, rows = resample(moved, times, LENGTH, method=method, order=4)
    assert not rows[0]
    assert rows[2:].all()
    assert (found - wave(x, t))[rows].abs().max() < 1e-12


def half_step_error(method, order, refinement):
    x, _, _ = regular(32)
    frames = 24 * refinement
    times = torch.arange(frames, dtype=torch.float64) * 0.25 / refinement

    def u(t):
        return torch.sin(2 * math.pi * x[:1] / LENGTH - 3 * t[:, None])

    half = times[1] / 2
    t = (times + half)[:, None].expand(frames, 32)
    moved = torch.stack([x[:1].expand(frames, 32), t, u(times)], -1)
    found, rows = resample(moved, times, LENGTH, method=method, order=order)
    inner = slice(8 * refinement, 16 * refinement)
    assert rows[inner].all()
    return (found - u(times - half))[inner].abs().max().item()


@pytest.mark.parametrize("order", [2, 4, 6, 8, 10])
def test_interpolation_in_t_has_its_order(order):
    coarse, fine = (half_step_error("pullback", order, r) for r in (1, 2))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.35)


def test_the_published_interpolation_in_t_has_order_two():
    for method in ("hat", "bilinear"):
        coarse, fine = (half_step_error(method, 10, r) for r in (1, 2))
        assert math.log2(coarse / fine) == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("frames", [2.0, -3.0, 1.5, -0.1])
def test_rows_without_data_are_not_trusted_and_hold_zeros(method, frames):
    x, t, times = regular(32)
    moved = torch.stack([x, t + 0.25 * frames, wave(x, t)], -1)
    found, rows = resample(moved, times, LENGTH, method=method)
    j = torch.arange(len(times)) - frames
    room = 0.2 if method in ("hat", "bilinear") else 0.0  # where 0.8 of the weight arrives
    assert torch.equal(rows, (j >= -room - 1e-9) & (j <= len(times) - 1 + room + 1e-9))
    assert (found[~rows] == 0).all()
    assert found[rows].abs().amax(-1).min() > 0.5


def test_one_late_column_takes_its_row_with_it():
    x, t, times = regular(32)
    late = t.clone()
    late[:, 5] += 0.6  # 2.4 frames
    rows = resample(torch.stack([x, late, wave(x, t)], -1), times, LENGTH)[1]
    assert torch.equal(rows, torch.arange(len(times)) > 2)


@pytest.mark.parametrize("method", ["pullback", "splat"])
def test_folds_and_points_at_infinity_are_not_trusted(method):
    x, t, times = regular(32)
    u = wave(x, t)
    good = torch.stack([x, t, u], -1)
    bent = torch.where(t == times[7], warp(x, 1.5), x)  # one row folds over itself
    fold_x = torch.stack([bent, t, u], -1)
    fold_t = torch.stack([x, 2 * times[0] - t, u], -1)
    lost = good.clone()
    lost[3, 4, 0] = math.nan
    moved = torch.stack([good, fold_x, fold_t, lost]).requires_grad_()
    found, rows = resample(moved, times, LENGTH, method=method)
    assert rows[0].all()
    assert not rows[2:].any()
    assert not rows[1, 7]
    assert torch.equal(found[0], resample(good, times, LENGTH, method=method)[0])
    found.sum().backward()
    assert moved.grad is not None
    assert moved.grad.isfinite().all()


def test_published_splats_do_not_trust_points_at_infinity():
    x, t, times = regular(16)
    moved = torch.stack([x, t, wave(x, t)], -1)
    moved[3, 4] = math.inf
    for method in ("hat", "bilinear"):
        found, rows = resample(moved, times, LENGTH, method=method)
        assert not rows.any()
        assert (found == 0).all()


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("points", [8, 9])
def test_gradients(method, points, generator):
    x, t, times = regular(points, frames=7)
    move = 0.02 * torch.randn(7, points, 3, dtype=torch.float64, generator=generator)
    moved = torch.stack([x + 0.1, t + 0.05, torch.cos(2 * x)], -1) + move

    def values(moved):
        return resample(moved, times, LENGTH, method=method, order=4)[0]

    assert gradcheck(values, moved.requires_grad_(), atol=1e-6)


@pytest.mark.parametrize("method", ALL)
def test_batches_agree_with_single_solutions_and_blocks_with_the_whole(
    method, monkeypatch, generator
):
    x, t, times = regular(32)
    shift = 0.1 * torch.rand(2, 3, 1, 1, dtype=torch.float64, generator=generator)
    moved = torch.stack([warp(x, 0.1) + shift, t + shift, wave(x, t) + shift], -1)
    whole, rows = resample(moved, times, LENGTH, method=method)
    assert whole.shape == (2, 3, 24, 32)
    assert rows.shape == (2, 3, 24)
    single = resample(moved[1, 2], times, LENGTH, method=method)[0]
    assert torch.allclose(whole[1, 2], single, atol=1e-13)
    for module in (resampling, splatting):
        monkeypatch.setattr(module, "BLOCK", 1)
    assert torch.allclose(resample(moved, times, LENGTH, method=method)[0], whole, atol=1e-13)


@pytest.mark.parametrize("method", ALL)
def test_working_memory_does_not_grow_with_the_batch_nor_as_points_times_cells(method, monkeypatch):
    monkeypatch.setattr(resampling, "BLOCK", 2**12)
    monkeypatch.setattr(splatting, "BLOCK", 2**12)
    x, t, times = regular(64)
    graph = torch.stack([x, t, wave(x, t)], -1)
    sizes = []
    for batch in (1, 16):
        moved = graph.expand(batch, 24, 64, 3).contiguous()
        with Largest() as largest:
            resample(moved, times, LENGTH, method=method, order=4)
        sizes.append(largest.numel)
    one, many = sizes
    assert one <= 24 * 64 * 16 * 2  # the p x p differences of one trajectory, p = 4
    assert many <= max(one, 16 * 24 * 64 * 3)  # the points that were given


def test_longest_run():
    rows = torch.tensor(
        [[1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 1, 1]]
    ).bool()
    expected = [[3, 6], [0, 0], [0, 6], [0, 2]]
    assert longest_run(rows).tolist() == expected
    assert longest_run(rows.reshape(2, 2, 6)).reshape(4, 2).tolist() == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "nearest"}, "no method is called 'nearest'; choose 'pullback'"),
        ({"order": 1}, "takes 2 to 24 .all. rows at a time, got order 1"),
        ({"order": 25}, "got order 25"),
        ({"length": 0.0}, "positive length"),
        ({"times": torch.arange(24.0).double().flip(0)}, "increasing, equally spaced times"),
        ({"times": torch.arange(24.0).double() ** 2}, "increasing, equally spaced times"),
        ({"times": torch.arange(24.0)}, "float64 but times torch.float32; convert one"),
        ({"times": torch.arange(23.0).double()}, r"23 times, space, 3\).*got \(24, 8, 3\)"),
        ({"moved": torch.zeros(24, 8, 2).double()}, r"got \(24, 8, 2\)"),
    ],
)
def test_refusals_name_the_remedy(change, message):
    x, t, times = regular(8)
    arguments = {"moved": torch.stack([x, t, x], -1), "times": times, "length": LENGTH} | change
    with pytest.raises(ValueError, match=message):
        resample(**arguments)
