"""Training operators: what is kept, what schedules really do, what a run reports."""

import jaxtyping
import pytest
import torch

from symtutor import experiments
from symtutor.experiments.fno import run
from symtutor.experiments.fno_config import FNOTraining
from symtutor.experiments.fno_data import prepare, task_of, versions_of
from symtutor.experiments.fno_training import Kept, learn, new_model
from symtutor.training import Runtime

FNO = experiments.get("fno")
QUICK = FNO.config("quick")


@pytest.fixture(scope="module")
def found():
    return run(QUICK, Runtime())


def test_a_quick_run_reports_every_arm_and_run(found):
    for arm in QUICK.arms:
        scores = torch.tensor(found.metrics[f"nmse_{arm}"].value)
        curves = found.tensors[f"errors/{arm}"]
        assert curves.shape == (2, 100) and torch.allclose(curves.sum(-1), scores)
        frames = torch.tensor(found.metrics[f"frame_error_{arm}"].value)
        assert torch.allclose(frames, scores / 100) and scores.std() > 0
        assert found.tensors[f"predicted/{arm}"].shape == (4, 100, 128)
        tried = found.tensors[f"validation/{arm}"]
        assert tried.shape == (3, 2) and torch.equal(
            tried.amin(0), torch.tensor(found.metrics[f"validation_{arm}"].value)
        )
    assert found.metrics["nmse_none"].value != found.metrics["nmse_true"].value
    assert found.metrics["rejected_none"].value == 0


def test_arms_do_not_depend_on_the_others(found):
    alone = run(FNO.config("quick", arms=("true",)), Runtime())
    assert alone.metrics["nmse_true"].value == found.metrics["nmse_true"].value


def test_the_published_schedule_starts_at_four_tenths_of_the_rate(tmp_path):
    config = FNO.config("quick", schedule="published", steps=40, learning_rate=1e-4)
    pool, task = prepare(config, Runtime()), task_of(config.equation)
    data = versions_of("none", config, pool)
    _, _, training = learn(config, Runtime(), pool, data, task, "none", {})
    rates = training.history.column("learning rate")
    assert rates[::10].tolist() == pytest.approx([4e-5, 1.6e-5, 6.4e-6, 2.56e-6], rel=1e-4)


def test_every_run_keeps_its_own_best_weights():
    model = new_model(QUICK, task_of("kdv"))
    kept, start = Kept(model, 2), model.lift.detach().clone()
    kept.offer(model, 0, torch.tensor([3.0, 2.0]))
    with torch.no_grad():
        model.lift += 1
    kept.offer(model, 1, torch.tensor([1.0, torch.inf]))
    kept.put_into(model)
    assert torch.equal(model.lift[0], start[0] + 1) and torch.equal(model.lift[1], start[1])
    assert kept.best.tolist() == [1, 2] and kept.errors.isfinite().all()


def test_a_single_time_and_its_approximate_arms():
    config = FNO.config("quick", equation="ckdv", arms=("both", "approximate"), steps=10)
    metrics = run(config, Runtime()).metrics
    assert len(metrics["nmse_both"].value) == 2 and max(metrics["nmse_both"].value) < 10
    assert metrics["nmse_both"].value == metrics["frame_error_both"].value


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"arms": ("none", "tru")}, "arms are one or more of none, true, .* each once, got"),
        ({"arms": ("none", "none")}, "each once"),
        ({"arms": ("both",)}, "kdv has no approximate symmetry .*; ckdv has"),
        ({"pool": 20}, "32 solutions cannot be drawn from a pool of 20; simulate a larger pool"),
        ({"points": 100}, "points must divide the simulation's 256 and hold 32 modes, got 100"),
        ({"points": 32}, "hold 32 modes, got 32"),
        ({"original": 1.5}, r"original .*1.5"),
        ({"sigma": 0.0}, "sigma must be finite and positive"),
        ({"equation": "burgers"}, "equation is one of kdv, ks, nkdv, ckdv, got 'burgers'"),
    ],
)
def test_settings_without_meaning_are_refused(fields, told, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=told):
        FNOTraining(**fields)
