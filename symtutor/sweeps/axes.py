"""The product of the axes of a grid."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..experiments import Experiment, known


def grid(
    experiment: Experiment, preset: str, axes: Mapping[str, Sequence[Any]]
) -> list[dict[str, Any]]:
    """All combinations of some values of some fields, the last axis running fastest.

    Args:
        experiment: whose fields the axes are.
        preset: that the combinations change.
        axes: values by field, of the field's type (an integer will do for a float); {} gives the
            preset itself, as one combination without changes.

    Raises:
        UnknownNameError: if there is no such preset or field.
        ValueError: if an axis is empty, holds a value twice or one that the configuration refuses,
            or is "seed".

    Example:
        >>> from symtutor.experiments import get
        >>> grid(get("toy-symmetry"), "quick", {"w_ortho": [1, 3], "tau": [1.5]})
        [{'w_ortho': 1.0, 'tau': 1.5}, {'w_ortho': 3.0, 'tau': 1.5}]
    """
    base = experiment.config(preset)
    values = {}
    for name, given in axes.items():
        if name == "seed":
            raise ValueError('"seed" is no axis of a grid: say how many seeds, or give a list')
        default = getattr(base, known(f"field of {experiment.name}", name, experiment.fields))
        values[name] = _values(name, given, default)
    combos = [
        dict(zip(values, chosen, strict=True)) for chosen in itertools.product(*values.values())
    ]
    for combo in combos:
        experiment.config(preset, **combo)
    return combos


def _values(name: str, given: Sequence[Any], default: Any) -> list[Any]:
    """The values of one axis, integers made floats where the field is one."""
    if isinstance(given, str) or not given:
        raise ValueError(f"the axis {name} needs a list of at least one value, got {given!r}")
    values = [plain(name, value, default) for value in given]
    twice = [value for index, value in enumerate(values) if value in values[:index]]
    if twice:
        raise ValueError(f"the axis {name} holds {twice[0]!r} twice; every value runs once")
    return values


def plain(name: str, value: Any, default: Any) -> Any:
    """A value that survives being written down, of the type that the field's default has.

    Raises:
        ValueError: for another type, infinities, or what JSON cannot hold.

    Example:
        >>> plain("tau", 2, 1.25)
        2.0
    """
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if default is not None and value is not None and type(value) is not type(default):
        raise ValueError(
            f"{name} = {value!r} is of type {type(value).__name__}, but the field holds "
            f"{type(default).__name__}, e.g. {default!r}"
        )
    try:
        same = json.loads(json.dumps(value, allow_nan=False)) == value
    except (TypeError, ValueError):
        same = False
    if not same:
        raise ValueError(f"{name} = {value!r} is no finite number, word or list that JSON can hold")
    return value
