"""What the training loop costs beyond a bare PyTorch loop, at a step of about 10 ms on one thread.

Both loops train the same network, from the same weights, on the same batches, with the same loss
and the same Adam. Ours in addition sets the learning rates of a schedule, watches every loss term
and the gradient norm for nan, adds them up for the history, listens to signals, and counts time.
As in a real run it also draws a progress bar and writes a checkpoint, here every 2 seconds:
15 times as often as by default. Goal: at most 5 % on top, that is a ratio of at least 0.952.
Run it as `make bench` or `symtutor bench` do, without the checks of types that the tests switch on.
"""

import functools
import io
import itertools

import pytest
import torch
import tqdm.auto
from torch import nn

from symtutor import Loss, Runtime, piecewise, train

STEPS, ROWS, WIDTH = 200, 1024, 256
# a forward pass through 64-256-256-64, and a backward pass that costs two
FLOP = STEPS * 3 * 2 * ROWS * (64 * WIDTH + WIDTH * WIDTH + WIDTH * 64)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(64, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH), nn.SiLU(), nn.Linear(WIDTH, 64)
    )


def task():
    """A network, its loss, its batches and its optimiser."""
    net, draws = network(), torch.Generator().manual_seed(0)

    def loss(x):
        error = (net(x) - x.square()).square().mean()
        size = sum(p.square().mean() for p in net.parameters())
        slope = (net[0].weight.square().sum() - 1).square()
        return Loss(error + 1e-3 * size + 1e-6 * slope, {"error": error, "size": size, "s": slope})

    return net, loss, lambda step: (torch.randn(ROWS, 64, generator=draws),), draws


def bare():
    net, loss, batch, _ = task()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(STEPS):
        total = loss(*batch(step)).total
        adam.zero_grad(set_to_none=True)
        total.backward()
        adam.step()
    return net


def ours(folder):
    net, loss, batch, draws = task()
    train(
        loss,
        batch,
        torch.optim.Adam(net.parameters(), lr=1e-3),
        {"net": net},
        steps=STEPS,
        generators={"draws": draws},
        schedule=piecewise([], 1.0),
        runtime=Runtime(folder=folder),
    )
    return net


def test_both_loops_end_at_the_same_weights():
    for p, q in zip(bare().parameters(), ours(None).parameters(), strict=True):
        assert p.equal(q)


@pytest.mark.parametrize("kind", ["in memory", "bar and checkpoints"])
def test_against_a_bare_loop(compare, tmp_path, monkeypatch, kind):
    real = kind != "in memory"
    silent = io.StringIO()
    bar = functools.partial(tqdm.auto.tqdm, disable=not real, file=silent)
    monkeypatch.setattr(tqdm.auto, "tqdm", bar)
    count = itertools.count()
    compare(
        f"training loop, {kind}",
        lambda: ours(tmp_path / str(next(count)) if real else None),
        bare,
        against="a bare PyTorch loop",
        flop=FLOP,
        rounds=7,
    )
    assert bool(silent.getvalue()) == real
