"""What an experiment is: a frozen configuration, its presets, and one function that runs it."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, NamedTuple, get_args, get_origin

from torch import Tensor

from ..files import plain
from ..training import Runtime, Trained

PRESETS = {
    "quick": "seconds on two CPU cores",
    "laptop": "the real method at reduced size, minutes on two CPU cores",
    "paper": "the published setting, on a GPU",
}


class UnknownNameError(ValueError):
    """No experiment, preset or field has this name; the message lists the nearest ones."""


def known(kind: str, name: str, names: Iterable[str]) -> str:
    """The name, if it is among the names.

    Raises:
        UnknownNameError: naming the nearest ones, or all.

    Example:
        >>> known("preset", "labtop", ["quick", "laptop"])
        Traceback (most recent call last):
        symtutor.experiments.base.UnknownNameError: no preset is called 'labtop'; nearest: laptop
    """
    names = list(names)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"nearest: {', '.join(near)}" if near else f"there are: {', '.join(names)}"
    raise UnknownNameError(f"no {kind} is called {name!r}; {hint}")


class Metric(NamedTuple):
    """A measured number, or a nested list of them, with its unit ("1" for a pure number)."""

    value: Any
    unit: str = "1"


class Result(NamedTuple):
    """What a run found.

    Attributes:
        metrics: by name; plain finite numbers or nested lists of them.
        tensors: weights and curves kept beside the record, by name.
        trainings: every training of the run, by name.
        data: checksums (SHA-256) of the data it saw, by name.
    """

    metrics: Mapping[str, Metric]
    tensors: Mapping[str, Tensor]
    trainings: Mapping[str, Trained]
    data: Mapping[str, str]


class Wanted(NamedTuple):
    """Records that the book draws: a preset, what differs from it, and the seeds."""

    preset: str
    overrides: Mapping[str, Any]
    seeds: tuple[int, ...]


@dataclass(frozen=True)
class Experiment:
    """An experiment by name.

    Attributes:
        name: as on the command line.
        summary: one line.
        presets: configurations by name; all are instances of one frozen dataclass with a field
            `seed`.
        run: (configuration, runtime) -> result; reads like the method section it implements.
        wanted: the records the book draws.
        headline: the metrics that `symtutor show` puts into its table.
        version: raised whenever the same configuration would give another result.
        threads: CPU threads it runs on; None leaves torch's choice. Small networks are fastest on
            one, and many times slower on several when the cores are busy.
    """

    name: str
    summary: str
    presets: Mapping[str, Any]
    run: Callable[[Any, Runtime], Result]
    wanted: tuple[Wanted, ...] = ()
    headline: tuple[str, ...] = ()
    version: int = 1
    threads: int | None = None

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the configuration's fields."""
        return tuple(f.name for f in fields(next(iter(self.presets.values()))))

    def config(self, preset: str, **overrides: Any) -> Any:
        """A preset with some fields replaced.

        Raises:
            UnknownNameError: if there is no such preset or field.
        """
        base = self.presets[known(f"preset of {self.name}", preset, self.presets)]
        for name in overrides:
            known(f"field of {self.name}", name, self.fields)
        return replace(base, **{key: self._typed(key, v) for key, v in overrides.items()})

    def _typed(self, name: str, value: Any) -> Any:
        """A value in its field's type: 0 for a float is 0.0, or its record would have two names.

        A record holds lists, a configuration tuples.
        """
        if isinstance(value, list):
            return tuple(value)
        kinds = {f.name: f.type for f in fields(next(iter(self.presets.values())))}
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if whole and kinds[name] in (float, float | None) else value

    def overrides(self, config: Any, preset: str) -> dict[str, Any]:
        """The fields, without the seed, in which a configuration differs from a preset."""
        known(f"preset of {self.name}", preset, self.presets)
        base, own = asdict(self.presets[preset]), asdict(config)
        return {key: v for key, v in own.items() if v != base[key] and key != "seed"}

    def identity(self, config: Any) -> dict[str, Any]:
        """What a checkpoint or record must agree with: name, version and configuration."""
        return self.identity_of(asdict(config), self.version)

    def identity_of(self, config: Mapping[str, Any], version: int) -> dict[str, Any]:
        """The same for a configuration that has been written down."""
        return {"experiment": self.name, "version": version, "config": plain(dict(config))}


def one_of_its_choices(config: Any) -> None:
    """Refuse a configuration with a value that its field, a Literal, does not list.

    Raises:
        ValueError: naming the field, what is allowed and what was given.
    """
    for field in fields(config):
        allowed, value = get_args(field.type), getattr(config, field.name)
        if get_origin(field.type) is Literal and value not in allowed:
            raise ValueError(f"{field.name} is one of {', '.join(allowed)}, got {value!r}")


def at_least(config: Any, low: float, *names: str) -> None:
    """Refuse a configuration whose named fields are not all finite and >= low.

    Raises:
        ValueError: naming the field, what was given and what is allowed.
    """
    for name in names:
        value = getattr(config, name)
        if not low <= value < math.inf:
            raise ValueError(f"{name} must be finite and at least {low:g}, got {value}")


def above_zero(config: Any, *names: str) -> None:
    """Refuse a configuration whose named fields are not all finite and > 0.

    Raises:
        ValueError: naming the field and what was given.
    """
    for name in names:
        value = getattr(config, name)
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be finite and positive, got {value}")
