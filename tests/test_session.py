import re
import sys
import types
import warnings

import matplotlib as mpl
import pytest
import torch

from symtutor import records, session


@pytest.fixture(autouse=True)
def untouched():
    state = torch.random.get_rng_state()
    with mpl.rc_context():
        yield
    torch.random.set_rng_state(state)
    records.forget()


def test_setup_seeds_and_prints_nothing(capsys):
    draws = []
    for seed in (0, 0, 1):
        session.setup(seed=seed, device="cpu")
        draws.append(torch.rand(3))
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert capsys.readouterr().out == ""


def test_setup_keeps_torchs_warnings_of_itself_out_of_the_pages():
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        session.setup(device="cpu")
        warnings.warn(
            "`torch.jit.script` is deprecated. Please switch", FutureWarning, stacklevel=1
        )
        warnings.warn("something else", FutureWarning, stacklevel=1)
    assert [str(w.message) for w in shown] == ["something else"]


def test_setup_sets_the_style_and_starts_afresh():
    mpl.rcParams["figure.facecolor"] = "black"
    records.claim("k", 1.0, above=0)
    session.setup(device="cpu")
    assert mpl.rcParams["figure.facecolor"] == "white"
    assert records.claim("k", 2.0, above=0) == 2.0


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"),
    [
        (True, True, "cuda"),
        (True, False, "cuda"),
        (False, True, "mps"),
        (False, False, "cpu"),
    ],
)
def test_setup_takes_the_best_device(cuda, mps, expected, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: int(cuda))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    monkeypatch.setattr(torch, "manual_seed", lambda seed: None)
    assert session.setup().type == expected


@pytest.mark.parametrize("options", [{"seed": -1}, {"seed": 2**32}, {"device": "abacus"}])
def test_setup_refuses_what_it_cannot_do_and_changes_nothing(options):
    before = torch.random.get_rng_state()
    with pytest.raises(ValueError, match=r"got|not available here, only"):
        session.setup(**options)
    assert torch.equal(before, torch.random.get_rng_state())


def test_provenance_names_versions_and_hands_over_time_and_memory(monkeypatch, capsys):
    glued = {}
    monkeypatch.setattr(records, "glue", glued.__setitem__)
    session.setup(device="cpu")
    session.provenance()
    line = capsys.readouterr().out
    assert re.fullmatch(
        r"symtutor \d\S* · torch \d\S* · numpy \d\S* · Python 3\S*\n.+ · \d+\.\d s"
        r" · peak \d+ MiB\n",
        line,
    )
    assert set(glued) == {"chapter_seconds", "chapter_peak_mib"}
    assert 0 <= glued["chapter_seconds"] < 60
    assert f"peak {glued['chapter_peak_mib']} MiB" in line


def test_peak_memory_counts_in_the_units_of_the_system(monkeypatch):
    usage = types.SimpleNamespace(ru_maxrss=3 * 2**20)
    fake = types.SimpleNamespace(RUSAGE_SELF=0, getrusage=lambda who: usage)
    monkeypatch.setitem(sys.modules, "resource", fake)
    monkeypatch.setattr(sys, "platform", "linux")
    assert session.peak_mib() == 3 * 2**10
    monkeypatch.setattr(sys, "platform", "darwin")
    assert session.peak_mib() == 3


def test_peak_memory_covers_a_tensor_that_was_held():
    if session.peak_mib() is None:
        pytest.skip("this system does not tell")
    block = torch.ones(2**25, dtype=torch.float64)  # 256 MiB, every page touched
    assert block.sum() == 2**25
    assert session.peak_mib() > 256


def test_without_the_resource_module_memory_is_unknown(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "resource", None)
    session.provenance()
    assert capsys.readouterr().out.endswith("peak unknown\n")
