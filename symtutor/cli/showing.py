"""`symtutor show`."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from .. import experiments
from ..experiments import UnknownNameError
from ..files import DamagedError
from ..records import Record, library, store
from ..records.summary import metric_text, origins
from ..training import MismatchError
from .options import UsageError

SUFFIXES = (".json", ".safetensors")  # of the two files of a record


@dataclass(frozen=True)
class ShowOptions:
    """Show records with their metrics and where they come from.

    Attributes:
        what: an experiment, or a record's file or folder; everything, if left out.
        missing: instead, the commands that make the records the book wants and that are not there.
    """

    what: tyro.conf.Positional[str] = ""
    missing: bool = False


def main(arguments: list[str]) -> int:
    """Print records; the status is 1 if one of them is damaged or outdated."""
    options = tyro.cli(ShowOptions, args=arguments, prog="symtutor show")
    names = experiments.names()
    if options.what and options.what not in names:
        return show_path(options.what)
    chosen = (options.what,) if options.what else names
    if options.missing:
        lines = [line for line, path in library.wanted(chosen) if not path.exists()]
        print("\n".join(lines) if lines else "Every record that the book wants is there.")
        return 0
    return show_table(chosen)


def show_path(what: str) -> int:
    """Print everything about one record.

    Raises:
        UsageError: if there is no such file or folder, or no record in the folder.
        UnknownNameError: the same, for a word that can only be meant as an experiment.
    """
    path = Path(what)
    file = path / "record.json" if path.is_dir() else path
    if file.suffix == ".safetensors":  # the tensors of a record lie beside it
        file = file.with_suffix(".json")
    if path.is_dir() and not file.is_file():
        raise UsageError(
            f"{path} holds no record.json: its run is not finished (give the same "
            "`symtutor run` again to go on), or it is not the folder of a run"
        )
    if not file.exists():
        if path.name == what and path.suffix not in SUFFIXES:
            experiments.get(what)  # names the nearest ones
        raise UsageError(
            f"{file} does not exist; give the folder of a finished run, the file of a record, or "
            "an experiment (`symtutor list`)"
        )
    print(details(store.read(file)))
    return 0


def show_table(names: Iterable[str]) -> int:
    """Print every configuration with its headline metrics, median and range, and its origins."""
    status = 0
    for name in names:
        groups, faults = collect(library.results_root() / name)
        status = max(status, int(bool(faults)))
        for (preset, changed), records in sorted(groups.items()):
            seeds = ", ".join(str(record.seed) for record in records)
            print(f"{name} · {preset}{changed} · seeds {seeds}")
            for metric in experiments.get(name).headline:
                print(f"  {metric_text(metric, records)}")
            for line in origins(records):
                print(f"  {line}")
        for fault in faults:
            print(f"refused: {fault}")
        if not groups and not faults:
            print(f"{name}: no record yet (symtutor show {name} --missing)")
    return status


Groups = dict[tuple[str, str], list[Record]]


def collect(folder: Path) -> tuple[Groups, list[str]]:
    """All records below a folder by preset and overrides, and what is wrong with the others."""
    groups: Groups = {}
    faults = []
    for path in sorted(folder.rglob("*.json")):
        try:
            record = store.read(path)
        except (DamagedError, MismatchError, UnknownNameError) as error:
            faults.append(str(error))
            continue
        overrides = record.content["overrides"]
        changed = "".join(f", {key} = {overrides[key]}" for key in sorted(overrides))
        groups.setdefault((record.content["preset"], changed), []).append(record)
    return groups, faults


def details(record: Record) -> str:
    """Everything about a record, for a terminal."""
    content = record.content
    lines = [f"{content['experiment']} · {content['preset']} · {record.line()}"]
    config = ", ".join(f"{key} {value}" for key, value in content["config"].items())
    lines.append(f"configuration: {config}")
    for name, metric in content["metrics"].items():
        unit = f" {metric['unit']}" if metric["unit"] != "1" else ""
        lines.append(f"  {name:<20} {rounded(metric['value'])}{unit}")
    starts = "; ".join(
        f"{name} started at step {', '.join(map(str, steps))}"
        for name, steps in content["sessions"].items()
    )
    return "\n".join([*lines, f"sessions: {starts}", f"file: {record.path}"])


def rounded(value: Any) -> str:
    """Numbers to four digits, lists in brackets."""
    if isinstance(value, list):
        return "[" + ", ".join(rounded(item) for item in value) + "]"
    return f"{value:.4g}"
