"""A sweep on processes of this machine, while one of them is killed and somebody presses Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from symtutor import files, sweeps
from symtutor.experiments import get
from symtutor.records import store
from symtutor.records.runner import run_recorded
from symtutor.sweeps import conduct

TOY = get("toy-symmetry")
SMALL = {"width": 8, "head": 4, "circles": 8, "points": 8, "batch": 16}
STEPS = 50
SCRIPT = """
import sys
from pathlib import Path
from symtutor.experiments import get
from symtutor.sweeps import sweep
from symtutor.training import StoppedError

if __name__ == "__main__":
    try:
        sweep(
            get("toy-symmetry"), "quick", [{"steps": 1000000}], [0], Path(sys.argv[1]),
            workers=1, checkpoint_seconds=3.0,
        )
    except StoppedError as stop:
        print(stop.reason)
"""


def step(pointer):
    """The step of a checkpoint."""
    return files.read_sealed(pointer)["step"]


def holder(folder):
    """The child of this process that runs in a folder; None if there is none."""
    lock = str(folder / ".lock")
    for child in psutil.Process().children(recursive=True):
        try:
            if any(file.path == lock for file in child.open_files()):
                return child
        except psutil.Error:
            continue
    return None


def kill_one(root, killed, over):
    """Kill the worker of some run that has a checkpoint and is not at its end."""
    while not over.is_set():
        time.sleep(0.01)
        for pointer in root.rglob("field.json"):
            process = holder(pointer.parent)
            if process is None:
                continue
            process.suspend()
            if pointer.exists() and 0 < step(pointer) < STEPS - 1:
                process.kill()
                killed.append((pointer.parent, process.pid))
                return
            process.resume()


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """Eight runs on two workers, one of which was killed: folder, grid, outcomes, the killed."""
    root = tmp_path_factory.mktemp("runs")
    small = {name: [value] for name, value in SMALL.items()}
    axes = {**small, "steps": [STEPS], "tau": [1.25, 1.5, 2.0, 2.5]}
    combos = sweeps.grid(TOY, "quick", axes)
    killed, over = [], threading.Event()
    killer = threading.Thread(target=kill_one, args=(root, killed, over), daemon=True)
    killer.start()
    try:
        outcomes = sweeps.sweep(
            TOY, "quick", combos, range(2), root, workers=2, checkpoint_seconds=0, progress=False
        )
    finally:
        over.set()
        killer.join()
    return root, combos, outcomes, killed


def test_all_results_are_there_once_after_a_worker_was_killed(swept):
    root, combos, outcomes, killed = swept
    assert len(killed) == 1
    assert [(o.overrides, o.seed) for o in outcomes] == [(c, s) for c in combos for s in range(2)]
    assert [(o.error, o.reused) for o in outcomes] == [(None, False)] * 8
    assert len({o.path for o in outcomes}) == 8
    assert {o.path for o in outcomes} == set(root.rglob("record.json"))
    for outcome in outcomes:
        config = store.read(outcome.path).content["config"]
        assert {**outcome.overrides, "seed": outcome.seed}.items() <= config.items()
    assert list(root.rglob("field*")) == list(root.glob(".*")) == []


def test_only_the_killed_run_was_resumed_and_it_ends_as_if_unbroken(swept, tmp_path):
    root, _, outcomes, [(folder, _)] = swept
    starts = {o.path.parent: store.read(o.path).content["sessions"]["field"] for o in outcomes}
    resumed = starts.pop(folder)
    assert len(resumed) == 2 and resumed[0] == 0 < resumed[1] < STEPS
    assert list(starts.values()) == [[0]] * 7
    for outcome in outcomes:
        if outcome.path.parent in (folder, next(iter(starts))):
            alone = run_recorded("toy-symmetry", "quick", outcome.overrides, outcome.seed, tmp_path)
            assert outcome.path.relative_to(root) == alone.path.relative_to(tmp_path)
            there, here = store.read(outcome.path), store.read(alone.path)
            assert json.dumps(there.content["metrics"]) == json.dumps(here.content["metrics"])
            tensors = (r.path.with_suffix(".safetensors").read_bytes() for r in (there, here))
            assert len(set(tensors)) == 1


def test_the_second_sweep_takes_what_is_there_and_asks_for_no_worker(swept, monkeypatch):
    root, combos, outcomes, _ = swept
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}

    def connected(*arguments):
        raise AssertionError("a sweep with nothing to do asked for workers")

    monkeypatch.setattr(conduct, "connected", connected)
    again = sweeps.sweep(TOY, "quick", combos, range(2), root, workers=2)
    assert [(o.path, o.error, o.reused) for o in again] == [(o.path, None, True) for o in outcomes]
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()} == before


@pytest.mark.skipif(os.name != "posix", reason="a terminal's Ctrl-C goes to a process group")
def test_ctrl_c_in_a_terminal_leaves_a_run_that_was_stopped_at_its_last_step(tmp_path):
    script, root = tmp_path / "script.py", tmp_path / "runs"
    script.write_text(SCRIPT)
    process = subprocess.Popen(
        [sys.executable, script, root],
        env={**os.environ, "TQDM_DISABLE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not (found := list(Path(root).rglob("field.json"))):
        time.sleep(0.05)
    seen = step(found[0])
    os.killpg(process.pid, signal.SIGINT)
    said, complained = process.communicate()
    assert said == "interrupt\n"
    assert "Traceback" not in complained  # the workers did not hear the Ctrl-C
    assert step(found[0]) > seen  # not what the last checkpoint in time was
    assert list(root.glob(".*")) == []
