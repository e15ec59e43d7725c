"""Every check that needs no browser, cheapest first; the counts of each, and one verdict.

python tools/check.py                  lint, generated, types, unit, doctest, notebooks
python tools/check.py lint types       only these; also `browser`, which needs Chromium
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import nbformat
from bookfacts import ROOT

Counts = tuple[int, int]
TWO_WORKERS = ["-n", "2", "--dist", "loadfile"]  # a third faster on two cores
CODE = ("symtutor", "tests", "tools", "benchmarks", "book/_ext")
ORIGIN = """
from pathlib import Path
import symtutor
found = Path(symtutor.__file__).resolve()
assert found.is_relative_to({wheel!r}), f"symtutor comes from {{found}}, not from the built wheel"
"""


def run(
    command: list[str], cwd: Path = ROOT, env: dict[str, str] | None = None, quiet: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run without standard input; output goes to the terminal unless ``quiet`` keeps it."""
    environment = {"OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1", **os.environ, **(env or {})}
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
    )


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def lint() -> Counts:
    """ruff check and ruff format --check: files, of which failing."""
    paths = [name for name in CODE if (ROOT / name).exists()]
    listed = run(python("-m", "ruff", "check", "--show-files", *paths), quiet=True)
    count = len(listed.stdout.split())
    findings = run(python("-m", "ruff", "check", *paths))
    style = run(python("-m", "ruff", "format", "--check", *paths))
    bad = int(findings.returncode != 0) + int(style.returncode != 0)
    return 2 * count - bad, bad


def types() -> Counts:
    """pyright over the package: files, errors."""
    report = run(
        python("-m", "pyright", "--outputjson", "--pythonpath", sys.executable), quiet=True
    )
    try:
        result = json.loads(report.stdout)
    except json.JSONDecodeError:
        print(report.stdout)
        return 0, 1
    for item in result["generalDiagnostics"]:
        if item["severity"] == "error":
            line = item["range"]["start"]["line"] + 1
            print(f"{Path(item['file']).relative_to(ROOT)}:{line}: {item['message']}")
    errors = result["summary"]["errorCount"]
    analysed = result["summary"]["filesAnalyzed"]
    return (analysed, errors) if analysed else (0, max(errors, 1))


def generated() -> Counts:
    """The generated notebooks and derived blocks are those the sources give."""
    codes = [
        run(python(f"tools/{name}", "--check")).returncode
        for name in ("make_notebooks.py", "derive.py")
    ]
    return codes.count(0), len(codes) - codes.count(0)


def pytest(arguments: list[str], cwd: Path = ROOT, env: dict[str, str] | None = None) -> Counts:
    """Run pytest and count by its own report; no test at all is a failure."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        common = ["-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
        code = run(python("-m", "pytest", *common, *arguments), cwd, env).returncode
        if not report.is_file():
            return 0, 1
        suites = list(ET.parse(report).getroot().iter("testsuite"))
    total, bad, skipped = (
        sum(int(suite.get(key, 0)) for suite in suites for key in keys)
        for keys in (("tests",), ("failures", "errors"), ("skipped",))
    )
    if code and not bad:
        bad = 1
    if skipped:
        print(f"({skipped} skipped: see the reasons with pytest -rs)")
    return max(total - bad - skipped, 0), bad


def unit() -> Counts:
    return pytest([*TWO_WORKERS, "-m", "not browser", "tests"])


def browser() -> Counts:
    """The tests of the browser audit itself; they need Chromium, so `make test` leaves them."""
    return pytest(["-m", "browser", "tests/book"])


def doctest() -> Counts:
    return pytest(["--doctest-modules", "symtutor"])


def notebooks() -> Counts:
    """nbval-lax over the notebooks, with the built wheel, in a folder that holds nothing else."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        wheel, target, room = folder / "dist", folder / "installed", folder / "room"
        built = run(python("-m", "hatchling", "build", "-t", "wheel", "-d", str(wheel)), quiet=True)
        if built.returncode:
            print(built.stdout)
            return 0, 1
        install = ["-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(target)]
        if run(python(*install, str(next(wheel.glob("*.whl"))))).returncode:
            return 0, 1
        shutil.copytree(ROOT / "book/notebooks", room)
        shutil.copy(ROOT / "tests/book/nbval_conftest.py", room / "conftest.py")
        origin = nbformat.v4.new_notebook()
        origin.cells = [nbformat.v4.new_code_cell(ORIGIN.format(wheel=str(target)))]
        nbformat.write(origin, room / "origin_of_symtutor.ipynb")
        (room / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        arguments = [*TWO_WORKERS, "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout=300"]
        arguments += ["--nbval-kernel-startup-timeout=120", "-p", "no:jaxtyping"]
        arguments += [f"--nbval-sanitize-with={ROOT / 'tests/sanitize.cfg'}", "."]
        return pytest(arguments, room, {"PYTHONPATH": str(target), "JUPYTER_PREFER_ENV_PATH": "1"})


STEPS: dict[str, Callable[[], Counts]] = {
    "lint": lint,
    "generated": generated,
    "types": types,
    "unit": unit,
    "doctest": doctest,
    "notebooks": notebooks,
}
EXTRA: dict[str, Callable[[], Counts]] = {"browser": browser}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the checks of the repository.")
    parser.add_argument("steps", nargs="*", help=", ".join([*STEPS, *EXTRA]))
    known = STEPS | EXTRA
    chosen = parser.parse_args(argv).steps or list(STEPS)
    if unknown := set(chosen) - set(known):
        parser.error(f"unknown steps {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    table: list[tuple[str, int, int, float]] = []
    for name in chosen:
        print(f"\n== {name}", flush=True)
        start = time.monotonic()
        passed, failed = known[name]()
        table.append((name, passed, failed, time.monotonic() - start))
    print()
    for name, passed, failed, seconds in table:
        print(f"{name:<10} {passed:>5} passed {failed:>4} failed {seconds:>7.0f} s")
    failures = sum(row[2] for row in table)
    print(f"{sum(row[1] for row in table)} passed, {failures} failed")
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        print("Skipped here: the browser audit of the built pages (no Chromium; see .ci/run).")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
