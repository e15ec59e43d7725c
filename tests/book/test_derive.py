"""Derived blocks of README and CITATION.cff."""

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
    assert "[source](book/appendix/bibliography.md) |" in text
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
