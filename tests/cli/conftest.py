import shlex

import pytest
from tiny_experiment import results, tiny

from symtutor import cli

__all__ = ["results", "tiny"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def said(capsys):
    """Run a command line; its status, what it printed, and what it complained about."""

    def run(line):
        try:
            status = cli.main(shlex.split(line))
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        return status, out, err

    return run
