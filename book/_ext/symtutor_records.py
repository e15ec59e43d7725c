"""``{record-table}``: the records that the book wants, and what is there of them.

One row per configuration: seeds there and wanted, the headline metrics with their range over the
seeds, device and seconds. What is missing is shown as missing, with the command that makes it.
"""

from typing import Any, ClassVar

import symtutor_tables
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from symtutor import experiments
from symtutor.records import Record, library
from symtutor.records.summary import metric_text

HEADER = ("Experiment", "Seeds", "Result", "Seconds a run", "Device")


def cells(name: str, wanted: experiments.Wanted) -> tuple[str, str, str, str, str]:
    """The texts of one row."""
    there = library.find(name, wanted.preset, wanted.seeds, wanted.overrides)
    seeds = f"{len(there)} of {len(wanted.seeds)}"
    if not len(there):
        return (there.title, seeds, "not recorded yet", "–", "–")
    result = "; ".join(metric_text(key, there.found) for key in experiments.get(name).headline)
    return (there.title, seeds, result, seconds(there.found), devices(there.found))


def seconds(records: tuple[Record, ...]) -> str:
    """Range of the run times."""
    times = sorted(round(record.content["seconds"]) for record in records)
    return str(times[0]) if times[0] == times[-1] else f"{times[0]}–{times[-1]}"


def devices(records: tuple[Record, ...]) -> str:
    """Every device that was used."""
    return "; ".join(sorted({record.content["device"] for record in records}))


def rows() -> list[tuple[str, ...]]:
    """The texts of all rows."""
    return [
        cells(name, wanted)
        for name in experiments.names()
        for wanted in experiments.get(name).wanted
    ]


def missing() -> nodes.Node:
    """The commands that make what is missing; nothing where all is there."""
    lines = [text for text, path in library.wanted(experiments.names()) if not path.exists()]
    text = "\n".join(lines)
    return nodes.literal_block(text, text, language="bash") if lines else nodes.comment()


class RecordTable(SphinxDirective):
    """``{record-table}``: table and missing commands."""

    has_content = False
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        root = library.results_root()
        for path in sorted(root.rglob("seed*.json")):
            self.env.note_dependency(str(path))
        return [symtutor_tables.table(HEADER, rows()), missing()]


def register(app: Sphinx) -> None:
    """Register the directive."""
    directive: type[Directive] = RecordTable
    app.add_directive("record-table", directive)
