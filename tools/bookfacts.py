"""What the generators need to know about the book: address, version, chapters, labels, references.

Everything is read from where it is written once: ``_config.yml`` (address, branch, extensions),
``_toc.yml`` (order of the chapters), ``pyproject.toml`` (version), ``book/**.md`` and the ``.bib``.
"""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext
import yaml
from pybtex.database import parse_file

ROOT = Path(__file__).resolve().parent.parent
TARGET = re.compile(r"^\(([^\s()]+)\)=\s*$")
HEADING = re.compile(r"^(#{1,6})\s+(.*?)\s*#*\s*$")
FENCE = re.compile(r"^(\s*)(`{3,}|:{3,}|~{3,})\{([\w:.+-]+)\}\s*(.*?)\s*$")
MATH_LABEL = re.compile(r"\$\$\s*\(([^\s()]+)\)\s*$")
OPTION = re.compile(r"^\s*:(label|name):\s*(\S+)\s*$")
NUMBERED = {"exercise": "Exercise", "exercise-start": "Exercise", "figure": "Figure"}
NUMBERED |= {"math": "Equation", "table": "Table", "list-table": "Table"}
PROOFS = ("definition", "theorem", "lemma", "proposition", "corollary", "example", "remark")
PROOFS += ("algorithm", "axiom", "conjecture", "property", "observation", "assumption", "criterion")


@dataclass(frozen=True)
class Label:
    """A target: what it names, its number among its kind in the chapter, its title, its page."""

    kind: str
    number: int | None
    title: str
    docname: str


@dataclass
class Chapter:
    """One source page: notebook cells, front matter and title."""

    docname: str
    path: Path
    notebook: Any = field(repr=False)

    @property
    def has_code(self) -> bool:
        return any(cell.cell_type == "code" for cell in self.notebook.cells)

    @property
    def title(self) -> str:
        for line in self.lines():
            found = HEADING.match(line)
            if found:
                return found[2]
        raise ValueError(f"{self.docname}: no title; give the page a first-level heading '# ...'")

    @property
    def promise(self) -> str:
        """The first sentence of the first paragraph below the title."""
        lines = iter(self.lines())
        for line in lines:
            if HEADING.match(line):
                break
        words: list[str] = []
        for line in lines:
            if line.strip():
                words.append(line.strip())
            elif words:
                break
        text = " ".join(words)
        if not text or FENCE.match(text) or text.startswith(("#", "!", "|", "-")):
            raise ValueError(f"{self.docname}: no promise; put one sentence right below the title")
        return re.split(r"(?<=[.!?])\s+(?=[A-Z{$*_`])", text)[0]

    def lines(self) -> list[str]:
        """All lines of the Markdown cells, with an empty one after each cell."""
        return [
            line
            for cell in self.notebook.cells
            if cell.cell_type == "markdown"
            for line in [*cell.source.splitlines(), ""]
        ]


def read_chapter(path: Path, docname: str) -> Chapter:
    """Read a MyST page (with or without code) as a notebook."""
    return Chapter(docname, path, jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst"))


def labels_of(chapter: Chapter) -> dict[str, Label]:
    """Every labelled thing of a chapter, numbered by kind in order of appearance."""
    found: dict[str, Label] = {}
    counts: dict[str, int] = {}

    def note(name: str, kind: str, title: str = "") -> None:
        counts[kind] = counts.get(kind, 0) + 1
        found[name] = Label(kind, counts[kind], title, chapter.docname)

    for cell in chapter.notebook.cells:
        figure = cell.metadata.get("mystnb", {}).get("figure", {})
        if cell.cell_type == "code" and "name" in figure:
            note(figure["name"], "Figure", figure.get("caption", ""))
        elif cell.cell_type == "markdown":
            scan(cell.source.splitlines(), chapter.docname, note, found)
    return found


def scan(lines: list[str], docname: str, note: Any, found: dict[str, Label]) -> None:
    """Collect the labels of one Markdown cell: targets, directives with a label, equations."""
    pending: list[str] = []
    opened: tuple[str, str] = ("", "")
    for line in lines:
        if target := TARGET.match(line):
            pending.append(target[1])
        elif heading := HEADING.match(line):
            for name in pending:
                found[name] = Label("Section", None, heading[2], docname)
            pending = []
        elif fence := FENCE.match(line):
            opened = (fence[3], fence[4])
        elif option := OPTION.match(line):
            kind = NUMBERED.get(opened[0])
            if kind is None and opened[0].startswith("prf:"):
                kind = opened[0].removeprefix("prf:").capitalize()
            if kind:
                note(option[2], kind, opened[1])
            elif opened[0] not in ("solution", "solution-start"):
                found[option[2]] = Label("Section", None, opened[1], docname)
        if equation := MATH_LABEL.search(line):
            note(equation[1], "Equation")


@dataclass
class Book:
    """The whole book below ``root``."""

    root: Path = ROOT

    @cached_property
    def config(self) -> dict[str, Any]:
        return yaml.safe_load((self.root / "_config.yml").read_text(encoding="utf-8"))

    @cached_property
    def version(self) -> str:
        text = (self.root / "pyproject.toml").read_text(encoding="utf-8")
        return tomllib.loads(text)["project"]["version"]

    @property
    def url(self) -> str:
        return self.config["repository"]["url"].rstrip("/")

    @property
    def branch(self) -> str:
        return self.config["repository"]["branch"]

    @property
    def slug(self) -> tuple[str, str]:
        owner, name = self.url.split("/")[-2:]
        return owner, name

    @cached_property
    def docnames(self) -> list[str]:
        """Pages in reading order, the root first."""
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        return [toc["root"], *(entry["file"] for entry in self.entries)]

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The chapters' entries in ``_toc.yml`` with the caption of their part."""
        toc = yaml.safe_load((self.root / "_toc.yml").read_text(encoding="utf-8"))
        parts = toc.get("parts") or [{"chapters": toc.get("chapters", [])}]
        return [
            {"part": part.get("caption", ""), **chapter}
            for part in parts
            for chapter in part["chapters"]
        ]

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        pages = {name: self.root / f"{name}.md" for name in self.docnames}
        missing = [
            f"{path.relative_to(self.root)}" for path in pages.values() if not path.is_file()
        ]
        if missing:
            raise FileNotFoundError(f"_toc.yml lists pages that do not exist: {', '.join(missing)}")
        return {name: read_chapter(path, name) for name, path in pages.items()}

    @cached_property
    def labels(self) -> dict[str, Label]:
        return {k: v for chapter in self.chapters.values() for k, v in labels_of(chapter).items()}

    @cached_property
    def references(self) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for name in self.config.get("bibtex_bibfiles", []):
            entries.update(parse_file(str(self.root / name)).entries)
        return entries

    def notebook(self, docname: str) -> str:
        """Path of the generated notebook below the root."""
        return f"book/notebooks/{docname.removeprefix('book/')}.ipynb"

    def colab(self, docname: str) -> str:
        base = self.config["launch_buttons"]["colab_url"].rstrip("/")
        return f"{base}/github/{'/'.join(self.slug)}/blob/{self.branch}/{self.notebook(docname)}"

    def source(self, docname: str) -> str:
        return f"{self.url}/blob/{self.branch}/{docname}.md"

    def page(self, docname: str) -> str:
        """Address of the built page (GitHub Pages of the repository)."""
        owner, name = self.slug
        return f"https://{owner.lower()}.github.io/{name}/{docname}.html"

    def raw(self, path: str) -> str:
        """Address of a file of the repository as such, for pictures in notebooks."""
        return f"{self.url}/raw/{self.branch}/{path}"
