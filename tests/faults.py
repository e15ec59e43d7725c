"""Helpers, no tests: real faults, such as a full disk, and what they must leave unchanged."""

import io
import signal
from contextlib import contextmanager, redirect_stderr

import pytest


@contextmanager
def full_disk(size=0):
    """No file can grow beyond so many bytes: writing more fails as on a full disk, for root too.

    Yields what is said on standard error.
    """
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with redirect_stderr(io.StringIO()) as said:  # the captured one is a file, too
            yield said
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def content(folder):
    """Every file below a folder with its bytes, to see that nothing has changed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
