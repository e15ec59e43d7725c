"""The checks of the exercises: a registry, and hints instead of tracebacks."""

import difflib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

#: (answer, generator) -> None if the answer is right, else a hint.
Checker = Callable[[Any, torch.Generator], str | None]

TOLERANCE = 1e-4  # relative, for answers in float32


class Hint(Exception):
    """Ends a check with a hint."""


class _NotAnswered(Exception):
    """The stub of the exercise is still in place."""


@dataclass(frozen=True, repr=False)
class CheckResult:
    """Outcome of a check. Its text is the message; a notebook that printed it adds nothing."""

    passed: bool
    message: str

    def __repr__(self) -> str:
        return self.message

    def _ipython_display_(self) -> None:
        """Shown already by `check`."""


@dataclass(frozen=True)
class Exercise:
    """An exercise of the book: its key, what it asks, and its check."""

    key: str
    question: str
    checker: Checker


_REGISTRY: dict[str, Exercise] = {}


def exercise(key: str, *, question: str) -> Callable[[Checker], Checker]:
    """Register a function (answer, generator) -> hint or None as the check of an exercise.

    Hidden inputs are to be drawn from the generator, whose seed depends on the key alone.

    Raises:
        ValueError: if the key does not start with "ex-" or is taken.

    Example:
        >>> @exercise("ex-doctest", question="Which integer follows 1?")
        ... def successor(answer, generator):
        ...     return None if answer == 2 else "Count on your fingers."
        >>> result = check("ex-doctest", 3)
        ✗ ex-doctest: Count on your fingers.
        >>> del _REGISTRY["ex-doctest"]
    """
    if not key.startswith("ex-") or key in _REGISTRY:
        state = "is taken" if key in _REGISTRY else 'does not start with "ex-"'
        raise ValueError(f"cannot register an exercise as {key!r}, which {state}; choose another")

    def register(checker: Checker) -> Checker:
        _REGISTRY[key] = Exercise(key, question, checker)
        return checker

    return register


def exercises() -> dict[str, str]:
    """Keys of all checked exercises, with what each asks.

    Example:
        >>> "ex-shear-flow" in exercises()
        True
    """
    return {key: entry.question for key, entry in _REGISTRY.items()}


def check(key: str, answer: Any) -> CheckResult:
    """Check an answer: print ✓, or ✗ with a hint at what went wrong.

    Answers are run on hidden random inputs. `...`, None, and functions that return them or raise
    NotImplementedError count as not answered yet. An answer that fails to run gets the text of its
    error as its hint.

    Args:
        key: of the exercise, e.g. "ex-shear-flow".
        answer: what the exercise asks for.

    Raises:
        ValueError: if no exercise has this key.

    Example:
        >>> result = check("ex-shear-flow", ...)
        ✗ ex-shear-flow: not answered yet.
        >>> result.passed
        False
    """
    if key not in _REGISTRY:
        near = difflib.get_close_matches(key, _REGISTRY, n=1, cutoff=0.0)
        advice = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"no exercise has the key {key!r}{advice} (st.exercises() lists all)")
    generator = torch.Generator().manual_seed(zlib.crc32(key.encode()))
    if answer is None or answer is ...:
        hint = "not answered yet."
    else:
        try:
            hint = _REGISTRY[key].checker(answer, generator)
        except Hint as told:
            hint = str(told)
        except (_NotAnswered, NotImplementedError):
            hint = "not answered yet."
        except Exception as error:
            text = " ".join(str(error).split())
            hint = f"your answer could not be run. {type(error).__name__}: {text}"
    message = f"✓ {key}: right." if hint is None else f"✗ {key}: {hint}"
    print(message)
    return CheckResult(hint is None, message)


def function(answer: Any, arguments: str) -> Callable[..., Any]:
    """The answer, if it can be called; its stub counts as not answered."""
    if not callable(answer):
        raise Hint(
            f"the answer must be a function of ({arguments}), not {type(answer).__name__}; "
            "pass the function itself, without calling it."
        )

    def call(*values: Any) -> Any:
        result = answer(*values)
        if result is None or result is ...:
            raise _NotAnswered
        return result

    return call


def tensor(value: Any, shape: Sequence[int], what: str) -> Tensor:
    """A value as a finite float tensor of the given shape, or a hint that says how it differs."""
    try:
        result = torch.as_tensor(value).detach().cpu().to(torch.get_default_dtype())
    except (TypeError, ValueError, RuntimeError) as error:
        raise Hint(f"{what} must be numbers, not {type(value).__name__}.") from error
    if result.shape != torch.Size(shape):
        wanted = f"shape {tuple(shape)}" if shape else "no axes: one number"
        raise Hint(f"{what} must have {wanted}, but yours has shape {tuple(result.shape)}.")
    if not torch.isfinite(result).all():
        raise Hint(f"{what} must be finite, but yours contains {_first_bad(result)}.")
    return result


def close(got: Tensor, wanted: Tensor, tolerance: float = TOLERANCE) -> bool:
    """Whether two tensors agree relative to the largest wanted entry."""
    scale = max(wanted.abs().max().item(), 1e-3)
    return bool((got - wanted).abs().max() <= tolerance * scale)


def agrees(got: Any, wanted: Tensor) -> bool:
    """Whether a value has the wanted shape and values: truth values all, numbers nearly."""
    if getattr(got, "shape", None) != wanted.shape:
        return False
    return torch.equal(got, wanted) if wanted.dtype == torch.bool else close(got, wanted)


def recognised(got: Tensor, mistakes: Mapping[str, Tensor]) -> str | None:
    """The hint of the first mistake that leads to the shape and values that `got` has."""
    return next((hint for hint, wrong in mistakes.items() if agrees(got, wrong)), None)


def diagnose(
    got: Tensor, right: Tensor, mistakes: Mapping[str, Tensor], otherwise: str
) -> str | None:
    """None if `got` is right; else the hint whose mistake it reproduces, or `otherwise`.

    Args:
        got, right: the answer's values and the right ones.
        mistakes: hint -> the values that its mistake leads to.
        otherwise: a hint for all other values; the largest error is added to it.
    """
    if close(got, right):
        return None
    largest = f"The largest error is {(got - right).abs().max().item():.2g}."
    return recognised(got, mistakes) or f"{otherwise} {largest}"


def _first_bad(values: Tensor) -> float:
    return values[~torch.isfinite(values)][0].item()
