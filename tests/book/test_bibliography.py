"""The bibliography's labels are what the text cites."""

from pathlib import Path

from pybtex.database import parse_file
from symtutor_bibliography import AuthorYearLabels

BOOK = Path(__file__).resolve().parents[2] / "book"


def test_labels_are_author_and_year_without_markup():
    entries = parse_file(str(BOOK / "references.bib")).entries
    labels = dict(zip(entries, AuthorYearLabels().format_labels(entries.values()), strict=True))
    assert labels["krizhevsky2009"] == "Krizhevsky, 2009"
    assert labels["bjorck1973"] == "Björck and Golub, 1973"
    assert labels["ko2024"] == "Ko et al., 2024"
    assert len(set(labels.values())) == len(labels)
