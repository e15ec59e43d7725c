"""What happens in a worker: one run, from words to words."""

import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from .. import experiments
from ..machine import best_device
from ..records.runner import BusyError, execute
from ..training import Runtime, StoppedError

ONE_AT_A_TIME = threading.Lock()  # a run uses torch's global generator
TRIES, WAIT = 7, 10.0  # for a folder in which a worker that was given up still writes


@dataclass(frozen=True)
class Watched(Runtime):
    """A run that stops at a checkpoint once the flag of its sweep is gone."""

    flag: Path = Path()

    def out_of_time(self) -> bool:
        """Whether the flag is gone."""
        return not self.flag.exists()


def work(order: str) -> str:
    """Do one run, or go on with it, and say what became of it.

    Args:
        order: JSON: experiment, preset, overrides, seed, folder, flag, device (or null),
            checkpoint_seconds, compile.

    Returns:
        JSON: {"record": path}, {"stopped": why} or {"error": why}.
    """
    asked = json.loads(order)
    try:
        with ONE_AT_A_TIME:
            told = {"record": _run(asked)}
    except StoppedError as stop:
        told = {"stopped": str(stop)}
    except Exception as error:
        told = {"error": f"{type(error).__name__}: {error}"}
    return json.dumps(told)


def _run(asked: dict) -> str:
    torch.set_num_threads(1)  # so that the result is that of any other machine's one thread
    experiment = experiments.get(asked["experiment"])
    config = experiment.config(asked["preset"], **asked["overrides"], seed=asked["seed"])
    runtime = Watched(
        folder=Path(asked["folder"]),
        device=best_device(asked["device"]),
        checkpoint_seconds=asked["checkpoint_seconds"],
        compile=asked["compile"],
        flag=Path(asked["flag"]),
    )
    for left in reversed(range(TRIES)):
        if runtime.out_of_time():
            raise StoppedError("interrupt", f"not started, as {asked['flag']} is not there")
        try:
            return str(execute(experiment, config, asked["preset"], runtime).path)
        except BusyError:
            if not left:
                raise
            time.sleep(WAIT)
    raise AssertionError("unreachable")
