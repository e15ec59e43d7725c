import ast
import errno
import json
import math
import os
from pathlib import Path

import pytest
import torch
from faults import content, full_disk

import symtutor
from symtutor import files
from symtutor.files import DamagedError

SEALED = {"a": [1, 2.5, -0.0, 1e-300], "b": {"ü": "z\n", "c": None, "d": True}}


def test_bytes_are_written_into_new_folders(tmp_path):
    files.write_bytes(tmp_path / "a/b/file", b"new")
    assert content(tmp_path) == {"a/b/file": b"new"}


@pytest.mark.parametrize("old", [b"old", None])
def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path, old):
    path = tmp_path / "file"
    if old is not None:
        path.write_bytes(old)
    before = content(tmp_path)
    with full_disk(1000), pytest.raises(OSError) as failure:
        files.write_bytes(path, bytes(100_000))
    assert failure.value.errno == errno.EFBIG
    assert content(tmp_path) == before
    files.write_bytes(path, b"again")
    assert content(tmp_path) == {"file": b"again"}


def test_a_failing_rename_leaves_no_temporary_file(tmp_path):
    (tmp_path / "file/inside").mkdir(parents=True)
    with pytest.raises(OSError):
        files.write_bytes(tmp_path / "file", b"new")
    assert content(tmp_path) == {}


def test_an_interrupted_write_leaves_the_old_content(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def interrupted(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write_bytes(path, b"new")
    assert content(tmp_path) == {"file": b"old"}


def test_data_reach_the_disk_before_the_name_and_the_name_before_the_return(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    seen = []

    def fsync(descriptor):
        target = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append((target.is_dir(), path.read_bytes(), os.fstat(descriptor).st_size))

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    monkeypatch.setattr(os, "fsync", fsync)
    files.write_bytes(path, b"newer")
    assert seen[0] == (False, b"old", 5)
    assert [entry[:2] for entry in seen[1:]] == [(True, b"newer")]


def test_temporaries_of_killed_writers_are_removed_and_nothing_else(tmp_path):
    names = [".a.json.17.tmp", ".b.safetensors.4711.tmp", "a.json", ".lock", "c.tmp"]
    for name in names:
        (tmp_path / name).touch()
    files.remove_temporaries(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(names[2:])


def test_a_canonical_value_has_one_spelling():
    assert files.canonical({"b": 1, "a": 2}) == files.canonical({"a": 2, "b": 1})
    for value in (math.nan, math.inf, -math.inf):
        with pytest.raises(ValueError):
            files.canonical({"a": [value]})


def test_sealed_values_come_back(tmp_path):
    path = tmp_path / "sealed.json"
    files.write_sealed(path, SEALED)
    assert files.read_sealed(path) == SEALED
    files.write_sealed(path, SEALED | {files.SEAL: "an old seal is replaced"})
    assert files.read_sealed(path) == SEALED


def test_what_json_cannot_hold_is_not_written(tmp_path):
    path = tmp_path / "sealed.json"
    files.write_sealed(path, SEALED)
    before = content(tmp_path)
    with pytest.raises(ValueError):
        files.write_sealed(path, {"a": math.nan})
    with pytest.raises(TypeError):
        files.write_sealed(path, {"a": torch.ones(1)})
    assert content(tmp_path) == before


def test_sealed_json_truncated_anywhere_is_refused(tmp_path):
    path = tmp_path / "sealed.json"
    files.write_sealed(path, SEALED)
    data = path.read_bytes()
    for length in range(len(data.rstrip())):
        path.write_bytes(data[:length])
        with pytest.raises(DamagedError, match="truncated or no JSON"):
            files.read_sealed(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.5", "2.6"),
        ("2.5", "NaN"),
        ("2.5", "Infinity"),
        ('"d"', '"e"'),
        ("true", "1"),
        ("null", "false"),
        ("-0.0", "0.0"),
        ('"z', '"Z'),
        ('"z', '"\\ud800'),
        ("1,", "1, 1,"),
        ('"b": {', '"extra": 0, "b": {'),
    ],
)
def test_edited_json_is_refused(tmp_path, old, new):
    path = tmp_path / "sealed.json"
    files.write_sealed(path, SEALED)
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DamagedError, match=r"sealed\.json has been edited"):
        files.read_sealed(path)


def test_layout_is_no_edit(tmp_path):
    path = tmp_path / "sealed.json"
    files.write_sealed(path, SEALED)
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), sort_keys=True))
    assert files.read_sealed(path) == SEALED


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "does not exist"),
        (b"", "truncated or no JSON"),
        (b"\xff\xfe", "truncated or no JSON"),
        (b"[" * 100_000, "truncated or no JSON"),
        (b"[1]", "carries no checksum"),
        (b"{}", "carries no checksum"),
        (b'{"sha256": null}', "edited"),
    ],
)
def test_what_was_never_sealed_is_refused(tmp_path, data, told):
    path = tmp_path / "sealed.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DamagedError, match=told):
        files.read_sealed(path)


TENSORS = {
    "half": torch.arange(6, dtype=torch.float16).reshape(2, 3),
    "double": torch.tensor([0.1, -0.0, math.inf, math.nan], dtype=torch.float64),
    "byte": torch.arange(5, dtype=torch.uint8),
    "number": torch.tensor(7),
    "none": torch.zeros(0, 4),
}


def test_tensors_come_back_bit_for_bit(tmp_path):
    path, data = tmp_path / "t.safetensors", files.tensor_bytes(TENSORS)
    files.write_bytes(path, data)
    found = files.read_tensors(path, files.sha256(data))
    assert found.keys() == TENSORS.keys()
    for key, tensor in TENSORS.items():
        assert (found[key].dtype, found[key].shape) == (tensor.dtype, tensor.shape)
        assert found[key].numpy().tobytes() == tensor.numpy().tobytes()


def test_equal_tensors_give_equal_bytes():
    plain = torch.arange(12.0).reshape(3, 4)
    data = files.tensor_bytes({"a": plain, "b": torch.ones(2)})
    for same in (plain.t().contiguous().t(), torch.arange(24.0)[:12].reshape(3, 4)):
        assert files.tensor_bytes({"b": torch.ones(1).expand(2), "a": same}) == data
    assert files.tensor_bytes({"a": plain.requires_grad_(), "b": torch.ones(2)}) == data
    assert files.tensor_bytes({"a": plain + 1, "b": torch.ones(2)}) != data


def test_tensors_that_share_memory_are_written_under_each_name(tmp_path):
    tied = torch.arange(4.0)
    data = files.tensor_bytes({"a": tied, "b": tied, "c": tied[1:3]})
    files.write_bytes(tmp_path / "t", data)
    found = files.read_tensors(tmp_path / "t", files.sha256(data))
    assert found["a"].equal(tied) and found["b"].equal(tied) and found["c"].equal(tied[1:3])


def test_damaged_tensors_are_refused(tmp_path):
    path, data = tmp_path / "t.safetensors", files.tensor_bytes(TENSORS)
    checksum = files.sha256(data)
    with pytest.raises(DamagedError, match="does not exist"):
        files.read_tensors(path, checksum)
    for position in range(len(data)):
        edited = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        for damaged in (data[:position], edited):
            path.write_bytes(damaged)
            with pytest.raises(DamagedError, match="truncated or has been edited"):
                files.read_tensors(path, checksum)


SERIALISERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
CALLS = {"torch.save", "torch.load", "torch.jit.load", "np.save", "numpy.save"}


def pickling(source):
    """What in a source text would write or read pickles."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] in SERIALISERS)
        elif isinstance(node, ast.ImportFrom):
            yield from [node.module] if (node.module or "").split(".")[0] in SERIALISERS else []
            if node.module == "torch":
                yield from (a.name for a in node.names if a.name in ("save", "load"))
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in CALLS:
            yield ast.unparse(node)
        elif isinstance(node, ast.keyword) and node.arg in ("allow_pickle", "weights_only"):
            yield node.arg


def test_nothing_in_the_package_pickles():
    sources = sorted(Path(symtutor.__file__).parent.rglob("*.py"))
    assert len(sources) > 40
    found = {p.name: list(pickling(p.read_text(encoding="utf-8"))) for p in sources}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "import cloudpickle as c",
        "torch.save(x, path)",
        "f = torch.load",
        "from torch import load",
        "np.load(path, allow_pickle=True)",
    ],
)
def test_the_search_for_pickles_finds_them(source):
    assert list(pickling(source))
