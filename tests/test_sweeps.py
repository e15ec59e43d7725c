"""Sweeps without a cluster of processes: what is planned, what a worker does, what is refused."""

import logging

import distributed
import pytest

from symtutor import sweeps
from symtutor.experiments import UnknownNameError, get
from symtutor.records import store
from symtutor.records.runner import run_recorded
from symtutor.sweeps import conduct
from symtutor.training import StoppedError

TOY = get("toy-symmetry")
TINY = {"steps": 12, "width": 8, "head": 4, "circles": 8, "points": 8, "batch": 16}
DIVERGES = 1e30  # as a learning rate


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setenv("TQDM_DISABLE", "1")


@pytest.fixture
def address():
    """Two workers of one thread each, in this process, behind a real scheduler."""
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def nobody(monkeypatch):
    """Connecting to any cluster fails the test."""

    def connected(*arguments):
        raise AssertionError("a sweep with nothing to do asked for workers")

    monkeypatch.setattr(conduct, "connected", connected)


def test_a_grid_is_the_product_of_its_axes():
    combos = sweeps.grid(TOY, "quick", {"w_ortho": [1, 3.0], "invariant": ["circle", "sphere"]})
    assert [tuple(combo.values()) for combo in combos] == [
        (1.0, "circle"),
        (1.0, "sphere"),
        (3.0, "circle"),
        (3.0, "sphere"),
    ]
    assert [type(combo["w_ortho"]) for combo in combos] == [float] * 4
    assert sweeps.grid(TOY, "quick", {}) == [{}]


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        ({"w_orto": [1.0]}, UnknownNameError, "nearest: w_ortho"),
        ({"tau": [1.5, 2.0, 1.5]}, ValueError, "holds 1.5 twice"),
        ({"tau": [2, 2.0]}, ValueError, "holds 2.0 twice"),
        ({"tau": []}, ValueError, "at least one value"),
        ({"invariant": "circle"}, ValueError, "needs a list"),
        ({"seed": [0, 1]}, ValueError, "no axis"),
        ({"steps": [1.5]}, ValueError, "holds int"),
        ({"steps": [True]}, ValueError, "holds int"),
        ({"tau": ["1.5"]}, ValueError, "holds float"),
        ({"tau": [float("nan")]}, ValueError, "no finite number"),
    ],
)
def test_a_grid_refuses_what_it_cannot_mean(axes, error, message):
    with pytest.raises(error, match=message):
        sweeps.grid(TOY, "quick", axes)
    with pytest.raises(UnknownNameError, match="nearest: quick"):
        sweeps.grid(TOY, "quik", {})


@pytest.mark.parametrize(
    ("combos", "seeds", "message"),
    [
        ([], [0], "nothing to run"),
        ([{}], [], "nothing to run"),
        ([{"tau": 1.5}, {"tau": 1.5}], [0], "same"),
        ([{}, {"tau": 1.25}], [0], "same"),  # 1.25 is what the preset says
        ([{}], [3, 3], "same"),
        ([{"seed": 1}], [0], "seeds separately"),
        ([{"tua": 1.5}], [0], "nearest: tau"),
        ([{"tau": float("inf")}], [0], "no finite number"),
    ],
)
def test_a_sweep_refuses_a_senseless_plan_and_writes_nothing(
    tmp_path, nobody, combos, seeds, message
):
    with pytest.raises(ValueError, match=message):
        sweeps.sweep(TOY, "quick", combos, seeds, tmp_path / "runs")
    assert list(tmp_path.iterdir()) == []


def test_finished_runs_are_used_damaged_ones_reported_and_records_kept(tmp_path, nobody):
    root, results = tmp_path / "runs", tmp_path / "results"
    for seed in range(2):
        run_recorded("toy-symmetry", "quick", TINY, seed, root)
    spoilt = next(root.rglob("seed1")) / "record.safetensors"
    spoilt.write_bytes(spoilt.read_bytes()[:-1])
    good, bad = sweeps.sweep(TOY, "quick", [TINY], range(2), root, record_into=results)
    assert (good.error, good.reused, good.seed, good.overrides) == (None, True, 0, TINY)
    assert bad.path is None and bad.reused and bad.error.startswith("DamagedError: ")
    kept = store.place(results, "toy-symmetry", "quick", TINY, 0)
    assert sorted(path.name for path in results.rglob("*.*s*")) == [
        "seed0.json",
        "seed0.safetensors",
    ]
    copy = store.read(kept.with_name("seed0.json"))
    assert copy.content == store.read(good.path).content


def test_a_failing_run_is_reported_and_the_others_finish(tmp_path, address):
    combos = [{**TINY, "learning_rate": rate} for rate in (0.01, DIVERGES, 0.02)]
    root = tmp_path / "runs"
    outcomes = sweeps.sweep(TOY, "quick", combos, [5], root, scheduler=address)
    assert [outcome.overrides["learning_rate"] for outcome in outcomes] == [0.01, DIVERGES, 0.02]
    assert [outcome.error is None for outcome in outcomes] == [True, False, True]
    assert outcomes[1].error.startswith("NonFiniteError: step ")
    assert outcomes[1].path is None
    for outcome in (outcomes[0], outcomes[2]):
        config = store.read(outcome.path).content["config"]
        assert (config["learning_rate"], config["seed"]) == (outcome.overrides["learning_rate"], 5)
    assert list(root.glob(".*")) == []  # the flag is gone


class Impatient:
    """A progress bar at which somebody presses Ctrl-C when the first run comes back."""

    n, pressed = 0, False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def update(self, count):
        self.n += count
        if not self.pressed:
            self.pressed = True
            raise KeyboardInterrupt


def test_ctrl_c_stops_the_sweep_and_the_same_sweep_goes_on(tmp_path, address, monkeypatch):
    combos = [{**TINY, "tau": tau, "steps": 400} for tau in (1.5, 2.0, 3.0)]
    with (
        monkeypatch.context() as patch,
        pytest.raises(StoppedError, match=r"1 of 3 .*goes on") as stop,
    ):
        patch.setattr(conduct, "_bar", lambda progress, books: Impatient())
        sweeps.sweep(TOY, "quick", combos, [0], tmp_path, scheduler=address)
    assert stop.value.reason == "interrupt"
    stopped = [path.parent for path in tmp_path.rglob("field.json")]
    assert len(stopped) < 3
    outcomes = sweeps.sweep(TOY, "quick", combos, [0], tmp_path, scheduler=address)
    assert [outcome.error for outcome in outcomes] == [None] * 3
    assert sum(outcome.reused for outcome in outcomes) == 1
    for outcome in outcomes:
        starts = store.read(outcome.path).content["sessions"]["field"]
        assert len(starts) == 1 + (outcome.path.parent in stopped)


def test_when_the_time_is_up_all_runs_stop(tmp_path, address):
    combos = [{**TINY, "tau": tau, "steps": 4000} for tau in (1.5, 2.0)]
    with pytest.raises(StoppedError, match="the time is up: 0 of 2") as stop:
        sweeps.sweep(TOY, "quick", combos, [0], tmp_path, scheduler=address, max_minutes=0)
    assert stop.value.reason == "time"
    assert list(tmp_path.rglob("record.json")) == list(tmp_path.glob(".*")) == []
