"""The geometry of generators: inner products, Gram matrices, projections, angles."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import Combined, Field
from ..numerics.linalg import principal_angles
from ..numerics.quadrature import Quadrature, normalise_weights


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
        >>> from ..fields import AffineField
        >>> from ..numerics.quadrature import grid_quadrature
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
        >>> from ..fields import AffineField
        >>> from ..numerics.quadrature import grid_quadrature
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
        >>> from ..fields import AffineField
        >>> from ..numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
        >>> rotation, basis = AffineField.named("L5-L6"), AffineField.named("L5", "L6")
        >>> [round(c, 4) for c in project(rotation, basis, square).coefficients[0].tolist()]
        [1.0, -1.0]
    """
    v, w = field(quadrature.points), _values(basis, quadrature, field.dim)
    coefficients, fitted = fit(v, w, quadrature)
    norms = inner(v, v, quadrature.omega).diagonal().sqrt()
    projected = inner(fitted, fitted, quadrature.omega).diagonal().sqrt()
    return Projection(coefficients, (projected / norms.clamp(min=1e-30)).clamp(max=1))


def _values(field: Field, quadrature: Quadrature, dim: int) -> Tensor:
    if field.dim != dim:
        raise ValueError(
            f"fields can be compared only on the same coordinates, got {dim} and {field.dim}"
        )
    return field(quadrature.points)


def columns(values: Tensor, quadrature: Quadrature) -> Tensor:
    """Generators "q n d" as columns "qd n", whose dot product is the weighted inner product."""
    weighted = values * quadrature.omega.sqrt()[:, None, None]
    return weighted.movedim(1, -1).reshape(-1, values.shape[1])


def fit(v: Tensor, w: Tensor, quadrature: Quadrature) -> tuple[Tensor, Tensor]:
    """Least-squares coefficients "n m" of v in w, and the fitted fields "q n d"."""
    basis = columns(w, quadrature)
    coefficients = (torch.linalg.pinv(basis) @ columns(v, quadrature)).mT
    return coefficients, torch.einsum("nm,qmd->qnd", coefficients, w)


def field_angles(v: Field, w: Field, quadrature: Quadrature) -> Float[Tensor, " k"]:
    """Principal angles between the spans of two sets of generators, ascending, in radians.

    Example:
        >>> from ..fields import AffineField
        >>> from ..numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
        >>> mixed, pure = AffineField.named("L5-L6", "L5"), AffineField.named("L5", "L6")
        >>> bool(field_angles(mixed, pure, square).max() < 1e-3)
        True
    """
    a = columns(v(quadrature.points), quadrature)
    return principal_angles(a, columns(_values(w, quadrature, v.dim), quadrature))
