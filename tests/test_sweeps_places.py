"""Where sweeps run: the options that SLURM gets, and the clusters that are refused."""

import logging
import os
import stat
import sys
from pathlib import Path

import distributed
import pytest

from symtutor.experiments import get
from symtutor.sweeps import ClusterError, Slurm, sweep
from symtutor.sweeps import cluster as places

TOY = get("toy-symmetry")
SBATCH = """#!{python}
# a stand-in for SLURM's command: it starts the job at once, as a process of this machine
import pathlib, subprocess, sys
text = pathlib.Path(sys.argv[-1]).read_text()
if "--test-only" in sys.argv:
    if "-A nobody" in text:
        sys.exit("sbatch: error: Invalid account or account/partition combination specified")
    sys.exit(0)
job = pathlib.Path({folder!r}) / f"{{len(list(pathlib.Path({folder!r}).glob('*.sh')))}}.sh"
job.write_text(text)
output = job.with_suffix(".out").open("w")
started = subprocess.Popen(["bash", job], stdout=output, stderr=output, start_new_session=True)
print(f"Submitted batch job {{started.pid}}")
"""
SCANCEL = """#!{python}
import os, signal, sys
os.killpg(int(sys.argv[1]), signal.SIGTERM)
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """A folder for the jobs of a stand-in for SLURM that is first on the path."""
    programs, folder = tmp_path / "bin", tmp_path / "jobs"
    programs.mkdir()
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        program = programs / name
        program.write_text(text.format(python=sys.executable, folder=str(folder)))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    return folder


def test_the_job_script_has_the_options():
    slurm = Slurm(
        cores=4,
        memory="16GB",
        walltime="12:30:00",
        queue="gpu",
        account="symmetry",
        directives=("--gres=gpu:1", "--exclusive"),
        prologue=("module load cuda",),
        log_directory="logs",
    )
    with slurm.cluster() as cluster:
        lines = cluster.job_script().splitlines()
    asked = {line for line in lines if line.startswith("#SBATCH")}
    assert {"#SBATCH -p gpu", "#SBATCH -A symmetry", "#SBATCH -t 12:30:00"} <= asked
    assert {"#SBATCH --gres=gpu:1", "#SBATCH --exclusive"} <= asked
    assert {"#SBATCH --cpus-per-task=4", "#SBATCH --mem=15G"} <= asked
    assert "#SBATCH -o logs/dask-worker-%J.out" in asked
    command = lines[-1]
    assert lines.index("module load cuda") == len(lines) - 2
    assert "--nthreads 1 " in command and "--nworkers 4 " in command
    assert command.startswith(f"{sys.executable} -m distributed.cli.dask_worker tcp://")


def test_jobs_are_started_and_do_the_runs(tmp_path, jobs):
    tiny = {"steps": 12, "width": 8, "head": 4, "circles": 8, "points": 8, "batch": 16}
    outcomes = sweep(
        TOY, "quick", [tiny], range(2), tmp_path / "runs", workers=1, scheduler="slurm"
    )
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert all(outcome.path.is_file() and not outcome.reused for outcome in outcomes)
    assert len(list(jobs.glob("*.sh"))) == 1


def test_a_job_that_slurm_refuses_is_not_waited_for(tmp_path, jobs):
    with pytest.raises(ClusterError, match="refuses the job: sbatch: error: Invalid account"):
        sweep(TOY, "quick", [{}], [0], tmp_path, scheduler="slurm", slurm=Slurm(account="nobody"))
    assert list(jobs.iterdir()) == []


def test_without_slurm_there_is_no_sweep_on_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="no command sbatch"):
        sweep(TOY, "quick", [{}], [0], tmp_path / "runs", scheduler="slurm")


def test_a_missing_package_is_named_with_its_remedy():
    with pytest.raises(ClusterError, match=r'needs no_dask.*pip install "symtutor\[sweep\]"'):
        places.needed("no_dask")


def test_a_scheduler_that_is_not_there_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "CONNECT", 0.5)
    with pytest.raises(ClusterError, match=r"no scheduler at tcp://127\.0\.0\.1:9"):
        sweep(TOY, "quick", [{}], [0], tmp_path, scheduler="tcp://127.0.0.1:9")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ClusterError, match="its own workers"):
        sweep(TOY, "quick", [{}], [0], tmp_path, scheduler="tcp://127.0.0.1:9", workers=2)
    with pytest.raises(ClusterError, match="at least 1 worker"):
        sweep(TOY, "quick", [{}], [0], tmp_path, workers=0)


@pytest.mark.parametrize(
    ("workers", "threads", "flag", "message"),
    [
        (0, 1, "here", "no worker has joined"),
        (1, 2, "here", "more than one thread: tcp://"),
        (1, 1, "elsewhere", "do not see .*elsewhere"),
    ],
)
def test_unsuitable_workers_are_refused(tmp_path, monkeypatch, workers, threads, flag, message):
    monkeypatch.setattr(places, "PATIENCE", 0.5)
    (tmp_path / "here").mkdir()
    (tmp_path / "here/flag").touch()
    with (
        distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=False,
            protocol="tcp",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        pytest.raises(ClusterError, match=message),
        places.connected(cluster.scheduler_address, None, 1, Slurm(), tmp_path / flag / "flag"),
    ):
        raise AssertionError("the workers were accepted")


def test_what_dask_sets_for_its_workers_does_not_stay(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with places.connected(None, 1, 1, Slurm(), tmp_path) as client:
        inside = client.run(lambda: dict(os.environ))
        assert [found["OMP_NUM_THREADS"] for found in inside.values()] == ["1"]
        assert list(client.nthreads().values()) == [1]
    assert dict(os.environ) == before
