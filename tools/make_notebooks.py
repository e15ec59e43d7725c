"""Generate ``book/notebooks/**.ipynb`` from the chapters: the same text in plain Markdown.

    python tools/make_notebooks.py            write what changed
    python tools/make_notebooks.py --check    change nothing; fail where a notebook is out of date

The result depends on the sources alone: cell ids are a hash of page, position and source. Outputs
are stored for cells tagged ``nbval-check-output`` only; they are taken over from the existing file
by cell id, and a chapter is executed only when one of them is missing.
"""

import argparse
import copy
import hashlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from bookfacts import ROOT, Book, Chapter
from install_guard import guard
from plain_blocks import blocks
from plain_inline import Context, UntranslatableError, inline

CHECKED = "nbval-check-output"
FOLDER = "book/notebooks"
COLAB = {"gpuType": "T4", "provenance": [], "toc_visible": True}
TIMEOUT = 300
NOT_STORED = ("image/", "application/papermill.record/")


def cell_id(docname: str, index: int, source: str) -> str:
    """Sixteen hexadecimal digits that change only when the cell does."""
    return hashlib.sha256(f"{docname}\0{index}\0{source}".encode()).hexdigest()[:16]


def figure_caption(cell: Any, context: Context) -> str:
    """The caption of a figure cell as Markdown, empty where the cell draws none."""
    figure = cell.metadata.get("mystnb", {}).get("figure", {})
    if "caption" not in figure:
        return ""
    name = figure.get("name")
    number = f" {context.label(name).number}" if name else ""
    return f"**Figure{number}.** {inline(figure['caption'], context)}"


def code_metadata(cell: Any) -> dict[str, Any]:
    """Tags stay; hidden input is folded in Colab (cellView) and JupyterLab (source_hidden)."""
    tags = list(cell.metadata.get("tags", []))
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    if "hide-input" in tags or "hide-cell" in tags:
        metadata |= {"cellView": "form", "jupyter": {"source_hidden": True}}
    return metadata


def plain_cells(chapter: Chapter, book: Book) -> list[tuple[str, str, dict[str, Any]]]:
    """(type, source, metadata) of every cell of the notebook."""
    context = Context(book, chapter.docname)
    links = f"[**Open in Colab**]({book.colab(chapter.docname)}) · "
    links += f"[read this chapter in the book]({book.page(chapter.docname)})"
    cells: list[tuple[str, str, dict[str, Any]]] = [("markdown", links, {})]
    for cell in chapter.notebook.cells:
        if cell.cell_type == "code":
            metadata = code_metadata(cell)
            setup = "setup" in metadata.get("tags", [])
            source = guard(book) + cell.source if setup else cell.source
            cells.append(("code", source, metadata))
            if caption := figure_caption(cell, context):
                cells.append(("markdown", caption, {}))
        elif text := blocks(cell.source, context):
            cells.append(("markdown", text, {}))
    return cells


def convert(chapter: Chapter, book: Book) -> Any:
    """The chapter as a notebook without outputs."""
    notebook = nbformat.v4.new_notebook()
    for index, (kind, source, metadata) in enumerate(plain_cells(chapter, book)):
        make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
        cell = make(source, metadata=metadata)
        cell["id"] = cell_id(chapter.docname, index, source)
        notebook.cells.append(cell)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    asked = chapter.notebook.metadata
    if asked.get("accelerator") == "GPU":
        notebook.metadata |= {"accelerator": "GPU", "colab": {**COLAB, **asked.get("colab", {})}}
    number_checked(notebook)
    return notebook


def is_checked(cell: Any) -> bool:
    return cell.cell_type == "code" and CHECKED in cell.metadata.get("tags", [])


def number_checked(notebook: Any) -> None:
    """Count the checked cells as a fresh run does: nbval compares no cell without a count."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, start=1):
        if is_checked(cell):
            cell.execution_count = count


def text_outputs(outputs: list[Any]) -> list[Any]:
    """What nbval compares: streams and text, without pictures, glued numbers and counters."""
    kept = []
    for output in copy.deepcopy(outputs):
        if output.output_type == "stream":
            if kept and kept[-1].output_type == "stream" and kept[-1].name == output.name:
                kept[-1].text += output.text
            else:
                kept.append(output)
        elif output.output_type in ("display_data", "execute_result"):
            for key in [key for key in output.data if key.startswith(NOT_STORED)]:
                del output.data[key]
            if not output.data:
                continue
            if "execution_count" in output:
                output.execution_count = None
            output.metadata = {}
            kept.append(output)
    return kept


def reuse_outputs(notebook: Any, old: Any) -> list[str]:
    """Copy stored outputs from ``old`` by cell id; ids of the checked cells that have none."""
    known = {cell.get("id"): cell for cell in old.cells if is_checked(cell)} if old else {}
    missing = []
    for cell in filter(is_checked, notebook.cells):
        stored = known.get(cell["id"])
        if stored is not None and stored.outputs:
            cell.outputs = stored.outputs
        else:
            missing.append(cell["id"])
    return missing


def execute(notebook: Any, name: str) -> None:
    """Run a copy in an empty folder and keep the text outputs of the checked cells."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    ran = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        client = NotebookClient(ran, timeout=TIMEOUT, resources=resources, kernel_name="python3")
        try:
            client.execute()
        except CellExecutionError as error:
            raise ValueError(
                f"{name} does not run, so its outputs cannot be stored\n{error}"
            ) from None
    for cell, done in zip(notebook.cells, ran.cells, strict=True):
        if is_checked(cell):
            cell.outputs = text_outputs(done.outputs)
            if not cell.outputs:
                raise ValueError(
                    f"{name}: the cell {cell.source.splitlines()[0]!r} is tagged {CHECKED} but "
                    "prints nothing; print its result or take the tag off"
                )


def serialise(notebook: Any) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def generate(book: Book, check: bool) -> list[str]:
    """Write (or with ``check`` only compare) all notebooks; a message for each that differs."""
    folder, messages = book.root / FOLDER, []
    wanted: set[Path] = set()
    for docname, chapter in book.chapters.items():
        if not chapter.has_code:
            continue
        path = book.root / book.notebook(docname)
        wanted.add(path)
        old_text = path.read_text(encoding="utf-8") if path.is_file() else ""
        notebook = convert(chapter, book)
        missing = reuse_outputs(notebook, nbformat.reads(old_text, 4) if old_text else None)
        if missing and not check:
            print(f"executing {docname}: {len(missing)} checked outputs are missing", flush=True)
            execute(notebook, docname)
        if (text := serialise(notebook)) != old_text or missing:
            messages.append(book.notebook(docname))
            if not check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    for path in sorted(set(folder.rglob("*.ipynb")) - wanted):
        messages.append(f"{path.relative_to(book.root)} (its chapter is gone)")
        if not check:
            path.unlink()
    print(f"notebooks: {len(wanted)} generated from {len(book.chapters)} pages")
    return messages


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Generate the notebooks of the book.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail on a difference")
    parser.add_argument("--root", type=Path, default=ROOT, help="repository root")
    options = parser.parse_args(argv)
    try:
        messages = generate(Book(options.root), options.check)
    except (UntranslatableError, FileNotFoundError, ValueError) as error:
        print(f"make_notebooks: {error}", file=sys.stderr)
        return 1
    for message in messages:
        print(f"{'out of date' if options.check else 'written'}: {message}")
    if options.check and messages:
        print("Run `make notebooks` and commit the result.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
