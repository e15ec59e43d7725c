import math
import types

import numpy as np
import pytest
import torch

from symtutor.records import ClaimError, claim, glue
from symtutor.records import claims as records


@pytest.fixture(autouse=True)
def fresh():
    records.forget()
    yield
    records.forget()


@pytest.fixture
def kernel(monkeypatch):
    """A stand-in for a kernel, and what was glued in it."""
    myst_nb = pytest.importorskip("myst_nb")
    shell = types.SimpleNamespace(kernel=True, execution_count=1, glued={})
    monkeypatch.setattr(records, "_shell", lambda: shell)

    def catch(key, value, display):
        assert display is False
        shell.glued[key] = value

    monkeypatch.setattr(myst_nb, "glue", catch)
    return shell


@pytest.mark.parametrize(
    ("value", "bounds", "line"),
    [
        (0.5, {"expect": 0.5}, "k = 0.5  (claimed: exactly 0.5)"),
        (0.501, {"expect": 0.5, "atol": 0.01}, "k = 0.501  (claimed: 0.5 ± 0.01)"),
        (-101, {"expect": -100, "rtol": 0.02}, "k = -101  (claimed: -100 ± 2)"),
        (1.2e-7, {"below": 1e-5}, "k = 1.2e-07  (claimed: below 1e-05)"),
        (3, {"above": 2, "below": 4}, "k = 3  (claimed: below 4 and above 2)"),
        (torch.tensor([0.25]), {"expect": 0.25}, "k = 0.25  (claimed: exactly 0.25)"),
        (np.float64(2.0), {"expect": 2}, "k = 2  (claimed: exactly 2)"),
    ],
)
def test_a_true_claim_prints_itself_and_returns_a_float(value, bounds, line, capsys):
    result = claim("k", value, **bounds)
    assert type(result) is float
    assert result == float(value)
    assert capsys.readouterr().out == line + "\n"


@pytest.mark.parametrize(
    ("value", "bounds", "told"),
    [
        (0.52, {"expect": 0.5, "atol": 0.01}, "k = 0.52, but the text claims: 0.5 ± 0.01"),
        (0.5 + 1e-9, {"expect": 0.5}, "exactly 0.5"),
        (-103, {"expect": -100, "rtol": 0.02}, "-100 ± 2"),
        (1.0, {"below": 1.0}, "below 1"),
        (2.0, {"above": 2.0}, "above 2"),
        (5.0, {"expect": 5.0, "below": 4.0}, "below 4"),
        (math.nan, {"expect": 0.0, "atol": 1.0}, "k = nan"),
        (math.inf, {"above": 1.0}, "k = inf"),
        (-math.inf, {"below": 1.0}, "k = -inf"),
    ],
)
def test_a_false_claim_fails_and_glues_nothing(value, bounds, told, kernel, capsys):
    with pytest.raises(ClaimError) as failure:
        claim("k", value, **bounds)
    assert told in str(failure.value)
    assert isinstance(failure.value, AssertionError)
    assert not kernel.glued
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "bounds",
    [
        {},
        {"atol": 0.1},
        {"below": math.inf},
        {"above": -math.inf},
        {"expect": 1.0, "atol": math.inf},
        {"expect": 1.0, "atol": -0.1},
        {"expect": 1.0, "rtol": math.nan},
        {"expect": math.nan},
    ],
)
def test_a_claim_that_cannot_fail_or_cannot_hold_is_refused(bounds):
    with pytest.raises(ValueError, match="claim 'k'"):
        claim("k", 1.0, **bounds)


@pytest.mark.parametrize("value", [torch.ones(2), np.ones(3), [1.0], None, True, torch.ones(0)])
def test_only_single_numbers_and_strings_can_be_handed_over(value):
    with pytest.raises(ValueError, match="'k' must be one number or a string"):
        glue("k", value)


def test_a_string_cannot_be_claimed():
    with pytest.raises(ValueError, match=r"use st\.glue"):
        claim("k", "1.0", expect=1.0)


def test_glue_hands_plain_values_to_the_page(kernel):
    glue("a", torch.tensor(2.5, dtype=torch.float64))
    glue("b", np.int64(3))
    glue("c", "text")
    claim("d", np.float32(0.5), expect=0.5)
    assert kernel.glued == {"a": 2.5, "b": 3, "c": "text", "d": 0.5}
    assert {type(value) for value in kernel.glued.values()} == {float, int, str}


def test_glue_is_silent_without_a_kernel_and_without_myst_nb(kernel, monkeypatch, capsys):
    monkeypatch.setattr(records.importlib.util, "find_spec", lambda name: None)
    glue("a", 1.0)
    monkeypatch.undo()
    glue("a", 1.0)
    assert not kernel.glued
    assert capsys.readouterr().out == ""


def test_one_execution_cannot_claim_two_values_under_one_key(kernel):
    claim("k", 1.0, above=0)
    claim("k", 1.0, above=0)
    with pytest.raises(ValueError, match="claimed already, as 1, and now as 2"):
        claim("k", 2.0, above=0)
    assert kernel.glued == {"k": 1.0}


def test_running_a_cell_again_may_change_its_number_and_says_so(kernel, capsys):
    claim("k", 1.0, above=0)
    kernel.execution_count = 2
    claim("k", 2.0, above=0)
    assert capsys.readouterr().out.endswith("k = 2  (claimed: above 0)  (before: 1)\n")
    assert kernel.glued == {"k": 2.0}


def test_outside_a_kernel_a_key_keeps_its_value():
    claim("k", 1.0, above=0)
    with pytest.raises(ValueError, match="give every number its own key"):
        claim("k", 2.0, above=0)
    records.forget()
    assert claim("k", 2.0, above=0) == 2.0


def test_numbers_reach_a_real_notebook_output():
    """In a real kernel the number is stored in the cell's output under its key."""
    nbformat, client = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    source = "from symtutor.records import claim\nclaim('k', 0.125, below=1);"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    outputs = notebook.cells[0].outputs
    glued = [o for o in outputs if o.get("metadata", {}).get("scrapbook", {}).get("name") == "k"]
    assert glued[0].data == {"application/papermill.record/text/plain": "0.125"}
    assert "k = 0.125  (claimed: below 1)\n" in [o.get("text") for o in outputs]
