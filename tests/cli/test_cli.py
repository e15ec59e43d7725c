"""The command line: what it says, and with which status it ends."""

import io
import os
import signal
import sys

import pytest
import tiny_experiment
from faults import full_disk
from tiny_experiment import TINY

from symtutor import cli
from symtutor.cli import bench, running
from symtutor.cli.options import parse_field
from symtutor.cli.sweeping import SweepOptions, axes_of
from symtutor.records import library
from symtutor.records.summary import origins

pytestmark = pytest.mark.usefixtures("tiny", "results")


def test_help_lists_the_commands_and_the_exit_statuses(said):
    for line in ("--help", "-h", "help"):
        status, out, err = said(line)
        assert status == 0 and err == ""
        assert all(name in out for name in cli.COMMANDS) and "75 time is" in out
    assert said("")[0] == 2


@pytest.mark.parametrize("command", ["list", "run", "show", "sweep", "bench", "run tiny-line"])
def test_every_command_has_a_help_text(said, command):
    status, out, err = said(f"{command} --help")
    assert status == 0 and out.startswith("usage: ") and err == ""


def test_the_help_of_a_run_explains_fields_with_the_defaults_of_the_preset(said):
    words = " ".join(said("run tiny-line --preset laptop --help")[1].split())
    assert "Defaults are those of the preset 'laptop'" in words
    assert "of the line. (default: 2.0)" in words and "training steps. (default: 9)" in words
    assert "(default: laptop)" in words
    assert "training steps. (default: 6)" in " ".join(said("run tiny-line --help")[1].split())


def test_a_run_prints_its_record_and_keeps_it_in_its_folder(said, here):
    status, out, err = said("run tiny-line --seed 4 --slope 1.5")
    place = here / "runs/tiny-line/quick/slope=1.5/seed4"
    assert status == 0 and (place / "record.json").is_file()
    assert all(part.startswith("line:") for part in err.splitlines() if part)  # the progress bar
    assert "slope 1.5" in out and " m/s" in out and "line started at step 0" in out
    assert said("run tiny-line --seed 4 --slope 1.5")[1] == out
    assert len(tiny_experiment.CALLS) == 1
    assert said(f"show {place}")[1] == out.replace("file: runs", f"file: {here}/runs")
    assert said(f"show {place}/record.json")[0] == 0


def test_a_run_goes_where_it_is_told_and_into_the_results(said, here, results):
    status, out, _ = said("run tiny-line --preset laptop --seed 1 --out there --record")
    path = results / "tiny-line/laptop/seed1.json"
    assert status == 0 and path.read_bytes() == (here / "there/record.json").read_bytes()
    assert f"recorded: {path}" in out and not (here / "runs").exists()


def test_recording_again_mends_a_damaged_record(said, here, results):
    line = "run tiny-line --preset laptop --record"
    said(line)
    for suffix in (".json", ".safetensors"):
        path = (results / "tiny-line/laptop/seed0").with_suffix(suffix)
        path.write_bytes(path.read_bytes()[:-30])
        assert said("show tiny-line")[0] == 1
        assert said(line)[0] == 0
        assert said("show tiny-line")[0] == 0
    assert len(tiny_experiment.CALLS) == 1


def test_out_of_time_gives_75_and_the_same_line_goes_on(said, here):
    line = "run tiny-line --max-minutes 0"
    for step in range(1, 6):
        status, out, err = said(line)
        assert status == 75 and out == ""
        assert f"the time is up after step {step} of 6; run the same again" in err
    assert said(line)[0] == 0
    assert said("run tiny-line")[1].count("step 0, 1, 2, 3, 4, 5") == 1


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_its_status_and_leaves_a_resumable_run(said, monkeypatch, number, status):
    honest = tiny_experiment.train

    def train(loss, batch, *rest, **more):
        def draw(step):
            if step == 2:
                os.kill(os.getpid(), number)
            return batch(step)

        return honest(loss, draw, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(tiny_experiment, "train", train)
        found, _, err = said("run tiny-line")
    assert found == status and "after step 3 of 6; run the same again" in err
    assert "started at step 0, 3" in said("run tiny-line")[1]


def test_ctrl_c_outside_of_a_training_gives_130(said, monkeypatch):
    monkeypatch.setattr(running, "execute", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert said("run tiny-line") == (130, "", "symtutor: interrupted\n")


def test_a_failed_run_gives_1(said, here):
    status, _, err = said("run tiny-line --spoil")
    assert status == 1 and "metric 'slope' is nan" in err
    with full_disk(50) as err:
        assert said("run tiny-line --checkpoint-seconds 0")[0] == 1
    assert "symtutor: [Errno 27] cannot write a checkpoint to runs" in err.getvalue()


def test_show_prints_median_and_range_and_once_where_seeds_run_together_come_from(said):
    assert said("show") == (0, said("show")[1], "")
    assert "tiny-line: no record yet (symtutor show tiny-line --missing)" in said("show")[1]
    for seed in (0, 1, 2):
        said(f"run tiny-line --preset laptop --seed {seed} --record")
    status, out, _ = said("show tiny-line")
    values = sorted(r.metrics["slope"] for r in library.record("tiny-line", seeds=[0, 1, 2]))
    assert status == 0 and "tiny-line · laptop · seeds 0, 1, 2" in out
    low, middle, high = (f"{value:.3g}" for value in values)
    assert f"slope {middle} ({low} to {high}) m/s" in out
    lines = origins(library.record("tiny-line", seeds=[0, 1, 2]))
    assert len(lines) < 3 and out.count(" · torch ") == len(lines)
    assert all(f"\n  {line}\n" in out for line in lines)


def test_show_goes_on_after_a_damaged_record_and_gives_1(said, results):
    said("run tiny-line --preset laptop --record")
    bad = results / "tiny-line/laptop/seed1.json"
    bad.write_text('{"format": 1, "x": NaN, "sha256": ""}')
    status, out, _ = said("show tiny-line")
    assert status == 1 and "seeds 0" in out and f"refused: {bad} has been edited" in out
    status, _, err = said(f"show {bad}")
    assert status == 2 and "has been edited" in err


def test_list_counts_the_records(said):
    assert "presets quick, laptop; records 0 of 4" in said("list")[1]
    said("run tiny-line --preset laptop --record")
    assert (
        "tiny-line: a line, <fitted> & done\n  presets quick, laptop; records 1 of 4"
        in said("list")[1]
    )


def test_the_benchmarks_need_a_clone(said, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "REPOSITORY", tmp_path)
    status, _, err = said("bench")
    assert status == 2 and "run this in a clone" in err


def test_the_benchmarks_run_under_pytest_with_its_status(said, tmp_path, monkeypatch):
    calls = []
    (tmp_path / "benchmarks").mkdir()
    monkeypatch.setattr(bench, "REPOSITORY", tmp_path)
    done = type("Done", (), {"returncode": 5})
    monkeypatch.setattr(bench.subprocess, "run", lambda *a, **k: calls.append((a, k)) or done)
    assert said("bench -k training")[0] == 5
    (((command,), keys),) = calls
    assert command[1:3] == ["-m", "pytest"] and command[-2:] == ["-k", "training"]
    assert keys["cwd"] == tmp_path


def test_a_reader_that_has_seen_enough_is_no_error(monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    stream = io.TextIOWrapper(io.FileIO(writing, "w"), write_through=False)
    monkeypatch.setattr(sys, "stdout", stream)
    assert cli.main(["list"]) == 0
    assert sys.stdout is None  # so that the interpreter does not flush it once more
    monkeypatch.undo()
    stream.close()


def test_the_axes_of_a_grid_have_the_types_of_their_fields():
    axes = axes_of(TINY, "quick", ("slope=1,2.5", "steps=3", "spoil=True,false"))
    assert repr(axes) == "{'slope': [1.0, 2.5], 'steps': [3], 'spoil': [True, False]}"
    assert axes_of(TINY, "quick", ()) == {}
    for text in ("=1", "slope=", "slope", "slope=1,,2"):
        with pytest.raises(ValueError):
            axes_of(TINY, "quick", (text,))
    assert SweepOptions().seeds == 1


@pytest.mark.parametrize(
    ("value", "found"), [("-1", -1.0), ("1e-3", 1e-3), ("-1e-3", -1e-3), ("0", 0.0)]
)
def test_one_value_is_read_as_the_command_line_would(value, found):
    assert repr(parse_field(TINY, "quick", "slope", value)) == repr(found)
