"""Audit of the built book in headless Chromium.

    python tools/audit_browser.py _build/html [--screenshots FOLDER]

Every page, desktop (1280 px) and phone (360 px), light and dark: no console error, no failed or
foreign request, no sideways scrolling, mathematics typeset, axe-core without violations, sliders
that move by keyboard; pages with mathematics or a slider also from disk. Without a Chromium it says
so and stops (exit status 0; with --require 1).
"""

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browser import Watch, find_chromium, launch, serve

VIEWS = (
    ("desktop light", 1280, "light", True),
    ("desktop dark", 1280, "dark", True),
    ("phone light", 360, "light", True),
    ("phone dark", 360, "dark", False),
)
HEIGHT = 900
# Folded parts are opened first: what a reader may unfold must be sound as well.
UNFOLD = """async () => {
  document.querySelectorAll('article details').forEach(d => { d.open = true; });
  document.querySelectorAll('article .toggle-hidden > .admonition-title').forEach(t => t.click());
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)));
}"""
READY = """async () => {
  if (window.MathJax && MathJax.startup) { await MathJax.startup.promise; }
  await document.fonts.ready;
}"""
STATE = """() => ({
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  formulas: document.querySelectorAll('article .math').length,
  unset: [...document.querySelectorAll('article .math')]
    .filter(m => !m.querySelector('mjx-container')).map(m => m.textContent.slice(0, 60)),
  wrong: [...document.querySelectorAll('[data-mjx-error]')]
    .map(m => m.getAttribute('data-mjx-error')),
  broken: [...document.querySelectorAll('article img')]
    .filter(i => i.complete && i.naturalWidth === 0).map(i => i.alt.slice(0, 60)),
  sliders: document.querySelectorAll('article input[type=range]').length,
})"""
WIDEST = """() => {
  const limit = document.documentElement.clientWidth;
  return [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > limit + 1)
    .slice(0, 3).map(e => e.tagName.toLowerCase() + '.' + [...e.classList].join('.'));
}"""
# The pictures a slider shows, with what it says to a screen reader.
SHOWN = """(range) => {
  const box = range.closest('[data-st-slider]') || range.closest('.cell_output');
  const seen = [...box.querySelectorAll('img, svg, canvas')].filter(e => e.offsetParent !== null);
  const picture = e => e.tagName === 'CANVAS' ? e.toDataURL() : (e.src || e.innerHTML) + e.alt;
  return {pictures: seen.map(picture).join('|'), count: seen.length,
          spoken: range.getAttribute('aria-valuetext') || range.value};
}"""


@dataclass
class Report:
    """Counts of what was looked at, and the findings."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def look(self, kind: str, findings: list[str], where: str) -> None:
        self.counts[kind] += 1
        if findings:
            self.counts["failed"] += 1
            self.findings += [f"{where}: {finding}" for finding in findings]


def accessibility(page: Any) -> list[str]:
    """Violations that axe-core finds."""
    from axe_playwright_python.sync_playwright import Axe

    # preload off: axe would fetch style sheets anew, from addresses it resolves wrongly
    options = {"resultTypes": ["violations"], "preload": False}
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"axe {item['id']} ({item['impact']}): {len(item['nodes'])} times, "
        f"first {item['nodes'][0]['html'][:120]!r}"
        for item in violations
    ]


def slider(handle: Any) -> list[str]:
    """Whether the arrow and end keys change picture and spoken value."""
    handle.focus()
    handle.press("Home")
    first = handle.evaluate(SHOWN)
    handle.press("ArrowRight")
    second = handle.evaluate(SHOWN)
    handle.press("End")
    last = handle.evaluate(SHOWN)
    handle.press("Home")
    back = handle.evaluate(SHOWN)
    findings = []
    if not first["count"]:
        findings.append("a slider shows no picture")
    elif first["pictures"] in (second["pictures"], last["pictures"]):
        findings.append("a slider does not change the picture by keyboard")
    elif back != first:
        findings.append("a slider does not come back to its first picture")
    if first["spoken"] in (second["spoken"], last["spoken"]):
        findings.append("a slider's spoken value does not change")
    return findings


def visit(page: Any, watch: Watch, address: str, where: str, report: Report) -> dict[str, Any]:
    """Open a page and look at everything that holds for every view of it."""
    page.goto(address, wait_until="load")
    page.evaluate(READY)
    page.evaluate(UNFOLD)
    state = page.evaluate(STATE)
    report.look("page views", watch.take(), where)
    wide = [f"scrolls sideways by {state['wide']} px: {page.evaluate(WIDEST)}"]
    report.look("widths", wide if state["wide"] > 0 else [], where)
    report.counts["formulas"] += state["formulas"]
    report.look("mathematics", [f"not typeset: {text!r}" for text in state["unset"]], where)
    report.look("mathematics", [f"TeX error: {text}" for text in state["wrong"]], where)
    report.look("pictures", [f"picture not shown: {text!r}" for text in state["broken"]], where)
    for handle in page.query_selector_all("article input[type=range]"):
        report.look("sliders", slider(handle), where)
    report.look("page views", watch.take(), where)
    return state


def audit(root: Path, executable: str, screenshots: Path | None = None) -> Report:
    """Visit all pages in all views, then some of them from disk."""
    report = Report()
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.html"))
    names = [n for n in names if not n.startswith(("_static/", "vendor/")) and n != "index.html"]
    from_disk: set[str] = set()
    with serve(root) as base, launch(executable) as browser:
        for view, width, theme, with_axe in VIEWS:
            size = {"width": width, "height": HEIGHT}
            # without motion: else colours are measured while folded parts still fade in
            context = browser.new_context(
                viewport=size, color_scheme=theme, reduced_motion="reduce"
            )
            page = context.new_page()
            watch = Watch(page, base)
            for name in names:
                where = f"{name} ({view})"
                state = visit(page, watch, f"{base}/{name}", where, report)
                if state["sliders"] or (state["formulas"] and not from_disk):
                    from_disk.add(name)
                if with_axe:
                    report.look("axe runs", accessibility(page), where)
                if screenshots:
                    file = screenshots / f"{name.replace('/', '-')}-{view.replace(' ', '-')}.png"
                    page.screenshot(path=file, full_page=True)
            context.close()
        page = browser.new_page()
        watch = Watch(page, root.resolve().as_uri())
        for name in sorted(from_disk) or names[:1]:
            address = (root.resolve() / name).as_uri()
            visit(page, watch, address, f"{name} (from disk)", report)
            report.counts["pages from disk"] += 1
    if not names:
        report.look("page views", ["no page found; build the book first (make book)"], root.name)
    return report


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Audit the built HTML in headless Chromium.")
    parser.add_argument("root", type=Path, nargs="?", default=Path("_build/html"))
    parser.add_argument("--screenshots", type=Path, help="folder for a picture of every view")
    parser.add_argument("--require", action="store_true", help="fail where there is no Chromium")
    options = parser.parse_args(argv)
    executable = find_chromium()
    if executable is None:
        print("Browser audit SKIPPED: no Chromium found (Debian: apt-get install chromium).")
        return 1 if options.require else 0
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    report = audit(options.root, executable, options.screenshots)
    for finding in dict.fromkeys(report.findings):
        print(f"  {finding}")
    failed = report.counts.pop("failed", 0)
    print("browser audit: " + ", ".join(f"{n} {kind}" for kind, n in report.counts.items()))
    looked = sum(n for kind, n in report.counts.items() if kind not in ("formulas",))
    print(f"{looked - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
