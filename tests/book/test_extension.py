"""The Sphinx extension: what is reused, what is measured, what is written into the pages."""

import json
import types

import pytest
import symtutor_api
import symtutor_book
import symtutor_budget
import symtutor_pages


@pytest.fixture
def app(root):
    """As much of a Sphinx application as the handlers look at, for a repository of three pages."""
    (root / "symtutor").mkdir()
    (root / "symtutor/code.py").write_text("x = 1\n")
    (root / "constraints.txt").write_text("torch==1\n")
    build = root / "_build"
    for name in (".jupyter_cache", ".doctrees", "html", "jupyter_execute"):
        (build / name).mkdir(parents=True)
        (build / name / "old").write_text("old")
    builder = types.SimpleNamespace(name="html")
    paths = {"srcdir": root, "outdir": build / "html", "doctreedir": build / ".doctrees"}
    config = types.SimpleNamespace(root_doc="book/index", html_title="The <book>")
    return types.SimpleNamespace(**paths, builder=builder, config=config)


def left(app):
    """Folders whose earlier contents are still there."""
    build = app.outdir.parent
    return {path.parent.name for path in build.glob("*/old")}


def test_nothing_is_discarded_while_nothing_changes(app):
    symtutor_book.discard_stale(app, app.config)
    assert left(app) == set()
    for name in (".jupyter_cache", ".doctrees", "html"):
        (app.outdir.parent / name).mkdir(exist_ok=True)
        (app.outdir.parent / name / "old").write_text("new")
    symtutor_book.discard_stale(app, app.config)
    assert left(app) == {".jupyter_cache", ".doctrees", "html"}


@pytest.mark.parametrize(
    ("name", "outputs_kept"),
    [
        ("symtutor/code.py", False),
        ("symtutor/new.py", False),
        ("constraints.txt", False),
        ("results/run.json", False),
        ("_config.yml", True),
        ("book/_ext/extension.py", True),
        ("symtutor/__pycache__/code.pyc", None),
    ],
)
def test_a_change_discards_what_depends_on_it(app, name, outputs_kept):
    before = symtutor_book.build_keys(app.srcdir)
    path = app.srcdir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("changed")
    after = symtutor_book.build_keys(app.srcdir)
    assert (before["pages"] == after["pages"]) == (outputs_kept is None)
    assert (before["outputs"] == after["outputs"]) == (outputs_kept is not False)


def test_mathematics_and_its_fonts_are_copied_but_not_the_rest(tmp_path):
    symtutor_book.copy_mathjax(tmp_path)
    folder = tmp_path / "vendor/mathjax"
    assert (folder / "tex-mml-chtml.js").stat().st_size > 1e6
    assert len(list(folder.rglob("*.woff"))) > 15
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 3e6


def test_peak_memory_is_read_from_the_glued_value(tmp_path):
    def glued(text):
        value = {"chapter_peak_mib": {"data": {"text/plain": text}}}
        (tmp_path / "page.glue.json").write_text(json.dumps(value))
        return symtutor_budget.peak_memory(tmp_path, "page")

    assert symtutor_budget.peak_memory(tmp_path, "page") is None
    assert glued("812") == 812
    assert glued("'unknown'") is None


def test_the_table_shows_declared_beside_measured():
    row = {"seconds": 3.21, "seconds_allowed": 60, "memory_mib": None, "memory_mib_allowed": 1500}
    table = symtutor_budget.table("book/appendix/x", {"book/foundations/flows": row})
    cells = [entry.astext() for entry in table.findall(lambda node: node.tagname == "entry")]
    assert cells[5:] == ["book/foundations/flows", "3.2", "60", "–", "1500"]


def test_buttons_open_the_generated_notebook(app):
    page = "book/foundations/flows"
    source = app.srcdir / symtutor_pages.notebook_path(page)
    source.parent.mkdir(parents=True)
    source.write_text("plain")
    colab = "https://colab.example/github/a/b/blob/main/"
    context = {
        "header_buttons": [
            {"label": "launch-buttons", "buttons": [{"url": f"{colab}{page}.md"}]},
            {"label": "download-buttons", "buttons": []},
        ]
    }
    symtutor_pages.use_generated_notebook(app, page, "page.html", context, None)
    url = context["header_buttons"][0]["buttons"][0]["url"]
    assert url == f"{colab}book/notebooks/foundations/flows.ipynb"
    assert (app.outdir / "_sources" / f"{page}.ipynb").read_text() == "plain"


def test_a_page_without_notebook_has_no_launch_button(app):
    context = {"header_buttons": [{"label": "launch-buttons"}, {"label": "download-buttons"}]}
    symtutor_pages.use_generated_notebook(app, "book/index", "page.html", context, None)
    assert context["header_buttons"] == [{"label": "download-buttons"}]


def test_thebe_scripts_are_dropped():
    script = types.SimpleNamespace
    keep = script(filename="_static/a.js", attributes={})
    drop = [
        script(filename="_static/sphinx-thebe.js", attributes={}),
        script(filename=None, attributes={"body": "const THEBE_JS_URL = 'x'"}),
    ]
    context = {"script_files": [drop[0], keep, drop[1]]}
    symtutor_pages.drop_thebe(None, "p", "t", context, None)
    assert context["script_files"] == [keep]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a `b` c", "a ``b`` c"),
        ("`b`^2 and `b`.", r"``b``\ ^2 and ``b``."),
        ("$x_1$ is", ":math:`x_1` is"),
        (r"$\theta$s", r":math:`\theta`\ s"),
        ("$$x_1\n  =2$$", ".. math::\n\n   x_1\n   =2"),
        ("    $$y$$", "    .. math::\n\n       y"),
        ("|x| and *very* and 2 * 3", r"\|x\| and *very* and 2 \* 3"),
        ('"*k b" and "*k h"', r'"\*k b" and "\*k h"'),
        ("{glue:text}`key`.", "``{glue:text}`key```."),
        ("``done`` x_", r"``done`` x\_"),
    ],
)
def test_docstrings_become_restructured_text(text, expected):
    assert symtutor_api.to_rst(text) == expected


def test_examples_in_docstrings_stay_as_they_are():
    lines = ["Half of `x`.", "", "Example:", "    >>> half(`x`) | 2", "    1", "", "More $y$."]
    symtutor_api.convert(None, "function", "half", None, None, lines)
    assert lines[0] == "Half of ``x``."
    assert lines[2:5] == ["Example:", "    >>> half(`x`) | 2", "    1"]
    assert lines[-1] == "More :math:`y`."
