"""The loop: draw a batch, descend, keep watch, remember."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import nn

from .. import files
from .accelerate import Accelerated
from .descent import PRECISIONS, Descent, Loss
from .history import History, Recorder
from .runtime import Interruption, Runtime, StoppedError, interruptible
from .schedules import Schedule, constant
from .state import State


class Trained(NamedTuple):
    """What a training leaves besides the weights in its modules.

    Attributes:
        history: means of the loss terms along the way.
        seconds: time spent in the loop, over all sessions.
        session_seconds: time spent in it now.
        sessions: the steps at which the run was started or taken up again.
        peak_mib: most memory used in any session, None where unknown.
        compiled: whether the loss ran compiled.
    """

    history: History
    seconds: float
    session_seconds: float
    sessions: tuple[int, ...]
    peak_mib: float | None
    compiled: bool


def train(
    loss: Callable[..., Loss],
    batch: Callable[[int], tuple[Any, ...]],
    optimizer: torch.optim.Optimizer,
    modules: Mapping[str, nn.Module],
    *,
    steps: int,
    generators: Mapping[str, torch.Generator] | None = None,
    schedule: Schedule = constant,
    clip: float | None = None,
    precision: str = "float32",
    rows: int = 500,
    runtime: Runtime | None = None,
    identity: Mapping[str, Any] | None = None,
    name: str = "training",
) -> Trained:
    """Minimise a loss; killed at any moment and called again, end where an unbroken run ends.

    On a CPU the weights are then equal bit for bit, given the same versions and number of threads.
    A checkpoint holds modules, optimiser, all generators and the history; it is written every
    `runtime.checkpoint_seconds`, at the end, when the time is up, and on Ctrl-C or SIGTERM.

    Args:
        loss: pure function of a batch; draws no random numbers but torch's global ones.
        batch: the tensors of a step, given its number; draws from `generators`.
        optimizer: over the parameters of `modules`; its learning rates are scaled by `schedule`.
        modules: everything with weights or buffers, by name.
        steps: number of steps of the whole training.
        generators: every generator that `batch` draws from, by name.
        schedule: step -> factor of the learning rate.
        clip: largest gradient norm; longer gradients are scaled down to it. None: no limit.
        precision: "float32", or "bfloat16"/"float16" for the loss under autocast (the latter with
            a gradient scaler).
        rows: about how many rows the history gets.
        runtime: folder, device, time limit, compilation; by default in memory on the CPU.
        identity: what a checkpoint must agree with to be taken up, e.g. the configuration.
        name: of the checkpoint's files, for experiments with several trainings.

    Raises:
        StoppedError: if the time was up or the run was interrupted; call again to go on.
        NonFiniteError: if a loss or gradient is not finite; the last checkpoint is kept.
        MismatchError, DamagedError: if the folder holds a checkpoint that cannot be taken up.
        OSError: if a checkpoint cannot be written; the last one is kept.

    Example:
        >>> line, x = nn.Linear(1, 1), torch.linspace(-1, 1, 16)[:, None]
        >>> def loss(x):
        ...     error = (line(x) - 3 * x).square().mean()
        ...     return Loss(error, {"error": error})
        >>> adam = torch.optim.Adam(line.parameters(), lr=0.1)
        >>> done = train(loss, lambda step: (x,), adam, {"line": line}, steps=200)
        >>> round(line.weight.item(), 2), len(done.history.values)
        (3.0, 200)
    """
    _check(precision, steps)
    runtime = runtime or Runtime()
    state = State(
        name=name,
        identity=_identity(steps, precision, clip, optimizer) | files.plain(identity or {}),
        steps=steps,
        modules=modules,
        optimizer=optimizer,
        generators=generators or {},
        scaler=torch.amp.GradScaler(runtime.device.type, enabled=precision == "float16"),
        recorder=Recorder(max(1, steps // rows), runtime.device),
        runtime=runtime,
    )
    state.restore()
    accelerated = Accelerated(loss, runtime.device) if runtime.compile else None
    descent = Descent(accelerated or loss, state, schedule, clip, precision)
    with interruptible() as asked:
        _descend(descent, batch, asked)
    compiled = accelerated is not None and bool(accelerated.active)
    history = state.recorder.history()
    sessions = tuple(state.sessions)
    return Trained(history, state.seconds, state.spent, sessions, state.peak, compiled)


def _identity(
    steps: int, precision: str, clip: float | None, optimizer: torch.optim.Optimizer
) -> dict[str, Any]:
    """What every checkpoint must agree with."""
    tensors = [p for group in optimizer.param_groups for p in group["params"]]
    count = sum(p.numel() for p in tensors)
    return {
        "steps": steps,
        "precision": precision,
        "clip": clip,
        "optimizer": f"{type(optimizer).__name__} of {count} numbers in {len(tensors)} tensors",
    }


def _check(precision: str, steps: int) -> None:
    if precision not in PRECISIONS or steps < 1:
        raise ValueError(
            f"a training needs at least 1 step and a precision among {', '.join(PRECISIONS)}, "
            f"got steps={steps} and precision={precision!r}"
        )


def _descend(
    descent: Descent, batch: Callable[[int], tuple[Any, ...]], asked: Interruption
) -> None:
    """All steps that are left; leaves the optimiser's learning rates as they were."""
    try:
        _steps(descent, batch, asked)
        descent.save()
    finally:
        descent.set_rates(1.0)
    if asked.reason:
        raise StoppedError(asked.reason, _farewell(asked.reason, descent.state))


def _steps(descent: Descent, batch: Callable[[int], tuple[Any, ...]], asked: Interruption) -> None:
    """All steps that are left, with a progress bar and checkpoints."""
    state = descent.state
    runtime = state.runtime
    saved_at = time.monotonic()
    with _bar(state) as bar:
        while state.step < state.steps:
            closed = descent.step(batch(state.step))
            bar.update()
            if closed and not bar.disable:
                bar.set_postfix_str(f"loss {state.recorder.rows[-1][0]:.4g}", refresh=False)
            stop = asked.reason or ("time" if runtime.out_of_time() else "")
            if stop and state.step < state.steps:
                descent.save()
                raise StoppedError(stop, _farewell(stop, state))
            if time.monotonic() - saved_at >= runtime.checkpoint_seconds:
                descent.save()
                saved_at = time.monotonic()


def _farewell(reason: str, state: State) -> str:
    said = {"time": "the time is up", "interrupt": "interrupted", "terminate": "terminated"}
    folder = state.runtime.folder
    where = f"; run the same again to go on from the checkpoint in {folder}" if folder else ""
    return f"{said[reason]} after step {state.step} of {state.steps}{where}"


def _bar(state: State) -> Any:
    """A progress bar with the time left; silent where TQDM_DISABLE is set."""
    from tqdm.auto import tqdm

    watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    interval = 0.1 if watched else 10.0  # a log file gets a line every ten seconds
    return tqdm(
        total=state.steps,
        initial=state.step,
        desc=state.name,
        mininterval=interval,
        dynamic_ncols=True,
    )
