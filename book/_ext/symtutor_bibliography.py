"""Labels of the bibliography as the text cites them: author and year."""

from collections.abc import Iterable, Iterator

from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


class AuthorYearLabels(BaseLabelStyle):
    """Such as: Krizhevsky, 2009; Efe and Ozakin, 2025; Ko et al., 2024."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        for entry in sorted_entries:
            people = entry.persons["author"]
            names = [" ".join(map(str, person.rich_last_names)) for person in people]
            authors = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            yield f"{authors}, {entry.fields['year']}"


class AuthorYear(Plain):
    """The plain style with author-year labels."""

    default_label_style = AuthorYearLabels


def register() -> None:
    """Make the style known as "author_year_plain"."""
    register_plugin("pybtex.style.formatting", "author_year_plain", AuthorYear)
