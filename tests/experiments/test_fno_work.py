"""What a training step of the operators costs, counted in tensor operations, not in seconds."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from symtutor import experiments
from symtutor.experiments.fno_data import run_seeds, task_of
from symtutor.experiments.fno_training import adamw, mean_square, new_model
from symtutor.solutions import Versions, Windows

SMALL = replace(experiments.get("fno").presets["quick"], runs=1, batch=3)
HOST = ("local_scalar", "nonzero", "is_same_size", "equal", "unique", "masked_select")


class Operations(TorchDispatchMode):
    """The tensor operations that are run, views apart, and how often each."""

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        if not function.is_view:
            self.count[str(function)] += 1
        return found


def step_of(config):
    """One training step, as the experiment takes it; with its batch."""
    task, seeds = task_of(config.equation), run_seeds(config)
    u = torch.randn(4, 2, 60, config.points, generator=torch.Generator().manual_seed(0))
    data = Versions(u, torch.tensor([0, 60]).expand(4, 2, 2), 0.0)
    subsets = torch.arange(4).expand(config.runs, -1)
    windows = Windows(data, subsets, config.batch, task.seen, task.wanted, seeds)
    net = new_model(config, task)
    optimizer = adamw(net, config.learning_rate)
    loss = mean_square(net, optimizer)

    def step(number):
        total = loss(*windows(number)).total
        optimizer.zero_grad()
        total.backward()
        optimizer.step()

    return step


def work(**fields):
    """Operations of the second step: the first draws random numbers and makes the moments."""
    step = step_of(replace(SMALL, **fields))
    step(0)
    with Operations() as seen:
        step(1)
    return seen.count


@pytest.mark.parametrize("fields", [{"runs": 5}, {"batch": 12}, {"runs": 5, "batch": 12}])
def test_a_step_is_as_many_operations_for_five_runs_and_for_any_batch(fields):
    assert work(**fields) == work()


def test_a_step_never_waits_for_a_number_and_steps_all_weights_at_once():
    count = work()
    assert not [name for name in count if any(word in name for word in HOST)]
    assert count["aten._fused_adamw_.default"] == 1
    assert sum(count.values()) > 50  # what is counted is there


def test_a_layer_is_no_more_than_its_products():
    """Analysis, product, synthesis, the map beside; backward two for each that has weights.

    The frames need no gradient, and the lift meets the coefficients, the first map and its bias.
    """
    names = ("aten.bmm.default", "aten.baddbmm.default")

    def products(layers):
        count = work(layers=layers)
        return sum(count[name] for name in names)

    assert products(3) - products(2) == 4 + (1 + 2 + 1 + 2)
    first, lift, head = 10 - 2, (1 + 1) + (1 + 2) + (1 + 2), 2 * (1 + 2)
    assert products(2) == first + 10 + lift + head
