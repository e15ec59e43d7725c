"""Numbers that the text of a chapter states: claimed in code, checked, and handed to the prose."""

import importlib.util
import math
import sys
from typing import Any

_CLAIMED: dict[str, tuple[float, int | None]] = {}  # value and the cell execution it came from


class ClaimError(AssertionError):
    """A number in the text is not what the text says."""


def glue(key: str, value: Any) -> None:
    """Make a value available to the prose of the built book as {glue:text}`key`.

    Outside a kernel, and where myst_nb is not installed (in a hosted notebook), nothing happens.

    Args:
        key: name the prose uses; unique within a chapter.
        value: number (also a tensor or array of one element) or string.

    Raises:
        ValueError: for anything else.

    Example:
        >>> glue("defect", 1e-7)
    """
    value = _plain(key, value)
    if _shell() is None or importlib.util.find_spec("myst_nb") is None:
        return
    from myst_nb import glue as myst_glue

    myst_glue(key, value, display=False)


def claim(
    key: str,
    value: Any,
    expect: float | None = None,
    *,
    atol: float = 0.0,
    rtol: float = 0.0,
    below: float | None = None,
    above: float | None = None,
) -> float:
    """Check a number that the text states, print it, glue it, return it.

    The claim holds if the value is finite, |value - expect| <= atol + rtol |expect|, value < below
    and value > above, as far as they are given.

    Args:
        key: name the prose uses; unique within a chapter.
        value: number, or tensor or array of one element.
        expect: the expected value.
        atol, rtol: absolute and relative tolerance around `expect`.
        below, above: strict bounds.

    Raises:
        ClaimError: (an AssertionError) if the claim is false.
        ValueError: if nothing is claimed, a bound or tolerance is not a finite number, or one
            execution of a cell claims two different values under the same key.

    Example:
        >>> claim("half", 0.5000001, expect=0.5, atol=1e-6)
        half = 0.5  (claimed: 0.5 ± 1e-06)
        0.5000001
        >>> claim("half", 0.6, below=0.55)
        Traceback (most recent call last):
        symtutor.records.claims.ClaimError: half = 0.6, but the text claims: below 0.55
    """
    number = _plain(key, value)
    if isinstance(number, str):
        raise ValueError(f"claim {key!r} needs a number, got the string {value!r}; use st.glue")
    statement = _statement(key, expect, atol, rtol, below, above)
    holds = (
        math.isfinite(number)
        and (expect is None or abs(number - expect) <= atol + rtol * abs(expect))
        and (below is None or number < below)
        and (above is None or number > above)
    )
    if not holds:
        raise ClaimError(f"{key} = {number:.6g}, but the text claims: {statement}")
    note = _register(key, number)
    print(f"{key} = {number:.4g}  (claimed: {statement}){note}")
    glue(key, number)
    return float(number)


def forget() -> None:
    """Drop the claims made so far; `setup` calls it at the start of a notebook."""
    _CLAIMED.clear()


def _plain(key: str, value: Any) -> float | int | str:
    """A Python number or string, as the prose can format it."""
    if getattr(value, "numel", lambda: getattr(value, "size", 1))() != 1:
        raise ValueError(
            f"{key!r} must be one number or a string, got {type(value).__name__} of shape "
            f"{tuple(value.shape)}; reduce it first, e.g. by .max()"
        )
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(
            f"{key!r} must be one number or a string, got {type(value).__name__}; "
            "convert it, e.g. by float() or str()"
        )
    return value


def _statement(
    key: str,
    expect: float | None,
    atol: float,
    rtol: float,
    below: float | None,
    above: float | None,
) -> str:
    """What is claimed, in words."""
    bounds = [b for b in (expect, below, above) if b is not None]
    if not bounds:
        raise ValueError(
            f"claim {key!r} expects nothing, so it cannot fail; pass expect=, below= or above= "
            "(st.glue hands over a number without checking it)"
        )
    if not all(math.isfinite(b) for b in [*bounds, atol, rtol]) or min(atol, rtol) < 0:
        raise ValueError(
            f"claim {key!r} needs finite bounds and tolerances >= 0, got expect={expect}, "
            f"atol={atol}, rtol={rtol}, below={below}, above={above}"
        )
    parts = []
    if expect is not None:
        tolerance = atol + rtol * abs(expect)
        parts.append(f"{expect:.4g} ± {tolerance:.2g}" if tolerance else f"exactly {expect:.6g}")
    if below is not None:
        parts.append(f"below {below:.4g}")
    if above is not None:
        parts.append(f"above {above:.4g}")
    return " and ".join(parts)


def _register(key: str, number: float) -> str:
    """Remember a claim. Running a cell again may change it, one run of a cell may not."""
    shell = _shell()
    execution = None if shell is None else shell.execution_count
    before, executed = _CLAIMED.get(key, (number, None))
    if before != number and executed == execution:
        raise ValueError(
            f"key {key!r} was claimed already, as {before:.6g}, and now as {number:.6g}; "
            "give every number its own key"
        )
    _CLAIMED[key] = (number, execution)
    return f"  (before: {before:.4g})" if before != number else ""


def _shell() -> Any:
    """The IPython kernel this code runs in, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if shell is not None and hasattr(shell, "kernel") else None
