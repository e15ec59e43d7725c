"""The runs of a sweep, and what became of them so far."""

from collections.abc import Sequence
from pathlib import Path

from ..experiments import Experiment
from ..files import DamagedError
from ..records import store
from ..training import MismatchError
from .plan import Outcome, Run


class Books:
    """The runs, and what became of them so far."""

    def __init__(
        self,
        experiment: Experiment,
        preset: str,
        runs: Sequence[Run],
        root: Path,
        record_into: Path | None,
    ) -> None:
        self.experiment, self.preset, self.runs = experiment, preset, runs
        self.root, self.record_into = root, record_into
        self.outcomes: dict[Path, Outcome] = {}

    @property
    def open(self) -> list[Run]:
        """Runs of which nothing is known yet."""
        return [run for run in self.runs if run.folder not in self.outcomes]

    def find(self) -> None:
        """Enter the runs whose record is there."""
        for run in self.runs:
            if run.path.exists():
                self.enter(run, reused=True)

    def enter(self, run: Run, *, reused: bool = False, error: str | None = None) -> None:
        """Enter a run that has failed, or the record that it says it has written."""
        path = None
        if error is None:
            try:
                record = store.finished(self.experiment, run.config, self.preset, run.path)
                path = run.path
                self._keep(record, run)
            except (DamagedError, MismatchError, OSError) as problem:
                error = f"{type(problem).__name__}: {problem}"
        self.outcomes[run.folder] = Outcome(run.overrides, run.seed, path, error, reused)

    def _keep(self, record: store.Record, run: Run) -> None:
        """Put the record among the results, unless the same is there."""
        if self.record_into is None:
            return
        place = self.record_into / run.folder.relative_to(self.root)
        path = place.with_name(place.name + ".json")
        if not path.exists() or path.read_bytes() != record.path.read_bytes():
            store.copy(record, path)

    def summary(self) -> str:
        """How far it got, and what failed."""
        done = sum(outcome.error is None for outcome in self.outcomes.values())
        lines = [f"{done} of {len(self.runs)} runs are finished; the same sweep goes on from here"]
        for outcome in self.outcomes.values():
            if outcome.error is not None:
                lines.append(f"failed: {outcome.overrides}, seed {outcome.seed}: {outcome.error}")
        return "\n".join(lines)
