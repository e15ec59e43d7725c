"""The algebra of generators: brackets, structure constants, the Killing form."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import Field
from ..numerics.quadrature import Quadrature
from .geometry import columns, fit


def lie_bracket(v: Field, w: Field, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n m d"]:
    r"""The brackets $[V_i,W_j]=(V_i\cdot\nabla)W_j-(W_j\cdot\nabla)V_i$ of all pairs, at points.

    Derivatives are exact, by forward-mode differentiation along the fields themselves. The flows
    of V and W commute if and only if the bracket vanishes everywhere.

    Raises:
        ValueError: if the two fields live on different numbers of coordinates.

    Example:
        >>> from ..fields import AffineField
        >>> translation, scaling = AffineField.named("L1"), AffineField.named("L3")
        >>> lie_bracket(translation, scaling, torch.zeros(2)).flatten().tolist()  # [L1, L3] = L1
        [1.0, 0.0]
    """
    if v.dim != w.dim:
        raise ValueError(f"a bracket needs fields on the same coordinates, got {v.dim} and {w.dim}")
    forward = _directional(w, v(points), points)
    backward = _directional(v, w(points), points)
    return forward - backward.transpose(-3, -2)


def _directional(field: Field, directions: Tensor, points: Tensor) -> Tensor:
    """Derivative of all m generators along each of n direction fields: "*b n m d"."""

    def along(direction: Tensor) -> Tensor:
        return torch.func.jvp(field, (points,), (direction,))[1]

    return torch.func.vmap(along, in_dims=-2, out_dims=-3)(directions)


class Algebra(NamedTuple):
    """Brackets in terms of the generators: [V_i, V_j] = sum_k constants_ijk V_k + rest."""

    constants: Float[Tensor, "n n n"]
    closure_defect: float


def structure_constants(field: Field, quadrature: Quadrature) -> Algebra:
    r"""Structure constants $c_{ij}^k$ of $[V_i,V_j]=\sum_k c_{ij}^kV_k$, by weighted least squares.

    The closure defect is the norm of what the fit leaves over relative to the norm of all brackets:
    0 if the generators span a Lie algebra, up to 1 if no bracket lies in their span. It is 0 for
    commuting fields, whose brackets vanish.

    Example:
        >>> from ..fields import AffineField
        >>> from ..numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
        >>> algebra = structure_constants(AffineField.named("L1", "L3"), square)
        >>> round(algebra.constants[0, 1, 0].item(), 4), algebra.closure_defect < 1e-5
        (1.0, True)
    """
    brackets = lie_bracket(field, field, quadrature.points).flatten(1, 2)
    values = field(quadrature.points)
    coefficients, fitted = fit(brackets, values, quadrature)
    rest, whole = columns(brackets - fitted, quadrature), columns(brackets, quadrature)
    scale = columns(values, quadrature).norm()
    noise = torch.finfo(whole.dtype).eps * scale
    defect = (rest.norm() / whole.norm()).item() if whole.norm() > noise else 0.0
    return Algebra(coefficients.reshape(field.n, field.n, field.n), defect)


def killing_form(algebra: Algebra) -> Float[Tensor, "n n"]:
    r"""The Killing form $K_{ij}=\sum_{kl}c_{ik}^l\,c_{jl}^k$ of an algebra's structure constants.

    Negative definite for a compact semisimple algebra; three generators with such a form span
    so(3), up to a change of basis. It vanishes for commuting generators.

    Example:
        >>> from ..fields import MatrixField
        >>> from ..numerics.quadrature import grid_quadrature
        >>> e = torch.zeros(3, 3, 3)
        >>> e[0, 1, 2] = e[1, 2, 0] = e[2, 0, 1] = 1.0
        >>> cube = grid_quadrature([(-1, 1)] * 3, [4, 4, 4])
        >>> rotations = MatrixField(e - e.transpose(1, 2))
        >>> killing_form(structure_constants(rotations, cube)).diagonal().round().tolist()
        [-2.0, -2.0, -2.0]
    """
    c = algebra.constants
    return torch.einsum("ikl,jlk->ij", c, c)


def jacobi_defect(algebra: Algebra) -> float:
    r"""How far measured constants are from the Jacobi identity, between 0 and 1.

    The norm of $[[V_i,V_j],V_k]+[[V_j,V_k],V_i]+[[V_k,V_i],V_j]$, relative to three times the norm
    of one of the terms. Brackets of fields obey the identity; their structure constants do only
    where the fields close. 0 for commuting generators.

    Example:
        >>> c = torch.zeros(3, 3, 3)
        >>> c[1, 2, 0], c[2, 1, 0] = 1.0, -1.0
        >>> jacobi_defect(Algebra(c, 0.0))
        0.0
    """
    c = algebra.constants
    nested = torch.einsum("ijl,lkm->ijkm", c, c)
    cyclic = nested + nested.permute(2, 0, 1, 3) + nested.permute(1, 2, 0, 3)
    whole = 3 * nested.norm()
    return (cyclic.norm() / whole).item() if whole > 0 else 0.0
