"""The records that are there, those that are missing, and what a chapter draws from."""

import html
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from .. import experiments
from ..machine import REPOSITORY
from . import store
from .store import Record
from .summary import origins

CODE = '<code style="background:none;color:inherit">'
STYLE = "border-left:0.3em solid {};padding:0.4em 0.8em;margin:0.6em 0;overflow-wrap:anywhere"


def results_root() -> Path:
    """Folder of the records: $SYMTUTOR_RESULTS, the repository's results/, or the package's own."""
    if "SYMTUTOR_RESULTS" in os.environ:
        return Path(os.environ["SYMTUTOR_RESULTS"])
    if (REPOSITORY / "pyproject.toml").is_file():
        return REPOSITORY / "results"
    return Path(__file__).parent.parent / "results"


def command(name: str, preset: str, overrides: Mapping[str, Any], seed: int) -> str:
    """What to type to make a record.

    Example:
        >>> command("toy-symmetry", "laptop", {"w_validity": 0.0}, 2)
        'symtutor run toy-symmetry --preset laptop --seed 2 --w-validity 0.0 --record'
    """
    fields = [_option(key.replace("_", "-"), value) for key, value in sorted(overrides.items())]
    return " ".join([f"symtutor run {name} --preset {preset} --seed {seed}", *fields, "--record"])


def _option(name: str, value: Any) -> str:
    """A field as the command line reads it."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    values = value if isinstance(value, list | tuple) else [value]
    return shlex.join([f"--{name}", *map(str, values)])


@dataclass(frozen=True)
class Records(Sequence[Record]):
    """Records of one configuration, seed by seed; false as long as one of them is missing.

    Attributes:
        title: experiment, preset, and what differs from it.
        found: the records there are.
        missing: the commands that make the others.
    """

    title: str
    found: tuple[Record, ...]
    missing: tuple[str, ...]

    def __getitem__(self, index: Any) -> Any:
        return self.found[index]

    def __len__(self) -> int:
        return len(self.found)

    def __bool__(self) -> bool:
        return bool(self.found) and not self.missing

    def __iter__(self) -> Iterator[Record]:
        return iter(self.found)

    def metric(self, name: str) -> Float[Tensor, "..."]:
        """A metric of all records: "seeds ...", in double precision.

        Raises:
            KeyError: naming the metrics there are.
        """
        for record in self.found:
            if name not in record.metrics:
                raise KeyError(f"no metric {name!r}; there are {', '.join(record.metrics)}")
        return torch.tensor([r.metrics[name] for r in self.found], dtype=torch.float64)

    def __repr__(self) -> str:
        lines = [f"{self.title}: {line}" for line in origins(self.found)]
        if self.missing:
            lines += [f"{self.title}: not recorded yet; to make the record:", *self.missing]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        boxes = []
        if self.found:
            lines = "".join(f"<br>{html.escape(line)}" for line in origins(self.found))
            head = f"<strong>Recorded</strong>: {html.escape(self.title)}"
            style = STYLE.format("#3b7d4f")
            boxes.append(f'<div class="symtutor-record" style="{style}">{head}{lines}</div>')
        if self.missing:
            lines = "".join(f"<br>{CODE}{html.escape(line)}</code>" for line in self.missing)
            head = f"<strong>Not recorded yet</strong>: {html.escape(self.title)}. To make it:"
            style = STYLE.format("#b4530a")
            boxes.append(f'<div class="symtutor-missing" style="{style}">{head}{lines}</div>')
        return "".join(boxes)


def record(
    experiment: str, preset: str = "laptop", seeds: Sequence[int] | None = None, **overrides: Any
) -> Records:
    """Records of an experiment, verified; in a notebook, shown with where they come from.

    What is missing is shown as missing, with the command that makes it; nothing takes its place.

    Args:
        experiment: name, e.g. "toy-symmetry".
        preset: name of the preset.
        seeds: which seeds; by default those that the book wants, else seed 0.
        overrides: fields of the configuration that differ from the preset.

    Raises:
        UnknownNameError: if there is no such experiment, preset or field.
        ValueError: if the seed is given as a field instead of in `seeds`.
        DamagedError, MismatchError: if a record is damaged or made by another configuration.

    Example:
        >>> found = record("toy-symmetry", preset="laptop", seeds=[0])
        >>> len(found) + len(found.missing)
        1
    """
    shown = find(experiment, preset, seeds, overrides)
    _display(shown)
    return shown


def find(
    experiment: str, preset: str, seeds: Sequence[int] | None, overrides: Mapping[str, Any]
) -> Records:
    """The same as `record`, without showing it."""
    about = experiments.get(experiment)
    if "seed" in overrides:
        raise ValueError(f"pass seeds=[{overrides['seed']}]: a record is asked for by its seeds")
    changed = about.overrides(about.config(preset, **overrides), preset)
    if seeds is None:
        asked = [w for w in about.wanted if w.preset == preset and dict(w.overrides) == changed]
        seeds = [seed for w in asked for seed in w.seeds] or [0]
    found, missing = [], []
    for seed in seeds:
        path = file_of(experiment, preset, changed, seed)
        if path.exists():
            found.append(store.read(path))
        else:
            missing.append(command(experiment, preset, changed, seed))
    fields = "".join(f", {key} = {value}" for key, value in sorted(changed.items()))
    return Records(f"{experiment}, {preset}{fields}", tuple(found), tuple(missing))


def _display(shown: Records) -> None:
    """Show the boxes where there is a notebook to show them in."""
    from .claims import _shell

    if _shell() is not None:
        from IPython.display import display

        display(shown)


def file_of(experiment: str, preset: str, overrides: Mapping[str, Any], seed: int) -> Path:
    """Where the JSON file of a record lies among the results."""
    path = store.place(results_root(), experiment, preset, dict(overrides), seed)
    return path.with_name(path.name + ".json")


def wanted(names: Iterable[str]) -> list[tuple[str, Path]]:
    """What the book wants of some experiments: the command that makes it, and where it lies."""
    return [
        (command(name, w.preset, w.overrides, seed), file_of(name, w.preset, w.overrides, seed))
        for name in names
        for w in experiments.get(name).wanted
        for seed in w.seeds
    ]
