"""Where a run writes, on what it runs, how long it may take: nothing that is in the result."""

import math
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import torch


class StoppedError(Exception):
    """A run ended before its last step, at a checkpoint: start it again and it goes on.

    Attributes:
        reason: "time", "interrupt" (Ctrl-C) or "terminate" (SIGTERM).
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Runtime:
    """Everything about a run that must not change its result (up to rounding).

    Attributes:
        folder: for checkpoints; None keeps everything in memory.
        device: where modules and batches live.
        max_seconds: stop cleanly at a checkpoint after so long, counted from `started`.
        checkpoint_seconds: time between checkpoints; 0 writes one after every step.
        compile: whether losses go through torch.compile (with CUDA graphs on a GPU).
        started: clock reading (time.monotonic) at the beginning of the run.
    """

    folder: Path | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    max_seconds: float | None = None
    checkpoint_seconds: float = 30.0
    compile: bool = False
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        for name in ("max_seconds", "checkpoint_seconds"):
            value = getattr(self, name)
            if value is not None and (math.isnan(value) or value < 0):
                raise ValueError(f"{name} must be at least 0, got {value}")

    def out_of_time(self) -> bool:
        """Whether `max_seconds` have passed since the start."""
        return self.max_seconds is not None and time.monotonic() - self.started >= self.max_seconds


class Interruption:
    """What a signal asked for; empty while nothing did."""

    reason: str = ""


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Turn the first Ctrl-C or SIGTERM into a request to stop; the second acts as usual.

    Outside the main thread, where Python delivers no signals, nothing changes.
    """
    asked = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    names = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminate"}
    # a handler that was not set by Python cannot be put back, so it stays
    found = {number: signal.getsignal(number) for number in names}
    before = {number: handler for number, handler in found.items() if handler is not None}

    def ask(number: int, frame: FrameType | None) -> None:
        asked.reason = names[signal.Signals(number)]
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
