"""Docstrings for the API page: written in Markdown with formulas, read as reStructuredText.

``$x$`` becomes a formula, a paragraph ``$$x$$`` a displayed one, and single backticks code; bars,
stars and trailing underscores that mean nothing in Markdown are escaped. Runs before napoleon,
which then finds its sections as usual.
"""

import re
from typing import Any

from sphinx.application import Sphinx

CLOSERS = "'\")]}>-/:.,;!?"
DISPLAYED = re.compile(r"( *)\$\$([^$]+)\$\$\s*")
PIECE = re.compile(
    r"""
      (?P<literal>``.+?``)
    | (?P<role>\{[\w:]+\}`[^`]+`)
    | (?P<code>`[^`]+`)
    | (?P<math>\$[^$]+\$)
    | (?P<strong>(?<![\w*"])\*{1,2}(?![\s*])[^*"]+?(?<![\s*])\*{1,2}(?![\w*"]))
    | (?P<special>[*|]|(?<=\w)_(?!\w))
    """,
    re.VERBOSE | re.DOTALL,
)


def piece(found: re.Match[str]) -> str:
    """One piece of Markdown as reStructuredText."""
    text = found[0]
    follows = found.string[found.end() : found.end() + 1]
    gap = "" if not follows or follows.isspace() or follows in CLOSERS else "\\ "
    if found["role"]:
        return f"``{text}``{gap}"
    if found["code"]:
        return f"``{text[1:-1]}``{gap}"
    if found["math"]:
        return f":math:`{text[1:-1]}`{gap}"
    if found["special"]:
        return f"\\{text}"
    return text


def to_rst(text: str) -> str:
    """A paragraph of a docstring.

    >>> print(to_rst("the set $x_1$ of `dim` values with |x| <= 1"))
    the set :math:`x_1` of ``dim`` values with \\|x\\| <= 1
    """
    shown = DISPLAYED.fullmatch(text)
    if shown:
        indent, lines = shown[1], shown[2].split("\n")
        return "\n".join([f"{indent}.. math::", "", *(f"{indent}   {x.strip()}" for x in lines)])
    return PIECE.sub(piece, text)


def convert(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring in place, paragraph by paragraph; examples stay as they are."""
    paragraphs = re.split(r"(\n\s*\n)", "\n".join(lines))
    lines[:] = "".join(part if ">>>" in part else to_rst(part) for part in paragraphs).split("\n")


def register(app: Sphinx) -> None:
    """Connect before napoleon (priority 500)."""
    app.connect("autodoc-process-docstring", convert, priority=100)
