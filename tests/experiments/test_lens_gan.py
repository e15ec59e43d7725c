"""The adversarial baselines: batches, the four choices of an epoch, chance, resumption."""

import math

import jaxtyping
import pytest
import torch

from symtutor import experiments
from symtutor.experiments.lens_gan import epochs_chosen, judged, run
from symtutor.experiments.lens_gan_config import LensGAN
from symtutor.experiments.lens_gan_training import (
    WRITTEN,
    Batches,
    adam,
    new_adversaries,
    objective,
    prepared,
    samples_of,
)
from symtutor.training import Runtime, StoppedError

GAN = experiments.get("lens-gan")
METHODS = ("symmetrygan", "liegan")


def small(method, **changes):
    """Two epochs of some batches."""
    fields = {"samples": 1024 if method == "symmetrygan" else 256, "epochs": 2} | changes
    return GAN.config("quick", method=method, **fields)


@pytest.fixture(scope="module", params=METHODS)
def found(request):
    config = small(request.param)
    return config, run(config, Runtime())


def test_a_run_reports_every_choice_and_every_epoch(found):
    config, result = found
    metrics = {name: metric.value for name, metric in result.metrics.items()}
    assert result.tensors["matrices"].shape == (2, 2, 7, 7)
    score = result.tensors["curve/score"]
    assert torch.allclose(score, judged(config.method, result.tensors["matrices"])["score"])
    assert metrics["score_best"] == pytest.approx(score.amax(0).tolist())
    assert metrics["score_last"] == pytest.approx(score[-1].tolist())
    assert metrics["epoch_last"] == [2, 2]
    undecided = (result.tensors["curve/discriminator"] - math.log(2)).abs()
    for r in range(2):
        epoch = metrics["epoch_by_loss"][r] - 1
        assert undecided[epoch, r] == undecided[:, r].min()
        assert metrics["score_by_loss"][r] == pytest.approx(score[epoch, r].item())
    for name in (*WRITTEN, "judge"):
        assert result.tensors[f"curve/{name}"].std() > 0
    judge, own = (result.tensors[f"curve/{name}"] for name in ("judge", "discriminator"))
    assert torch.allclose(judge[-1], own[-1]) and not torch.allclose(judge[0], own[0])
    assert score.std() > 0


def test_the_scores_without_the_identity_are_the_lower_ones():
    quarter = torch.linalg.matrix_exp(
        0.2 * torch.randn(3, 2, 7, 7, generator=torch.Generator().manual_seed(0))
    )
    curves = judged("symmetrygan", quarter)
    assert (curves["winner"] == 0).all() and (curves["score"] > 0.8).all()
    assert (curves["score_without_identity"] < 0.5).all()
    config = small("symmetrygan")
    metrics = run(config, Runtime()).metrics
    for choice in ("best", "by_loss", "by_judge", "last"):
        with_it = torch.tensor(metrics[f"score_{choice}"].value)
        assert (torch.tensor(metrics[f"score_without_identity_{choice}"].value) <= with_it).all()
        winners = torch.tensor(metrics[f"winner_{choice}"].value)
        share = (winners == 0).double().mean().item()
        assert metrics[f"identity_share_{choice}"].value == share


def test_chance_is_that_of_the_published_score():
    metrics = run(GAN.config("quick"), Runtime()).metrics
    assert metrics["chance"].value == pytest.approx(0.195, abs=0.003)
    assert metrics["chance_95"].value == pytest.approx(0.35, abs=0.01)
    assert metrics["chance_without_identity"].value < metrics["chance"].value
    assert metrics["chance"].value < metrics["chance_best"].value < 1


def test_four_ways_to_choose_an_epoch():
    curves = {
        "score": torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.3, 0.4]]),
        "discriminator": torch.tensor([[0.5, 0.8], [0.72, 0.6], [0.69, 0.70]]),
        "judge": torch.tensor([[0.5, 0.8], [0.9, 0.6], [0.69, 0.70]]),
    }
    epochs = {name: found.tolist() for name, found in epochs_chosen(curves).items()}
    assert epochs == {"best": [1, 0], "by_loss": [2, 2], "by_judge": [1, 0], "last": [2, 2]}


@pytest.mark.parametrize("method", METHODS)
def test_every_epoch_shows_every_sample_once_in_an_order_of_each_run(method):
    config = small(method)
    gan, batches, _ = prepared(config, Runtime())
    steps = batches.steps_per_epoch
    shown = [batches(step) for step in range(0, steps, gan.turns)]
    x = torch.cat([x for x, _, _ in shown], dim=1)
    assert x.shape == batches.samples.shape
    for own, all_of_it in zip(x, batches.samples, strict=True):
        order = own[:, 0].argsort(), all_of_it[:, 0].argsort()
        assert torch.equal(own[order[0]], all_of_it[order[1]])
    assert not torch.equal(x, batches.samples)
    z = torch.cat([z for _, z, _ in shown], dim=1)
    assert not torch.equal(z[0], z[1]) and abs(z.std().item() - 1) < 0.15
    later = batches(steps)
    again = Batches(config, batches.samples, gan)
    for one, other in zip(later[:2], again(steps)[:2], strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(later[0], shown[0][0])
    assert [batches(step)[2] for step in range(2)] == [0, gan.turns - 1]


def test_samples_are_centred_unless_asked_not_to_be():
    x = samples_of(LensGAN(runs=2), 4000, "samples")
    assert abs(x.mean().item()) < 1e-6 and not torch.equal(x[0], x[1])
    raw = samples_of(LensGAN(runs=2, centred=False), 4000, "samples")
    assert raw.mean() > 0.3 and torch.allclose(raw - raw.mean((1, 2), keepdim=True), x, atol=1e-5)
    published = samples_of(LensGAN(runs=1, circular=False), 4000, "samples")[0]
    edge, middle = published.var(0)[[0, 3]].tolist()
    assert edge < 0.75 * middle and x[0].var(0).min() > 0.85 * x[0].var(0).max()


@pytest.mark.parametrize("method", METHODS)
def test_a_run_of_the_stack_is_the_run_alone(method):
    together, alone = (run(small(method, runs=runs), Runtime()).tensors for runs in (2, 1))
    for name, value in alone.items():
        assert torch.allclose(value[:, 0], together[name][:, 0], rtol=1e-3, atol=1e-4), name


def test_a_broken_run_ends_where_an_unbroken_one_does(tmp_path, monkeypatch, found):
    config, whole = found
    stops = iter([False] * 2 + [True] + [False] * 2 + [True] + [False] * 1000)
    monkeypatch.setattr(Runtime, "out_of_time", lambda self: next(stops))
    for _ in range(2):
        with pytest.raises(StoppedError):
            run(config, Runtime(folder=tmp_path))
    again = run(config, Runtime(folder=tmp_path))
    assert again.trainings[config.method].sessions == (0, 3, 6)
    assert {k: v.value for k, v in again.metrics.items()} == {
        k: v.value for k, v in whole.metrics.items()
    }
    for name, value in whole.tensors.items():
        assert torch.equal(value, again.tensors[name]), name


@pytest.mark.parametrize("method", METHODS)
def test_the_history_holds_the_mean_losses_of_every_epoch(method):
    result = run(small(method), Runtime())
    history = result.trainings[method].history
    assert len(history.values) == 2
    for name in ("generator", "discriminator"):
        assert ((history.column(name) > 0.4) & (history.column(name) < 1.3)).all()


def test_each_side_learns_at_its_own_rate():
    config = LensGAN(method="liegan", rate_generator=0.5)
    gan = new_adversaries(config)
    optimiser = adam(gan, config.rates)
    assert [group["lr"] for group in optimiser.param_groups] == [0.5, 2e-4]
    assert [group["betas"] for group in optimiser.param_groups] == [(0.5, 0.999), (0.9, 0.999)]
    x, z = torch.randn(4, 64, 7), torch.randn(4, 64)
    before = gan.free.detach().clone()
    objective(gan)(x, z, 0).total.backward()
    optimiser.step()
    moved = (gan.free - before).abs()
    assert moved.median().item() == pytest.approx(0.5, rel=0.01)  # Adam's first step


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"method": "gan"}, "method is one of symmetrygan, liegan, got 'gan'"),
        ({"batch": 254}, "a batch of symmetrygan is divided by 4, got batch=254; take 252"),
        ({"batch": 0, "method": "liegan"}, "got batch=0; take 1"),
        ({"samples": 200}, "at least one batch of 256 samples, got samples=200; draw more"),
        ({"samples": 0}, "samples must be finite and at least 1"),
        ({"runs": 0}, "runs must be"),
        ({"w_identity": -1.0}, "w_identity must be finite and at least 0"),
        ({"rate_generator": 0.0}, "rate_generator must be finite and positive"),
        ({"rate_discriminator": math.nan}, "rate_discriminator must be finite and positive"),
    ],
)
def test_settings_without_meaning_are_refused(fields, told, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=told):
        LensGAN(**fields)
