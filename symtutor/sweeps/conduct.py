"""Hands the runs of a sweep to the workers, and takes back what they found."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..experiments import Experiment
from ..training import StoppedError
from .books import Books
from .cluster import Slurm, connected
from .plan import Outcome, Run, plan
from .worker import work

LOST = "the connection to the scheduler was lost; the same sweep goes on with this run"
DRAIN = 60.0  # seconds for running runs to reach a checkpoint after Ctrl-C


def sweep(
    experiment: Experiment,
    preset: str,
    combos: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    root: Path,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    slurm: Slurm | None = None,
    record_into: Path | None = None,
    max_minutes: float | None = None,
    checkpoint_seconds: float = 30.0,
    device: str | None = None,
    compile: bool = False,
    progress: bool = True,
) -> list[Outcome]:
    """Run every combination with every seed, each in a folder of its own below `root`.

    A finished run is not repeated. A run whose worker dies goes on from its last checkpoint in
    another one, as often as it gets to a new checkpoint in between. A run that fails does not stop
    the others. On a CPU every run uses one thread and gives what it gives alone, byte for byte.

    With a scheduler of yours or SLURM, all workers must see `root` under the same path as this
    process, have this package, and one thread each. Of SLURM the job script and a stand-in for
    sbatch have been tested, no real cluster.

    Args:
        experiment, preset: what to run.
        combos: fields that differ from the preset, e.g. of `grid`; [{}] for none.
        seeds: of each combination.
        root: runs are at root/experiment/preset/[field=value,...]/seed<k>.
        workers: most runs at a time; None: one per core, on SLURM all.
        scheduler: None for a cluster of processes here, "tcp://host:port" of a running Dask
            scheduler, or "slurm".
        slurm: what to ask SLURM for.
        record_into: also copy the records there, as <same place>.json and .safetensors.
        max_minutes: for the whole sweep, from when the cluster is up; then all runs stop at a
            checkpoint.
        checkpoint_seconds: time between the checkpoints of a run.
        device: "cpu", "cuda", ...; None: the best that the worker has.
        compile: whether losses go through torch.compile.
        progress: show a bar over the runs.

    Returns:
        What became of each run, combination by combination, seed by seed.

    Raises:
        StoppedError: if the time was up, or on Ctrl-C; the same sweep goes on.
        ClusterError: if there are no workers for it.
        UnknownNameError, ValueError: if the runs asked for make no sense; nothing is run.
    """
    root = root.resolve()
    runs = plan(experiment, preset, combos, seeds, root)
    order = {
        "experiment": experiment.name,
        "preset": preset,
        "checkpoint_seconds": checkpoint_seconds,
        "device": device,
        "compile": compile,
    }
    books = Books(experiment, preset, runs, root, record_into)
    books.find()
    if books.open:
        with _flag(root) as flag, _bar(progress, books) as bar:
            place = connected(scheduler, workers, len(books.open), slurm or Slurm(), flag)
            with place as client, _limit(flag, max_minutes):
                _conduct(client, books, order | {"flag": str(flag)}, bar)
    return [books.outcomes[run.folder] for run in runs]


@contextmanager
def _flag(root: Path) -> Iterator[Path]:
    """A file that is there as long as the runs may go on: workers look for it at every step."""
    root.mkdir(parents=True, exist_ok=True)
    flag = root / f".sweep-{uuid.uuid4().hex}"
    flag.touch()
    try:
        yield flag
    finally:
        flag.unlink(missing_ok=True)


@contextmanager
def _limit(flag: Path, minutes: float | None) -> Iterator[None]:
    """Take the flag away after so many minutes."""
    if minutes is None:
        yield
        return
    timer = threading.Timer(60 * minutes, flag.unlink, (True,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _bar(progress: bool, books: Books) -> Any:
    """A bar over the runs; silent where TQDM_DISABLE is set."""
    from tqdm.auto import tqdm

    looks: dict[str, Any] = {} if progress else {"disable": True}
    looks |= {"desc": books.experiment.name, "unit": "run", "dynamic_ncols": True}
    return tqdm(total=len(books.runs), initial=len(books.outcomes), **looks)


def _conduct(client: Any, books: Books, order: Mapping[str, Any], bar: Any) -> None:
    """Submit what is open and enter what comes back, until nothing is left or it is stopped."""
    flag = Path(order["flag"])
    going = _Going(client, order)
    for run in books.open:
        going.submit(run)
    reason = "time"
    try:
        going.collect(books, bar)
    except KeyboardInterrupt:
        reason = "interrupt"
        flag.unlink(missing_ok=True)
        with suppress(TimeoutError):  # those left end with the cluster, or by themselves
            going.collect(books, bar, timeout=DRAIN)
    if books.open:
        said = {"time": "the time is up", "interrupt": "interrupted"}[reason]
        raise StoppedError(reason, f"{said}: {books.summary()}")


class _Going:
    """The runs that have been handed out."""

    def __init__(self, client: Any, order: Mapping[str, Any]) -> None:
        self.client, self.order = client, order
        self.runs: dict[Any, Run] = {}
        self.traces: dict[Any, Any] = {}

    def submit(self, run: Run) -> Any:
        """Hand out a run; what it had reached by then is remembered."""
        order = {"overrides": run.overrides, "seed": run.seed, "folder": str(run.folder)}
        future = self.client.submit(work, json.dumps({**self.order, **order}), pure=False)
        self.runs[future], self.traces[future] = run, _trace(run.folder)
        return future

    def collect(self, books: Books, bar: Any, timeout: float | None = None) -> None:
        """Enter the runs as they come back."""
        from distributed import as_completed

        arriving = as_completed(list(self.runs), timeout=timeout)
        for future in arriving:
            again = self._take(future, books)
            if again is not None:
                arriving.add(again)
            bar.update(len(books.outcomes) - bar.n)

    def _take(self, future: Any, books: Books) -> Any:
        """Enter one run; if only its workers died and it had got on, hand it out again."""
        from distributed import KilledWorker

        run = self.runs.pop(future)
        if future.status == "finished":
            told = json.loads(future.result())
            if "stopped" not in told:
                books.enter(run, error=told.get("error"))
            return None
        problem = None if future.cancelled() else future.exception()
        if isinstance(problem, KilledWorker) and _trace(run.folder) != self.traces[future]:
            return self.submit(run)
        books.enter(run, error=f"{type(problem).__name__}: {problem}" if problem else LOST)
        return None


def _trace(folder: Path) -> list[tuple[str, int]]:
    """The state of a run's checkpoints: changes whenever one is written."""
    found = []
    for path in sorted(folder.glob("*.json")):
        with suppress(FileNotFoundError):
            found.append((path.name, path.stat().st_mtime_ns))
    return found
