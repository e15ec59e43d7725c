"""The addresses that everything else is derived from."""

import pytest
from bookfacts import Book


def test_addresses_follow_from_the_repository(root):
    config = root / "_config.yml"
    text = config.read_text().replace(Book(root).url, "https://github.com/Someone/other-book")
    config.write_text(text)
    book = Book(root)
    assert book.colab("book/a/b") == (
        "https://colab.research.google.com/github/Someone/other-book/blob/main/"
        "book/notebooks/a/b.ipynb"
    )
    assert book.page("book/a/b") == "https://someone.github.io/other-book/book/a/b.html"
    assert book.source("book/a/b").endswith("Someone/other-book/blob/main/book/a/b.md")
    assert book.raw("book/x.png").endswith("Someone/other-book/raw/main/book/x.png")


def test_a_page_of_the_contents_that_is_missing_is_named(root):
    (root / "book/appendix/bibliography.md").unlink()
    with pytest.raises(FileNotFoundError, match=r"book/appendix/bibliography\.md"):
        _ = Book(root).chapters
