"""Records in words, for the command line and the reproducibility page."""

from dataclasses import replace

import pytest
from tiny_experiment import TINY, made

from symtutor import experiments, record
from symtutor.records.summary import metric_text, origins


@pytest.mark.parametrize("name", sorted(set(experiments.REGISTRY) - {TINY.name}))
def test_the_headlines_of_the_committed_records_can_be_told(name, monkeypatch):
    monkeypatch.delenv("SYMTUTOR_RESULTS", raising=False)
    experiment = experiments.get(name)
    for want in experiment.wanted:
        found = record(name, want.preset, seeds=want.seeds, **want.overrides)
        for metric in experiment.headline if found else ():
            assert metric_text(metric, found.found).startswith(f"{metric} ")


def test_a_number_is_told_with_its_range_and_unit(tiny, tmp_path):
    runs = [made(tmp_path / str(seed), seed=seed) for seed in (0, 1)]
    low, high = sorted(run.metrics["slope"] for run in runs)
    expected = f"slope {(low + high) / 2:.3g} ({low:.3g} to {high:.3g}) m/s"
    assert metric_text("slope", runs) == expected


def test_of_a_list_the_median_of_every_entry_is_told(tiny, tmp_path):
    run = made(tmp_path)
    metrics = {"pair": {"value": [0.25, 1.0], "unit": "1"}}
    other = {"pair": {"value": [0.75, 2.0], "unit": "1"}}
    runs = [replace(run, content=run.content | {"metrics": m}) for m in (metrics, other)]
    assert metric_text("pair", runs) == "pair 0.50, 1.50"
    small = {"pair": {"value": [0.00123, -0.04], "unit": "1"}}
    tiny_run = replace(run, content=run.content | {"metrics": small})
    assert metric_text("pair", [tiny_run]) == "pair 0.0012, -0.04"


def test_runs_of_one_seed_that_were_made_together_are_counted(tiny, tmp_path):
    run = made(tmp_path)
    (line,) = origins([run] * 3)
    assert line.startswith("seed 0, 3 runs · ")
    other = replace(run, content=run.content | {"config": run.content["config"] | {"seed": 4}})
    assert origins([run, run, other])[0].startswith("seeds 0, 4, 3 runs · ")
