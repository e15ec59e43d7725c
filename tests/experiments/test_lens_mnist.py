"""The beginning of a logged training of the published code, on slices of the real MNIST."""

import pytest
import torch

from symtutor.data import signals
from symtutor.data.images import data_root
from symtutor.data.official import PLACES
from symtutor.experiments.lens_config import LensTraining
from symtutor.experiments.lens_training import (
    Clock,
    Feed,
    Snapshots,
    adam,
    new_lens,
    run_seeds,
    setting_of,
    summed_loss,
)

BATCH = 2700  # of 10,800: the noise of a step is larger
LOGGED = LensTraining(
    runs=1,
    batch=BATCH,
    steps=100_000,
    rate_model=1e-4,
    rate_estimator=1e-3,
    w_information=0.75,
    w_resolution=1.0,
)
NAMES = ("alignment", "uniformity", "marginal entropy", "joint entropy", "conditional")


@pytest.fixture(scope="module")
def epoch():
    """Total, alignment, uniformity, both entropies and conditional loss of 100 steps."""
    if not (data_root() / PLACES["mnist"]).is_dir():
        pytest.skip("MNIST is not there")
    x = signals("mnist-27", 10 * BATCH)
    settings, seeds = [setting_of(LOGGED)], run_seeds(LOGGED)
    lens = new_lens(LOGGED, 27, seeds)
    clock = Clock(LOGGED.steps, [LOGGED.decay])
    feed = Feed(LOGGED, lens, Snapshots(41, 1, 27), clock, x[None], seeds)
    loss, optimizer = summed_loss(lens, settings), adam(lens, settings)
    rows = []
    for step in range(100):
        found = loss(*feed(step))
        optimizer.zero_grad()
        found.total.backward()
        optimizer.step()
        terms = {name: value.item() for name, value in found.terms.items()}
        uniformity = (terms["marginal uniformity"] + terms["conditional uniformity"]) / 2
        terms["uniformity"] = uniformity
        row = [terms[name] for name in NAMES]
        rows.append([row[0] + 2 * row[1] + row[2] - 1.75 * row[3], *row])
    return torch.tensor(rows)


def test_the_first_step_has_the_logged_losses(epoch):
    logged = torch.tensor([-3.01, -1.00, 0.03, 1.73, 2.28, 1.72])
    assert ((epoch[0] - logged).abs() < torch.tensor([0.1, 0.01, 0.02, 0.1, 0.1, 0.1])).all()


def test_the_first_epoch_has_the_logged_means_but_for_the_conditional_loss(epoch):
    """The densities learn faster here: 0.8 instead of 1.04, on slices that are not the same."""
    logged = torch.tensor([-3.49, -1.00, 0.014, 1.62, 2.36])
    means = epoch.mean(0)[:5]
    assert ((means - logged).abs() < torch.tensor([0.1, 0.01, 0.01, 0.1, 0.1])).all()
    assert epoch[-20:, 0].mean() < epoch[:20, 0].mean() - 0.2  # the loss falls
    assert epoch[-20:, 5].mean() < 1.0 < epoch[:20, 5].mean()
