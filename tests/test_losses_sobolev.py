import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_fields import REAL, near, noise

from symtutor import sobolev


def waves(size, *orders, dtype=REAL):
    """Fields cos(2 pi m x) of one component on a row of x: "x n 1"."""
    x = torch.arange(size, dtype=dtype) / size
    return torch.stack([torch.cos(2 * math.pi * m * x + 0.3 * (m > 0)) for m in orders], 1)[
        ..., None
    ]


@pytest.mark.parametrize("size", [8, 9])
def test_sobolev_of_harmonics(size, dtype, tolerance):
    loss = sobolev(3 * waves(size, 0, 1, 2, 3, dtype=dtype))
    assert loss.dtype == dtype
    near(loss, [2 * math.log(1 + m**2) for m in (0, 1, 2, 3)], 100 * tolerance)
    near(sobolev(waves(size, 2), cycles=2.0), [math.log(4)])


def test_sobolev_mixes_energies_over_rows_and_components():
    one, constant = waves(12, 1), torch.ones(12, 1, 1, dtype=REAL)
    rows = torch.stack([one, constant])  # energies 1/2 and 1 per point
    components = torch.cat([one, constant], dim=-1)
    for values in (rows, components, rows[None], torch.cat([rows, rows])):
        near(sobolev(values), [math.log(1 + 3 * 0.5 / 1.5)])


@pytest.mark.parametrize("size", [1, 2, 15, 16])
def test_sobolev_equals_the_full_transform(size):
    values = noise(3, 2, size, 2, 3)
    m = torch.arange(size)
    m = torch.minimum(m, size - m).to(REAL)
    energy = torch.fft.fft(values, dim=-3).abs().square().sum((0, 1, 4))
    ratio = (((1 + (m / 1.7) ** 2) ** 2 - 1) @ energy) / energy.sum(0)
    near(sobolev(values, cycles=1.7), torch.log(1 + ratio))


@pytest.mark.parametrize("size", [16, 17])
def test_relation_to_the_published_sobolev_loss(size):
    values, length = noise(4, size, 2, 3), 12.8
    m = torch.arange(size)
    q = torch.minimum(m, size - m).to(REAL) / length
    energy = torch.fft.fft(values, dim=1).abs().square()
    published = torch.einsum("m,rmnd->rnd", (1 + q**2) ** 2 - 1, energy).div(size).log()
    single = values.movedim(0, -1).reshape(size, -1, 1)  # each row and component as a slot
    mean_square = single.square().mean((0, 2))
    ours = (size * mean_square * sobolev(single, cycles=length).expm1()).log()
    near(ours.reshape(2, 3, 4).mean((1, 2)), published.mean((0, 2)))


@given(st.integers(0, 10**6), st.floats(1e-3, 1e3), st.integers(0, 10))
@settings(max_examples=30, deadline=None)
def test_sobolev_is_bounded_and_ignores_amplitude_shift_and_added_rows(seed, factor, shift):
    values = noise(2, 11, 2, 2, seed=seed)
    loss = sobolev(values)
    assert (loss >= 0).all() and (loss <= 2 * math.log(1 + 5**2)).all()
    near(sobolev(factor * values.roll(shift, dims=1)), loss, 1e-9)


def test_sobolev_gradient_also_where_the_field_does_not_depend_on_x():
    values = noise(2, 6, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(sobolev, values)
    for flat in (torch.ones(4, 6, 1, 2, dtype=REAL), torch.zeros(4, 6, 1, 2, dtype=REAL)):
        flat.requires_grad_()
        loss = sobolev(flat)
        loss.sum().backward()
        assert loss.item() == 0
        assert flat.grad is not None and torch.equal(flat.grad, torch.zeros_like(flat))


@pytest.mark.parametrize("cycles", [0.0, -1.0, math.nan, math.inf])
def test_sobolev_refuses_a_unit_that_is_none(cycles):
    with pytest.raises(ValueError, match=f"positive and finite, got {cycles:g}"):
        sobolev(noise(4, 1, 1), cycles=cycles)
