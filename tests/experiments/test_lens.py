"""The experiment lens: its clock, its batches, its runs, what it refuses."""

import math
from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import experiments
from symtutor.experiments.lens import draw
from symtutor.experiments.lens_training import (
    Clock,
    Samples,
    learn,
    new_lens,
    run_seeds,
    setting_of,
)
from symtutor.training import Runtime

LENS = experiments.get("lens")
TINY = replace(LENS.presets["quick"], samples=420, batch=84, steps=4, hidden=8, snapshots=2)


def trained(config, settings=None, seeds=None, data=None):
    seeds = run_seeds(config) if seeds is None else seeds
    settings = [setting_of(config)] * len(seeds) if settings is None else settings
    data = draw(config)[: len(seeds)] if data is None else data
    return learn(config, Runtime(), data, settings, seeds, {})


def test_time_runs_with_the_learning_rate():
    clock = Clock(40000, [0.1, 1.0])
    epochs = torch.arange(400) / 399
    rates = (0.1**epochs).double()
    assert clock(0) == pytest.approx([1, 1, 1, 1]) and clock(99) == clock(0)
    assert clock(100)[0] == pytest.approx(0.1 ** (1 / 399)) == pytest.approx(clock(100)[1])
    assert clock(39999) == pytest.approx([0.1, 0.1, 1, 1])
    assert clock.tau[0, 0].item() == pytest.approx(1 / (100 * rates.sum().item()), rel=1e-5)
    assert clock.tau[-1].tolist() == pytest.approx([1, 1], rel=1e-5)
    assert clock.tau[19999, 1].item() == pytest.approx(0.5)
    half = (1 - 0.1**0.5) / (1 - 0.1)  # the published closed form
    assert clock.tau[19999, 0].item() == pytest.approx(half, abs=2e-3)


def test_every_sample_is_seen_once_an_epoch_in_another_order():
    data = torch.arange(2 * 12, dtype=torch.float32).view(2, 12, 1).expand(-1, -1, 3)
    samples = Samples(data, 4, [5, 6])
    first, second = (torch.cat([samples(e * 3 + i) for i in range(3)], 1) for e in (0, 1))
    assert first.shape == (2, 12, 3)
    for epoch in (first, second):
        assert torch.equal(epoch[..., 0].sort(1).values, data[..., 0])
    assert not torch.equal(first, second)
    assert not torch.equal(first[0, :, 0], first[1, :, 0] - 12)
    assert torch.equal(Samples(data, 4, [5, 6])(4), samples(4))


def test_a_run_of_a_stack_is_the_run_alone():
    """In double: with nearly equal components, rounding decides the first steps."""
    x = draw(replace(TINY, runs=3))[:, :84].double()
    noise, tau = 0.1 * torch.randn(3, 7).double(), torch.tensor([0.2, 0.5, 0.9]).double()
    found = []
    for seeds, rows in (([4, 5, 6], slice(0, 3)), ([5], slice(1, 2))):
        lens = new_lens(TINY, 7, seeds).double()
        loss = lens(x[rows], noise[rows], tau[rows])
        (loss.model.sum() + loss.estimator.sum()).backward()
        found.append([p.grad for part in lens.parameters_of(len(seeds) // 2) for p in part])
    for together, alone in zip(*found, strict=True):
        assert (together - alone).abs().max() <= 1e-6 * alone.abs().max()
        assert alone.abs().max() > 0


def test_settings_differ_from_run_to_run():
    config = replace(TINY, runs=2, noise=0.1)
    seeds, data = [1, 1], draw(config)[:1].expand(2, -1, -1)
    one = setting_of(config)
    slower = one._replace(rate_model=1e-9, rate_estimator=1e-9)
    lens, kept, _ = trained(config, [one, slower], seeds, data)
    start = new_lens(config, 7, seeds)
    moved = [
        (a - b).abs().max() for a, b in zip(lens.parameters(), start.parameters(), strict=True)
    ]
    names = [name for name, _ in lens.named_parameters()]
    for name, by in zip(names, moved, strict=True):
        assert by > 1e-4 if name.endswith(".0") else by < 1e-6, name
    assert kept.generators.shape == (3, 2, 7, 7)


@pytest.mark.parametrize("term", ["alignment", "uniformity", "resolution", "information"])
def test_a_term_is_left_out_alone(term):
    whole, less = setting_of(TINY), setting_of(replace(TINY, without=term))
    assert whole._replace(**{term: 0.0}) == less
    assert getattr(whole, term) > 0


def test_the_quick_preset_runs_and_says_what_it_found():
    result = LENS.run(TINY, Runtime())
    for name in ("cosine", "cosine_interior", "cosine_representation"):
        assert len(result.metrics[name].value) == TINY.runs
        assert all(-1 <= c <= 1 and math.isfinite(c) for c in result.metrics[name].value)
    s = result.tensors["antisymmetric"]
    assert s.shape == (2, 21, 21) and torch.equal(s, -s.mT)
    assert torch.equal(result.tensors["snapshots"][0].round(), torch.eye(7).expand(2, -1, -1))
    assert result.tensors["tau"][-1].tolist() == pytest.approx([1, 1])


def test_the_densities_learn():
    """The other terms need not fall, as the rank that counts grows."""
    history = trained(replace(TINY, steps=120, samples=840))[2].history
    conditional = history.column("conditional")
    assert conditional[-1] < conditional[0] - 0.1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": "gauss-7"}, "nearest: gaussian-7"),
        ({"batch": 100}, "multiple of 7, got 100; take 98"),
        ({"samples": 80, "batch": 84}, "80 samples do not fill a batch of 84"),
        ({"decay": 0.0}, "decay must be finite and positive"),
        ({"w_information": -1.0}, "w_information must be finite and at least 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        replace(TINY, **changes)


def test_an_unknown_term_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match="without is one of"):
        replace(TINY, without="locality")


def test_the_paper_preset_has_the_published_weights():
    setting = setting_of(LENS.presets["paper"])
    assert setting[:3] == (1e-4, 2.5e-3, 0.1)
    assert setting._replace(rate_model=0, rate_estimator=0, decay=0) == (0, 0, 0, 1, 2, 1, 1)
