"""A record comes back as it was written, or is refused with the reason."""

import json
from dataclasses import replace

import pytest
import torch
from tiny_experiment import TINY, made

from symtutor import experiments
from symtutor.experiments import UnknownNameError
from symtutor.files import DamagedError, read_sealed, write_sealed
from symtutor.records import store
from symtutor.training import MismatchError

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture
def record(tmp_path, tiny):
    return made(tmp_path / "run")


def resealed(record, **changes):
    """The same record with other content and a seal that fits."""
    write_sealed(record.path, {**read_sealed(record.path), **changes})


def test_a_record_comes_back(record):
    found = store.read(record.path)
    assert found.content == read_sealed(record.path)
    assert found.metrics == record.metrics and found.seed == 0
    assert found.weights("line").keys() == {"weight", "bias"}
    assert found.metrics["slope"] == found.weights("line")["weight"].item()
    history = found.history("line")
    assert history.names == ("loss", "error", "gradient_norm") and history.values.shape == (6, 3)
    assert history.steps.tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(KeyError, match="no training 'lime'; there are line"):
        found.history("lime")


def test_a_record_says_what_ran_where_and_what_came_out(record):
    content = json.loads(record.path.read_text(encoding="utf-8"))
    assert set(content) == {
        "format", "experiment", "version", "preset", "overrides", "config", "commit", "dirty",
        "versions", "device", "finished", "seconds", "sessions", "peak_mib", "compiled", "data",
        "metrics", "columns", "tensors_sha256", "sha256",
    }  # fmt: skip
    assert content["config"] == {
        "seed": 0,
        "slope": 2.0,
        "steps": 6,
        "spoil": False,
        "noisy": False,
    }
    assert (
        content["metrics"]["slope"]["unit"] == "m/s" and content["metrics"]["both"]["unit"] == "1"
    )
    assert content["data"] == {"sample": "0" * 64}
    assert content["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert "1 thread" in content["device"] and content["sessions"] == {"line": [0]}
    assert 0 < content["seconds"] < 60 and content["peak_mib"] > 50
    assert content["commit"] is None or len(content["commit"]) == 40
    assert content["dirty"] in (None, True, False)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
def test_a_truncated_record_is_refused(record, suffix, share):
    path = record.path.with_suffix(suffix)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DamagedError, match=f"record{suffix} is truncated"):
        store.read(record.path)


def test_an_edited_record_is_refused(record):
    text = record.path.read_text(encoding="utf-8")
    record.path.write_text(text.replace('"slope": 2.0', '"slope": 2.5'), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"record\.json has been edited"):
        store.read(record.path)
    record.path.write_text(text, encoding="utf-8")
    tensors = record.path.with_suffix(".safetensors")
    data = bytearray(tensors.read_bytes())
    data[-3] ^= 4
    tensors.write_bytes(data)
    with pytest.raises(DamagedError, match=r"record\.safetensors .* has been edited"):
        store.read(record.path)
    tensors.unlink()
    with pytest.raises(DamagedError, match=r"record\.safetensors does not exist"):
        store.read(record.path)


@pytest.mark.parametrize(
    ("changes", "error", "told"),
    [
        ({"format": 2}, MismatchError, r"no record of format 1 \(its format is 2\)"),
        ({"version": 2}, MismatchError, "version is 2 there and 1 here"),
        ({"experiment": "tiny-lime"}, UnknownNameError, "record.json: no experiment .*tiny-line"),
        ({"preset": "paper"}, UnknownNameError, "record.json: no preset of tiny-line .*'paper'"),
        ({"overrides": {"slop": 1.0}}, UnknownNameError, "record.json: no field .*nearest: slope"),
        ({"overrides": {"steps": 0}}, MismatchError, "not allowed any more: steps must be"),
        ({"overrides": {"slope": 1.0}}, MismatchError, "config.slope is 2.0 there and 1.0 here"),
        ({"config": {"seed": 0, "slope": 2.0, "steps": 6, "noisy": False}}, MismatchError,
         r"config.spoil is '\(not there\)' there and False here"),
        ({"config": {"seed": 0, "slope": 2.0, "steps": 6, "spoil": False, "noisy": False,
                     "old": 1}}, MismatchError,
         r"config.old is 1 there and '\(not there\)' here"),
    ],
)  # fmt: skip
def test_a_record_of_something_else_is_refused_with_the_reason(record, changes, error, told):
    resealed(record, **changes)
    with pytest.raises(error, match=told):
        store.read(record.path)


def test_another_sealed_file_is_no_record(tmp_path):
    write_sealed(tmp_path / "line.json", {"format": 1, "identity": {}, "tensors": "x"})
    with pytest.raises(MismatchError, match=r"line\.json is no record of format 1"):
        store.read(tmp_path / "line.json")


def test_a_preset_that_has_changed_since_is_noticed(record, monkeypatch):
    changed = replace(TINY, presets={**TINY.presets, "quick": TINY.config("quick", steps=7)})
    monkeypatch.setitem(experiments.REGISTRY, TINY.name, changed)
    with pytest.raises(MismatchError, match=r"config\.steps is 6 there and 7 here"):
        store.read(record.path)


def test_a_copy_is_the_same_byte_for_byte(record, tmp_path):
    other = store.copy(record, tmp_path / "a/b/seed0.json")
    for suffix in (".json", ".safetensors"):
        there, here = (r.path.with_suffix(suffix).read_bytes() for r in (record, other))
        assert there == here
    assert other.metrics == record.metrics


def test_the_line_names_commit_device_time_and_memory(record):
    content = {**record.content, "commit": "0123456789abcdef" * 2, "dirty": True, "seconds": 61.4}
    content |= {"peak_mib": 512.6, "finished": "2026-01-02T03:04:05+00:00", "device": "a CPU"}
    content["versions"] = {"torch": "2.9", "symtutor": "0.1.0"}
    line = store.Record(record.path, content).line()
    assert line == (
        "seed 0 · 0123456789abcde, uncommitted changes · torch 2.9 · a CPU · 61 s · "
        "peak 513 MiB · 2026-01-02"
    )
    line = store.Record(record.path, content | {"commit": None, "dirty": None, "peak_mib": None})
    assert line.line() == "seed 0 · version 0.1.0 · torch 2.9 · a CPU · 61 s · 2026-01-02"


def test_every_configuration_has_a_place_of_its_own(tmp_path):
    place = store.place
    assert place(tmp_path, "e", "p", {}, 3) == tmp_path / "e/p/seed3"
    assert place(tmp_path, "e", "p", {"b": 1, "a": 0.5}, 0) == tmp_path / "e/p/a=0.5,b=1/seed0"
    for several in (("u", "v"), ["u", "v"]):
        assert place(tmp_path, "e", "p", {"a": several}, 0) == tmp_path / "e/p/a=u+v/seed0"
