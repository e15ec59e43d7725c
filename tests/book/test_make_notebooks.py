"""The notebook generator: deterministic, and outputs only where they are compared."""

import json
import re

import bookfacts
import make_notebooks
import nbformat
import pytest

PATH = "book/notebooks/foundations/flows.ipynb"
CHAPTER = "book/foundations/flows"
RAW = re.compile(r"^\s*(`{3,}|:{3,})\{|^:::|\{[a-z]+(:[a-z]+)*\}`|^\([\w-]+\)=", re.MULTILINE)


@pytest.fixture
def generated(root):
    assert make_notebooks.main(["--root", str(root)]) == 0
    return nbformat.read(root / PATH, 4)


def test_running_twice_changes_nothing(root, generated):
    before = (root / PATH).read_bytes()
    stamp = (root / PATH).stat().st_mtime_ns
    assert make_notebooks.main(["--root", str(root)]) == 0
    assert (root / PATH).read_bytes() == before
    assert (root / PATH).stat().st_mtime_ns == stamp
    assert make_notebooks.main(["--root", str(root), "--check"]) == 0


def test_two_fresh_runs_agree_byte_for_byte(root, generated):
    first = (root / PATH).read_bytes()
    (root / PATH).unlink()
    make_notebooks.main(["--root", str(root)])
    assert (root / PATH).read_bytes() == first


def test_editing_one_cell_keeps_the_ids_of_the_others(root, generated):
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text().replace("More follows.", "More comes."))
    make_notebooks.main(["--root", str(root)])
    edited = nbformat.read(root / PATH, 4)
    same = [a["id"] == b["id"] for a, b in zip(generated.cells, edited.cells, strict=True)]
    assert same.count(False) == 1
    assert len({cell["id"] for cell in edited.cells}) == len(edited.cells)


def test_check_fails_and_writes_nothing_when_a_chapter_changed(root, generated, capsys):
    before = (root / PATH).read_bytes()
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text().replace("More", "Much more"))
    assert make_notebooks.main(["--root", str(root), "--check"]) == 1
    assert f"out of date: {PATH}" in capsys.readouterr().out
    assert (root / PATH).read_bytes() == before


def test_check_fails_for_a_missing_output_and_for_an_orphan(root, generated, capsys):
    generated.cells[-1].outputs = []
    nbformat.write(generated, root / PATH)
    (root / "book/notebooks/old.ipynb").write_text("{}")
    assert make_notebooks.main(["--root", str(root), "--check"]) == 1
    out = capsys.readouterr().out
    assert PATH in out
    assert "old.ipynb (its chapter is gone)" in out


def test_only_the_checked_cell_stores_its_output(generated):
    code = [cell for cell in generated.cells if cell.cell_type == "code"]
    assert code[0].outputs == []
    assert code[1].outputs[0].text == "3.142\n"
    assert [cell.execution_count for cell in code] == [None, 2]  # nbval wants it where it compares


def test_stored_output_is_taken_over_without_executing(root, generated, monkeypatch):
    generated.cells[-1].outputs[0].text = "stored\n"
    nbformat.write(generated, root / PATH)
    monkeypatch.setattr(make_notebooks, "execute", lambda *_: pytest.fail("executed"))
    make_notebooks.main(["--root", str(root)])
    assert nbformat.read(root / PATH, 4).cells[-1].outputs[0].text == "stored\n"


def test_a_checked_cell_that_prints_nothing_is_refused(root, capsys):
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text().replace("print(round(math.pi, 3))", "x = 1"))
    assert make_notebooks.main(["--root", str(root)]) == 1
    assert "prints nothing" in capsys.readouterr().err
    assert not (root / PATH).exists()


def test_a_chapter_that_fails_is_named_and_not_written(root, capsys):
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text().replace("math.pi, 3", "1 / 0, 3"))
    assert make_notebooks.main(["--root", str(root)]) == 1
    error = capsys.readouterr().err
    assert f"{CHAPTER} does not run" in error
    assert "ZeroDivisionError" in error
    assert not (root / PATH).exists()


def test_metadata_is_plain_and_gpu_only_on_request(root, generated):
    assert set(generated.metadata) == {"kernelspec", "language_info"}
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text().replace("symtutor:", "accelerator: GPU\nsymtutor:", 1))
    make_notebooks.main(["--root", str(root)])
    metadata = nbformat.read(root / PATH, 4).metadata
    assert metadata["accelerator"] == "GPU"
    assert metadata["colab"] == {"gpuType": "T4", "provenance": [], "toc_visible": True}


def test_first_cell_links_to_colab_and_hidden_input_is_folded(root, generated):
    assert generated.cells[0].source.startswith("[**Open in Colab**](https://colab.research.")
    assert f"/{PATH})" in generated.cells[0].source
    setup = next(cell for cell in generated.cells if cell.cell_type == "code")
    assert setup.metadata["cellView"] == "form"
    assert setup.metadata["jupyter"] == {"source_hidden": True}
    assert setup.source.endswith("import math")


def test_generation_stops_at_untranslatable_syntax_and_writes_nothing(root, capsys):
    page = root / f"{CHAPTER}.md"
    page.write_text(page.read_text() + "\n```{mermaid}\ngraph\n```\n")
    assert make_notebooks.main(["--root", str(root)]) == 1
    assert "{mermaid}" in capsys.readouterr().err
    assert not (root / PATH).exists()


def test_no_notebook_of_the_book_shows_raw_syntax():
    notebooks = sorted((bookfacts.ROOT / "book/notebooks").rglob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                assert not RAW.search("".join(cell["source"])), path
