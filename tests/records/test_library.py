"""What a chapter gets: verified records, or a box with the command that makes them."""

import shlex
from pathlib import Path

import pytest
import torch
from tiny_experiment import TINY, made

import symtutor
from symtutor import Quadrature, cli, experiments, generator, record
from symtutor.experiments import Metric, UnknownNameError
from symtutor.experiments import toy_problem as problem
from symtutor.experiments import toy_symmetry as toy
from symtutor.files import DamagedError, sha256, tensor_bytes
from symtutor.machine import REPOSITORY, device_name
from symtutor.records import Records, library, store


def recorded(seed=0, preset="laptop", **overrides):
    """Put a record of the tiny experiment among the results."""
    changed = TINY.overrides(TINY.config(preset, **overrides), preset)
    path = library.file_of("tiny-line", preset, changed, seed)
    made(path.parent / f"run{seed}", preset, seed=seed, **overrides)
    source = path.parent / f"run{seed}/record.json"
    store.copy(store.read(source), path)
    for left in source.parent.iterdir():
        left.unlink()
    source.parent.rmdir()
    return path


def test_results_lie_where_the_variable_says_else_in_the_clone_else_in_the_package(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("SYMTUTOR_RESULTS", str(tmp_path))
    assert library.results_root() == tmp_path
    monkeypatch.delenv("SYMTUTOR_RESULTS")
    assert library.results_root() == REPOSITORY / "results"
    monkeypatch.setattr(library, "REPOSITORY", tmp_path)
    assert library.results_root() == Path(symtutor.__file__).parent / "results"


def test_what_is_missing_is_shown_with_its_command(tiny, results):
    found = record("tiny-line")
    assert not found and len(found) == 0 and list(found) == []
    assert found.missing == (
        "symtutor run tiny-line --preset laptop --seed 0 --record",
        "symtutor run tiny-line --preset laptop --seed 1 --record",
    )
    assert "not recorded yet; to make the record:\n" + "\n".join(found.missing) in repr(found)
    page = found._repr_html_()
    assert "Not recorded yet" in page and "Recorded<" not in page
    assert all(f">{line}</code>" in page for line in found.missing)
    assert found.metric("slope").shape == (0,)
    assert not results.exists()


def test_half_of_the_records_are_shown_and_the_rest_asked_for(tiny, results):
    recorded(1)
    found = record("tiny-line")
    assert len(found) == 1 and not found and found[0].seed == 1
    assert found.missing == ("symtutor run tiny-line --preset laptop --seed 0 --record",)
    assert "symtutor-record" in found._repr_html_() and "symtutor-missing" in found._repr_html_()
    assert found[0].line() in repr(found) and found.missing[0] in repr(found)


def test_all_records_are_shown_with_where_they_come_from(tiny, results):
    recorded(0), recorded(1)
    found = record("tiny-line")
    assert found and [r.seed for r in found] == [0, 1] and found.missing == ()
    assert found.title == "tiny-line, laptop"
    assert "symtutor-missing" not in found._repr_html_()
    (line,) = repr(found).splitlines()  # one origin, one line
    seeds = ", ".join(str(run.seed) for run in found)
    assert line.startswith(f"{found.title}: seeds {seeds} · ")
    made, day = found[0].origin()
    assert made in line and line.endswith(day)
    slopes = found.metric("slope")
    assert slopes.dtype == torch.float64 and slopes.tolist() == [r.metrics["slope"] for r in found]
    assert found.metric("both").shape == (2, 1, 2)
    with pytest.raises(KeyError, match="no metric 'slop'; there are slope, both"):
        found.metric("slop")


def test_seeds_and_overrides_choose_the_records(tiny, results):
    recorded(3, slope=1.5)
    found = record("tiny-line", seeds=[3], slope=1.5)
    assert found and found.title == "tiny-line, laptop, slope = 1.5"
    assert record("tiny-line", slope=1.5).missing == (
        "symtutor run tiny-line --preset laptop --seed 0 --slope 1.5 --record",
    )
    assert len(record("tiny-line", "quick").missing) == 1


def test_a_whole_number_finds_the_record_of_the_real_one(tiny, results):
    recorded(0, slope=0.0)
    assert record("tiny-line", slope=0) and record("tiny-line", slope=0.0)


@pytest.mark.parametrize(
    ("arguments", "fields", "told"),
    [
        (["tiny-lime"], {}, "no experiment is called 'tiny-lime'; nearest: tiny-line"),
        (["tiny-line", "laptob"], {}, "no preset of tiny-line .* nearest: laptop"),
        (["tiny-line"], {"slop": 1}, "no field of tiny-line is called 'slop'; nearest: slope"),
    ],
)
def test_unknown_names_are_refused(tiny, results, arguments, fields, told):
    with pytest.raises(UnknownNameError, match=told):
        record(*arguments, **fields)


def test_a_seed_given_as_a_field_is_refused(tiny, results):
    with pytest.raises(ValueError, match=r"pass seeds=\[3\]"):
        record("tiny-line", seed=3)


def test_a_damaged_record_is_no_missing_record(tiny, results):
    path = recorded(0)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DamagedError):
        record("tiny-line")


def test_nothing_on_a_page_is_read_as_html():
    page = Records("<b>&", (), ('run "<i>"',))._repr_html_()
    assert "&lt;b&gt;&amp;" in page and "&lt;i&gt;" in page and "<b>" not in page


def test_a_notebook_shows_the_box_once(tiny, results, monkeypatch):
    import IPython.display

    from symtutor.records import claims

    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    found = record("tiny-line")
    assert shown == []
    monkeypatch.setattr(claims, "_shell", lambda: object())
    assert [record("tiny-line").missing] == [found.missing] == [box.missing for box in shown]


def test_the_printed_commands_make_exactly_the_records_that_are_missing(
    tiny, results, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["show", "tiny-line", "--missing"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    for count, line in enumerate(lines):
        program, *arguments = shlex.split(line)
        assert program == "symtutor" and cli.main(arguments) == 0
        assert sum(path.exists() for _, path in library.wanted(["tiny-line"])) == count + 1
    assert record("tiny-line") and record("tiny-line", slope=0.0)
    assert record("tiny-line", slope=-1e-5, steps=4, noisy=True)
    assert sorted(results.rglob("*.json")) == sorted(p for _, p in library.wanted(["tiny-line"]))
    capsys.readouterr()
    cli.main(["show", "tiny-line", "--missing"])
    assert capsys.readouterr().out == "Every record that the book wants is there.\n"


COMMITTED = sorted((REPOSITORY / "results").glob("*/*/**/*.json"))
TOY = [path for path in COMMITTED if "toy-symmetry" in path.parts]


def test_the_committed_records_are_wanted_and_only_those_that_need_a_gpu_are_missing(monkeypatch):
    monkeypatch.delenv("SYMTUTOR_RESULTS", raising=False)
    wanted = {path for _, path in library.wanted(experiments.names())}
    assert wanted >= set(COMMITTED)
    missing = {
        path.relative_to(REPOSITORY / "results").parts[1] for path in wanted - set(COMMITTED)
    }
    assert missing <= {"paper"}
    kept = {path.with_suffix(".safetensors") for path in COMMITTED}
    assert kept == set((REPOSITORY / "results").rglob("*.safetensors"))


def judge_of(config, dim):
    """The points on which a run is judged."""
    return Quadrature(problem.ball(4096, dim, generator(config.seed, "evaluation")).double())


@pytest.mark.parametrize("path", TOY, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_metrics_of_a_committed_record_follow_from_its_weights_and_sample(path):
    found = store.read(path)
    config = experiments.get("toy-symmetry").config(
        found.content["preset"], **found.content["overrides"], seed=found.seed
    )
    function, truth = problem.KNOWN[config.invariant]
    circles = toy.sample_circles(config, len(truth[0]))
    if found.content["device"] == device_name(torch.device("cpu"), 1):
        # another processor rounds roots otherwise, in the last bit; the metrics below stand it
        assert sha256(tensor_bytes({"circles": circles})) == found.content["data"]["sample"]
    objectives = found.metrics["objectives"]
    names = [toy.attempt(number) for number in range(config.restarts)]
    kept = found.metrics["kept"]
    assert kept == objectives.index(min(objectives))
    field = toy.network(config, circles, len(truth), kept)
    judge = judge_of(config, len(truth[0]))
    again = {"angle_before": problem.judged(field, truth, judge)["angle"]}
    field.load_state_dict(found.weights("field"))
    again |= problem.judged(field, truth, judge)
    again |= problem.scores(field, function, judge, config.sigma)
    curves = [found.history(name).column("loss") for name in names]
    tails = [curve[-max(1, len(curve) // 10) :].mean().item() for curve in curves]
    again |= {"kept": Metric(kept), "objectives": Metric(tails)}
    assert found.metrics.keys() == again.keys()
    for name, metric in again.items():
        expected = torch.tensor(found.metrics[name], dtype=torch.float64)
        measured = torch.tensor(metric.value, dtype=torch.float64)
        assert torch.allclose(measured, expected, rtol=1e-6, atol=1e-9), name
    assert all(curve.isfinite().all() for curve in curves)
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40
