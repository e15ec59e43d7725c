"""Do what the README says in a fresh clone, and record what it costs in results/build.json.

    python tools/fresh_clone.py [--keep DIR]

The clone is made from the committed state, so uncommitted changes do not count. The numbers in the
README come from this record (tools/derive.py).
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "results" / "build.json"
STEPS = {"environment": ".venv/.stamp", "book": "book", "test": "test"}


def folder_gigabytes(folder: Path) -> float:
    """Disk space of a folder, hard links counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for path in folder.rglob("*"):
        status = path.lstat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += status.st_blocks * 512
    return total / 1e9


def run(target: str, clone: Path) -> float:
    """Seconds that `make TARGET` takes; its failure ends the measurement."""
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONPATH")}
    start = time.perf_counter()
    subprocess.run(
        ["make", target], cwd=clone, env=environment, stdin=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - start


def measure(clone: Path) -> dict:
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=clone, text=True).strip()
    seconds = {name: round(run(target, clone), 1) for name, target in STEPS.items()}
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # of the largest process
    return {
        "commit": commit,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": len(os.sched_getaffinity(0)),
        "seconds": seconds,
        "environment_gb": round(folder_gigabytes(clone / ".venv"), 2),
        "pages_mb": round(folder_gigabytes(clone / "_build" / "html") * 1000, 1),
        "largest_process_gb": round(peak * 1024 / 1e9, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path, help="clone here, and leave the clone in place")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory() as temporary:
        record = measure(keep or Path(temporary) / "clone")
    RECORD.parent.mkdir(exist_ok=True)
    partial = RECORD.with_suffix(".part")
    partial.write_text(json.dumps(record, indent=2) + "\n")
    partial.replace(RECORD)
    print(json.dumps(record, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
