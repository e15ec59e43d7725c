"""Runs an experiment to its record, or goes on where it was broken off."""

import math
import time
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import torch

from .. import experiments, files, machine
from ..experiments import Experiment, Metric, Result
from ..numerics.random import fan_out
from ..training import Runtime, checkpoint
from . import store

KNOBS = ("batch", "trajectories", "points", "sensitivity", "width")
"""Fields whose size decides on the memory that a run needs, the first ones most."""


class BusyError(RuntimeError):
    """Another process works in the same folder."""


class DeviceMemoryError(RuntimeError):
    """A run needs more memory than its device has; the message says which fields to lower."""


def execute(experiment: Experiment, config: Any, preset: str, runtime: Runtime) -> store.Record:
    """Run an experiment in `runtime.folder`, or take up a broken run there, and write its record.

    A folder that holds the finished record already is left as it is, and that record returned.

    Raises:
        BusyError: if another process is at it.
        DeviceMemoryError: if the device's memory does not suffice.
        StoppedError: if time was up or somebody interrupted; the same call goes on.
        MismatchError, DamagedError: if the folder holds something that cannot be taken up.
    """
    folder = runtime.folder
    if folder is None:
        raise ValueError("a run that is to be recorded needs a folder; set Runtime(folder=...)")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "record.json"
    lock = _locked(folder)
    try:
        files.remove_temporaries(folder)
        if path.exists():
            done = store.finished(experiment, config, preset, path)
            _remove_checkpoints(folder, done.content["sessions"])
            return done
        started = time.monotonic()
        # whatever ran before in this process, torch's own generators start from the seed
        with machine.threads(experiment.threads), torch.random.fork_rng():
            torch.manual_seed(fan_out(config.seed, "torch"))
            result = _run(experiment, config, runtime)
        content = describe(experiment, config, preset, runtime, result)
        content["seconds"] += time.monotonic() - started
        done = store.write(path, content, files.tensor_bytes(_tensors(result)))
        _remove_checkpoints(folder, result.trainings)
        return done
    finally:
        lock.release()


def _run(experiment: Experiment, config: Any, runtime: Runtime) -> Result:
    """The experiment; too little memory becomes a message with a remedy."""
    try:
        return experiment.run(config, runtime)
    except RuntimeError as error:
        told = str(error).lower()
        scarce = "allocate memory" in told or "not enough memory" in told
        if not (scarce or isinstance(error, torch.OutOfMemoryError)):
            raise
        knobs = [name for name in KNOBS if name in experiment.fields]
        now = ", ".join(f"--{name} (now {getattr(config, name)})" for name in knobs)
        raise DeviceMemoryError(
            f"{experiment.name} needs more memory than {runtime.device} has; lower {now or 'it'}, "
            f"or choose a smaller preset or another --device. Nothing was recorded ({error})"
        ) from error


def _locked(folder: Path) -> filelock.BaseFileLock:
    """A lock on the folder that the system releases when this process ends, however it ends."""
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise BusyError(
            f"another process is running in {folder}; wait for it, or choose another --out"
        ) from None
    except NotImplementedError:  # mounted network drives know no locks
        warnings.warn(
            f"{folder} cannot be locked; make sure that nothing else runs in it", stacklevel=3
        )
    return lock


def describe(
    experiment: Experiment, config: Any, preset: str, runtime: Runtime, result: Result
) -> dict[str, Any]:
    """The content of a record, without the time spent in this session outside of trainings."""
    commit, dirty = machine.commit()
    trainings = result.trainings
    peaks = [machine.peak_mib(runtime.device), *(t.peak_mib for t in trainings.values())]
    return {
        "experiment": experiment.name,
        "version": experiment.version,
        "preset": preset,
        "overrides": experiment.overrides(config, preset),
        "config": asdict(config),
        "commit": commit,
        "dirty": dirty,
        "versions": machine.versions(),
        "device": machine.device_name(runtime.device, experiment.threads),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": sum(t.seconds - t.session_seconds for t in trainings.values()),
        "sessions": {name: list(t.sessions) for name, t in trainings.items()},
        "peak_mib": max((p for p in peaks if p is not None), default=None),
        "compiled": any(t.compiled for t in trainings.values()),
        "data": dict(result.data),
        "metrics": _checked(result.metrics),
        "columns": {
            name: {"names": list(t.history.names), "every": t.history.every}
            for name, t in trainings.items()
        },
    }


def _checked(metrics: Mapping[str, Metric]) -> dict[str, dict[str, Any]]:
    """Metrics as JSON, after making sure that they are numbers."""
    for name, metric in metrics.items():
        if not all(math.isfinite(number) for number in _flat(metric.value)):
            raise ValueError(
                f"metric {name!r} is {metric.value}, and a record holds finite numbers only; "
                "the run has failed, whatever its loss says"
            )
    return {name: {"value": m.value, "unit": m.unit} for name, m in metrics.items()}


def _flat(value: Any) -> list[float]:
    return [x for item in value for x in _flat(item)] if isinstance(value, list) else [value]


def _tensors(result: Result) -> dict[str, Any]:
    curves = {f"history/{name}": t.history.values for name, t in result.trainings.items()}
    return {**result.tensors, **curves}


def _remove_checkpoints(folder: Path, trainings: Iterable[str]) -> None:
    """The record holds the weights now."""
    for name in trainings:
        (folder / f"{name}.json").unlink(missing_ok=True)
        checkpoint.remove(folder, name)


def run_recorded(
    name: str,
    preset: str,
    overrides: Mapping[str, Any],
    seed: int,
    root: Path,
    **runtime: Any,
) -> store.Record:
    """Run by name below a folder, at the place that the configuration determines.

    Args:
        name, preset: of the experiment.
        overrides: fields that differ from the preset.
        seed: of the run.
        root: the run's folder is root/name/preset/[field=value,...]/seed<k>.
        runtime: further attributes of `Runtime`.
    """
    experiment = experiments.get(name)
    config = experiment.config(preset, **{**overrides, "seed": seed})
    folder = store.place(root, name, preset, experiment.overrides(config, preset), seed)
    return execute(experiment, config, preset, Runtime(folder=folder, **runtime))
