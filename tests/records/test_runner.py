"""A run ends in one record, is never repeated, and never ends in half a record."""

from dataclasses import replace

import filelock
import pytest
import tiny_experiment
import torch
from faults import content, full_disk
from tiny_experiment import TINY, made

from symtutor import DeviceMemoryError, Runtime, StoppedError, execute, experiments
from symtutor.files import DamagedError
from symtutor.records import BusyError, store
from symtutor.records.runner import run_recorded
from symtutor.training import MismatchError

pytestmark = pytest.mark.usefixtures("tiny")


def test_a_run_leaves_its_record_and_nothing_else(tmp_path):
    record = made(tmp_path / "run")
    assert set(content(tmp_path / "run")) == {"record.json", "record.safetensors"}
    assert store.read(record.path).content["metrics"] == record.content["metrics"]


def test_a_finished_run_is_not_repeated(tmp_path):
    first = made(tmp_path)
    before = content(tmp_path)
    again = made(tmp_path)
    assert len(tiny_experiment.CALLS) == 1
    assert again.metrics == first.metrics and content(tmp_path) == before


def test_checkpoints_left_beside_a_record_are_removed_and_nothing_else(tmp_path):
    made(tmp_path)
    for name in ("line.json", "line-5-01234567.safetensors", ".line.json.7.tmp", "notes.txt"):
        (tmp_path / name).touch()
    made(tmp_path)
    assert set(content(tmp_path)) == {"record.json", "record.safetensors", "notes.txt"}


def test_a_run_broken_off_goes_on_and_its_record_tells(tmp_path):
    config = TINY.config("quick")
    for _ in range(2):
        with pytest.raises(StoppedError):
            execute(TINY, config, "quick", Runtime(folder=tmp_path / "a", max_seconds=0.0))
    assert not (tmp_path / "a/record.json").exists()
    broken, whole = made(tmp_path / "a"), made(tmp_path / "b")
    assert broken.content["sessions"] == {"line": [0, 1, 2]}
    assert broken.content["metrics"] == whole.content["metrics"]
    assert (
        content(tmp_path / "a")["record.safetensors"]
        == content(tmp_path / "b")["record.safetensors"]
    )
    assert broken.content["seconds"] > 0


@pytest.mark.parametrize(
    ("preset", "fields", "told"),
    [
        ("quick", {"seed": 1}, "belongs to another run: seed is 0 there and 1 here"),
        ("quick", {"slope": 3.0}, "slope is 2.0 there and 3.0 here"),
        ("laptop", {}, "the run is tiny-line quick there and tiny-line laptop here"),
        ("laptop", {"steps": 6}, "the run is tiny-line quick there and tiny-line laptop here"),
    ],
)
def test_the_folder_of_another_run_is_refused(tmp_path, preset, fields, told):
    made(tmp_path)
    before = content(tmp_path)
    with pytest.raises(MismatchError, match=told):
        made(tmp_path, preset, **fields)
    assert content(tmp_path) == before and len(tiny_experiment.CALLS) == 1


def test_the_checkpoint_of_another_configuration_is_refused(tmp_path):
    with pytest.raises(StoppedError):
        execute(TINY, TINY.config("quick"), "quick", Runtime(folder=tmp_path, max_seconds=0.0))
    before = content(tmp_path)
    with pytest.raises(MismatchError, match=r"config\.slope is 2\.0 there and 3\.0 here"):
        made(tmp_path, slope=3.0)
    assert content(tmp_path) == before
    made(tmp_path)


def test_a_damaged_record_is_not_run_over(tmp_path):
    made(tmp_path)
    path = tmp_path / "record.json"
    path.write_bytes(path.read_bytes()[:-20])
    before = content(tmp_path)
    with pytest.raises(DamagedError, match="truncated"):
        made(tmp_path)
    assert content(tmp_path) == before and len(tiny_experiment.CALLS) == 1


def test_a_metric_that_is_no_number_leaves_no_record(tmp_path):
    with pytest.raises(ValueError, match="metric 'slope' is nan, and a record holds finite"):
        made(tmp_path, spoil=True)
    assert not [name for name in content(tmp_path) if name.startswith("record")]


@pytest.mark.parametrize("size", [10, 500])
def test_a_full_disk_leaves_no_record_and_the_run_can_end_later(tmp_path, size, monkeypatch):
    honest = store.write

    def write(*arguments):
        with full_disk(size):
            return honest(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(store, "write", write)
        with pytest.raises(OSError):
            made(tmp_path)
    assert "record.json" not in content(tmp_path)
    assert made(tmp_path).content["sessions"] == {"line": [0, 6]}
    assert set(content(tmp_path)) == {"record.json", "record.safetensors"}


def test_two_processes_do_not_share_a_folder(tmp_path):
    with filelock.FileLock(tmp_path / ".lock"), pytest.raises(BusyError, match="another process"):
        made(tmp_path)
    assert not tiny_experiment.CALLS
    made(tmp_path)


def test_a_run_needs_a_folder():
    with pytest.raises(ValueError, match="needs a folder"):
        execute(TINY, TINY.config("quick"), "quick", Runtime())


def test_runs_by_name_lie_where_their_configuration_says(tmp_path):
    record = run_recorded("tiny-line", "quick", {"slope": 3}, 2, tmp_path, checkpoint_seconds=0.0)
    assert record.path == tmp_path / "tiny-line/quick/slope=3.0/seed2/record.json"
    assert record.content["overrides"] == {"slope": 3.0} and record.seed == 2


@pytest.mark.parametrize(
    "raised",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_too_little_memory_names_what_to_lower_and_leaves_no_record(tmp_path, raised):
    def run(config, runtime):
        raise raised

    hungry = replace(experiments.get("cifar-symmetry"), run=run)
    config = hungry.config("quick")
    with pytest.raises(DeviceMemoryError, match=r"cpu has; lower --batch \(now 8\)") as refusal:
        execute(hungry, config, "quick", Runtime(folder=tmp_path))
    assert refusal.value.__cause__ is raised
    assert not list(tmp_path.glob("record*"))


def test_other_errors_of_a_run_are_not_taken_for_memory(tmp_path):
    def run(config, runtime):
        raise RuntimeError("shapes do not fit")

    broken = replace(experiments.get("cifar-symmetry"), run=run)
    with pytest.raises(RuntimeError, match="shapes do not fit") as error:
        execute(broken, broken.config("quick"), "quick", Runtime(folder=tmp_path))
    assert not isinstance(error.value, DeviceMemoryError)
