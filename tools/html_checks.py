"""The single checks of the HTML audit: each takes a page and yields (what it looked at, finding).

A finding is empty where the thing looked at is in order, so that every check also counts its work.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

Looked = Iterator[tuple[str, str]]
EXTERNAL = re.compile(r"^(?:https?:)?//", re.IGNORECASE)
STYLE_URL = re.compile(r"""(?:@import\s+|url\(\s*)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
FILE_NAME = re.compile(r"\.(png|jpe?g|svg|gif|webp)\.?$|[\\/][\w.-]+\.\w{2,4}$", re.IGNORECASE)
HASH = re.compile(r"\b[0-9a-f]{16,}\b", re.IGNORECASE)
LEAKS = re.compile(r"/home/[\w.-]+|/root/|/tmp/|/Users/[\w.-]+|[A-Z]:\\Users\\|site-packages")
RAW_SYNTAX = (
    (re.compile(r"\?\?"), "an unresolved reference '??'"),
    (re.compile(r"(?<![\w-])nan(?![\w-])", re.IGNORECASE), "a number that is not one"),
    (re.compile(r"(?<![\w-])[+-]?inf(?![\w-])"), "an infinite number"),
    (re.compile(r"\{[a-z][\w:.+-]*\}"), "an unresolved role or directive"),
    (re.compile(r"\{\{.*?\}\}"), "an unresolved substitution"),
    (re.compile(r"(?<!\\)\$[^$\n]{1,80}\$"), "mathematics left as text"),
    (re.compile(r"^\s*(?::::|```)", re.MULTILINE), "a directive left as text"),
)
SOURCES = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src"}
SOURCES |= {"audio": "src", "embed": "src", "object": "data", "link": "href"}
HARMLESS_LINKS = {"canonical", "alternate", "license", "author", "next", "prev", "index", "search"}
VISIBLE_LINES = 25


@dataclass
class Page:
    """One HTML file below ``root``."""

    root: Path
    path: Path
    anchors: dict[Path, set[str]] = field(default_factory=dict, repr=False)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")

    @property
    def content(self) -> Tag:
        """The article of a page of the theme, or all of a simpler page."""
        return self.soup.find("article") or self.soup

    @cached_property
    def prose(self) -> str:
        """The words of the content, without code, mathematics, scripts."""
        copy = BeautifulSoup(str(self.content), "html.parser")
        for element in copy.select("pre, code, script, style, .math, [role=math]"):
            element.replace_with(" ")
        return copy.get_text()

    def ids(self, path: Path) -> set[str]:
        """All anchors of an HTML file of the book, read once."""
        if path not in self.anchors:
            text = self.text if path == self.path else path.read_text(encoding="utf-8")
            soup = self.soup if path == self.path else BeautifulSoup(text, "html.parser")
            found = {str(tag["id"]) for tag in soup.find_all(id=True)}
            self.anchors[path] = found | {
                str(tag["name"]) for tag in soup.find_all("a", {"name": True})
            }
        return self.anchors[path]


def words(tag: Tag | None) -> str:
    return " ".join(tag.get_text().split()) if tag else ""


def alternative_texts(page: Page) -> Looked:
    """Every picture says in a sentence what is seen."""
    for image in page.content.find_all("img"):
        alt = " ".join(str(image.get("alt") or "").split())
        figure = image.find_parent("figure")
        caption = words(figure.select_one(".caption-text") if figure else None)
        finding = ""
        if not alt:
            finding = "no alternative text"
        elif FILE_NAME.search(alt) or HASH.search(alt):
            finding = "the alternative text is a file name"
        elif not 20 <= len(alt) <= 300:
            finding = f"the alternative text has {len(alt)} characters, not 20 to 300"
        elif alt.rstrip(".").casefold() == caption.rstrip(".").casefold():
            finding = "the alternative text repeats the caption"
        name = str(image.get("src"))[-60:]
        yield "pictures", f"{finding}: {alt[:60]!r} ({name})" if finding else ""


def links(page: Page) -> Looked:
    """Local links lead to a file that exists and an anchor that is there."""
    for tag in page.soup.find_all(["a", "img", "script", "link", "source"]):
        target = str(tag.get("href") or tag.get("src") or "")
        parts = urlsplit(target)
        if not target or target == "#" or parts.scheme or EXTERNAL.match(target):
            continue
        path = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
        if path.is_dir():
            path = path / "index.html"
        finding = ""
        if not path.is_file():
            finding = f"link to a missing file: {target}"
        elif parts.fragment and path.suffix == ".html":
            anchor = unquote(parts.fragment)
            if anchor not in page.ids(path):
                finding = f"link to a missing anchor: {target}"
        yield "local links", finding


def numbers(page: Page) -> Looked:
    """No computed number is missing, no syntax is left raw."""
    for pattern, meaning in RAW_SYNTAX:
        found = pattern.search(page.prose)
        yield "prose patterns", f"{meaning}: {found[0].strip()[:60]!r}" if found else ""
    for tag in page.content.select(".problematic, .system-message"):
        yield "prose patterns", f"an unresolved reference: {words(tag)[:60]!r}"


def outputs(page: Page) -> Looked:
    """Executed cells show neither tracebacks nor warnings, and no endless code."""
    for cell in page.content.select("div.cell"):
        classes = cell.get("class") or []
        finding = ""
        if cell.select_one(".output.traceback") and "tag_raises-exception" not in classes:
            finding = f"a cell failed: {words(cell.select_one('.output.traceback'))[-80:]!r}"
        elif error := cell.select_one(".output.stderr"):
            finding = f"a cell writes to the error stream: {words(error)[:80]!r}"
        elif not {"tag_hide-input", "tag_hide-cell", "tag_remove-input"} & set(classes):
            source = cell.select_one(".cell_input pre")
            lines = source.get_text().rstrip("\n").count("\n") + 1 if source else 0
            if lines > VISIBLE_LINES:
                finding = f"a visible cell has {lines} lines, more than {VISIBLE_LINES}"
        yield "code cells", finding


def local_paths(page: Page) -> Looked:
    """Nothing tells where the book was built."""
    found = LEAKS.search(page.text)
    yield "pages searched for local paths", f"a local path: {found[0]!r}" if found else ""


def external_sources(page: Page) -> Looked:
    """Scripts, styles, pictures and fonts all come with the book."""
    for tag in page.soup.find_all(list(SOURCES)):
        address = str(tag.get(SOURCES[tag.name]) or "")
        relations = set(tag.get("rel") or [])
        if tag.name == "link" and relations and relations <= HARMLESS_LINKS:
            continue
        finding = f"<{tag.name}> loads {address}" if EXTERNAL.match(address) else ""
        yield "sources", finding
    for style in [*page.soup.find_all("style"), *page.soup.find_all(style=True)]:
        text = style.get_text() if style.name == "style" else str(style["style"])
        found = STYLE_URL.search(text)
        yield "sources", f"a style loads {found[1]}" if found else ""


CHECKS: tuple[Callable[[Page], Looked], ...] = (
    alternative_texts,
    links,
    numbers,
    outputs,
    local_paths,
    external_sources,
)
