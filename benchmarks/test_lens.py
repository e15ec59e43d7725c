"""A training step of SymmetryLens against the published one, and four stacked runs.

Gaussian signals, float32, Adam, two threads. Ours: one forward pass for both losses, real powers of
the generator, the networks' linear pieces in a table where that is less work, mixtures with their
derivatives in blocks that fit into the cache, the spectrum without derivatives of eigenvectors.
The baseline is described in published_lens.py. Both have the same weights. The floor counts the
products of matrices in our step, forward and backward; of the 93 GFLOP in those of the published
step at d = 33 the table leaves 0.24, and the time goes, about half and half, into evaluating
mixtures and into making and reading the table.

Goals: a step at least 4 times as fast as the published one at d = 33 and B = 16,500; four runs in
one stack faster than one after the other at d = 7 and B = 630. Measured on two cores with nothing
else running, median of interleaved runs: 8.4 times at d = 33, 2.8 times at d = 7 and B = 2,520, and
2.6 times for the stack. For the backward pass a step at d = 33 keeps 25 MiB, the published one
2,090 MiB.
"""

import pytest
import torch
from published_lens import (
    estimator_loss,
    model_terms,
    published_copy,
    published_gradients,
    published_optimisers,
    published_step,
)
from torch.utils.flop_counter import FlopCounterMode

from symtutor.data.signal_sets import signals
from symtutor.experiments.lens_config import LensConfig
from symtutor.experiments.lens_training import adam, new_lens, setting_of, summed_loss

TAU, SIGMA = 0.5, 0.1
BATCHES = {"gaussian-33": 16_500, "gaussian-7": 2_520}


@pytest.fixture(scope="module", autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def of_size(name, batch):
    return LensConfig(data=name, batch=batch, samples=batch)


def our_step(config, x, seeds=(0,)):
    """The lenses and one training step of them, as in `lens_training.learn`."""
    lens, settings = new_lens(config, config.d, seeds), [setting_of(config)] * len(seeds)
    optimizer, loss = adam(lens, settings), summed_loss(lens, settings)
    tau = torch.full((len(seeds),), TAU)

    def step():
        total = loss(x, SIGMA * torch.randn(len(seeds), config.d), tau).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    return lens, step


def their_step(config, lens, x):
    """One training step of the published model with the weights of `lens`."""
    net = published_copy(lens)
    optimisers = published_optimisers(net, (config.rate_model, config.rate_estimator))
    return lambda: published_step(net, optimisers, x, TAU, SIGMA)


def flop(step):
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def kept(step):
    """Bytes of all tensors that a step keeps for a backward pass, storage by storage."""
    sizes = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = max(sizes.get(storage.data_ptr(), 0), storage.nbytes())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        step()
    return sum(sizes.values())


@torch.no_grad()
def away_from_the_start(lens, seed=0):
    """Weights of size one, so that no eigenvalues meet and every term of the loss counts."""
    generator = torch.Generator().manual_seed(seed)
    for p in lens.parameters():
        p.add_(0.2 * torch.randn(p.shape, generator=generator))


def published_slopes(net, lens):
    """Gradients of the published model in the layout of ours, for one run."""
    n = lens.generator.n
    rows, columns = torch.triu_indices(n, n, 1)
    yield 2 * net.generator.grad[rows, columns]  # s_ij and s_ji move together in ours
    yield net.filter.grad
    yield from (p.grad.T for p in (net.logits, net.means, net.log_variances))
    parts = [[], [], [], []]
    for inward, _, outward in net.networks:
        parts[0].append(inward.weight.grad.T)
        parts[1].append(outward.weight.grad.T.unflatten(1, (lens.d, -1)).mT.flatten(1))
        parts[2].append(inward.bias.grad)
        parts[3].append(outward.bias.grad.unflatten(0, (lens.d, -1)).T.flatten())
    yield from map(torch.stack, parts)


@pytest.mark.parametrize(("name", "batch"), [("gaussian-7", 210), ("gaussian-33", 3_300)])
def test_both_have_the_same_losses_and_gradients(name, batch):
    lens = new_lens(of_size(name, batch), of_size(name, batch).d, (0,))
    away_from_the_start(lens)
    net, x = published_copy(lens), signals(name, batch)
    noise = SIGMA * torch.randn(lens.d)
    found = lens(x[None], noise[None], torch.tensor([TAU]))
    (found.model + found.estimator).sum().backward()
    published_gradients(net, x, TAU, [noise, noise])
    out = net(x, noise)
    terms = found.terms
    uniform = (terms["marginal uniformity"] + terms["conditional uniformity"]) / 2
    entropy, joint = terms["marginal entropy"], terms["joint entropy"]
    ours = [terms["alignment"], uniform, entropy - joint, -joint, found.estimator]
    theirs = [*model_terms(out, TAU), estimator_loss(net, out)]
    for a, b in zip(ours, theirs, strict=True):
        assert a.item() == pytest.approx(b.item(), rel=1e-4, abs=1e-5)
    own = [p.grad for group in lens.parameters_of(0) for p in group]
    for a, b in zip(own, published_slopes(net, lens), strict=True):
        assert b.norm() > 1e-4
        assert (a - b).norm() < 1e-3 * b.norm()


@pytest.mark.parametrize("name", BATCHES)
def test_lens_step(compare, name):
    config = of_size(name, BATCHES[name])
    x = signals(name, config.batch)
    lens, ours = our_step(config, x[None])
    theirs = their_step(config, lens, x)
    assert kept(ours) < kept(theirs) / 4
    label = f"lens, one step ({name})"
    against = "published arrangement"
    compare(label, ours, theirs, against=against, flop=flop(ours), rounds=5)


def test_four_lenses(compare):
    """One stack against four lenses trained in turn."""
    seeds, config = range(4), of_size("gaussian-7", 630)
    x = torch.stack([signals("gaussian-7", config.batch, seed=seed) for seed in seeds])
    _, stacked = our_step(config, x, seeds)
    single = [our_step(config, x[i : i + 1], seeds=(i,))[1] for i in seeds]

    def in_turn():
        for step in single:
            step()

    label = "lens, four runs (gaussian-7, B = 630)"
    against = "one after the other"
    compare(label, stacked, in_turn, against=against, flop=flop(stacked), rounds=21)
