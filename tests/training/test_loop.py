"""What a training computes: its steps, its history, and that breaking it off changes nothing."""

import functools
import io

import pytest
import torch
import tqdm.auto
from small_trainings import STEPS, Small
from torch import nn

from symtutor import History, Loss, StoppedError, cosine

KINDS = [
    "adam", "adamw", "momentum", "plain", "clipped", "dropout", "norm", "float16", "bfloat16",
]  # fmt: skip


def sessions(kind, folder, stop):
    """Train in sessions, each in new objects and with the global generator somewhere else."""
    for attempt in range(STEPS + 1):
        small = Small(kind)
        torch.manual_seed(1000 + attempt)
        try:
            if attempt == 0:
                torch.manual_seed(5)
            return small, small.go(folder, **stop)
        except StoppedError as stopped:
            assert stopped.reason == "time"
    raise AssertionError("never ended")


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_broken_off_after_every_step_ends_bit_for_bit_the_same(kind, tmp_path):
    unbroken = Small(kind)
    torch.manual_seed(5)
    whole = unbroken.go()
    broken, pieces = sessions(kind, tmp_path, {"max_seconds": 0.0})
    assert pieces.sessions == tuple(range(STEPS)) and whole.sessions == (0,)
    assert broken.state() == unbroken.state()
    assert pieces.history.values.equal(whole.history.values)
    assert (pieces.history.names, pieces.history.every) == (whole.history.names, 3)


@pytest.mark.parametrize("kind", ["dropout", "norm"])
def test_without_checkpoints_and_with_one_after_every_step_the_result_is_the_same(kind, tmp_path):
    often, never = Small(kind), Small(kind)
    torch.manual_seed(5)
    often.go(tmp_path, checkpoint_seconds=0.0)
    torch.manual_seed(5)
    never.go()
    assert often.state() == never.state()


def test_the_loop_takes_the_steps_of_a_plain_pytorch_loop():
    ours, plain = Small("clipped"), Small("clipped")
    trained = ours.go()
    rate = cosine(STEPS, warmup=3)
    losses, norms = [], []
    for step in range(STEPS):
        for group, base in zip(plain.optimizer.param_groups, (0.02, 0.05), strict=True):
            group["lr"] = base * rate(step)
        plain.optimizer.zero_grad()
        total = plain.loss(*plain.batch(step)).total
        total.backward()
        norms.append(nn.utils.clip_grad_norm_(plain.net.parameters(), 0.05))
        plain.optimizer.step()
        losses.append(total.detach())
    assert ours.state() == plain.state()
    for name, values in (("loss", losses), ("gradient_norm", norms)):
        rows = torch.stack(values)[:12].double().reshape(4, 3).mean(1)
        assert torch.allclose(trained.history.column(name), rows, rtol=1e-12, atol=0)


def test_a_finished_training_is_taken_up_without_another_step(tmp_path):
    first, again = Small(), Small()
    done = first.go(tmp_path)
    stamp = {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()}
    repeated = again.go(tmp_path)
    assert again.state() == first.state()
    assert repeated.sessions == (0, STEPS)
    assert repeated.history.values.equal(done.history.values)
    assert {p.name: p.stat().st_mtime_ns for p in tmp_path.iterdir()} == stamp
    assert repeated.seconds >= done.seconds > 0


def test_the_same_objects_can_be_trained_on(tmp_path):
    """The schedule leaves the learning rates as they were, also when the time is up."""
    unbroken, broken = Small("clipped"), Small("clipped")
    torch.manual_seed(5)
    unbroken.go()
    torch.manual_seed(5)
    for _ in range(STEPS - 1):
        with pytest.raises(StoppedError):
            broken.go(tmp_path, max_seconds=0.0)
        assert [group["lr"] for group in broken.optimizer.param_groups] == [0.02, 0.05]
    broken.go(tmp_path, max_seconds=0.0)
    assert broken.state() == unbroken.state()


@pytest.mark.parametrize("rows", [1, 4, 13, 500])
def test_the_history_holds_means_over_whole_intervals(rows):
    small = Small(rows=rows)
    seen = []

    def loss(x):
        found = Small.loss(small, x)
        seen.append([v.detach().double() for v in (found.total, *found.terms.values())])
        return found

    small.loss = loss
    history = small.go().history
    every = max(1, STEPS // rows)
    count = STEPS // every
    assert history.every == every and len(history.values) == count >= min(rows, STEPS)
    assert history.names == ("loss", "error", "size", "gradient_norm")
    expected = torch.tensor(seen)[: count * every].reshape(count, every, 3).mean(1)
    assert torch.allclose(history.values[:, :3], expected.double(), rtol=1e-12, atol=0)
    assert history.steps.tolist() == [every * (i + 1) for i in range(count)]
    with pytest.raises(KeyError, match="no column 'eror'; there are loss, error"):
        history.column("eror")


def test_an_empty_history_has_columns():
    history = History(("loss",), torch.zeros(0, 1, dtype=torch.float64), 3)
    assert history.column("loss").tolist() == history.steps.tolist() == []


def test_a_learning_rate_may_be_a_tensor():
    small = Small("clipped")
    for group in small.optimizer.param_groups:
        group["lr"] = torch.tensor(group["lr"])
    reference = Small("clipped")
    small.go(), reference.go()
    assert [float(g["lr"]) for g in small.optimizer.param_groups] == pytest.approx([0.02, 0.05])
    for p, q in zip(small.net.parameters(), reference.net.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-6)


def test_half_precision_skips_steps_that_overflow_the_scaled_gradient(tmp_path):
    """At the initial scale of 65536 the first gradients overflow; the terms stay finite."""
    small = Small("float16")
    before = [p.detach().clone() for p in small.net.parameters()]
    loss = small.loss
    small.loss = lambda x: Loss(1e3 * loss(x).total, loss(x).terms)
    with pytest.raises(StoppedError):
        small.go(tmp_path, max_seconds=0.0)
    assert all(p.equal(q) for p, q in zip(small.net.parameters(), before, strict=True))
    small.go(tmp_path)
    assert not any(p.equal(q) for p, q in zip(small.net.parameters(), before, strict=True))


@pytest.mark.parametrize("changed", [{"steps": 0}, {"precision": "float8"}])
def test_a_training_that_cannot_be_is_refused_before_anything_is_written(changed, tmp_path):
    small = Small(options={"precision": changed["precision"]} if "precision" in changed else {})
    small.steps = changed.get("steps", STEPS)
    with pytest.raises(ValueError, match="at least 1 step and a precision among float32"):
        small.go(tmp_path / "new")
    assert not (tmp_path / "new").exists()


def bar_text(monkeypatch, disabled):
    """What the bar prints; the keyword stands for TQDM_DISABLE, which tqdm reads when imported."""
    stream = io.StringIO()
    bar = functools.partial(tqdm.auto.tqdm, disable=disabled, file=stream)
    with monkeypatch.context() as patch:
        patch.setattr(tqdm.auto, "tqdm", bar)
        Small(rows=STEPS).go()
    return stream.getvalue()


def test_the_progress_bar_counts_steps_and_is_silent_when_disabled(monkeypatch, capfd):
    text = bar_text(monkeypatch, disabled=False)
    assert f"{STEPS}/{STEPS}" in text and "training" in text and "loss " in text
    assert bar_text(monkeypatch, disabled=True) == ""
    assert capfd.readouterr() == ("", "")
