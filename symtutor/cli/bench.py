"""`symtutor bench`."""

import subprocess
import sys

from ..machine import REPOSITORY
from .options import UsageError


def main(arguments: list[str]) -> int:
    """Run the benchmarks of a clone; further arguments go to pytest."""
    folder = REPOSITORY / "benchmarks"
    if arguments in (["-h"], ["--help"]):
        print("usage: symtutor bench [pytest arguments]   (e.g. -k training)")
        return 0
    if not folder.is_dir():
        raise UsageError(
            "the benchmarks are part of the repository, not of the installed package; "
            "run this in a clone"
        )
    command = [sys.executable, "-m", "pytest", str(folder), "-q", "-p", "no:cacheprovider"]
    command += ["-o", "addopts="]  # no checks of types and shapes: they would be timed, too
    return subprocess.run([*command, *arguments], cwd=REPOSITORY, check=False).returncode
