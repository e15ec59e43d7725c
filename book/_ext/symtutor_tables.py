"""The docutils table of the directives that list records and budgets."""

from collections.abc import Iterable, Sequence

from docutils import nodes

Cell = str | nodes.paragraph


def table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> nodes.table:
    """A table as wide as its contents: a header, and rows of texts or paragraphs."""
    head, body = nodes.thead(), nodes.tbody()
    head += _row(header)
    body += [_row(cells) for cells in rows]
    group = nodes.tgroup(cols=len(header))
    group += [nodes.colspec(colwidth=1) for _ in header]
    group += [head, body]
    result = nodes.table(classes=["colwidths-auto"])
    result += group
    return result


def _row(cells: Sequence[Cell]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", _paragraph(cell)) for cell in cells))


def _paragraph(cell: Cell) -> nodes.paragraph:
    return nodes.paragraph(text=cell) if isinstance(cell, str) else cell
