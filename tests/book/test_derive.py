"""Derived blocks of README and CITATION.cff."""

import json

import derive
import pytest

README = """# Name
<!-- derived:colab -->
<!-- /derived -->
Kept.
<!-- derived:clone -->
<!-- /derived -->
<!-- derived:chapters -->
old
<!-- /derived -->
"""
FRONT_ONLY = "---\nkernelspec: {display_name: Python 3, language: python, name: python3}\n---\n"
CITATION = "title: x\n# derived:version\n# /derived\n# derived:repository\n# /derived\nend: 1\n"


@pytest.fixture
def files(root):
    (root / "README.md").write_text(README)
    (root / "CITATION.cff").write_text(CITATION)
    return root


def test_blocks_are_filled_and_the_rest_is_kept(files):
    assert derive.main(["--root", str(files)]) == 0
    text = (files / "README.md").read_text()
    assert "Kept." in text
    assert "old" not in text
    assert "| Flows | A flow moves every point $z$ along a field. |" in text
    assert "[source](book/foundations/flows.md), [Colab](https://colab." in text
    assert "\n\nAppendix: [Bibliography](book/appendix/bibliography.md).\n" in text
    assert "```\ngit clone https://github.com/" in text
    citation = (files / "CITATION.cff").read_text()
    assert 'version: "0.' in citation or 'version: "1.' in citation
    assert 'repository-code: "https://github.com/' in citation
    assert citation.endswith("# /derived\nend: 1\n")


def test_check_fails_until_the_blocks_are_written(files, capsys):
    assert derive.main(["--root", str(files), "--check"]) == 1
    assert "out of date: README.md" in capsys.readouterr().out
    assert (files / "README.md").read_text() == README
    derive.main(["--root", str(files)])
    assert derive.main(["--root", str(files), "--check"]) == 0


def test_costs_come_from_the_record_of_a_fresh_clone(files):
    text = "<!-- derived:measured -->\n<!-- /derived -->\n"
    (files / "README.md").write_text(text)
    assert derive.main(["--root", str(files)]) == 0
    assert (files / "README.md").read_text() == text  # nothing measured yet, nothing claimed
    record = {"cores": 2, "system": "Linux x86_64", "python": "3.11.7", "pages_mb": 14.2}
    record |= {"seconds": {"environment": 61, "book": 95, "test": 300.5}}
    record |= {"environment_gb": 5.43, "largest_process_gb": 1.24}
    (files / "results").mkdir()
    (files / "results/build.json").write_text(json.dumps(record))
    derive.main(["--root", str(files)])
    written = " ".join((files / "README.md").read_text().split())
    assert "on 2 cores (Linux x86_64, Python 3.11.7)" in written
    assert "takes 70 seconds and 5.4 GB of disk" in written
    assert "building the book 2 minutes, the tests 6 minutes" in written
    assert "1.2 GB of memory, the pages take 14 MB." in written


def test_a_promise_ends_with_its_cell(files):
    page = files / "book/foundations/flows.md"
    cell = "A flow moves every point.\n\n```{code-cell}\nx = 1\n```\n## Next\n"
    page.write_text(FRONT_ONLY + "# Flows\n\n" + cell)
    derive.main(["--root", str(files)])
    assert "| Flows | A flow moves every point. |" in (files / "README.md").read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- derived:unknown -->\n<!-- /derived -->\n", "unknown block derived:unknown"),
        ("<!-- derived:colab -->\n", "not closed"),
    ],
)
def test_a_wrong_marker_is_named_and_nothing_is_written(files, capsys, text, message):
    (files / "README.md").write_text(text)
    assert derive.main(["--root", str(files)]) == 1
    assert message in capsys.readouterr().err
    assert (files / "README.md").read_text() == text


def test_a_page_without_a_promise_is_named(files, capsys):
    (files / "book/foundations/flows.md").write_text(
        FRONT_ONLY + "# Flows\n\n| a |\n| - |\n\n```{code-cell}\nx = 1\n```\n"
    )
    assert derive.main(["--root", str(files)]) == 1
    assert "book/foundations/flows: no promise" in capsys.readouterr().err
