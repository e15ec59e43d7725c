"""Every finding of the browser audit, in Chromium, on a page that is sound but for one thing."""

import audit_browser
import pytest
from browser import find_chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None, reason="no Chromium here (apt-get install chromium)"
    ),
]
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width">
<style>body { background: #fff; color: #000; margin: 8px }</style></head>
<body><main><article><h1>A page</h1>
<div class="math"><mjx-container>x</mjx-container></div>
<div data-st-slider="a"><img src="DOT" alt="first"><img src="DOT" alt="second" style="display:none">
<label>s <input type="range" min="0" max="1" value="0" aria-valuetext="0"></label></div>
</article></main><script>
const range = document.querySelector("input"), frames = document.querySelectorAll("img");
range.oninput = () => {
  frames.forEach((f, i) => { f.style.display = i == range.value ? "block" : "none"; });
  range.setAttribute("aria-valuetext", range.value);
};
</script></body></html>
""".replace("DOT", DOT)


def audited(folder, old="", new=""):
    """Findings of a book of one page, in which ``old`` was replaced."""
    assert old in PAGE
    (folder / "page.html").write_text(PAGE.replace(old, new, 1) if old else PAGE)
    return audit_browser.audit(folder, find_chromium())


def test_a_sound_page_passes_in_all_views_and_from_disk(tmp_path):
    report = audited(tmp_path)
    assert report.findings == []
    assert report.counts["widths"] == len(audit_browser.VIEWS) + 1
    assert report.counts["sliders"] == len(audit_browser.VIEWS) + 1
    assert report.counts["axe runs"] == 3
    assert report.counts["pages from disk"] == 1


WRONG = {
    "console error: oh": ("const range", "console.error('oh'); const range"),
    "script error": ("const range", "setTimeout(() => nothing(), 0); const range"),
    "failed request": ("<h1>", '<script src="gone.js"></script><h1>'),
    "request outside the book": ("<h1>", '<script src="http://127.0.0.1:9/x.js"></script><h1>'),
    "scrolls sideways": ("<h1>", '<div style="width:1500px">wide</div><h1>'),
    "not typeset": ("<mjx-container>x</mjx-container>", r"\(x\)"),
    "TeX error": ("<mjx-container>", '<mjx-container data-mjx-error="Undefined">'),
    "picture not shown": ("<h1>", '<img src="data:image/png;base64,AA" alt="broken"><h1>'),
    "does not change the picture": ("i == range.value", "i == 0"),
    "spoken value": ('range.setAttribute("aria-valuetext", range.value);', ""),
    "axe color-contrast": ("color: #000", "color: #bbb"),
    "axe image-alt": ('alt="first"', ""),
}


@pytest.mark.parametrize("message", WRONG)
def test_each_finding(tmp_path, message, monkeypatch):
    monkeypatch.setattr(audit_browser, "VIEWS", audit_browser.VIEWS[:1])
    report = audited(tmp_path, *WRONG[message])
    assert any(message in finding for finding in report.findings), report.findings
    assert report.counts["failed"]


def test_an_empty_folder_is_a_finding(tmp_path):
    assert "no page found" in audit_browser.audit(tmp_path, find_chromium()).findings[0]


def test_without_chromium_the_audit_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(audit_browser, "find_chromium", lambda: None)
    assert audit_browser.main([str(tmp_path)]) == 0
    assert "SKIPPED" in capsys.readouterr().out
    assert audit_browser.main([str(tmp_path), "--require"]) == 1
