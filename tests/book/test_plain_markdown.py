"""MyST syntax in plain Markdown, and a clear error where there is no plain form."""

import make_notebooks
import pytest
from bookfacts import Book
from plain_blocks import blocks
from plain_inline import Context, UntranslatableError, inline

CHAPTER = "book/foundations/flows"


@pytest.fixture
def context(root):
    """The chapter with one of everything that can be referred to."""
    path = root / f"{CHAPTER}.md"
    path.write_text(
        path.read_text()
        + """
(sec-orbits)=
## Orbits of $z$

$$ a = b $$ (eq-one)

$$
c = d
$$ (eq-two)

```{prf:theorem} Uniqueness
:label: thm-unique
Only one.
```

```{exercise-start} Circle
:label: ex-circle
```

```{exercise-end}
```

```{code-cell} ipython3
:mystnb: {figure: {caption: "An orbit, by {eq}`eq-two`.", name: fig-orbit}}
pass
```
"""
    )
    return Context(Book(root), CHAPTER)


BIB = Book().page("book/appendix/bibliography")
INLINE = {
    "{numref}`fig-orbit`": "Figure 1",
    "{numref}`Picture %s <fig-orbit>`": "Picture 1",
    "{eq}`eq-two`": "(2)",
    "{ref}`sec-orbits`": "Orbits of $z$",
    "{ref}`there <sec-orbits>`": "there",
    "{prf:ref}`thm-unique`": "Theorem 1",
    "{ref}`ex-circle`": "Exercise 1",
    "{doc}`/book/appendix/bibliography`": f"[Bibliography]({BIB})",
    "{doc}`works <../appendix/bibliography>`": f"[works]({BIB})",
    "[works](../appendix/bibliography.md)": f"[works]({BIB})",
    "[](ch-bibliography)": f"[Bibliography]({BIB})",
    "{cite}`ko2024,lee2012`": f"([Ko et al., 2024]({BIB}); [Lee, 2012]({BIB}))",
    "{cite:t}`lee2012`": f"Lee ([2012]({BIB}))",
    "{term}`flow`": "flow",
    "{term}`flows <flow>`": "flows",
    "{glue:text}`gap:.1e`": "`gap`",
    "{math}`a_b`": "$a_b$",
    "{func}`~symtutor.flow`": "`flow`",
    "{class}`symtutor.Field`": "`symtutor.Field`",
    "{kbd}`Tab`": "<kbd>Tab</kbd>",
    "{abbr}`RK4 (Runge-Kutta)`": '<abbr title="Runge-Kutta">RK4</abbr>',
    "`{ref}` and $x_{a}$ and ``a`b``": "`{ref}` and $x_{a}$ and ``a`b``",
    "a note[^why].": "a note<sup>why</sup>.",
    "[words]{.class}": "words",
    "[web](https://example.org/a)": "[web](https://example.org/a)",
    "a role {term}`over\ntwo lines` ends": "a role over two lines ends",
}


@pytest.mark.parametrize("source", INLINE)
def test_inline_syntax(context, source):
    assert inline(source, context) == INLINE[source]


def test_reference_into_another_chapter_names_and_links_it(context):
    elsewhere = Context(context.book, "book/index")
    expected = f"Figure 1 of [Flows]({Book().colab(CHAPTER)})"
    assert inline("{numref}`fig-orbit`", elsewhere) == expected


BLOCKS = {
    "(ch-x)=\n# Title": "# Title",
    "% a comment\nText.": "Text.",
    "{.class}\nText.": "Text.",
    "$$ a = b $$ (eq-one)": "$$\na = b\n\\tag{1}\n$$",
    "$$\nc = d\n$$ (eq-two)": "$$\nc = d\n\\tag{2}\n$$",
    "$$\nc\n$$": "$$\nc\n$$",
    "```{math}\n:label: eq-one\na\n```": "$$\na\n\\tag{1}\n$$",
    ":::{note}\nMind {eq}`eq-one`.\n:::\nAfter.": "> **Note**\n>\n> Mind (1).\n\nAfter.",
    "```{admonition} At a glance\n:class: tip\nA\n\nB\n```": "> **At a glance**\n>\n> A\n>\n> B",
    ":::{admonition} Hint\n:class: dropdown\nLook.\n:::": (
        "<details><summary><b>Hint</b></summary>\n\nLook.\n\n</details>"
    ),
    "::::{note}\n:::{tip}\nIn.\n:::\n::::": "> **Note**\n>\n> > **Tip**\n> >\n> > In.",
    "```{prf:theorem} Uniqueness\n:label: thm-unique\nOne.\n```": (
        "> **Theorem 1 (Uniqueness)**\n>\n> One."
    ),
    "```{prf:proof}\nSee.\n```": "> **Proof**\n>\n> See.",
    "```{exercise-start} Circle\n:label: ex-circle\n```": "### Exercise 1 (Circle)",
    "```{exercise-end}\n```": "",
    "```{solution-start} ex-circle\n:class: dropdown\n```": (
        "#### Solution of exercise 1\n\n*Try it yourself before you read on.*"
    ),
    "```{solution-end}\n```": "",
    "Term\n: Its meaning.": "**Term** —\nIts meaning.",
    "[^why]: Because.": "<sup>why</sup> Because.",
    "```python\n{ref}`kept`\n```": "```python\n{ref}`kept`\n```",
    "```{code-block} text\n$ make\n```": "```text\n$ make\n```",
    "```{list-table} Costs\n* - a\n  - b\n* - 1\n  - 2\n```": (
        "**Table.** Costs\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"
    ),
}


@pytest.mark.parametrize("source", BLOCKS)
def test_block_syntax(context, source):
    assert blocks(source, context) == BLOCKS[source]


def test_figures_get_an_absolute_address_and_a_caption(context):
    text = "```{figure} ../_static/x.png\n:alt: A field.\nThe field.\n```"
    address = f"{context.book.url}/raw/{context.book.branch}/book/_static/x.png"
    assert blocks(text, context) == f"![A field.]({address})\n\n**Figure.** The field."


def test_caption_of_a_figure_cell_follows_it(context):
    cells = make_notebooks.plain_cells(context.book.chapters[CHAPTER], context.book)
    assert cells[-1][1] == "**Figure 1.** An orbit, by (2)."
    assert cells[-2][0] == "code"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("```{mermaid}\ngraph\n```", r"directive \{mermaid\} has no plain Markdown form"),
        ("```{note}\nnever closed", "never closed"),
        ("{unknown}`x`", r"role \{unknown\} has no plain Markdown form"),
        ("{ref}`nowhere`", "no label 'nowhere'"),
        ("{doc}`nowhere`", "no page 'nowhere'"),
        ("{cite}`nobody1900`", "no reference 'nobody1900'"),
        ("{{ version }}", "would show as raw text"),
        ("{term}`unclosed", "would show as raw text"),
    ],
)
def test_what_cannot_be_translated_is_named(context, source, message):
    with pytest.raises(UntranslatableError, match=message) as caught:
        blocks(source, context)
    assert CHAPTER in str(caught.value)
