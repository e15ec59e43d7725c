"""`symtutor list`."""

from .. import experiments
from ..records import library
from .options import UsageError


def main(arguments: list[str]) -> int:
    """Print every experiment with its presets and records."""
    if arguments in (["-h"], ["--help"]):
        print("usage: symtutor list   (experiments, presets, records there / wanted)")
        return 0
    if arguments:
        raise UsageError(f"symtutor list takes no arguments, got {' '.join(arguments)}")
    for name in experiments.names():
        experiment = experiments.get(name)
        wanted = [path for _, path in library.wanted([name])]
        there = sum(path.exists() for path in wanted)
        print(f"{name}: {experiment.summary}")
        print(f"  presets {', '.join(experiment.presets)}; records {there} of {len(wanted)}")
    return 0
