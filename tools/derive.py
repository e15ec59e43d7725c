"""Fill the derived blocks of README.md and CITATION.cff from the book's own sources.

    python tools/derive.py            rewrite the blocks
    python tools/derive.py --check    change nothing; fail where a block is out of date

A block stands between ``<!-- derived:NAME -->`` and ``<!-- /derived -->`` (Markdown) or between
``# derived:NAME`` and ``# /derived`` (YAML): ``FILES`` says which file knows which names. What
stands outside the markers is never touched.
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Callable
from pathlib import Path

from bookfacts import ROOT, Book
from plain_inline import Context, UntranslatableError, inline

APPENDIX = "book/appendix/"
BLOCK = re.compile(
    r"^(?P<head>(?:<!-- |# )derived:(?P<name>[\w-]+)(?: -->)?)[ \t]*\n"
    r"(?P<body>.*?)"
    r"^(?P<foot>(?:<!-- |# )/derived(?: -->)?)[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
MARKER = re.compile(r"^(?:<!-- |# )derived:", re.MULTILINE)


BADGE = "https://colab.research.google.com/assets/colab-badge.svg"


def colab(book: Book) -> str:
    """One link that opens the first chapter of a part, not the front matter, in Colab."""
    names = [name for name, chapter in book.chapters.items() if chapter.has_code]
    first = next((name for name in names if name.count("/") > 1), None)
    if first is None:
        raise ValueError("_toc.yml: no chapter has code cells, so there is none to open in Colab")
    return f"[![Open the first chapter in Colab]({BADGE})]({book.colab(first)})"


def clone(book: Book) -> str:
    """The commands from nothing to the built book and the tests."""
    lines = [f"git clone {book.url}", f"cd {book.slug[1]}", "make book", "make test"]
    return "\n".join(["```", *lines, "```"])


def chapters(book: Book) -> str:
    """The table of chapters: title, promise, source and notebook; the appendix in one line."""
    lines = ["| Chapter | What it gives you | Open |", "| --- | --- | --- |"]
    appendix = []
    for entry in book.entries:
        chapter = book.chapters[entry["file"]]
        context = Context(book, chapter.docname)
        title = inline(chapter.title, context)
        if chapter.docname.startswith(APPENDIX):
            appendix.append(f"[{title}]({chapter.docname}.md)")
            continue
        links = f"[source]({chapter.docname}.md)"
        if chapter.has_code:
            links += f", [Colab]({book.colab(chapter.docname)})"
        cells = [text.replace("|", "\\|") for text in (title, inline(chapter.promise, context))]
        lines.append("| " + " | ".join([*cells, links]) + " |")
    return "\n".join([*lines, "", f"Appendix: {', '.join(appendix)}."] if appendix else lines)


def minutes(seconds: float) -> str:
    """'40 seconds', '1 minute' or '12 minutes', rounded up to what a reader should expect."""
    if seconds <= 90:
        return f"{math.ceil(seconds / 10) * 10} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def measured(book: Book) -> str:
    """What the two commands cost, from the record of a fresh clone (tools/fresh_clone.py)."""
    path = book.root / "results/build.json"
    if not path.is_file():
        return ""
    record = json.loads(path.read_text(encoding="utf-8"))
    time = {name: minutes(seconds) for name, seconds in record["seconds"].items()}
    return (
        f"Measured in a fresh clone on {record['cores']} cores ({record['system']}, "
        f"Python {record['python']}): creating the environment takes {time['environment']} and\n"
        f"{record['environment_gb']:.1f} GB of disk, executing and building the book "
        f"{time['book']}, the tests {time['test']}; the largest process needs\n"
        f"{record['largest_process_gb']:.1f} GB of memory, the pages take "
        f"{record['pages_mb']:.0f} MB."
    )


FILES: dict[str, dict[str, Callable[[Book], str]]] = {
    "README.md": {"colab": colab, "clone": clone, "chapters": chapters, "measured": measured},
    "CITATION.cff": {
        "repository": lambda book: f'repository-code: "{book.url}"\nurl: "{book.url}"',
        "version": lambda book: f'version: "{book.version}"',
    },
}


def fill(text: str, makers: dict[str, Callable[[Book], str]], book: Book, name: str) -> str:
    """``text`` with every derived block written anew."""

    def replace(found: re.Match[str]) -> str:
        if found["name"] not in makers:
            raise ValueError(
                f"{name}: unknown block derived:{found['name']}; known: {', '.join(makers)}"
            )
        body = makers[found["name"]](book)
        return "\n".join([found["head"], *([body] if body else []), found["foot"]])

    if len(MARKER.findall(text)) != len(BLOCK.findall(text)):
        raise ValueError(f"{name}: a derived block is not closed; end it with a /derived marker")
    return BLOCK.sub(replace, text)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Fill the derived blocks.")
    parser.add_argument("--check", action="store_true", help="change nothing, fail on a difference")
    parser.add_argument("--root", type=Path, default=ROOT, help="repository root")
    options = parser.parse_args(argv)
    book, stale, count = Book(options.root), [], 0
    try:
        for name, makers in FILES.items():
            path = options.root / name
            old = path.read_text(encoding="utf-8")
            new = fill(old, makers, book, name)
            count += len(BLOCK.findall(old))
            if new != old:
                stale.append(name)
                if not options.check:
                    path.write_text(new, encoding="utf-8")
    except (UntranslatableError, FileNotFoundError, ValueError) as error:
        print(f"derive: {error}", file=sys.stderr)
        return 1
    print(f"derived blocks: {count} in {len(FILES)} files")
    for name in stale:
        print(f"{'out of date' if options.check else 'written'}: {name}")
    if options.check and stale:
        print("Run `make notebooks` and commit the result.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
