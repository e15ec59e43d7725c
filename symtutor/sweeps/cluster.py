"""Where the runs of a sweep are done: processes of this machine, a running scheduler, or SLURM."""

import contextlib
import importlib
import logging
import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CONNECT = 10.0  # seconds until a running scheduler must have answered
PATIENCE = 60.0  # and until it must have a worker
# A Ctrl-C in the terminal reaches the workers too: they are to stop at a checkpoint instead.
DEAF = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
SETTINGS = {
    "distributed.scheduler.worker-saturation": 1.0,  # nothing waits in a worker that may die
    "distributed.scheduler.unknown-task-duration": "1h",  # worth a job of its own
    "distributed.nanny.pre-spawn-environ.TQDM_DISABLE": "1",  # one bar, over the runs
}


class ClusterError(RuntimeError):
    """There are no workers to be had, or none that could do the runs."""


@dataclass(frozen=True)
class Slurm:
    """What to ask SLURM for. Every job runs `cores` workers of one thread each.

    Attributes:
        cores: of a job, and runs done at a time in it.
        memory: of a job, shared by its runs, e.g. "4GB".
        walltime: of a job, as HH:MM:SS; a run that is cut off by it goes on in another job.
        queue: partition; None: the cluster's default.
        account: that is charged; None: the default one.
        directives: further options of sbatch, e.g. ("--gres=gpu:1",).
        prologue: shell lines before the worker starts, e.g. ("module load cuda",).
        interface: network interface that scheduler and workers share, e.g. "ib0".
        log_directory: where the jobs' output goes; None: SLURM's default.
    """

    cores: int = 1
    memory: str = "4GB"
    walltime: str = "01:00:00"
    queue: str | None = None
    account: str | None = None
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()
    interface: str | None = None
    log_directory: str | None = None

    def cluster(self) -> Any:
        """A dask_jobqueue.SLURMCluster with these options and no job yet.

        `.job_script()` shows what would be submitted.
        """
        jobqueue = needed("dask_jobqueue")
        return jobqueue.SLURMCluster(
            cores=self.cores,
            processes=self.cores,
            memory=self.memory,
            walltime=self.walltime,
            queue=self.queue,
            account=self.account,
            job_extra_directives=list(self.directives),
            job_script_prologue=["export TQDM_DISABLE=1", *self.prologue],
            interface=self.interface,
            log_directory=self.log_directory,
            scheduler_options={"dashboard_address": ":0"},
        )


def needed(module: str) -> Any:
    """Import a module of the extra "sweep".

    Raises:
        ClusterError: if it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ClusterError(
            f'a sweep needs {error.name}, which is not installed: pip install "symtutor[sweep]"'
        ) from None


@contextmanager
def connected(
    scheduler: str | None, workers: int | None, runs: int, slurm: Slurm, flag: Path
) -> Iterator[Any]:
    """A distributed.Client of workers that all see the flag; a cluster of our own ends with it.

    Args:
        scheduler: None for processes of this machine, "slurm", or the address of a scheduler.
        workers: most of them at a time; None: as many as there are cores, or runs.
        runs: to be done.
        slurm: what to ask SLURM for.
        flag: a file in the folder of the runs.

    Raises:
        ClusterError: if that cannot be had.
    """
    if workers is not None and workers < 1:
        raise ClusterError(f"a sweep needs at least 1 worker, got {workers}")
    distributed, dask = needed("distributed"), needed("dask")
    with dask.config.set(SETTINGS), contextlib.ExitStack() as stack:
        if scheduler is None:
            here = min(workers or needed("dask.system").CPU_COUNT, runs)
            cluster = stack.enter_context(_local(distributed, here))
            client = stack.enter_context(distributed.Client(cluster))
        elif scheduler == "slurm":
            cluster = stack.enter_context(_jobs(slurm, min(workers or runs, runs)))
            client = stack.enter_context(distributed.Client(cluster))
        else:
            if workers is not None:
                raise ClusterError(f"{scheduler} has its own workers; leave out how many")
            client = stack.enter_context(_remote(distributed, scheduler))
            _suitable(client, flag)
        yield client


@contextmanager
def _local(distributed: Any, workers: int) -> Iterator[Any]:
    """Processes of this machine, one thread each; they end when this process ends."""
    environment = dict(os.environ)
    try:
        with distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            memory_limit=0,  # the system's business
            dashboard_address=None,
            silence_logs=logging.ERROR,
            preload=[DEAF],
        ) as cluster:
            yield cluster
    finally:  # what Dask sets for the workers, it sets here
        os.environ.clear()
        os.environ.update(environment)


@contextmanager
def _jobs(slurm: Slurm, workers: int) -> Iterator[Any]:
    """SLURM jobs, as many as there is work for; a job that ends is replaced."""
    cluster = slurm.cluster()
    try:
        _rehearse(cluster.job_script())
        cluster.adapt(minimum_jobs=0, maximum_jobs=-(-workers // slurm.cores))
        yield cluster
    finally:
        try:
            cluster.close()
        except Exception as error:  # what the runs have found is worth more
            text = f"the jobs could not be ended ({error!r}); see `squeue --me`"
            warnings.warn(text, RuntimeWarning, stacklevel=2)


def _rehearse(script: str) -> None:
    """Let SLURM look at a job without starting it.

    Raises:
        ClusterError: with what SLURM has against it, or if there is no SLURM.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.sh"
        path.write_text(script)
        command = ["sbatch", "--test-only", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise ClusterError(
                "there is no command sbatch here: start the sweep on a login node of the cluster"
            ) from None
    if done.returncode:
        raise ClusterError(f"SLURM refuses the job: {done.stderr.strip()}\n{script}")


@contextmanager
def _remote(distributed: Any, address: str) -> Iterator[Any]:
    """A client of a running scheduler that has at least one worker."""
    try:
        client = distributed.Client(address, timeout=CONNECT)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no scheduler at {address} ({error}). Start one with `dask scheduler`, and workers "
            "with `dask worker ADDRESS --nthreads 1 --nworkers N`"
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:
            raise ClusterError(
                f"no worker has joined {address} for {PATIENCE:g} s; start some with "
                f"`dask worker {address} --nthreads 1 --nworkers N`"
            ) from None
        yield client


def _suitable(client: Any, flag: Path) -> None:
    """Refuse workers that run several tasks in one process, or do not see the folder."""
    crowded = [name for name, threads in client.nthreads().items() if threads != 1]
    if crowded:
        raise ClusterError(
            f"these workers have more than one thread: {', '.join(crowded)}. Runs share a "
            "process's random numbers, so start workers with --nthreads 1 --nworkers N"
        )
    seen = client.run(os.path.exists, str(flag))
    blind = [name for name, sees in seen.items() if not sees]
    if blind:
        raise ClusterError(
            f"these workers do not see {flag.parent}: {', '.join(blind)}. All workers must share "
            "the folder of the runs with this process, under the same path"
        )
