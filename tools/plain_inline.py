"""MyST roles, links and pictures inside a paragraph, rewritten as plain Markdown."""

import html
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bookfacts import PROOFS, Book, Label

PIECE = re.compile(
    r"""
      (?P<role>\{(?P<name>[\w:.+-]+)\}(?P<tick>`+)(?P<body>.+?)(?P=tick))   # {role}`body`
    | (?P<code>(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))                 # `code`
    | (?P<math>\$\$.+?\$\$|(?<![\\\w$])\$(?!\s)[^$]+?(?<!\s)\$)            # $maths$
    | (?P<link>(?P<bang>!?)\[(?P<text>[^\]\[]*)\]\((?P<href>[^()\s]*)(?:\s+"[^"]*")?\)
        (?P<attrs>\{[^{}`]*\})?)                                           # [text](href){...}
    | (?P<span>\[(?P<words>[^\]\[]+)\]\{[^{}`]*\})                         # [text]{.class}
    | (?P<note>\[\^(?P<key>[^\]\s]+)\](?P<colon>:)?)                       # [^footnote]
    """,
    re.VERBOSE | re.DOTALL,
)
EXPLICIT = re.compile(r"^(?P<text>.*?)\s*<(?P<target>[^<>]+)>$", re.DOTALL)
LEFTOVER = re.compile(r"\{[\w:.+-]+\}`|\{\{|\{%")
CODE_ROLES = {"func", "class", "meth", "mod", "attr", "obj", "data", "exc", "const", "code"}
CODE_ROLES |= {"file", "literal", "command", "envvar", "program", "option", "samp"}
TAGS = {"sub": "sub", "sup": "sup", "subscript": "sub", "superscript": "sup", "kbd": "kbd"}


class UntranslatableError(ValueError):
    """A page uses syntax that has no plain Markdown form here."""


@dataclass(frozen=True)
class Context:
    """Which page is being rewritten, and the book it belongs to."""

    book: Book
    docname: str

    def fail(self, what: str, remedy: str) -> UntranslatableError:
        return UntranslatableError(f"{self.docname}: {what}; {remedy}")

    def address(self, docname: str) -> str:
        """Where a reader of a notebook finds a page: its notebook, or the built page."""
        chapter = self.book.chapters[docname]
        return self.book.colab(docname) if chapter.has_code else self.book.page(docname)

    def label(self, name: str) -> Label:
        if name not in self.book.labels:
            raise self.fail(
                f"no label {name!r} in the book", f"write ({name})= above its target, or correct it"
            )
        return self.book.labels[name]

    def page(self, target: str) -> str:
        """Docname of a page named relative to this one (or from the root, with a slash)."""
        path = target.removesuffix(".md")
        if path.startswith("/"):
            docname = path[1:]
        else:
            docname = posixpath.normpath(posixpath.join(posixpath.dirname(self.docname), path))
        if docname not in self.book.chapters:
            raise self.fail(f"no page {target!r}", "name a page of _toc.yml")
        return docname


def split_target(body: str) -> tuple[str, str]:
    """("text", "target") of a role's body; the text is empty when only a target is given."""
    found = EXPLICIT.match(body)
    return (found["text"], found["target"]) if found else ("", body)


def to_page(body: str, context: Context) -> str:
    text, target = split_target(body)
    docname = context.page(target)
    title = text or inline(context.book.chapters[docname].title, context)
    return f"[{title}]({context.address(docname)})"


def to_label(body: str, context: Context) -> str:
    """A reference by label: 'Figure 2', '(3)', 'Exercise 1' or the section's title."""
    text, target = split_target(body)
    label = context.label(target)
    if label.kind == "Equation":
        words = f"({label.number})"
    elif label.number is not None:
        words = f"{label.kind} {label.number}"
    else:
        words = label.title
    if text:
        words = text.replace("%s", str(label.number)).replace("{number}", str(label.number))
    words = inline(words, context)
    if label.docname == context.docname:
        return words
    where = context.address(label.docname)
    if label.number is None:
        return f"[{words}]({where})"
    title = inline(context.book.chapters[label.docname].title, context)
    return f"{words} of [{title}]({where})"


def names(people: list[Any]) -> str:
    """Family names: 'Ko', 'Ko and Lee' or 'Ko et al.'."""
    family = [" ".join([*person.prelast_names, *person.last_names]) for person in people]
    family = [name.replace("{", "").replace("}", "") for name in family]
    if len(family) > 2:
        return f"{family[0]} et al."
    return " and ".join(family)


def cite(body: str, context: Context, textual: bool = False) -> str:
    """Author and year, linked to the bibliography."""
    where = context.book.page("book/appendix/bibliography")
    parts = []
    for key in (part.strip() for part in body.split(",")):
        if key not in context.book.references:
            raise context.fail(f"no reference {key!r}", "add it to the .bib file")
        entry = context.book.references[key]
        people = entry.persons.get("author") or entry.persons.get("editor") or []
        who, year = names(people), entry.fields.get("year", "n.d.")
        parts.append(f"{who} ([{year}]({where}))" if textual else f"[{who}, {year}]({where})")
    return ", ".join(parts) if textual else f"({'; '.join(parts)})"


def code(body: str, context: Context) -> str:
    text, target = split_target(body)
    name = text or (target[1:].rsplit(".", 1)[-1] if target.startswith("~") else target)
    return f"`{name}`"


def abbreviation(body: str, context: Context) -> str:
    found = re.match(r"^(.*?)\s*\((.*)\)$", body, re.DOTALL)
    if not found:
        return body
    return f'<abbr title="{html.escape(found[2])}">{found[1]}</abbr>'


def glued(body: str, context: Context) -> str:
    """The name of a computed number: the cell above prints its value."""
    return f"`{body.split('::')[-1].split(':')[0].strip()}`"


ROLES: dict[str, Callable[[str, Context], str]] = {
    "doc": to_page,
    "math": lambda body, context: f"${body}$",
    "term": lambda body, context: split_target(body)[0] or body,
    "abbr": abbreviation,
    "cite": cite,
    "cite:p": cite,
    "cite:t": lambda body, context: cite(body, context, textual=True),
}
ROLES |= dict.fromkeys(("ref", "numref", "eq", "prf:ref", "std:ref", "math:numref"), to_label)
ROLES |= dict.fromkeys(("glue", "glue:text", "glue:any", "glue:md"), glued)
ROLES |= dict.fromkeys([f"prf:{kind}" for kind in PROOFS], to_label)
ROLES |= dict.fromkeys([*CODE_ROLES, *(f"py:{name}" for name in CODE_ROLES)], code)
ROLES |= {
    name: (lambda body, context, tag=tag: f"<{tag}>{body}</{tag}>") for name, tag in TAGS.items()
}


def link(found: re.Match[str], context: Context) -> str:
    """Links: other pages and labels become addresses, pictures become absolute."""
    text, href = found["text"], found["href"]
    if found["bang"]:
        if not re.match(r"^(https?:|data:)", href):
            folder = posixpath.dirname(context.docname)
            href = context.book.raw(posixpath.normpath(posixpath.join(folder, href)))
        return f"![{text}]({href})"
    if re.match(r"^(https?:|mailto:)", href):
        return f"[{inline(text, context)}]({href})"
    page, _, anchor = href.partition("#")
    if page and (page.endswith(".md") or page not in context.book.labels):
        return to_page(f"{inline(text, context)} <{page}>" if text else page, context)
    name = anchor or page
    return to_label(f"{text} <{name}>" if text else name, context)


def replace(found: re.Match[str], context: Context) -> str:
    """One piece of a paragraph."""
    if found["role"]:
        name, body = found["name"], " ".join(found["body"].split())
        if name not in ROLES:
            raise context.fail(
                f"role {{{name}}} has no plain Markdown form", "add it to tools/plain_inline.py"
            )
        return ROLES[name](body, context)
    if found["link"]:
        return link(found, context)
    if found["span"]:
        return inline(found["words"], context)
    if found["note"]:
        return f"<sup>{found['key']}</sup>"
    return found[0]


def inline(text: str, context: Context) -> str:
    """Rewrite one paragraph; code and mathematics stay as they are."""
    result = PIECE.sub(lambda found: replace(found, context), text)
    bare = PIECE.sub(lambda found: "" if found["code"] or found["math"] else found[0], result)
    leftover = LEFTOVER.search(bare)
    if leftover:
        raise context.fail(
            f"{leftover[0]!r} would show as raw text", "close the role, or write it plainly"
        )
    return result
