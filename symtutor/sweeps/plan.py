"""Which runs a sweep consists of, and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..experiments import Experiment, known
from ..records import store
from .axes import plain


@dataclass(frozen=True)
class Outcome:
    """What became of one run.

    Attributes:
        overrides: fields in which it differs from the preset, as asked for.
        seed: its seed.
        path: of its record; None if there is none.
        error: why there is none, or why it could not be put among the results; None if all went
            well.
        reused: whether the record was there before.
    """

    overrides: dict[str, Any]
    seed: int
    path: Path | None
    error: str | None
    reused: bool


class Run(NamedTuple):
    """One run to be done: its place follows from its configuration."""

    overrides: dict[str, Any]
    seed: int
    config: Any
    folder: Path

    @property
    def path(self) -> Path:
        """Of its record."""
        return self.folder / "record.json"


def plan(
    experiment: Experiment,
    preset: str,
    combos: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    root: Path,
) -> list[Run]:
    """Every combination with every seed.

    Raises:
        UnknownNameError: if there is no such preset or field.
        ValueError: if there is nothing to run, if two runs are the same, or if a value is refused.
    """
    if not combos or not seeds:
        raise ValueError(f"nothing to run: {len(combos)} combinations and {len(seeds)} seeds")
    base = experiment.config(preset)
    runs: dict[Path, Run] = {}
    for combo in combos:
        overrides = {}
        for name, value in combo.items():
            default = getattr(base, known(f"field of {experiment.name}", name, experiment.fields))
            overrides[name] = plain(name, value, default)
        if "seed" in overrides:
            raise ValueError("a combination has no seed of its own; give the seeds separately")
        for seed in seeds:
            config = experiment.config(preset, **overrides, seed=seed)
            changed = experiment.overrides(config, preset)
            folder = store.place(root, experiment.name, preset, changed, seed)
            if folder in runs:
                raise ValueError(
                    f"two of the runs are the same: {overrides or preset}, seed {seed}"
                )
            runs[folder] = Run(overrides, seed, config, folder)
    return list(runs.values())
