"""Sphinx extension of the book: offline mathematics, honest caching, notebook buttons, budgets.

Loaded by ``_config.yml`` (``sphinx.local_extensions``), so that the plain command
``jupyter-book build . -W -n --keep-going`` does everything ``make book`` does.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

import symtutor_api
import symtutor_bibliography
import symtutor_budget
import symtutor_pages
import symtutor_records
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
MATHJAX_DISTRIBUTION = "sphinx-mathjax-offline"
MATHJAX_PARTS = ("tex-mml-chtml.js", "input/tex/extensions", "output/chtml/fonts/woff-v2")
REDIRECT = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="refresh" content="0; url={target}"></head>
<body><p><a href="{target}">{title}</a></p></body>
</html>
"""


def digest(root: Path, paths: Iterable[Path], extra: str = "") -> str:
    """SHA-256 over relative names and contents of all files in ``paths`` (folders are walked)."""
    total = hashlib.sha256(extra.encode())
    for path in paths:
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and "__pycache__" not in file.parts:
                total.update(file.relative_to(root).as_posix().encode())
                total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def build_keys(root: Path) -> dict[str, str]:
    """The keys under which earlier work may be reused.

    ``outputs``: executed cells depend on the package, its locked dependencies, the recorded runs
    and the interpreter, none of which jupyter-cache looks at. ``pages``: parsed pages depend on
    the extension and on the book's configuration as well.
    """
    version = ".".join(map(str, sys.version_info[:3]))
    code = [root / "symtutor", root / "constraints.txt", root / "results"]
    book = [root / "book/_ext", root / "_config.yml", root / "_toc.yml"]
    return {
        "outputs": digest(root, code, version),
        "pages": digest(root, [*code, *book], version),
    }


def discard_stale(app: Sphinx, config: Config) -> None:
    """Drop cached outputs and parsed pages whose key has changed (before Sphinx reads them)."""
    build = Path(app.outdir).parent
    store = build / "keys.json"
    old = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    new = build_keys(Path(app.srcdir))
    if old.get("outputs") != new["outputs"]:
        shutil.rmtree(build / ".jupyter_cache", ignore_errors=True)
        LOGGER.info("code, locked versions or records changed: executing every chapter")
    if old.get("pages") != new["pages"]:
        # The pages themselves too: a chapter taken out of the book must not linger as HTML.
        for name in (app.doctreedir, app.outdir, build / "jupyter_execute"):
            shutil.rmtree(name, ignore_errors=True)
        Path(app.outdir).mkdir(parents=True)
        Path(app.doctreedir).mkdir(parents=True)
    store.write_text(json.dumps(new, indent=1) + "\n", encoding="utf-8")


def set_kernel_environment(app: Sphinx) -> None:
    """Two threads, no progress bars, and this very environment's kernel, not the user's own."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"


def mathjax_source() -> Path:
    """The folder of MathJax files that the pip package brings along."""
    spec = importlib.util.find_spec(MATHJAX_DISTRIBUTION)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f"the book needs {MATHJAX_DISTRIBUTION} to show mathematics without a network; "
            'it is part of the extra: pip install -c constraints.txt -e ".[book]"'
        )
    return Path(spec.origin).parent / "static/mathjax"


def copy_mathjax(outdir: Path) -> None:
    """Put MathJax beside ``_static``: inside it, Jupyter Book would load every script there."""
    source, target = mathjax_source(), outdir / "vendor/mathjax"
    for part in MATHJAX_PARTS:
        if (target / part).exists():
            continue
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        if (source / part).is_dir():
            shutil.copytree(source / part, target / part)
        else:
            shutil.copy2(source / part, target / part)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Complete the HTML: mathematics, a front door, the budget file for the audit."""
    if exception is not None or app.builder.name != "html":
        return
    outdir = Path(app.outdir)
    copy_mathjax(outdir)
    root = f"{app.config.root_doc}.html"
    if root != "index.html":
        page = REDIRECT.format(title=app.config.html_title, target=root)
        (outdir / "index.html").write_text(page, encoding="utf-8")
    symtutor_pages.mend_markup(outdir)
    symtutor_budget.write_json(app)


def setup(app: Sphinx) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("config-inited", discard_stale)
    app.connect("builder-inited", set_kernel_environment)
    app.connect("build-finished", finish)
    symtutor_api.register(app)
    symtutor_bibliography.register()
    symtutor_budget.register(app)
    symtutor_pages.register(app)
    symtutor_records.register(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
