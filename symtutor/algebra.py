"""The geometry and algebra of generators: inner products, brackets, structure constants."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .fields import Combined, Field
from .numerics.linalg import principal_angles
from .numerics.quadrature import Quadrature, normalise_weights


def inner(
    v: Float[Tensor, "q n d"], w: Float[Tensor, "q m d"], weights: Float[Tensor, " q"]
) -> Float[Tensor, "n m"]:
    r"""Inner products $\langle V_i, W_j\rangle=\sum_q\omega_q\,V_i(z_q)\cdot W_j(z_q)$.

    Weights are scaled to sum to one, so a field of unit root mean square has $\langle V,V\rangle=1$
    (Ko, Kim and Lee 2024, eq. 10).

    Raises:
        ValueError: if the weights are negative, not finite, or sum to zero.

    Example:
        >>> v = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
        >>> inner(v, v, torch.tensor([1.0, 3.0])).item()
        1.0
    """
    return torch.einsum("q,qnd,qmd->nm", normalise_weights(weights), v, w)


def gram(field: Field, quadrature: Quadrature) -> Float[Tensor, "n n"]:
    """The Gram matrix of the generators; the identity if they are orthonormal.

    Example:
        >>> from .fields import AffineField
        >>> from .numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
        >>> gram(AffineField.named("L1", "L2"), square).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    values = field(quadrature.points)
    return inner(values, values, quadrature.omega)


def orthonormal(field: Field, quadrature: Quadrature) -> Combined:
    """Orthonormal combinations of the generators, by Gram and Schmidt in the order given.

    Raises:
        ValueError: if the generators are linearly dependent on the quadrature.

    Example:
        >>> from .fields import AffineField
        >>> from .numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(0, 1), (0, 1)], [32, 32])
        >>> gram(orthonormal(AffineField.named("L1", "L3"), square), square).round(decimals=4).abs()
        tensor([[1., 0.],
                [0., 1.]])
    """
    lower, failed = torch.linalg.cholesky_ex(gram(field, quadrature).double())
    if failed:
        raise ValueError(
            f"generator {int(failed)} of {field.n} is a combination of those before it, or zero; "
            "leave it out"
        )
    unit = torch.eye(field.n, dtype=lower.dtype, device=lower.device)
    beta = torch.linalg.solve_triangular(lower, unit, upper=False)
    return Combined(field, beta)


class Projection(NamedTuple):
    """Generators written in a basis: V_i = sum_j coefficients_ij W_j + remainder."""

    coefficients: Float[Tensor, "n m"]
    affineness: Float[Tensor, " n"]


def project(field: Field, basis: Field, quadrature: Quadrature) -> Projection:
    r"""Orthogonal projection of each generator onto the span of another field's generators.

    The coefficients solve $\sum_k c_{ik}\langle W_k,W_j\rangle=\langle V_i,W_j\rangle$. The
    relative norm $\|PV_i\|/\|V_i\|\in[0,1]$ is the "affine-ness" when the basis is the six affine
    fields.
    The basis need not be orthogonal, nor even independent.

    Raises:
        ValueError: if the two fields live on different numbers of coordinates.

    Example:
        >>> from .fields import AffineField
        >>> from .numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
        >>> rotation, basis = AffineField.named("L5-L6"), AffineField.named("L5", "L6")
        >>> [round(c, 4) for c in project(rotation, basis, square).coefficients[0].tolist()]
        [1.0, -1.0]
    """
    v, w = field(quadrature.points), _values(basis, quadrature, field.dim)
    coefficients, fitted = _fit(v, w, quadrature)
    norms = inner(v, v, quadrature.omega).diagonal().sqrt()
    projected = inner(fitted, fitted, quadrature.omega).diagonal().sqrt()
    return Projection(coefficients, (projected / norms.clamp(min=1e-30)).clamp(max=1))


def _values(field: Field, quadrature: Quadrature, dim: int) -> Tensor:
    if field.dim != dim:
        raise ValueError(
            f"fields can be compared only on the same coordinates, got {dim} and {field.dim}"
        )
    return field(quadrature.points)


def _columns(values: Tensor, quadrature: Quadrature) -> Tensor:
    """Generators as columns of length q*d, whose dot product is the weighted inner product."""
    weighted = values * quadrature.omega.sqrt()[:, None, None]
    return weighted.movedim(1, -1).reshape(-1, values.shape[1])


def _fit(v: Tensor, w: Tensor, quadrature: Quadrature) -> tuple[Tensor, Tensor]:
    """Least-squares coefficients of v in w, and the fitted fields."""
    columns = _columns(w, quadrature)
    coefficients = (torch.linalg.pinv(columns) @ _columns(v, quadrature)).mT
    return coefficients, torch.einsum("nm,qmd->qnd", coefficients, w)


def field_angles(v: Field, w: Field, quadrature: Quadrature) -> Float[Tensor, " k"]:
    """Principal angles between the spans of two sets of generators, ascending, in radians.

    Example:
        >>> from .fields import AffineField
        >>> from .numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
        >>> mixed, pure = AffineField.named("L5-L6", "L5"), AffineField.named("L5", "L6")
        >>> bool(field_angles(mixed, pure, square).max() < 1e-3)
        True
    """
    a = _columns(v(quadrature.points), quadrature)
    return principal_angles(a, _columns(_values(w, quadrature, v.dim), quadrature))


def lie_bracket(v: Field, w: Field, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n m d"]:
    r"""The brackets $[V_i,W_j]=(V_i\cdot\nabla)W_j-(W_j\cdot\nabla)V_i$ of all pairs, at points.

    Derivatives are exact, by forward-mode differentiation along the fields themselves. The flows
    of V and W commute if and only if the bracket vanishes everywhere.

    Raises:
        ValueError: if the two fields live on different numbers of coordinates.

    Example:
        >>> from .fields import AffineField
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
        >>> from .fields import AffineField
        >>> from .numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
        >>> algebra = structure_constants(AffineField.named("L1", "L3"), square)
        >>> round(algebra.constants[0, 1, 0].item(), 4), algebra.closure_defect < 1e-5
        (1.0, True)
    """
    brackets = lie_bracket(field, field, quadrature.points).flatten(1, 2)
    values = field(quadrature.points)
    coefficients, fitted = _fit(brackets, values, quadrature)
    rest, whole = _columns(brackets - fitted, quadrature), _columns(brackets, quadrature)
    scale = _columns(values, quadrature).norm()
    noise = torch.finfo(whole.dtype).eps * scale
    defect = (rest.norm() / whole.norm()).item() if whole.norm() > noise else 0.0
    return Algebra(coefficients.reshape(field.n, field.n, field.n), defect)


def killing_form(algebra: Algebra) -> Float[Tensor, "n n"]:
    r"""The Killing form $K_{ij}=\sum_{kl}c_{ik}^l\,c_{jl}^k$ of an algebra's structure constants.

    Negative definite for a compact semisimple algebra; three generators with such a form span
    so(3), up to a change of basis. It vanishes for commuting generators.

    Example:
        >>> from .fields import MatrixField
        >>> from .numerics.quadrature import grid_quadrature
        >>> e = torch.zeros(3, 3, 3)
        >>> e[0, 1, 2] = e[1, 2, 0] = e[2, 0, 1] = 1.0
        >>> cube = grid_quadrature([(-1, 1)] * 3, [4, 4, 4])
        >>> rotations = MatrixField(e - e.transpose(1, 2))
        >>> killing_form(structure_constants(rotations, cube)).diagonal().round().tolist()
        [-2.0, -2.0, -2.0]
    """
    c = algebra.constants
    return torch.einsum("ikl,jlk->ij", c, c)
