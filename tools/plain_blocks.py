"""MyST blocks (directives, targets, labelled mathematics) rewritten as plain Markdown."""

import re

import yaml
from bookfacts import FENCE, MATH_LABEL, TARGET
from plain_directives import DIRECTIVES, Directive, display
from plain_inline import Context, inline

CODE_FENCE = re.compile(r"^\s*(`{3,}|~{3,})[^`{]*$")
OPTION_LINE = re.compile(r"^\s*:([\w-]+):\s*(.*)$")
BLOCK_ATTRIBUTES = re.compile(r"^\s*\{[.#][^{}`]*\}\s*$")
FOOTNOTE = re.compile(r"^\[\^([^\]\s]+)\]:\s*")


def parse(name: str, argument: str, lines: list[str]) -> Directive:
    """Split a directive's lines into options (``:key: value`` or a YAML block) and body."""
    options: dict[str, str] = {}
    rest = list(lines)
    while rest and not rest[0].strip():
        rest.pop(0)
    if rest and rest[0].strip() == "---" and "---" in (line.strip() for line in rest[1:]):
        end = next(i for i, line in enumerate(rest[1:], 1) if line.strip() == "---")
        options = {k: str(v) for k, v in (yaml.safe_load("\n".join(rest[1:end])) or {}).items()}
        rest = rest[end + 1 :]
    else:
        while rest and (found := OPTION_LINE.match(rest[0])):
            options[found[1]] = found[2].strip()
            rest.pop(0)
    while rest and not rest[0].strip():
        rest.pop(0)
    return Directive(name, argument, options, rest, blocks)


def closing(lines: list[str], start: int, fence: str) -> int | None:
    """Index of the line that closes the fence opened at ``start``."""
    pattern = re.compile(rf"^\s*{re.escape(fence[0])}{{{len(fence)},}}\s*$")
    return next((i for i in range(start + 1, len(lines)) if pattern.match(lines[i])), None)


def fenced(lines: list[str], start: int, context: Context) -> tuple[str, int]:
    """Translate the directive at ``start``; the text and the index after it."""
    found = FENCE.match(lines[start])
    assert found
    indent, fence, name, argument = found.groups()
    end = closing(lines, start, fence)
    if end is None:
        raise context.fail(f"{{{name}}} is never closed", f"close it with {fence}")
    if name not in DIRECTIVES:
        raise context.fail(
            f"directive {{{name}}} has no plain Markdown form",
            "add it to tools/plain_directives.py",
        )
    body = [line.removeprefix(indent) for line in lines[start + 1 : end]]
    text = DIRECTIVES[name](parse(name, argument, body), context)
    if indent:
        text = "\n".join((indent + line).rstrip() for line in text.split("\n"))
    return text, end + 1


def displayed(lines: list[str], start: int, context: Context) -> tuple[str, int]:
    """Display mathematics ``$$ ... $$ (label)`` from line ``start``; its number as a tag."""
    end = start
    if lines[start].count("$$") < 2:
        end = next((i for i in range(start + 1, len(lines)) if "$$" in lines[i]), -1)
        if end < 0:
            raise context.fail("display mathematics is never closed", "close it with $$")
    text = "\n".join(lines[start : end + 1])
    label = MATH_LABEL.search(text)
    body = text[: label.start()] if label else text.rstrip().removesuffix("$$")
    body = body.lstrip().removeprefix("$$")
    return display(body, context.label(label[1]).number if label else None), end + 1


def block_at(lines: list[str], index: int, context: Context) -> tuple[str, int] | None:
    """The directive, code block or display that starts here, and the index after it."""
    line = lines[index]
    if FENCE.match(line):
        return fenced(lines, index, context)
    if plain := CODE_FENCE.match(line):
        end = closing(lines, index, plain[1])
        end = len(lines) - 1 if end is None else end
        return "\n".join(lines[index : end + 1]), end + 1
    if line.lstrip().startswith("$$"):
        return displayed(lines, index, context)
    return None


def blocks(text: str, context: Context) -> str:
    """Rewrite a Markdown cell."""
    lines, done, paragraph = text.split("\n"), [], []

    def flush() -> None:
        if paragraph:
            done.append(definitions(inline("\n".join(paragraph), context)))
            paragraph.clear()

    index = 0
    while index < len(lines):
        line = lines[index]
        block = block_at(lines, index, context)
        if block:
            flush()
            done += ["", block[0], ""]  # else a quotation would swallow the next line
            index = block[1]
            continue
        index += 1
        if TARGET.match(line) or line.startswith("%") or BLOCK_ATTRIBUTES.match(line):
            continue
        if line.strip():
            paragraph.append(FOOTNOTE.sub(r"<sup>\1</sup> ", line))
        else:
            flush()
            done.append("")
    flush()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(done)).strip()


def definitions(paragraph: str) -> str:
    """Definition lists (a term, then ``: text``) as bold terms."""
    lines = paragraph.split("\n")
    for i in range(1, len(lines)):
        if lines[i].startswith(": "):
            lines[i - 1 : i + 1] = [f"**{lines[i - 1]}** —", lines[i][2:]]
    return "\n".join(lines)
