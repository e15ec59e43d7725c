"""Linear combinations of generators as a field of their own."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..numerics.quadrature import Quadrature
from .base import Field
from .mlp import MLPField


class Combined(Field):
    r"""The fields $\sum_j\beta_{ij}V_j$: what the members $\exp(\sum_j\beta_jV_j)$ of a group obey.

    Args:
        field: the generators $V_j$, in their own normalisation as it is now.
        beta: coefficients, one row per combination.
        quadrature: if given, the combinations are normalised on it (see `Field`).

    Raises:
        ValueError: if there is not one coefficient per generator.

    Example:
        >>> from . import AffineField
        >>> moves = AffineField.named("L1", "L2")
        >>> Combined(moves, torch.tensor([[3.0, 4.0]]))(torch.zeros(2)).tolist()
        [[3.0, 4.0]]
    """

    def __init__(
        self, field: Field, beta: Float[Tensor, "n k"], quadrature: Quadrature | None = None
    ) -> None:
        if beta.ndim != 2 or beta.shape[1] != field.n:
            raise ValueError(
                f"combinations of {field.n} generators need coefficients (n, {field.n}), got "
                f"{tuple(beta.shape)}"
            )
        super().__init__(field.dim, len(beta), names=field.names, quadrature=quadrature)
        self.field = field
        with torch.no_grad():
            self.register_buffer("beta", beta.to(field._one) * field.scale())
        self.beta: Tensor
        self.to(field._one)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All combinations at every point."""
        return self.beta @ self.field.raw(points)

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Combination i at its own copy i of the points."""
        return (self.beta[:, None] @ self.field.raw(points))[..., 0, :]


def combine(field: Field, beta: Float[Tensor, "n k"]) -> Field:
    """`Combined`, or its equal: a network with linear heads has combinations that are heads again.

    A combination then costs one head at each point instead of all k. The result is a constant: it
    passes no gradients to the field.

    Raises:
        ValueError: as `Combined`.

    Example:
        >>> field, beta = MLPField(2, 4, width=8, head=0), torch.rand(7, 4)
        >>> z = torch.rand(5, 2)
        >>> torch.allclose(combine(field, beta)(z), Combined(field, beta)(z), atol=1e-6)
        True
    """
    made = Combined(field, beta)
    base, total = field, made.beta
    while isinstance(base, Combined):
        base, total = base.field, total @ base.beta
    if not isinstance(base, MLPField) or base.head:
        return made.requires_grad_(False)
    network = MLPField(
        base.dim, made.n, periods=base.periods, width=len(base.w1), head=0, names=base.names
    ).to(base._one)
    weights = {name: value for name, value in base.state_dict().items() if name[0] in "wb"}
    for name in ("head_out", "head_out_bias"):
        weights[name] = torch.einsum("nk,kwd->nwd", total, getattr(base, name).detach())
    network.load_state_dict(weights | {"_one": network._one})
    return network.requires_grad_(False)
