"""A run killed at any moment and started again ends bit for bit where an unbroken one ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from symtutor.records import store

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """The folder with an unbroken run and one killed eleven times, and how each kill went."""
    folder = tmp_path_factory.mktemp("kill")
    victim = Path(__file__).with_name("victim.py")
    environment = {**os.environ, "TQDM_DISABLE": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(victim), str(folder)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout.splitlines()[-1])


def test_every_kill_hit_a_run_that_was_under_way(killed):
    _, report = killed
    kills, last = report[:-1], report[-1]
    assert [name for name, *_ in kills].count("random") == 6 and len(kills) == 11
    assert all(status == -signal.SIGKILL for _, status, _, _ in kills), kills
    assert last[1] == 0


def test_no_kill_costs_more_than_the_steps_since_the_checkpoint(killed):
    _, report = killed
    steps = [step for _, _, step, _ in report[:-1]]
    assert steps == sorted(steps) and steps[-1] == 300 and 0 < steps[-2] < 300


def test_the_kills_during_a_write_left_something_unfinished(killed):
    _, report = killed
    assert all(left for name, _, _, left in report[:-1] if name != "random"), report


def test_the_weights_and_metrics_equal_those_of_an_unbroken_run_byte_for_byte(killed):
    folder, _ = killed
    unbroken = store.read(folder / "unbroken/record.json")
    broken = store.read(folder / "broken/record.json")
    tensors = [
        (folder / name / "record.safetensors").read_bytes() for name in ("unbroken", "broken")
    ]
    assert tensors[0] == tensors[1]
    assert unbroken.content["metrics"] == broken.content["metrics"]
    assert unbroken.content["sessions"] == {"field": [0], "field1": [0]}
    sessions = broken.content["sessions"].values()
    assert all(steps == sorted(steps) for steps in sessions)
    assert sum(map(len, sessions)) >= 7 and all(steps[-1] <= 150 for steps in sessions)


def test_nothing_but_the_record_is_left(killed):
    folder, _ = killed
    names = {path.name for path in (folder / "broken").iterdir()}
    assert names - {".lock"} == {"record.json", "record.safetensors"}
