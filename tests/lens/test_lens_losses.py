"""Entropy, alignment, stationarity and the two networks: against autograd and by closed forms."""

import math

import pytest
import torch

from symtutor.lens.conditionals import Conditionals
from symtutor.lens.entropy import alignment, covariance, joint_entropy, rank_weights
from symtutor.lens.losses import conditional_uniformity, marginal_uniformity
from symtutor.lens.mixtures import Marginals, mixture
from symtutor.lens.networks import Dense, Table, Weights, _prefix


def double(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def plain_entropy(C, tau, beta=50):
    """The joint entropy as it is written, through differentiable eigenvalues."""
    d = C.shape[-1]
    eigenvalues = torch.linalg.eigvalsh(C).flip(-1)
    h = 0.5 * (torch.log(2 * math.pi * eigenvalues + 1e-7) + 1)
    w = 1 / (
        1
        + torch.exp(
            (beta * (torch.arange(d, dtype=C.dtype) / (d - 1) - tau[:, None])).clamp(-50, 50)
        )
    )
    return (w * h).sum(1) / w.sum(1)


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.0])
def test_the_entropy_and_its_gradient_are_those_of_the_eigenvalues(tau):
    y = double(2, 50, 7).requires_grad_()
    tau = torch.full((2,), tau, dtype=torch.float64)
    ours, plain = joint_entropy(covariance(y), tau), plain_entropy(covariance(y), tau)
    assert torch.allclose(ours, plain, atol=1e-12)
    (one,), (other,) = (torch.autograd.grad(h.sum(), y, retain_graph=True) for h in (ours, plain))
    assert torch.allclose(one, other, atol=1e-12) and one.abs().max() > 1e-4


def test_equal_and_vanishing_eigenvalues_leave_the_gradient_finite():
    for C in (torch.eye(7), torch.zeros(7, 7), torch.ones(7, 7)):
        C = C[None].clone().requires_grad_()
        joint_entropy(C, torch.tensor([0.0])).sum().backward()
        assert C.grad.isfinite().all()


def test_ranks_grow_from_one_to_all():
    w = rank_weights(33, torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64))
    assert w[0, :3].tolist() == pytest.approx([0.5, 0.173, 0.042], abs=1e-3)
    assert w[1, 16].item() == pytest.approx(0.5) and w[1, 0] > 0.999 and w[1, -1] < 1e-3
    assert w[2, -1].item() == pytest.approx(0.5) and w[2, :25].min() > 0.999


def test_alignment_is_the_mean_correlation_of_neighbours():
    y = double(2, 400, 5)
    expected = [-torch.corrcoef(run.T).diagonal(1).mean() for run in y]
    assert torch.allclose(alignment(covariance(y), 400), torch.stack(expected), atol=1e-7)
    same = double(1, 400, 1).expand(-1, -1, 5)
    assert alignment(covariance(same), 400).item() == pytest.approx(-1, abs=1e-6)
    assert alignment(covariance(torch.zeros(1, 8, 5)), 8).item() == 0


@pytest.mark.parametrize("d", [3, 7])
def test_marginal_uniformity_compares_with_the_neighbours_that_exist(d):
    """From the table of p_i on y_j, with edges that count their single neighbour fully."""
    on = double(1, d, d)  # mean log p_i(y_j)
    i = torch.arange(d)
    means = torch.stack([on[:, i, (i - s) % d] for s in (0, 1, -1)], dim=1)
    expected = 0.0
    for own in range(d):
        beside = [n for n in (own - 1, own + 1) if 0 <= n < d]
        found = [max(0.0, (on[0, own, own] - on[0, n, own]).item()) for n in beside]
        expected += sum(found) / len(found) / d
    assert marginal_uniformity(means).item() == pytest.approx(expected)


@pytest.mark.parametrize("d", [3, 7])
def test_conditional_uniformity_averages_all_pairs_that_can_move(d):
    means = double(1, 3, d, d)
    expected, pairs = 0.0, 0
    for j in range(d):
        for i in range(d):
            found = [
                max(0.0, (means[0, 0, j, i] - means[0, s, j + by, i + by]).item())
                for s, by in ((1, 1), (2, -1))
                if i != j and 0 <= j + by < d and 0 <= i + by < d
            ]
            expected, pairs = expected + sum(found) / max(1, len(found)), pairs + bool(found)
    assert pairs == d * (d - 1) - 2
    assert conditional_uniformity(means).item() == pytest.approx(expected / pairs)


def test_a_mixture_integrates_to_one_and_its_derivatives_are_those_of_autograd():
    values = y, a, mu, h = double(3, 2), double(3, 4, 2), double(3, 4, 2), double(3, 4, 2)
    found = mixture(*values)
    y, a, mu, h = given = [value.clone().requires_grad_() for value in values]
    kernels = (-0.5 * ((y[:, None] - mu) / h.exp()) ** 2 - h).exp() / math.sqrt(2 * math.pi)
    plain = ((a.softmax(1) * kernels).sum(1) + 1e-7).log()
    assert torch.allclose(found.log, plain, atol=1e-12)
    for own, by in zip(given, found[1:], strict=True):
        (expected,) = torch.autograd.grad(plain.sum(), own, retain_graph=True)
        assert torch.allclose(by, expected, atol=1e-12)
    grid = torch.linspace(-60, 60, 60001, dtype=torch.float64)[:, None]
    one = mixture(grid, *(x[0, :, :1].detach().expand(len(grid), -1, -1) for x in (a, mu, h)), 0.0)
    assert one.log.exp().sum().item() * 120 / 60000 == pytest.approx(1, abs=1e-4)


def test_the_floor_is_where_it_was_published():
    """-16.118 far from every mean; elsewhere the published way of adding it, within 1e-5."""
    a, mu, h = double(1, 4, 1), double(1, 4, 1), 0.3 * double(1, 4, 1)
    far = mixture(torch.full((1, 1), 500.0, dtype=torch.float64), a, mu, h).log
    assert far.item() == pytest.approx(-16.118, abs=1e-3)
    y = torch.linspace(-4, 4, 50, dtype=torch.float64)[:, None]
    kernels = torch.exp(-0.5 * ((y - mu[..., 0]) / h[..., 0].exp()) ** 2)
    q = (kernels / (h[..., 0].exp() * math.sqrt(2 * math.pi)) + 1e-7).log()
    top = q.amax(1, keepdim=True)
    published = ((a[..., 0].softmax(1) * (q - top).exp()).sum(1) + 1e-7).log() + top[:, 0]
    assert torch.allclose(mixture(y, a, mu, h).log[:, 0], published, atol=1e-5)


@pytest.mark.parametrize("n", [1, 7, 12, 112, 528, 113])
def test_running_sums_in_two_levels(n):
    rows = double(2, n, 3)
    expected = rows.cumsum(1)
    _prefix(rows)
    assert torch.allclose(rows, expected, atol=1e-12)


def weights_of(runs, d, hidden, out):
    return Weights(*(double(runs, 3, *s) for s in ((d, hidden), (hidden,), (hidden, out), (out,))))


@pytest.mark.parametrize("slots", [slice(0, 5), slice(2, 4)])
def test_linear_pieces_give_what_matrix_products_give(slots):
    weights, count = weights_of(2, 5, 12, 8), slots.stop - slots.start
    weights.w1[0, 0, 3, 2] = -weights.w1[0, 0, 3, 2]
    v, by_out = 3 * double(2, count, 40), double(2, 3, count, 40, 8)
    grads = []
    for kind in (Dense, Table):
        nets = kind(weights, slots)
        grads.append(Weights(*(torch.zeros_like(w) for w in weights)))
        for part in (slice(0, 15), slice(15, 40)):
            nets.collect(v[:, :, part], by_out[:, :, :, part], grads[-1])
        nets.add_gradients(grads[-1])
        grads[-1] = [*grads[-1], *nets(v)]
    for one, other in zip(*grads, strict=True):
        assert torch.allclose(one, other, atol=1e-10) and one.abs().max() > 0.1


@pytest.mark.parametrize("table", [False, True])
def test_the_gradients_reach_y_or_the_weights_and_are_those_of_autograd(table):
    d, n = 5, 6
    net = Conditionals(d, 10, seeds=(0, 1), table=table).double()
    y = double(2, d * n, d).requires_grad_()
    means, nll = net(y)
    assert torch.autograd.grad(nll.sum(), y, retain_graph=True)[0].abs().max() == 0
    by_weights = torch.autograd.grad(means.sum(), list(net.parameters()), retain_graph=True)
    assert max(g.abs().max() for g in by_weights) == 0
    upstream = double(*means.shape)
    (grad,) = torch.autograd.grad((means * upstream).sum(), y, retain_graph=True)
    direction, step = double(*y.shape), 1e-6
    ahead, behind = (net(y.detach() + s * step * direction)[0] for s in (1, -1))
    slope = ((ahead - behind) * upstream).sum() / (2 * step)
    assert (grad * direction).sum().item() == pytest.approx(slope.item(), rel=1e-5)


def test_the_marginal_gradients_reach_y_or_the_parameters():
    net, y = Marginals(5, (0, 1)).double(), double(2, 30, 5).requires_grad_()
    means, nll = net(y)
    assert torch.autograd.grad(nll.sum(), y, retain_graph=True)[0].abs().max() == 0
    assert torch.allclose(nll, -means[:, 0].mean(1))
    upstream, direction, step = double(*means.shape), double(*y.shape), 1e-6
    (grad,) = torch.autograd.grad((means * upstream).sum(), y)
    ahead, behind = (net(y.detach() + s * step * direction)[0] for s in (1, -1))
    slope = ((ahead - behind) * upstream).sum() / (2 * step)
    assert (grad * direction).sum().item() == pytest.approx(slope.item(), rel=1e-5)


def test_a_batch_that_leaves_slots_unequal_is_refused():
    with pytest.raises(ValueError, match="multiple of 7, got 30; take 28"):
        Conditionals(7)(torch.randn(1, 30, 7))
