"""`symtutor sweep`."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro

from .. import sweeps
from ..experiments import Experiment
from ..records import library
from .options import (
    UsageError,
    check_folder,
    check_times,
    experiment_of,
    parse,
    parse_field,
)


@dataclass(frozen=True)
class SweepOptions:
    """Run every combination of a grid for several seeds; finished runs are never repeated.

    Attributes:
        preset: configuration to start from; every field below can replace one of its values.
        grid: an axis as FIELD=VALUE,VALUE,...; repeated, the axes give their product.
        seeds: number of seeds; they are seed, seed + 1, ...
        out: folder of all runs.
        record: also put the records into results/.
        max_minutes: stop the whole sweep at checkpoints after so many minutes (exit status 75).
        checkpoint_seconds: time between the checkpoints of a run.
        workers: processes; by default one per core, or per run if there are fewer runs.
        scheduler: tcp://host:port of a running Dask scheduler, or "slurm"; by default a cluster of
            its own on this machine.
        slurm: what a job of "slurm" asks for.
    """

    preset: str = "quick"
    grid: tyro.conf.UseAppendAction[tuple[str, ...]] = ()
    seeds: int = 1
    out: Path = field(default=Path("runs"))
    record: bool = False
    max_minutes: float | None = None
    checkpoint_seconds: float = 30.0
    workers: int | None = None
    scheduler: str | None = None
    slurm: sweeps.Slurm = field(default_factory=sweeps.Slurm)


def axes_of(experiment: Experiment, preset: str, texts: tuple[str, ...]) -> dict[str, list[Any]]:
    """The axes of a grid, with values of their fields' types."""
    axes: dict[str, list[Any]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals or not values:
            raise UsageError(f"a grid axis is FIELD=VALUE,VALUE,..., got {text!r}")
        axes[name.replace("-", "_")] = [
            parse_field(experiment, preset, name, value) for value in values.split(",")
        ]
    return axes


def main(arguments: list[str]) -> int:
    """Run a sweep; the status is 1 if a run failed."""
    experiment, rest = experiment_of(arguments, "sweep")
    options, config = parse(experiment, rest, SweepOptions(), "sweep")
    check_times(options.max_minutes, options.checkpoint_seconds)
    check_folder(options.out)
    if options.seeds < 1:
        raise UsageError(f"seeds must be at least 1, got {options.seeds}")
    base = experiment.overrides(config, options.preset)
    axes = axes_of(experiment, options.preset, options.grid)
    try:
        combos = sweeps.grid(experiment, options.preset, axes)
    except ValueError as error:
        raise UsageError(str(error)) from None
    outcomes = sweeps.sweep(
        experiment,
        options.preset,
        [{**base, **combo} for combo in combos],
        range(config.seed, config.seed + options.seeds),
        options.out,
        workers=options.workers,
        scheduler=options.scheduler,
        slurm=options.slurm,
        checkpoint_seconds=options.checkpoint_seconds,
        record_into=library.results_root() if options.record else None,
        max_minutes=options.max_minutes,
    )
    return report(outcomes)


def report(outcomes: list[Any]) -> int:
    """Print what became of every run."""
    for outcome in outcomes:
        fields = ", ".join(f"{key} = {value}" for key, value in outcome.overrides.items())
        state = "failed" if outcome.error else "was there" if outcome.reused else "done"
        told = outcome.error or outcome.path
        print(f"{state}: {fields or 'preset'}, seed {outcome.seed}: {told}")
    failed = sum(outcome.error is not None for outcome in outcomes)
    print(f"{len(outcomes) - failed} of {len(outcomes)} runs finished")
    return int(failed > 0)
