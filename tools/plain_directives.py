"""What each MyST directive becomes in plain Markdown.

Colab and plain Jupyter show directives as raw text. Every directive the book may use is listed in
``DIRECTIVES``; one that is not stops the generation with an error that names it (plain_blocks).
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

from bookfacts import NUMBERED, PROOFS
from plain_inline import Context, inline

ADMONITIONS = ("note", "tip", "important", "warning", "caution", "attention", "danger")
ADMONITIONS += ("error", "hint", "seealso")
TITLES = {"seealso": "See also"}
TITLED = ("admonition", "dropdown", "card", "grid-item-card", "tab-item")
OWN_NUMBER = re.compile(r"\\begin\{(align|gather|multline|equation)\*?\}")


@dataclass(frozen=True)
class Directive:
    """A directive as written: name, argument, options, body lines."""

    name: str
    argument: str
    options: dict[str, str]
    body: list[str]
    translate: Callable[[str, Context], str]


Translate = Callable[[Directive, Context], str]


def inner(directive: Directive, context: Context) -> str:
    return directive.translate("\n".join(directive.body), context)


def numbered(directive: Directive, context: Context, kind: str) -> str:
    """'Figure 2' where the directive is labelled, else 'Figure'."""
    name = directive.options.get("label") or directive.options.get("name")
    number = context.label(name).number if name else None
    return kind if number is None else f"{kind} {number}"


def quoted(title: str, body: str) -> str:
    """A block quotation with a bold title."""
    lines = [f"**{title}**", *(["", *body.split("\n")] if body else [])]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def folded(title: str, body: str) -> str:
    return f"<details><summary><b>{title}</b></summary>\n\n{body}\n\n</details>"


def admonition(directive: Directive, context: Context) -> str:
    title = TITLES.get(directive.name, directive.name.capitalize())
    body = inner(directive, context)
    if directive.name in TITLED:
        title = inline(directive.argument, context) or "Note"
    elif directive.argument:
        body = "\n\n".join(filter(None, [inline(directive.argument, context), body]))
    unfolds = directive.name == "dropdown" or "dropdown" in directive.options.get("class", "")
    return folded(title, body) if unfolds else quoted(title, body)


def proof(directive: Directive, context: Context) -> str:
    """Definition, theorem, proof: a bold heading and the text, as a quotation."""
    kind = directive.name.removeprefix("prf:").capitalize()
    title = numbered(directive, context, kind)
    if directive.argument:
        title += f" ({inline(directive.argument, context)})"
    return quoted(title, inner(directive, context))


def exercise(directive: Directive, context: Context) -> str:
    """A heading; a gated exercise continues in the cells below."""
    title = numbered(directive, context, "Exercise")
    if directive.argument:
        title += f" ({inline(directive.argument, context)})"
    return "\n\n".join(filter(None, [f"### {title}", inner(directive, context)]))


def solution(directive: Directive, context: Context) -> str:
    """A heading that notebooks fold, naming its exercise."""
    label = context.label(directive.argument)
    title = f"Solution of exercise {label.number}"
    text = f"#### {title}\n\n*Try it yourself before you read on.*"
    return "\n\n".join(filter(None, [text, inner(directive, context)]))


def math(directive: Directive, context: Context) -> str:
    body = "\n".join(filter(None, [directive.argument, *directive.body])).strip()
    label = directive.options.get("label")
    return display(body, context.label(label).number if label else None)


def display(body: str, number: int | None) -> str:
    own_number = OWN_NUMBER.match(body.strip()) is not None
    tag = "" if number is None or own_number else f"\n\\tag{{{number}}}"
    return f"$$\n{body.strip()}{tag}\n$$"


def figure(directive: Directive, context: Context) -> str:
    """A picture with an absolute address, its caption below."""
    folder = posixpath.dirname(context.docname)
    path = directive.argument
    if not re.match(r"^https?:", path):
        path = context.book.raw(posixpath.normpath(posixpath.join(folder, path)))
    picture = f"![{directive.options.get('alt', '')}]({path})"
    if directive.name == "image":
        return picture
    return f"{picture}\n\n{caption(directive, context)}".rstrip()


def caption(directive: Directive, context: Context) -> str:
    title = numbered(directive, context, "Figure")
    return f"**{title}.** {inner(directive, context)}"


def table(directive: Directive, context: Context) -> str:
    title = numbered(directive, context, "Table")
    head = f"**{title}.** {inline(directive.argument, context)}" if directive.argument else ""
    return "\n\n".join(filter(None, [head, inner(directive, context)]))


def list_table(directive: Directive, context: Context) -> str:
    """``* - cell`` rows as a pipe table; the first row is the head."""
    rows: list[list[str]] = []
    for line in directive.body:
        if found := re.match(r"^\* - ?(.*)$", line):
            rows.append([found[1]])
        elif found := re.match(r"^  - ?(.*)$", line):
            rows[-1].append(found[1])
        elif line.strip():
            rows[-1][-1] += f" {line.strip()}"
    cells = [[inline(cell, context).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    lines.insert(1, "|" + " --- |" * len(cells[0]))
    title = numbered(directive, context, "Table")
    head = f"**{title}.** {inline(directive.argument, context)}" if directive.argument else ""
    return "\n\n".join(filter(None, [head, "\n".join(lines)]))


def listing(directive: Directive, context: Context) -> str:
    return "\n".join([f"```{directive.argument}", *directive.body, "```"])


def elsewhere(directive: Directive, context: Context) -> str:
    """Made by the book's build only: point to the built page."""
    return f"*(Shown on [the page of the book]({context.book.page(context.docname)}).)*"


def nothing(directive: Directive, context: Context) -> str:
    return ""


DIRECTIVES: dict[str, Translate] = {
    "admonition": admonition,
    "dropdown": admonition,
    "card": admonition,
    "grid-item-card": admonition,
    "tab-item": admonition,
    "exercise": exercise,
    "exercise-start": exercise,
    "exercise-end": nothing,
    "solution": solution,
    "solution-start": solution,
    "solution-end": nothing,
    "math": math,
    "figure": figure,
    "image": figure,
    "table": table,
    "list-table": list_table,
    "code": listing,
    "code-block": listing,
    "budget-table": elsewhere,
    "bibliography": elsewhere,
    "glossary": elsewhere,
    "tableofcontents": elsewhere,
    "prf:proof": proof,
}
DIRECTIVES |= dict.fromkeys(ADMONITIONS, admonition)
DIRECTIVES |= dict.fromkeys([f"prf:{kind}" for kind in PROOFS], proof)
DIRECTIVES |= dict.fromkeys(("grid", "grid-item", "tab-set", "div", "container"), inner)
DIRECTIVES |= dict.fromkeys(
    ("margin", "sidebar"), lambda d, c: quoted(inline(d.argument, c) or "Aside", inner(d, c))
)
assert set(NUMBERED) <= set(DIRECTIVES)
