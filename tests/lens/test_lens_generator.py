"""Generator, filter and group convolution: closed forms, invariances, what is refused."""

import jaxtyping
import pytest
import torch

from symtutor.lens import ResolvingFilter, SkewGenerator, group_convolution


def shift(n):
    """A bilateral shift of n places that wraps around."""
    return torch.eye(n, dtype=torch.float64).roll(1, 1)


def delta(d, at=None):
    return torch.eye(d, dtype=torch.float64)[(d - 1) // 2 if at is None else at][None]


@pytest.mark.parametrize("d", [3, 7, 9, 33])
def test_a_shift_and_a_central_delta_give_back_the_data(d):
    L = group_convolution(shift(3 * d)[None], delta(d))
    assert torch.equal(L[0], torch.eye(d, dtype=torch.float64))
    mirrored = group_convolution(shift(3 * d).T[None], delta(d))
    assert torch.equal(mirrored[0], torch.eye(d, dtype=torch.float64).flip(1))


def test_a_delta_beside_the_middle_loses_a_component():
    L = group_convolution(shift(21)[None], delta(7, at=4))[0]
    assert torch.equal(L, torch.eye(7, dtype=torch.float64).roll(1, 0).tril(-1))


@pytest.mark.parametrize(("d", "padding"), [(7, 0), (7, 7), (5, 2), (33, 33)])
def test_columns_are_the_filter_moved_by_powers(d, padding):
    net = SkewGenerator(d, padding, seeds=(1, 2), std=0.5).double()
    G, f = net(), torch.randn(2, d, dtype=torch.float64)
    L = group_convolution(G, f)
    padded = torch.nn.functional.pad(f, (padding, padding))
    for k in range(d):
        power = torch.linalg.matrix_power(G, k - (d - 1) // 2)
        row = (padded[:, None] @ power)[:, 0, padding : padding + d]
        assert torch.allclose(L[:, :, k], row, atol=1e-11)


def test_the_generator_is_orthogonal_and_near_the_identity_at_first():
    net = SkewGenerator(7, seeds=(0, 1)).double()
    G, s = net(), net.antisymmetric()
    assert torch.equal(s, -s.mT) and s.shape == (2, 21, 21)
    assert torch.allclose(G @ G.mT, torch.eye(21, dtype=torch.float64).expand(2, -1, -1))
    assert 0 < (G - torch.eye(21)).abs().max() < 0.01
    assert s[0, 0, 1:].std().item() == pytest.approx(1e-3 / 2**0.5, rel=0.5)
    assert net.cropped().shape == (2, 7, 7)
    assert torch.equal(net.cropped(), G[:, 7:14, 7:14])


def test_a_run_starts_the_same_alone_and_in_a_stack():
    together, alone = SkewGenerator(7, seeds=(4, 5)), SkewGenerator(7, seeds=(5,))
    assert torch.equal(together.theta[1], alone.theta[0])
    assert not torch.equal(together.theta[0], alone.theta[0])


def test_the_opposite_filter_mirrors_and_the_inverse_generator_reverses():
    net, f = SkewGenerator(7, seeds=(0,), std=0.5).double(), torch.randn(1, 7, dtype=torch.float64)
    L = group_convolution(net(), f)
    assert torch.allclose(group_convolution(net(), -f), -L)
    assert torch.allclose(group_convolution(net().mT, f), L.flip(2))


def test_the_filter_has_a_direction_from_noise_only_at_first():
    f, noise = ResolvingFilter(7, runs=2), torch.randn(2, 7)
    assert torch.allclose(f(noise), torch.nn.functional.normalize(noise, dim=1), atol=1e-5)
    f(noise).sum().backward()
    assert all(p.grad.isfinite().all() for p in f.parameters())
    assert torch.equal(f().detach(), torch.zeros(2, 7))


@pytest.mark.parametrize("d", [1, 2, 8])
def test_a_dimension_without_a_middle_is_refused(d):
    with pytest.raises(ValueError, match="odd"):
        SkewGenerator(d)
    with pytest.raises(ValueError, match="odd"):
        ResolvingFilter(d)


@pytest.mark.parametrize("change", [{"padding": -1}, {"seeds": ()}])
def test_a_generator_needs_a_seed_and_no_negative_padding(change):
    with pytest.raises(ValueError, match=r"padding=.* seeds"):
        SkewGenerator(7, **change)


def test_a_generator_that_does_not_fit_the_filter_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"7 \+ 2p"):
        group_convolution(torch.eye(20)[None], torch.ones(1, 7))
