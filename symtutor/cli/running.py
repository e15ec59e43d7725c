"""`symtutor run`."""

from pathlib import Path

from ..machine import best_device
from ..records import Record, execute, library, store
from ..training import Runtime
from .options import RunOptions, UsageError, check_folder, check_times, experiment_of, parse
from .showing import details


def main(arguments: list[str]) -> int:
    """Run one experiment; the folder decides whether that is a start or a continuation."""
    experiment, rest = experiment_of(arguments, "run")
    options, config = parse(experiment, rest, RunOptions(), "run")
    changed = experiment.overrides(config, options.preset)
    name, preset, seed = experiment.name, options.preset, config.seed
    folder = options.out or store.place(Path("runs"), name, preset, changed, seed)
    check_times(options.max_minutes, options.checkpoint_seconds)
    check_folder(folder)
    try:
        runtime = Runtime(
            folder=folder,
            device=best_device(options.device),
            max_seconds=None if options.max_minutes is None else 60 * options.max_minutes,
            checkpoint_seconds=options.checkpoint_seconds,
            compile=options.compile,
        )
    except ValueError as error:
        raise UsageError(str(error)) from None
    record = execute(experiment, config, preset, runtime)
    print(details(record))
    if options.record:
        keep(record, library.file_of(name, preset, changed, seed))
    return 0


def keep(record: Record, path: Path) -> None:
    """Put a record among the results, in place of what is there."""
    store.copy(record, path)
    print(f"recorded: {path}")
