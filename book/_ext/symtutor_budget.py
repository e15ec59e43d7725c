"""Time and memory of every chapter: declared in its front matter, measured, shown, written out.

A chapter declares ``symtutor: {budget: {seconds: 60, memory_mb: 1500}}``. Seconds are the
execution time recorded by myst-nb; the peak memory is the number ``chapter_peak_mib`` that
``st.provenance()`` glues in the chapter's last cell. ``budget.json`` in the HTML folder holds
both for ``tools/audit_html.py``, which enforces them.
"""

import json
import posixpath
from pathlib import Path
from typing import Any, ClassVar

import symtutor_tables
import yaml
from docutils import nodes
from docutils.parsers.rst import Directive
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

HEADER = ("Chapter", "Seconds", "Allowed", "Peak MiB", "Allowed")
PEAK_KEY = "chapter_peak_mib"
MARK = "has_budget_table"


def front_matter(path: Path) -> dict[str, Any]:
    """The YAML block at the head of a Markdown file ({} where there is none)."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith("---\n"):
        return {}
    return yaml.safe_load(text[4:].split("\n---", 1)[0]) or {}


def peak_memory(output_folder: Path, docname: str) -> float | None:
    """The glued peak memory of a chapter in MiB, or None where the chapter glued none."""
    path = output_folder / f"{docname}.glue.json"
    if not path.is_file():
        return None
    glued = json.loads(path.read_text(encoding="utf-8")).get(PEAK_KEY)
    try:
        return float(glued["data"]["text/plain"])
    except (TypeError, KeyError, ValueError):  # not glued, or a machine that cannot tell
        return None


def reading_order(env: BuildEnvironment) -> list[str]:
    """Every page, as the table of contents lists them."""

    def below(docname: str) -> list[str]:
        return [
            docname,
            *(d for child in env.toctree_includes.get(docname, ()) for d in below(child)),
        ]

    return below(env.config.root_doc)


def measure(app: Sphinx) -> dict[str, dict[str, float | None]]:
    """For every chapter with code: declared and measured seconds and MiB (None where missing)."""
    env = app.env
    folder = Path(env.mystnb_config.output_folder)  # type: ignore[attr-defined]
    rows: dict[str, dict[str, float | None]] = {}
    notebooks = NbMetadataCollector.get_doc_data(env)
    for docname in filter(notebooks.__contains__, reading_order(env)):
        executed = notebooks[docname].get("exec_data")
        if not executed:
            continue
        budget = front_matter(Path(env.doc2path(docname))).get("symtutor", {}).get("budget", {})
        rows[docname] = {
            "seconds": executed["runtime"],
            "seconds_allowed": budget.get("seconds"),
            "memory_mib": peak_memory(folder, docname),
            "memory_mib_allowed": budget.get("memory_mb"),
        }
    return rows


def write_json(app: Sphinx) -> None:
    """Write ``budget.json`` into the HTML folder."""
    path = Path(app.outdir) / "budget.json"
    path.write_text(json.dumps(measure(app), indent=1) + "\n", encoding="utf-8")


class BudgetNode(nodes.General, nodes.Element):
    """Stands for the table until every chapter has been executed."""


class BudgetTable(SphinxDirective):
    """``{budget-table}``: one row per executed chapter."""

    has_content = False
    option_spec: ClassVar[Any] = {}

    def run(self) -> list[nodes.Node]:
        NbMetadataCollector.set_doc_data(self.env, self.env.docname, MARK, True)  # type: ignore[arg-type]
        return [BudgetNode()]


class FillBudgetTable(SphinxPostTransform):
    """Put the table in place once all measurements exist; before references are resolved."""

    default_priority = 8

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(BudgetNode)):
            node.replace_self(table(self.env.docname, measure(self.app)))


def number(value: float | None) -> str:
    """One decimal below ten, none above; a dash where nothing was measured or declared."""
    if value is None:
        return "–"
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"


def link(source: str, target: str) -> nodes.paragraph:
    """A paragraph holding a cross-reference to a page, titled by that page."""
    relative = posixpath.relpath(target, posixpath.dirname(source))
    reference = pending_xref(
        refdoc=source,
        reftarget=relative,
        reftype="doc",
        refdomain="std",
        refexplicit=False,
        refwarn=True,
    )
    reference += nodes.inline(text=target, classes=["doc"])
    return nodes.paragraph("", "", reference)


def table(docname: str, rows: dict[str, dict[str, float | None]]) -> nodes.table:
    """The docutils table of :func:`measure`'s rows."""
    keys = ("seconds", "seconds_allowed", "memory_mib", "memory_mib_allowed")
    cells = [
        (link(docname, target), *(number(row[key]) for key in keys)) for target, row in rows.items()
    ]
    return symtutor_tables.table(HEADER, cells)


def refresh(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Pages with a budget table are rewritten on every build: the numbers may have changed."""
    data = NbMetadataCollector.get_doc_data(env)  # type: ignore[arg-type]
    return [docname for docname, values in data.items() if values.get(MARK)]


def register(app: Sphinx) -> None:
    """Register node, directive and transform."""
    app.add_node(BudgetNode)
    directive: type[Directive] = BudgetTable
    app.add_directive("budget-table", directive)
    app.add_post_transform(FillBudgetTable)
    app.connect("env-updated", refresh)
