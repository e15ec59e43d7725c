"""The command `symtutor`: list, run, show, sweep, bench.

Exit status: 0 done; 1 failed; 2 asked for something that does not exist or does not fit; 75 time is
up, run the same again to go on; 130 interrupted by Ctrl-C and 143 by SIGTERM, likewise.
"""

import sys
from collections.abc import Callable, Sequence

from ..experiments import UnknownNameError, known
from ..files import DamagedError
from ..records import BusyError, DeviceMemoryError
from ..sweeps import ClusterError
from ..training import MismatchError, NonFiniteError, StoppedError
from . import bench, listing, running, showing, sweeping
from .options import UsageError

COMMANDS: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "list": (listing.main, "experiments, their presets, and how many of their records are there"),
    "run": (running.main, "run an experiment, or go on with a run that was broken off"),
    "show": (showing.main, "records: all, of one experiment, one file, or the missing ones"),
    "sweep": (sweeping.main, "run a grid of configurations and seeds on many processes"),
    "bench": (bench.main, "time the package against named baselines (in a clone)"),
}
STOPPED = {"time": 75, "interrupt": 130, "terminate": 143}
REFUSED = (UnknownNameError, UsageError, MismatchError, DamagedError, BusyError)


def usage() -> str:
    """What `symtutor --help` prints."""
    lines = [f"  {name:<7} {text}" for name, (_, text) in COMMANDS.items()]
    head = "usage: symtutor COMMAND ...   (symtutor COMMAND --help says more)"
    tail = (__doc__ or "").split("\n\n", 1)[1].strip()
    return "\n".join([head, "", *lines, "", tail])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(usage())
        return 0 if arguments else 2
    try:
        command, _ = COMMANDS[known("command", arguments[0], COMMANDS)]
        status = command(arguments[1:])
        sys.stdout.flush()
        return status
    except StoppedError as stop:
        print(f"symtutor: {stop}", file=sys.stderr)
        return STOPPED[stop.reason]
    except REFUSED as refusal:
        print(f"symtutor: {refusal}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        sys.stdout = None
        return 0
    except (NonFiniteError, DeviceMemoryError, ClusterError, OSError, ValueError) as failure:
        print(f"symtutor: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("symtutor: interrupted", file=sys.stderr)
        return STOPPED["interrupt"]
