"""Options and configurations from the command line, by tyro over the dataclasses."""

import io
import math
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass, fields, make_dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from .. import experiments
from ..experiments import Experiment, known
from ..experiments.base import PRESETS


class UsageError(ValueError):
    """The command line asks for something that does not fit together."""


@dataclass(frozen=True)
class RunOptions:
    """How to run; none of these changes the result (up to rounding).

    Attributes:
        preset: configuration to start from; every field below can replace one of its values.
        out: folder of this one run; by default runs/EXPERIMENT/PRESET/[field=value,...]/seed<k>.
        record: also put the record into results/, where the book draws it from.
        max_minutes: stop cleanly at a checkpoint after so many minutes (exit status 75).
        checkpoint_seconds: time between checkpoints; 0 writes one after every step.
        device: cpu, cuda or mps; by default the best there is.
        compile: put the loss through torch.compile, on a GPU with CUDA graphs; where that fails,
            say so and go on without.
    """

    preset: str = "quick"
    out: Path | None = None
    record: bool = False
    max_minutes: float | None = None
    checkpoint_seconds: float = 30.0
    device: str | None = None
    compile: bool = False


def experiment_of(arguments: list[str], command: str) -> tuple[Experiment, list[str]]:
    """The experiment named first, and what follows it.

    Raises:
        UsageError: if none is named.
        UnknownNameError: if there is none of that name.
    """
    if not arguments or arguments[0].startswith("-"):
        lines = [f"  {name:<16} {experiments.get(name).summary}" for name in experiments.names()]
        text = "\n".join([f"usage: symtutor {command} EXPERIMENT ...", "", *lines])
        if arguments[:1] in (["-h"], ["--help"]):
            print(text)
            raise SystemExit(0)
        raise UsageError(f"which experiment?\n{text}")
    return experiments.get(arguments[0]), arguments[1:]


def preset_of(experiment: Experiment, arguments: Sequence[str], default: str) -> str:
    """The preset asked for: it decides the defaults of all other fields."""
    name = default
    for position, argument in enumerate(arguments):
        if argument == "--preset" and position + 1 < len(arguments):
            name = arguments[position + 1]
        elif argument.startswith("--preset="):
            name = argument.split("=", 1)[1]
    if name in PRESETS and name not in experiment.presets:
        raise UsageError(
            f"{experiment.name} has no preset {name!r} ({PRESETS[name]}); "
            f"it has {', '.join(experiment.presets)}"
        )
    return known(f"preset of {experiment.name}", name, experiment.presets)


def parse(
    experiment: Experiment, arguments: list[str], options: Any, command: str
) -> tuple[Any, Any]:
    """Options and configuration from the arguments after the experiment's name.

    Args:
        experiment: whose fields the configuration has.
        arguments: the rest of the command line.
        options: dataclass instance with the defaults of the command's own options; it has a field
            `preset`.
        command: for the help text.

    Raises:
        UsageError: if a value is out of range.

    Returns:
        The filled options, and the preset's configuration with the fields replaced.
    """
    preset = preset_of(experiment, arguments, options.preset)
    config = experiment.config(preset)
    both = make_dataclass(
        "Both",
        [
            ("options", Annotated[type(options), tyro.conf.arg(name="")]),
            ("config", Annotated[type(config), tyro.conf.arg(name="")]),
        ],
        frozen=True,
    )
    try:
        parsed = tyro.cli(
            both,
            prog=f"symtutor {command} {experiment.name}",
            description=f"{experiment.summary}\n\nDefaults are those of the preset {preset!r}.",
            args=arguments,
            default=both(replace(options, preset=preset), config),
        )
    except ValueError as error:  # the configuration's own checks
        raise UsageError(str(error)) from None
    return parsed.options, parsed.config


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made, because a file stands there or above it.

    Raises:
        UsageError: naming that file.
    """
    for place in (folder, *folder.parents):
        if place.is_dir():
            return
        if place.exists() or place.is_symlink():
            raise UsageError(
                f"cannot write into the folder {folder}: {place} is not a folder; choose another "
                "--out, or move that file away"
            )


def check_times(max_minutes: float | None, checkpoint_seconds: float) -> None:
    """Refuse times that are negative or no number.

    Raises:
        UsageError: naming the option, what was given and what is allowed.
    """
    times = {"max_minutes": max_minutes, "checkpoint_seconds": checkpoint_seconds}
    for name, value in times.items():
        if value is not None and (math.isnan(value) or value < 0):
            raise UsageError(f"{name} must be at least 0, got {value}")


def parse_field(experiment: Experiment, preset: str, name: str, value: str) -> Any:
    """One value of one field, read as the command line would.

    Raises:
        UnknownNameError: if there is no such field.
        UsageError: if the value does not fit its type or is out of range.
    """
    name = known(f"field of {experiment.name}", name.replace("-", "_"), experiment.fields)
    config = experiment.config(preset)
    kind = {field.name: field.type for field in fields(config)}[name]
    flag = f"--{name.replace('_', '-')}"
    words = {"true": [flag], "false": [flag.replace("--", "--no-", 1)]} if kind is bool else {}
    alone = make_dataclass("Alone", [(name, kind, getattr(config, name))])
    try:
        with redirect_stderr(io.StringIO()):
            parsed = tyro.cli(alone, args=words.get(value.lower(), [flag, value]))
    except SystemExit:
        kind = getattr(kind, "__name__", kind)
        raise UsageError(f"{name}={value}: not a value of type {kind}") from None
    try:
        experiment.config(preset, **{name: getattr(parsed, name)})
    except ValueError as error:  # the configuration's own checks
        raise UsageError(str(error)) from None
    return getattr(parsed, name)
