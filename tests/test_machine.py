import subprocess
import sys
from pathlib import Path

import pytest
import torch

from symtutor import machine


@pytest.mark.parametrize("name", ["tpu", "cpu:x", "cuda:99", "gpu", ":", "meta"])
def test_a_device_that_is_not_there_is_refused_by_name(name):
    with pytest.raises(ValueError, match=f"device '{name}' is not available here, only .*cpu"):
        machine.best_device(name)


def test_the_best_device_is_the_first_that_is_there(monkeypatch):
    assert machine.best_device("cpu") == torch.device("cpu")
    for cuda, mps, best in [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]:
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=cuda: there)
        monkeypatch.setattr(torch.cuda, "device_count", lambda there=cuda: int(there))
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda there=mps: there)
        assert machine.best_device().type == best


def test_threads_are_put_back_also_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), machine.threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before
    with machine.threads(None):
        assert torch.get_num_threads() == before


def test_a_device_is_called_by_its_processor_and_its_threads():
    name = machine.device_name(torch.device("cpu"), 1)
    assert name.endswith(", 1 thread") and len(name) > len(", 1 thread")
    assert machine.device_name(torch.device("cpu"), 3) == name.replace("1 thread", "3 threads")


def test_the_versions_are_those_of_the_imported_libraries():
    found = machine.versions()
    assert found["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"python", "symtutor", "numpy", "safetensors"} <= found.keys()


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository of its own with the two paths that a result depends on."""

    def git(*arguments):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    (tmp_path / "symtutor").mkdir()
    for name in ("symtutor/a.py", "pyproject.toml", "README.md"):
        (tmp_path / name).write_text("1\n")
    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-qm", "first")
    monkeypatch.setattr(machine, "REPOSITORY", tmp_path)
    return tmp_path


def test_the_commit_is_clean_until_code_changes(repository):
    head, dirty = machine.commit()
    assert len(head) == 40 and dirty is False
    (repository / "README.md").write_text("2\n")
    (repository / "notes.txt").touch()
    assert machine.commit() == (head, False)
    (repository / "symtutor/new.py").touch()
    assert machine.commit() == (head, True)


@pytest.mark.parametrize("name", ["symtutor/a.py", "pyproject.toml"])
def test_an_edit_of_the_code_makes_a_commit_dirty(repository, name):
    (repository / name).write_text("2\n")
    assert machine.commit()[1] is True


def test_outside_a_repository_and_without_git_the_commit_is_unknown(
    repository, tmp_path_factory, monkeypatch
):
    monkeypatch.setenv("PATH", str(repository))
    assert machine.commit() == (None, None)
    monkeypatch.undo()
    monkeypatch.setattr(machine, "REPOSITORY", tmp_path_factory.mktemp("plain"))
    assert machine.commit() == (None, None)


def test_peak_memory_is_the_high_water_mark_in_mebibytes():
    status = Path("/proc/self/status")
    if not status.is_file():
        pytest.skip("needs /proc")
    mark = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    assert machine.peak_mib() == pytest.approx(int(mark.split()[1]) / 1024, rel=0.02)
    assert machine.peak_mib(torch.device("cpu")) >= 100


FAULTS = """
import resource, torch
from symtutor.machine import keep_freed_memory
keep = {keep} and keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def step():
    return sum(float(torch.ones(2**20).mul(i).sum()) for i in range(8))
step()
before = faults()
for _ in range(20):
    step()
print(int(keep), faults() - before)
"""


def test_freed_memory_is_used_again():
    """Without, each of 320 tensors of 4 MiB would fetch its pages anew."""
    code = [sys.executable, "-c", FAULTS.format(keep=True)]
    kept, faults = map(int, subprocess.check_output(code, text=True).split())
    if not kept:
        pytest.skip("the C library is not glibc")
    assert faults < 20 * 1024  # pages: twenty tensors' worth
