import dataclasses

import pytest
import torch

from symtutor.checks import check, engine, exercise, exercises

FOUNDATIONS = {
    "ex-shear-flow",
    "ex-spiral-generator",
    "ex-bracket",
    "ex-rk4-step",
    "ex-group-law",
    "ex-normalise-once",
    "ex-pull-back",
    "ex-bilinear",
    "ex-trusted-mask",
    "ex-feature-angle",
    "ex-relative-score",
    "ex-ellipse-field",
}
VALUES = {
    "ex-burgers-scaling",
    "ex-ceiling",
    "ex-noise-floor",
    "ex-spiral-generator",
    "ex-ellipse-field",
}  # their answers are no functions


def stub(*arguments): ...


def unwritten(*arguments):
    raise NotImplementedError


@pytest.fixture
def registry(monkeypatch):
    monkeypatch.setattr(engine, "_REGISTRY", dict(engine._REGISTRY))


def test_every_foundation_exercise_is_registered_with_a_question():
    assert set(exercises()) >= FOUNDATIONS
    assert all(len(question) > 20 for question in exercises().values())


@pytest.mark.parametrize("key", sorted(exercises()))
@pytest.mark.parametrize("answer", [..., None])
def test_an_untouched_stub_is_not_answered_yet(key, answer, capsys):
    result = check(key, answer)
    assert not result.passed
    assert capsys.readouterr().out == f"✗ {key}: not answered yet.\n"


@pytest.mark.parametrize("key", sorted(set(exercises()) - VALUES))
@pytest.mark.parametrize("answer", [stub, unwritten])
def test_a_function_that_returns_nothing_is_not_answered_yet(key, answer):
    assert check(key, answer).message == f"✗ {key}: not answered yet."


@pytest.mark.parametrize("key", sorted(exercises()))
@pytest.mark.parametrize("answer", [3.5, "text", [[1, 2]], lambda *a: "text", lambda: 0])
def test_an_unsuitable_answer_gets_a_hint_and_no_traceback(key, answer):
    result = check(key, answer)
    assert not result.passed
    assert "not answered" not in result.message


def test_an_answer_that_raises_shows_its_error_on_one_line():
    def answer(points, s):
        raise RuntimeError("two\n  lines")

    result = check("ex-shear-flow", answer)
    assert result.message.endswith("could not be run. RuntimeError: two lines")


def test_an_unknown_key_names_the_nearest_one():
    with pytest.raises(ValueError, match="'ex-shaer-flow'; did you mean 'ex-shear-flow'"):
        check("ex-shaer-flow", ...)


def test_a_notebook_adds_nothing_to_what_was_printed(capsys):
    formatters = pytest.importorskip("IPython.core.formatters")
    result = check("ex-bracket", ...)
    assert capsys.readouterr().out.count("not answered yet") == 1
    assert formatters.DisplayFormatter().format(result) == ({}, {})
    assert capsys.readouterr().out == ""


def test_a_result_is_frozen_and_reads_as_its_message():
    result = check("ex-bracket", ...)
    assert repr(result) == result.message
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.passed = True


def test_a_check_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    check("ex-bracket", lambda a, b: a)
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_check_repeats_itself():
    def answer(a, b):
        return a.sin()

    assert check("ex-bracket", answer) == check("ex-bracket", answer)


def test_keys_are_unique_and_marked(registry):
    exercise("ex-new", question="?")(lambda answer, generator: None)
    assert check("ex-new", 1).passed
    with pytest.raises(ValueError, match="is taken"):
        exercise("ex-new", question="?")
    with pytest.raises(ValueError, match="does not start"):
        exercise("new", question="?")


@pytest.mark.parametrize(
    ("value", "shape", "hint"),
    [
        (object(), (2,), "must be numbers, not object"),
        ([[1.0]], (2,), r"shape \(2,\), but yours has shape \(1, 1\)"),
        ([1.0], (), "one number, but"),
        ([1.0, float("nan")], (2,), "contains nan"),
    ],
)
def test_values_of_the_wrong_kind_are_described(value, shape, hint):
    with pytest.raises(engine.Hint, match=hint):
        engine.tensor(value, shape, "the value")


def test_numbers_lists_and_tensors_are_all_welcome():
    for value in (torch.ones(2, dtype=torch.float64, requires_grad=True), [1, 1], (1.0, 1.0)):
        assert engine.tensor(value, (2,), "it").tolist() == [1.0, 1.0]
    assert engine.tensor(1, (), "it").dtype == torch.float32


def test_values_agree_only_in_the_wanted_shape():
    ones = torch.ones(2)
    assert engine.agrees(ones + 1e-5, ones) and not engine.agrees(ones + 1e-3, ones)
    assert not engine.agrees(ones[None], ones) and not engine.agrees([1.0, 1.0], ones)
    assert engine.agrees(ones > 0, ones > 0) and not engine.agrees(ones > 0, ones > 1)


def test_a_mistake_is_recognised_by_its_shape_and_values():
    mistakes = {"row": torch.ones(1, 2), "two": 2 * torch.ones(2), "one": torch.ones(2)}
    assert engine.recognised(torch.ones(2), mistakes) == "one"
    assert engine.recognised(torch.zeros(2), mistakes) is None
