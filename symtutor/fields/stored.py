"""Learned fields as files of weights, read without knowing their sizes."""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from .mlp import MLPField

BUFFERS = ("_one", "_points", "_weights")
SHIPPED = "cifar-field.safetensors"


def restored(
    weights: Mapping[str, Tensor], periods: Sequence[float | None] | None = None
) -> MLPField:
    """The field of a state dictionary, e.g. of `record.weights("field")`; its sizes are read off.

    Args:
        weights: of an `MLPField`, with or without its quadrature; half precision becomes single.
        periods: of its coordinates, which the weights do not tell; omit if none is periodic.

    Raises:
        ValueError: naming the tensors that are missing, superfluous or of another shape.

    Example:
        >>> field = MLPField(2, 10, width=16, head=0)
        >>> z = torch.rand(3, 2)
        >>> torch.equal(restored(field.state_dict())(z), field(z))
        True
    """
    given = {
        k: v.float() if v.dtype in (torch.half, torch.bfloat16) else v for k, v in weights.items()
    }
    field = _blank(given, periods)
    own = field.state_dict()
    wrong = [
        k
        for k in own.keys() | given.keys()
        if k not in own or k not in given or own[k].shape != given[k].shape
    ]
    if wrong:
        raise ValueError(
            f"these weights are no MLPField's: {', '.join(sorted(wrong))} are missing, superfluous "
            "or of another shape; pass the state dictionary of an MLPField, and its periods"
        )
    field.load_state_dict(given)
    return field


def _blank(given: Mapping[str, Tensor], periods: Sequence[float | None] | None) -> MLPField:
    """A field of the sizes that the weights have."""
    ranks = {"w1": 2, "head_out": 3}
    if any(name not in given or given[name].ndim != rank for name, rank in ranks.items()):
        raise ValueError(
            f"these weights are no MLPField's: w1 or head_out is missing or misshapen among "
            f"{', '.join(sorted(given)) or 'no tensors'}; pass the state dictionary of an MLPField"
        )
    (width, _), (n, last, dim) = given["w1"].shape, given["head_out"].shape
    quadrature = None
    if "_points" in given and "_weights" in given:
        quadrature = Quadrature(given["_points"], given["_weights"])
    head = last if "head_in" in given else 0
    made = MLPField(dim, n, periods=periods, width=width, head=head, quadrature=quadrature)
    return made.to(given["w1"].dtype)


def shipped_field(name: str = SHIPPED) -> Path:
    """Where a field that comes with the package lies."""
    return Path(str(resources.files("symtutor.models") / "weights" / name))


def load_field(path: str | Path | None = None) -> MLPField:
    """A learned field from a safetensors file of its weights.

    Args:
        path: the file; by default the one that comes with the package, ten generators that the
            experiment cifar-symmetry (preset laptop, seed 0) learned from CIFAR-10.

    Raises:
        ValueError: if there is no such file, or it is damaged, or holds no field.
    """
    path = Path(path) if path is not None else shipped_field()
    if not path.exists():
        raise ValueError(
            f"there is no learned field at {path}; reinstall symtutor, or make a field with "
            "symtutor run cifar-symmetry --preset laptop and use the tensors of its record"
        )
    try:
        weights = safetensors.torch.load(path.read_bytes())
    except (OSError, safetensors.SafetensorError) as error:
        raise ValueError(f"{path} cannot be read as a learned field ({error})") from error
    try:
        return restored(weights)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def load_solution_field(equation: str) -> tuple[MLPField, Chart]:
    """The generators that the experiment pde-symmetry learned for an equation, and their chart.

    Four slots on (x, t, u) in the chart's coordinates, periodic in x (preset laptop, seed 0). They
    are orthonormal on the solutions they were learned from; the best come first.

    Args:
        equation: "kdv", "ks", "burgers", "nkdv" or "ckdv".

    Raises:
        ValueError: if none was learned for this equation, or the file is damaged.

    Example:
        >>> field, chart = load_solution_field("kdv")
        >>> field.n, field.names, chart.scale[0]
        (4, ('x', 't', 'u'), 0.0078125)
    """
    path = shipped_field(f"{equation}-field.safetensors")
    if not path.exists():
        raise ValueError(
            f"no generators of {equation!r} come with symtutor; learn them with symtutor run "
            "pde-symmetry, or take one of kdv, ks, burgers, nkdv, ckdv"
        )
    weights = safetensors.torch.load(path.read_bytes())
    scale, origin = weights.pop("chart").tolist()
    field = restored(weights, periods=(1.0, None, None))
    field.names = ("x", "t", "u")
    return field.requires_grad_(False), Chart(tuple(scale), tuple(origin))
