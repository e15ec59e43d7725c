import pytest

from symtutor.checks import check


@pytest.fixture
def refused():
    """Asserts that an answer to an exercise is wrong, and that the reader gets a certain hint."""

    def assert_refused(key, answer, hint):
        result = check(key, answer)
        assert not result.passed
        assert hint in result.message

    return assert_refused
