"""Time limits and signals: the run stops at a checkpoint, and says why."""

import math
import os
import signal
import threading
import time

import pytest
from small_trainings import STEPS, Small

from symtutor import Runtime, StoppedError
from symtutor.files import read_sealed
from symtutor.training import checkpoint, loop
from symtutor.training.runtime import interruptible

SIGNALS = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate"}


@pytest.fixture(autouse=True)
def handlers():
    """Handlers of the test's own; afterwards they must still be there."""
    caught = []
    mine = {}
    for number in SIGNALS:
        mine[number] = signal.getsignal(number)
        signal.signal(number, lambda number, frame: caught.append(number))
    own = {number: signal.getsignal(number) for number in SIGNALS}
    yield caught
    left = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in mine.items():
        signal.signal(number, handler)
    assert left == own


def signalled(at, *numbers):
    """A training that is sent signals while it draws the batch of a step."""
    small = Small("dropout")
    batch = small.batch

    def draw(step):
        if step == at:
            for number in numbers:
                os.kill(os.getpid(), number)
        return batch(step)

    small.batch = draw
    return small


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("at", [0, 5, STEPS - 1])
def test_a_signal_stops_at_a_checkpoint_and_the_run_goes_on_from_it(number, at, tmp_path, handlers):
    unbroken = Small("dropout")
    unbroken.go()
    said = {"interrupt": "interrupted", "terminate": "terminated"}[SIGNALS[number]]
    told = f"{said} after step {at + 1} of {STEPS}; run the same again to go on .* in {tmp_path}$"
    with pytest.raises(StoppedError, match=told) as stop:
        signalled(at, number).go(tmp_path)
    assert stop.value.reason == SIGNALS[number]
    assert read_sealed(tmp_path / "training.json")["step"] == at + 1
    assert handlers == []
    again = Small("dropout")
    assert again.go(tmp_path).sessions == (0, at + 1)
    assert again.state() == unbroken.state()


def test_the_second_signal_acts_as_usual(tmp_path, handlers):
    with pytest.raises(StoppedError):
        signalled(3, signal.SIGINT, signal.SIGINT).go(tmp_path)
    assert handlers == [signal.SIGINT]


def test_the_second_ctrl_c_interrupts_python():
    own = signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt):
        signalled(3, signal.SIGINT, signal.SIGINT).go()
    assert signal.signal(signal.SIGINT, own) is signal.default_int_handler


def test_without_a_folder_a_stop_promises_nothing():
    with pytest.raises(StoppedError, match=f"^interrupted after step 4 of {STEPS}$"):
        signalled(3, signal.SIGINT).go()


def test_handlers_come_back_after_an_error():
    small = Small()
    small.batch = lambda step: 1 / 0
    with pytest.raises(ZeroDivisionError):
        small.go()


def test_in_another_thread_signals_are_left_alone(tmp_path):
    own = [signal.getsignal(number) for number in SIGNALS]
    found = {}

    def work():
        small = Small()
        batch = small.batch

        def draw(step):
            found["handlers"] = [signal.getsignal(number) for number in SIGNALS]
            return batch(step)

        small.batch = draw
        found["sessions"] = small.go(tmp_path).sessions
        found["state"] = small.state()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found["handlers"] == own and found["sessions"] == (0,)
    reference = Small()
    reference.go()
    found["state"].pop("global")
    assert found["state"].items() <= reference.state().items()


def test_a_handler_that_python_did_not_set_stays(monkeypatch):
    set_ = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    monkeypatch.setattr(signal, "signal", lambda *arguments: set_.append(arguments))
    with interruptible() as asked:
        assert asked.reason == ""
    assert set_ == []
    monkeypatch.undo()


def test_time_counts_from_the_start_of_the_run(tmp_path):
    assert not Runtime().out_of_time()
    assert not Runtime(max_seconds=1000.0).out_of_time()
    assert Runtime(max_seconds=1000.0, started=time.monotonic() - 1001).out_of_time()
    with pytest.raises(StoppedError, match=f"the time is up after step 1 of {STEPS}") as stop:
        Small().go(tmp_path, max_seconds=0.0)
    assert stop.value.reason == "time"


@pytest.mark.parametrize(
    ("seconds", "clock", "steps"),
    [(0.0, 0.0, [*range(1, STEPS + 1)]), (math.inf, 1.0, [STEPS]), (4.0, 1.0, [4, 8, 12, STEPS])],
)
def test_checkpoints_come_as_often_as_asked(seconds, clock, steps, tmp_path, monkeypatch):
    now, written = [0.0], []
    small = Small()
    batch, honest = small.batch, checkpoint.write

    def draw(step):
        now[0] += clock
        return batch(step)

    def write(folder, name, tensors, meta):
        written.append(meta["step"])
        honest(folder, name, tensors, meta)

    small.batch = draw
    monkeypatch.setattr(loop.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(checkpoint, "write", write)
    small.go(tmp_path, checkpoint_seconds=seconds)
    assert written == steps


@pytest.mark.parametrize("name", ["max_seconds", "checkpoint_seconds"])
@pytest.mark.parametrize("value", [-1.0, math.nan])
def test_times_that_are_none_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be at least 0, got {value}"):
        Runtime(**{name: value})
