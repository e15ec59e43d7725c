"""Audit of the built book: pictures, links, numbers, outputs, leaks, external sources, budgets.

    python tools/audit_html.py _build/html

Prints what was looked at and every finding; the exit status is 1 when there is a finding.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from html_checks import CHECKS, LEAKS, STYLE_URL, Looked, Page

TEXT_SUFFIXES = {".ipynb", ".md", ".json", ".txt"}
MEASURES = (("seconds", "s of execution"), ("memory_mib", "MiB of memory"))


def budgets(root: Path) -> Looked:
    """Every executed chapter declares its time and memory and keeps to both."""
    path = root / "budget.json"
    if not path.is_file():
        yield "budgets", "budget.json is missing: build the book with its extension"
        return
    rows = json.loads(path.read_text(encoding="utf-8"))
    if not rows:
        yield "budgets", "budget.json is empty: no chapter was executed"
    for chapter, row in rows.items():
        for key, unit in MEASURES:
            measured, allowed = row[key], row[f"{key}_allowed"]
            finding = ""
            if allowed is None:
                finding = f"{chapter}: no budget declared for {unit}"
            elif measured is None:
                finding = f"{chapter}: {unit} not measured; end the chapter with st.provenance()"
            elif measured > allowed:
                finding = f"{chapter}: {measured:.0f} {unit}, but {allowed:g} are allowed"
            yield "budgets", finding


def other_files(root: Path, repository: Path) -> Looked:
    """Downloads leak no local path; style sheets load nothing from elsewhere."""
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.suffix in TEXT_SUFFIXES and "vendor" not in name.parts:
            text = path.read_text(encoding="utf-8")
            found = LEAKS.search(text)
            leak = found[0] if found else str(repository) if str(repository) in text else ""
            yield "other files", f"{name}: a local path: {leak!r}" if leak else ""
        elif path.suffix == ".css":
            found = STYLE_URL.search(path.read_text(encoding="utf-8"))
            yield "other files", f"{name}: a style loads {found[1]}" if found else ""


def pages(root: Path, repository: Path) -> Looked:
    """All checks of all pages."""
    anchors: dict[Path, set[str]] = {}
    for path in sorted(root.rglob("*.html")):
        name = path.relative_to(root)
        if name.parts[0] in ("_static", "vendor"):
            continue
        page = Page(root, path.resolve(), anchors)
        yield "pages", ""
        if str(repository) in page.text:
            yield "pages searched for local paths", f"{name}: a local path: {str(repository)!r}"
        for check in CHECKS:
            for kind, finding in check(page):
                yield kind, f"{name}: {finding}" if finding else ""


def audit(root: Path, repository: Path) -> tuple[Counter[str], list[str]]:
    """(how many of each kind were looked at, the findings)."""
    counts: Counter[str] = Counter()
    findings: list[str] = []

    def everything() -> Iterator[tuple[str, str]]:
        yield from pages(root, repository)
        yield from other_files(root, repository)
        yield from budgets(root)

    for kind, finding in everything():
        counts[kind] += 1
        if finding:
            findings.append(finding)
    if not counts["pages"]:
        findings.append(f"{root.name}: no page found; build the book first (make book)")
    return counts, findings


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Audit the built HTML.")
    parser.add_argument("root", type=Path, nargs="?", default=Path("_build/html"))
    options = parser.parse_args(argv)
    repository = Path(__file__).resolve().parent.parent
    counts, findings = audit(options.root, repository)
    for finding in findings:
        print(f"  {finding}")
    print("HTML audit: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))
    print(f"{sum(counts.values()) - len(findings)} passed, {len(findings)} failed")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
