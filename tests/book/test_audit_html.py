"""Every finding of the HTML audit, on a small book that is sound but for one thing."""

import json

import audit_html
import pytest

PAGE = """<!DOCTYPE html><html lang="en"><head><title>T</title>
<link rel="stylesheet" href="style.css"><link rel="canonical" href="https://example.org/"></head>
<body><article><h1 id="top">Title</h1>
<p>The gap is 1.2e-07, see <a href="#fig">the figure</a> and <a href="other.html#there">more</a>,
<a href="https://example.org">elsewhere</a>. <span class="math">\\({a}\\)</span>
<code>{role} nan ??</code></p>
<figure id="fig"><img src="picture.png" alt="A closed curve around the origin of the plane.">
<figcaption><span class="caption-text">The orbit.</span></figcaption></figure>
<div class="cell docutils container"><div class="cell_input"><pre>x = 1
</pre></div><div class="cell_output"><div class="output stream"><pre>nan</pre></div></div></div>
</article></body></html>
"""
BUDGET = {"seconds": 3.0, "seconds_allowed": 60, "memory_mib": 300.0, "memory_mib_allowed": 1500}


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "html"
    root.mkdir()
    (root / "page.html").write_text(PAGE)
    (root / "other.html").write_text('<article><p id="there">Here.</p></article>')
    (root / "style.css").write_text("@import url(other.css); a { color: red }")
    (root / "picture.png").write_bytes(b"png")
    (root / "budget.json").write_text(json.dumps({"page": BUDGET}))
    return root


def findings(site):
    return audit_html.audit(site, site.parent / "repository")[1]


def test_a_sound_book_has_no_finding_and_everything_is_counted(site, capsys):
    assert findings(site) == []
    assert audit_html.main([str(site)]) == 0
    out = capsys.readouterr().out
    assert "2 pages" in out
    assert "1 pictures" in out
    assert "2 budgets" in out
    assert out.splitlines()[-1].endswith("passed, 0 failed")


ALT = 'alt="A closed curve around the origin of the plane."'
WRONG = [
    (ALT, "", "no alternative text"),
    (ALT, 'alt=""', "no alternative text"),
    (ALT, 'alt="_images/0123456789abcdef0123.png"', "is a file name"),
    (ALT, 'alt="picture of the orbit.png"', "is a file name"),
    (ALT, 'alt="0123456789abcdef0123456789"', "is a file name"),
    (ALT, 'alt="A curve."', "has 8 characters"),
    (ALT, f'alt="{"long " * 61}"', "has 304 characters"),
    ("The orbit.", "A closed curve around the origin of the plane", "repeats the caption"),
    ("#fig", "#figure", "missing anchor: #figure"),
    ("other.html#there", "other.html#gone", "missing anchor: other.html#gone"),
    ("other.html#there", "gone.html", "missing file: gone.html"),
    ("picture.png", "gone.png", "missing file: gone.png"),
    ("1.2e-07", "nan", "a number that is not one"),
    ("1.2e-07", "inf", "an infinite number"),
    ("1.2e-07", "??", "an unresolved reference"),
    ("1.2e-07", "{glue:text}", "an unresolved role"),
    ("1.2e-07", "{{ gap }}", "an unresolved substitution"),
    ("1.2e-07", "$x^2$", "mathematics left as text"),
    ("<p>The gap", "<p>\n::: The gap", "a directive left as text"),
    ("1.2e-07", '<span class="problematic">gap</span>', "an unresolved reference: 'gap'"),
    ("1.2e-07", "/home/someone/book", "a local path: '/home/someone'"),
    ("1.2e-07", "lib/site-packages/x", "a local path: 'site-packages'"),
    ("<title>", '<script src="https://cdn.example/x.js"></script><title>', "<script> loads"),
    ("<title>", '<script src="//cdn.example/x.js"></script><title>', "<script> loads"),
    ('href="style.css"', 'href="https://cdn.example/x.css"', "<link> loads"),
    ("picture.png", "https://img.example/x.png", "<img> loads"),
    ("<title>", "<style>@import 'https://fonts.example/x';</style><title>", "a style loads"),
    ("<p>", '<p style="background: url(https://x.example/y.png)">', "a style loads"),
    ('"output stream"', '"output stderr"', "writes to the error stream"),
    ('"output stream"', '"output traceback"', "a cell failed"),
    ("x = 1\n", "x = 1\n" * 26, "has 26 lines"),
]


@pytest.mark.parametrize(("old", "new", "message"), WRONG)
def test_each_finding(site, old, new, message, capsys):
    assert old in PAGE
    (site / "page.html").write_text(PAGE.replace(old, new, 1))
    (finding,) = [text for text in findings(site) if message in text]
    assert finding.startswith("page.html: ")
    assert audit_html.main([str(site)]) == 1
    assert message in capsys.readouterr().out


def test_a_hidden_cell_may_be_long_and_an_intended_error_may_be_shown(site):
    text = PAGE.replace("x = 1\n", "x = 1\n" * 26).replace('"cell doc', '"cell tag_hide-input doc')
    (site / "page.html").write_text(text)
    assert findings(site) == []
    text = PAGE.replace('"output stream"', '"output traceback"')
    (site / "page.html").write_text(text.replace('"cell doc', '"cell tag_raises-exception doc'))
    assert findings(site) == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("seconds", 61.0, "page: 61 s of execution, but 60 are allowed"),
        ("memory_mib", 1501.0, "page: 1501 MiB of memory, but 1500 are allowed"),
        ("memory_mib", None, "page: MiB of memory not measured"),
        ("seconds_allowed", None, "page: no budget declared for s of execution"),
    ],
)
def test_budgets_are_enforced(site, key, value, message):
    (site / "budget.json").write_text(json.dumps({"page": BUDGET | {key: value}}))
    assert [text for text in findings(site) if text.startswith(message)]


def test_missing_and_empty_budget_files_are_findings(site):
    (site / "budget.json").write_text("{}")
    assert "no chapter was executed" in findings(site)[0]
    (site / "budget.json").unlink()
    assert "budget.json is missing" in findings(site)[0]


def test_downloads_and_style_sheets_are_searched(site):
    (site / "notebook.ipynb").write_text('{"cells": "/root/x"}')
    (site / "style.css").write_text("a { background: url('https://x.example/y.woff') }")
    assert findings(site) == [
        "notebook.ipynb: a local path: '/root/'",
        "style.css: a style loads https://x.example/y.woff",
    ]


def test_the_place_of_the_repository_is_a_leak(site):
    repository = site.parent / "repository"
    (site / "page.html").write_text(PAGE.replace("1.2e-07", f"{repository}/x"))
    assert any(str(repository) in text for text in findings(site))


def test_an_empty_folder_is_a_finding(tmp_path):
    assert "no page found" in audit_html.audit(tmp_path, tmp_path / "x")[1][-1]
