"""What a worker does with one run, and what is done when workers die with it."""

import json
import threading
from types import SimpleNamespace

import distributed
import filelock
import pytest
import torch

from symtutor.experiments import get
from symtutor.sweeps import conduct, worker
from symtutor.sweeps.books import Books
from symtutor.sweeps.plan import plan

TOY = get("toy-symmetry")
TINY = {"steps": 12, "width": 8, "head": 4, "circles": 8, "points": 8, "batch": 16}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


def order(tmp_path, **changes):
    """What a worker is asked to do, after which its flag stands."""
    (tmp_path / "flag").touch()
    asked = {
        "experiment": "toy-symmetry",
        "preset": "quick",
        "overrides": TINY,
        "seed": 0,
        "folder": str(tmp_path / "run"),
        "flag": str(tmp_path / "flag"),
        "device": "cpu",
        "checkpoint_seconds": 30.0,
        "compile": False,
    }
    return json.dumps(asked | changes)


def test_a_worker_waits_for_a_folder_that_another_process_holds(tmp_path, monkeypatch):
    lock = filelock.FileLock(tmp_path / "run" / ".lock")
    (tmp_path / "run").mkdir()
    waits = []

    def wait(seconds):
        waits.append(seconds)
        if len(waits) == 3:
            lock.release()

    monkeypatch.setattr(worker.time, "sleep", wait)
    lock.acquire()
    assert json.loads(worker.work(order(tmp_path))) == {"record": str(tmp_path / "run/record.json")}
    assert waits == [worker.WAIT] * 3
    lock.acquire()
    told = json.loads(worker.work(order(tmp_path)))
    lock.release()
    assert told["error"].startswith("BusyError: another process is running in ")
    assert len(waits) == 3 + worker.TRIES - 1


def test_a_worker_starts_nothing_without_its_flag(tmp_path):
    told = json.loads(worker.work(order(tmp_path, flag=str(tmp_path / "elsewhere"))))
    assert "not started" in told["stopped"]
    assert not (tmp_path / "run").exists()


def test_a_run_has_one_thread_and_its_process_for_itself(tmp_path, monkeypatch):
    together, most, barrier = [], [], threading.Barrier(2)

    def run(asked):
        together.append(asked)
        with pytest.raises(threading.BrokenBarrierError):  # nobody else comes
            barrier.wait(0.2)
        barrier.reset()
        most.append(len(together))
        together.pop()
        return "record"

    with monkeypatch.context() as patch:
        patch.setattr(worker, "_run", run)
        threads = [threading.Thread(target=worker.work, args=("{}",)) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == [1, 1]
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    worker.work(order(tmp_path))
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_a_run_whose_workers_die_is_handed_out_again_only_if_it_gets_on(tmp_path):
    handed = []

    class Dead(SimpleNamespace):
        status, __hash__ = "error", object.__hash__

        def cancelled(self):
            return False

        def exception(self):
            return distributed.KilledWorker("task", SimpleNamespace(address="tcp://gone"), 3)

    def submit(work, text, pure):
        handed.append(text)
        return Dead(number=len(handed))

    client = SimpleNamespace(submit=submit)
    [run] = plan(TOY, "quick", [{}], [0], tmp_path)
    run.folder.mkdir(parents=True)
    books = Books(TOY, "quick", [run], tmp_path, None)
    going = conduct._Going(client, {})
    first = going.submit(run)
    (run.folder / "field.json").write_text("a checkpoint")
    second = going._take(first, books)
    assert second.number == 2 and handed[0] == handed[1] and books.open == [run]
    assert going._take(second, books) is None
    assert len(handed) == 2
    assert books.outcomes[run.folder].error.startswith("KilledWorker: ")
