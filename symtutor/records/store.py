"""One record: what ran, where, for how long, and what it found."""

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from torch import Tensor

from .. import experiments, files
from ..training import History, MismatchError
from ..training.checkpoint import differences, part

FORMAT = 1


@dataclass(frozen=True)
class Record:
    """A finished run, verified.

    Attributes:
        path: of its JSON file; the tensors lie beside it under the same name.
        content: the JSON: experiment, version, preset, overrides, config, commit, dirty, versions,
            device, seconds, sessions, peak_mib, compiled, finished, data, metrics, columns.
    """

    path: Path
    content: dict[str, Any]

    @property
    def metrics(self) -> dict[str, Any]:
        """Values of the metrics by name, without their units."""
        return {name: metric["value"] for name, metric in self.content["metrics"].items()}

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return self.content["config"]["seed"]

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """Weights and curves, by name, on the CPU."""
        return files.read_tensors(_beside(self.path), self.content["tensors_sha256"])

    def weights(self, module: str) -> dict[str, Tensor]:
        """State dictionary of a module, for `load_state_dict`."""
        return part(self.tensors, module)

    def history(self, training: str) -> History:
        """The loss curves of a training.

        Raises:
            KeyError: naming the trainings there are.
        """
        columns = self.content["columns"]
        if training not in columns:
            raise KeyError(f"no training {training!r}; there are {', '.join(columns)}")
        about = columns[training]
        return History(tuple(about["names"]), self.tensors[f"history/{training}"], about["every"])

    def origin(self) -> tuple[str, str]:
        """Commit, versions and device; and the day. What runs made together have in common."""
        c = self.content
        commit = (c["commit"] or f"version {c['versions']['symtutor']}")[:15]
        changed = ", uncommitted changes" if c["dirty"] else ""
        made = f"{commit}{changed} · torch {c['versions']['torch']} · {c['device']}"
        return made, c["finished"][:10]

    def line(self) -> str:
        """Where the numbers come from, in one line."""
        made, day = self.origin()
        c = self.content
        peak = "" if c["peak_mib"] is None else f" · peak {c['peak_mib']:.0f} MiB"
        return f"seed {self.seed} · {made} · {c['seconds']:.0f} s{peak} · {day}"


def _beside(path: Path) -> Path:
    return path.with_suffix(".safetensors")


def write(path: Path, content: dict[str, Any], tensors: bytes) -> Record:
    """Write the tensors, then the JSON that vouches for them, each atomically."""
    files.write_bytes(_beside(path), tensors)
    sealed = {"format": FORMAT, **content, "tensors_sha256": files.sha256(tensors)}
    files.write_sealed(path, sealed)
    return Record(path, sealed)


def read(path: Path) -> Record:
    """Read and verify a record.

    Raises:
        DamagedError: if one of its two files is missing, truncated or edited.
        MismatchError: if it was made by another version of its experiment, or its configuration is
            not the one its preset and overrides give now.
        UnknownNameError: if its experiment or preset is unknown here.
    """
    content = files.read_sealed(path)
    if content.get("format") != FORMAT or "experiment" not in content:
        there = content.get("format")
        raise MismatchError(f"{path} is no record of format {FORMAT} (its format is {there})")
    experiment, config = _today(path, content)
    stored = experiment.identity_of(content["config"], content["version"])
    now = experiment.identity(config)
    now["config"]["seed"] = content["config"].get("seed")
    different = differences(stored, now)
    if different:
        raise MismatchError(
            f"{path} was made with another configuration: {'; '.join(different)}. "
            "Run the experiment again to replace it"
        )
    record = Record(path, content)
    record.tensors  # noqa: B018  verifies the checksum
    return record


def _today(path: Path, content: dict[str, Any]) -> tuple[experiments.Experiment, Any]:
    """The experiment of a record, and what its preset and overrides give now."""
    try:
        experiment = experiments.get(content["experiment"])
        return experiment, experiment.config(content["preset"], **content["overrides"])
    except experiments.UnknownNameError as error:
        raise experiments.UnknownNameError(f"{path}: {error}") from None
    except ValueError as error:
        raise MismatchError(
            f"{path} was made with a configuration that is not allowed any more: {error}"
        ) from None


def copy(record: Record, path: Path) -> Record:
    """The same record at another place, byte for byte."""
    files.write_bytes(_beside(path), _beside(record.path).read_bytes())
    files.write_bytes(path, record.path.read_bytes())
    return read(path)


def place(root: Path, experiment: str, preset: str, overrides: dict[str, Any], seed: int) -> Path:
    """Where a record lies: root/experiment/preset/[field=value,...]/seed0, without a suffix.

    Example:
        >>> place(Path("results"), "toy-symmetry", "laptop", {"tau": 1.5}, 0).as_posix()
        'results/toy-symmetry/laptop/tau=1.5/seed0'
    """
    folder = root / experiment / preset
    if overrides:
        folder /= ",".join(f"{key}={_told(overrides[key])}" for key in sorted(overrides))
    return folder / f"seed{seed}"


def _told(value: Any) -> str:
    """A value as it stands in the name of a folder, where a list has no brackets or quotes."""
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def finished(experiment: experiments.Experiment, config: Any, preset: str, path: Path) -> Record:
    """Read a record that must be this configuration's.

    Raises:
        MismatchError: if it is another's.
    """
    record = read(path)
    different = differences(record.content["config"], files.plain(asdict(config)))
    if record.content["experiment"] != experiment.name or record.content["preset"] != preset:
        there = f"{record.content['experiment']} {record.content['preset']}"
        different = [f"the run is {there} there and {experiment.name} {preset} here", *different]
    if different:
        raise MismatchError(
            f"{path} belongs to another run: {'; '.join(different)}. "
            "Choose another --out, or delete that folder"
        )
    return record
