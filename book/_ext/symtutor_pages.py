"""What the theme leaves to do on every page: notebook buttons, scripts, accessible names."""

import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

NOTEBOOKS = "book/notebooks"
# Findings of axe-core: the sidebar is in no landmark; a list of citations has no list items, and
# the role of a citation is deprecated and not allowed on its element.
MENDED = (
    (
        '<div id="pst-primary-sidebar" class=',
        '<div id="pst-primary-sidebar" role="region" aria-label="Contents of the book" class=',
    ),
    ('<div role="list" class="citation-list">', '<div class="citation-list">'),
    (' role="doc-biblioentry">', ">"),
)


def notebook_path(docname: str) -> str:
    """Path of a chapter's generated notebook below the repository root.

    >>> notebook_path("book/foundations/flows")
    'book/notebooks/foundations/flows.ipynb'
    """
    return f"{NOTEBOOKS}/{docname.removeprefix('book/')}.ipynb"


def drop_thebe(app: Sphinx, pagename: str, template: str, context: dict[str, Any], _: Any) -> None:
    """Take out the scripts of sphinx-thebe: it is off, and declares its constants twice."""

    def is_thebe(script: Any) -> bool:
        attributes = getattr(script, "attributes", {})
        name = str(getattr(script, "filename", script) or "")
        return "thebe" in name or "THEBE_JS_URL" in (attributes.get("body") or "")

    if "script_files" in context:
        context["script_files"] = [s for s in context["script_files"] if not is_thebe(s)]


def use_generated_notebook(
    app: Sphinx, pagename: str, template: str, context: dict[str, Any], doctree: nodes.document
) -> None:
    """Let the Colab and download buttons open ``book/notebooks``, which is plain Markdown.

    The theme links the MyST source under the page's own name; neither Colab nor a reader's
    Jupyter understands it. A page without a generated notebook gets no launch button.
    """
    buttons = context.get("header_buttons") or []
    generated = Path(app.srcdir) / notebook_path(pagename)
    if not generated.is_file():
        context["header_buttons"] = [b for b in buttons if b.get("label") != "launch-buttons"]
        return
    downloads = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    downloads.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(generated, downloads)
    for group in buttons:
        if group.get("label") != "launch-buttons":
            continue
        for button in group["buttons"]:
            head, found, _ = button["url"].rpartition(f"/{pagename}.")
            if found:
                button["url"] = f"{head}/{notebook_path(pagename)}"


def set_theme_options(app: Sphinx, config: Config) -> None:
    """Code colours with enough contrast on both backgrounds; one search field, not two."""
    config.html_theme_options |= {
        "pygments_light_style": "a11y-high-contrast-light",
        "pygments_dark_style": "a11y-high-contrast-dark",
        "navbar_persistent": [],
    }


def mend_markup(outdir: Path) -> None:
    """Give every page the roles and names that theme and docutils leave out or get wrong."""
    for path in outdir.rglob("*.html"):
        text = mended = path.read_text(encoding="utf-8")
        for wrong, right in MENDED:
            mended = mended.replace(wrong, right)
        if mended != text:
            path.write_text(mended, encoding="utf-8")


def register(app: Sphinx) -> None:
    """Connect after the theme (priority 500) has filled the context."""
    app.connect("config-inited", set_theme_options)
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("html-page-context", use_generated_notebook, priority=900)
