"""The experiment lens-morris: its plan, its settings, its analysis."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from symtutor import experiments
from symtutor.experiments import lens_morris
from symtutor.experiments.lens_morris import FACTORS, LensMorris, effects, plan, settings_of
from symtutor.training import Runtime

MORRIS = experiments.get("lens-morris")


def test_the_published_plan_has_36_settings_that_differ_in_one_factor_along_a_path():
    units = plan(MORRIS.presets["paper"])
    assert units.shape == (36, 8)
    assert np.allclose(units * 3, np.round(units * 3)) and units.min() == 0 and units.max() == 1
    for path in units.reshape(4, 9, 8):
        steps = np.abs(np.diff(path, axis=0))
        assert (np.count_nonzero(steps > 1e-9, axis=1) == 1).all()
        assert np.allclose(steps.max(1), 2 / 3) and (steps.sum(0) > 0.5).all()
    assert np.array_equal(units, plan(MORRIS.presets["paper"]))
    assert not np.array_equal(units, plan(replace(MORRIS.presets["paper"], seed=1)))


def test_settings_span_the_published_ranges():
    config = MORRIS.presets["paper"]
    settings, noises = settings_of(config, np.stack([np.zeros(8), np.ones(8)]))
    assert settings[0] == pytest.approx((0.75e-4, 1.875e-3, 0.1, 0.75, 1.5, 0.75, 0.75))
    assert settings[1] == pytest.approx((1.25e-4, 3.125e-3, 0.2, 1.25, 2.5, 1.25, 1.25))
    assert noises == pytest.approx([0.0, 0.2])


def test_the_effects_of_a_linear_score_are_its_slopes():
    config = LensMorris(trajectories=6)
    units, slopes = plan(config), np.arange(-4.0, 4.0)
    found = effects(config, units, torch.from_numpy(units @ slopes))
    assert found["mu"] == pytest.approx(slopes.tolist(), abs=1e-9)
    assert found["mu_star"] == pytest.approx(np.abs(slopes).tolist(), abs=1e-9)
    assert found["sigma"] == pytest.approx([0.0] * 8, abs=1e-9)


def test_a_short_run_trains_all_settings_and_says_what_they_reached():
    config = replace(MORRIS.presets["quick"], steps=2, batch=14, samples=28)
    result = MORRIS.run(config, Runtime())
    assert len(result.metrics["cosine"].value) == 2 * (len(FACTORS) + 1)
    assert len(result.metrics["mu_star"].value) == len(FACTORS)
    assert result.tensors["generators"].shape == (18, 7, 7)


def test_without_salib_the_extra_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(lens_morris, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"symtutor\[sweep\]"):
        plan(LensMorris())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"levels": 3}, "even number of levels, got 3"),
        ({"trajectories": 1}, "trajectories must be finite and at least 2"),
        ({"batch": 10}, "multiple of 7, got 10; take 7"),
        ({"rate_model": 0.0}, "rate_model must be finite and positive"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        LensMorris(**changes)
