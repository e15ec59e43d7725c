"""The parts of SymmetryLens against other formulas: eigenvalues, torch, plain loops."""

import sys
from itertools import chain
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Categorical, MixtureSameFamily, Normal

from symtutor.lens.entropy import alignment, covariance, joint_entropy
from symtutor.lens.generator import ResolvingFilter, SkewGenerator, group_convolution
from symtutor.lens.losses import LensWeights
from symtutor.lens.model import Lens, standardised

sys.path.append(str(Path(__file__).parents[1]))
import plain_lens as plain

SHIFTS = (0, 1, -1)


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def kernels_first(own):
    """The order of the package: "d 4" -> "4 d"."""
    return own.mT.contiguous()


@torch.no_grad()
def lens_of(stack, *, padding=4, table=None, floor=plain.EPS):
    """Ours with a run for each of the plain estimators, a generator and a filter of size one."""
    d, hidden = stack[0].networks[0].w1.shape
    seeds = range(len(stack))
    lens = Lens(d, padding=padding, hidden=hidden, seeds=seeds, floor=floor).double()
    lens.conditionals.table = table
    for i, estimators in enumerate(stack):
        lens.generator.theta[i].copy_(0.3 * normal(len(lens.generator.theta[i]), seed=i))
        lens.filter.values[i].copy_(normal(d, seed=10 + i))
        for name in ("logits", "means", "log_variances"):
            getattr(lens.marginals, name)[i].copy_(kernels_first(getattr(estimators, name)))
        w1, b1, w2, b2 = (torch.stack(own) for own in zip(*estimators.networks, strict=True))
        ours = lens.conditionals
        ours.w1[i].copy_(w1), ours.b1[i].copy_(b1)
        ours.w2[i].copy_(kernels_first(w2.unflatten(-1, (d, -1))).flatten(-2))
        ours.b2[i].copy_(kernels_first(b2.unflatten(-1, (d, -1))).flatten(-2))
    return lens


def in_torch(weights, means, variances):
    return MixtureSameFamily(Categorical(probs=weights), Normal(means, variances.sqrt()))


@pytest.mark.parametrize(("d", "padding"), [(5, 0), (7, 7), (9, 4)])
@pytest.mark.parametrize("std", [1e-2, 0.5])
def test_powers_by_doubling_are_powers_by_eigenvalues(d, padding, std):
    ours = SkewGenerator(d, padding, seeds=(0, 1), std=std).double()
    f = ResolvingFilter(d, runs=2).double()
    noise, upstream = normal(2, d), normal(2, d, d, seed=1)
    found = group_convolution(ours(), f(noise))
    learned = [*ours.theta, *f.values]
    slopes = torch.autograd.grad((found * upstream).sum(), learned)
    s, unit = ours.antisymmetric(), f(noise)
    expected = torch.stack([plain.group_matrix(*v, padding) for v in zip(s, unit, strict=True)])
    assert torch.allclose(found, expected, rtol=0, atol=1e-10)
    other = torch.autograd.grad((expected * upstream).sum(), learned)
    for a, b in zip(slopes, other, strict=True):
        assert b.norm() > 0.1
        assert (a - b).norm() < 1e-10 / std * b.norm()


@pytest.mark.parametrize("floor", [0.0, plain.EPS])
def test_densities_of_components_are_those_of_torch(floor):
    d, stack = 5, [plain.random_estimators(5, 3, seed) for seed in (0, 1)]
    y = normal(2, 1, d)
    means, nll = lens_of(stack).marginals(y, floor)
    for run, estimators in enumerate(stack):
        mixtures = [in_torch(*plain.marginal_mixture(estimators, i)) for i in range(d)]
        for k, shift in enumerate(SHIFTS):
            values = y[run, 0].roll(shift)
            logs = torch.stack([m.log_prob(v) for m, v in zip(mixtures, values, strict=True)])
            logs = (logs.exp() + floor).log()
            assert torch.allclose(means[run, k], logs, rtol=0, atol=1e-12)
            assert k or nll[run].item() == pytest.approx(-logs.mean().item(), abs=1e-12)


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("floor", [0.0, plain.EPS])
def test_densities_of_pairs_are_those_of_torch(table, floor):
    d, stack = 5, [plain.random_estimators(5, 8, seed) for seed in (0, 1)]
    y = normal(2, d, d)
    means, nll = lens_of(stack, table=table).conditionals(y, floor)
    for run, estimators in enumerate(stack):
        for k, shift in enumerate(SHIFTS):
            values = y[run].roll(shift, 1)  # row j holds the one sample of slot j
            for j in range(d):
                mixtures = [
                    plain.conditional_mixture(estimators, i, j, values[j, j]) for i in range(d)
                ]
                logs = [in_torch(*m).log_prob(v) for m, v in zip(mixtures, values[j], strict=True)]
                logs = (torch.stack(logs).exp() + floor).log()
                assert torch.allclose(means[run, k, j], logs, rtol=0, atol=1e-12)
        own = means[run, 0] * (1 - torch.eye(d, dtype=torch.float64))
        assert nll[run].item() == pytest.approx(-own.sum().item() / (d * (d - 1)), abs=1e-12)


def plain_losses(lens, run, estimators, x, noise, tau, weights):
    """Model and estimator loss and the terms of one run, in plain loops."""
    s = lens.generator.antisymmetric()[run]
    f = lens.filter.values[run] + noise
    unit = f / (f.norm() + plain.EPS)
    x = (x - x.mean()) / x.square().mean().sub(x.mean().square()).sqrt()
    y = x @ plain.group_matrix(s, unit, lens.generator.padding)
    uniform, u1, u2 = plain.uniformity(estimators, y, lens.floor)
    terms = {
        "alignment": plain.alignment(y),
        "marginal uniformity": u1,
        "conditional uniformity": u2,
        "marginal entropy": plain.marginal_entropy(estimators, y, lens.floor),
        "joint entropy": plain.joint_entropy(y, tau),
    }
    values = terms["alignment"], uniform, terms["marginal entropy"], terms["joint entropy"]
    a, u, r, i = weights
    model = a * values[0] + u * values[1] + r * values[2] - (r + i) * values[3]
    return model, plain.estimator_loss(estimators, y, lens.floor), terms


def leaves(estimators):
    """The same with gradients, and all tensors of it in the order of our parameters."""
    marginal = [own.clone().requires_grad_() for own in estimators[:3]]
    networks = [
        plain.Network(*(own.clone().requires_grad_() for own in net)) for net in estimators.networks
    ]
    return plain.Estimators(*marginal, tuple(networks)), [*marginal, *chain(*networks)]


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize(("floor", "tolerance"), [(0.0, 1e-10), (plain.EPS, 1e-5)])
def test_losses_terms_and_gradients_are_those_of_plain_loops(table, floor, tolerance):
    d, b, tau, weights = 5, 20, (0.4, 0.8), LensWeights(0.7, 1.6, 0.9, 1.2)
    stack = [plain.random_estimators(d, 6, seed) for seed in (0, 1)]
    lens = lens_of(stack, table=table, floor=floor)
    x, noise = 2 + normal(2, b, d, seed=3), 0.1 * normal(2, d, seed=4)
    loss = lens(x, noise, torch.tensor(tau, dtype=torch.float64), weights)
    (loss.model + loss.estimator).sum().backward()
    for run in range(len(stack)):
        estimators, theirs = leaves(stack[run])
        model, estimator, terms = plain_losses(
            lens, run, estimators, x[run], noise[run], tau[run], weights
        )
        assert min(terms["marginal uniformity"], terms["conditional uniformity"]) > 1e-2
        for name, value in terms.items():
            assert loss.terms[name][run].item() == pytest.approx(value.item(), abs=tolerance), name
        assert loss.model[run].item() == pytest.approx(model.item(), abs=tolerance)
        assert loss.estimator[run].item() == pytest.approx(estimator.item(), abs=tolerance)
        ours, _ = lens.parameters_of(run)
        slopes = torch.autograd.grad(model, ours, retain_graph=True)
        pairs = list(zip([p.grad for p in ours], slopes, strict=True))
        pairs += zip(in_plain_order(lens, run), torch.autograd.grad(estimator, theirs), strict=True)
        for a, c in pairs:
            assert c.norm() > 1e-4
            assert (a - c).norm() < 10 * tolerance * c.norm()


def in_plain_order(lens, run):
    """Gradients of our estimators, arranged as the plain ones."""
    own = lens.marginals
    found = [kernels_first(p[run].grad) for p in (own.logits, own.means, own.log_variances)]
    own = lens.conditionals
    for net in range(3):
        w1, b1, w2, b2 = (p[run].grad[net] for p in (own.w1, own.b1, own.w2, own.b2))
        w2, b2 = (kernels_first(v.unflatten(-1, (-1, own.d))).flatten(-2) for v in (w2, b2))
        found += [w1, b1, w2, b2]
    return found


def test_one_pass_gives_the_gradients_of_two_with_the_same_noise():
    d, b = 5, 30
    lens = lens_of([plain.random_estimators(d, 6, seed) for seed in (0, 1)])
    x, noise, tau = normal(2, b, d), normal(2, d, seed=1), torch.tensor([0.3, 0.6])
    once = lens(x, noise, tau)
    (once.model + once.estimator).sum().backward()
    for run in range(2):
        model, estimators = lens.parameters_of(run)
        assert len(model) + len(estimators) == len(list(lens.parameters())) / 2
        first = torch.autograd.grad(lens(x, noise, tau).model[run], model)
        second = torch.autograd.grad(lens(x, noise, tau).estimator[run], estimators)
        for p, slope in zip([*model, *estimators], [*first, *second], strict=True):
            assert slope.norm() > 1e-4
            assert torch.allclose(p.grad, slope, rtol=1e-10, atol=1e-14)


def test_the_triangle_takes_the_path_of_the_full_matrix_under_adam():
    """Gradients by the full matrix are half as large, which Adam does not see but for its eps."""
    ours = SkewGenerator(5, 3, seeds=(0,)).double()
    symmetric = normal(ours.n, ours.n)
    symmetric = symmetric + symmetric.T
    full = (ours.antisymmetric()[0].detach() + symmetric).requires_grad_()
    f, x = F.normalize(normal(1, 5, seed=2)), standardised(normal(1, 60, 5, seed=3))
    optimisers = [
        torch.optim.Adam(ours.parameters(), lr=0.02, eps=1e-7),
        torch.optim.Adam([full], lr=0.02, eps=1e-7 / 2),
    ]
    for _ in range(50):
        s = (full - full.T) / 2
        for G in (ours(), torch.linalg.matrix_exp(s)[None]):
            C = covariance(x @ group_convolution(G, f))
            (alignment(C, 60) - joint_entropy(C, torch.tensor([0.5]))).sum().backward()
        for optimiser in optimisers:
            optimiser.step(), optimiser.zero_grad()
    s = (full - full.T).detach() / 2
    assert s.norm() > 1
    assert torch.allclose(s, ours.antisymmetric()[0], rtol=0, atol=1e-9)
    assert torch.allclose((full + full.T) / 2, symmetric, rtol=0, atol=1e-12)
