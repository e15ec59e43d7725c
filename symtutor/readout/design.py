"""Fields and a library of terms, evaluated on the same points, as columns of numbers."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Term
from ..fields import Field, LibraryField, term_name
from ..numerics.quadrature import Quadrature

DEPENDENT = 1e-9
"""A term nearer than this to the others, relative to its own size, is one of their combinations."""


class Design(NamedTuple):
    r"""Library and fields in an orthonormal basis of the functions that they span on the points.

    Component i counts in units of the spread of coordinate i over the points, so that all are
    comparable. Column $kd+i$ is term k in component i, scaled to unit root mean square.

    Attributes:
        columns: the library.
        fields: the generators, in the same basis, scaled to unit norm.
        residual: what the library leaves of every generator, relative to its norm.
        units: coefficient of every column that makes it a unit column, "k d".
    """

    columns: Float[Tensor, "c m"]
    fields: Float[Tensor, "c n"]
    residual: Float[Tensor, " n"]
    units: Float[Tensor, "k d"]


class Samples(NamedTuple):
    """Values of library and fields at weighted points, in float64.

    Attributes:
        basis: every term at every point.
        values: every generator at every point, in units of the spreads.
        omega: weights.
        spread: of every coordinate: its standard deviation over the points, 1 if it is constant.
    """

    basis: Float[Tensor, "q k"]
    values: Float[Tensor, "q n d"]
    omega: Float[Tensor, " q"]
    spread: Float[Tensor, " d"]


@torch.no_grad()
def sample(field: Field, terms: Sequence[Term], quadrature: Quadrature) -> Samples:
    """Evaluate a library and a field on a quadrature.

    Raises:
        ValueError: for terms or fields that are not finite on the points, a field of another
            number of coordinates, or a term that is a combination of others there.

    Example:
        >>> from ..fields import AffineField, monomials
        >>> from ..numerics.quadrature import grid_quadrature
        >>> square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
        >>> sample(AffineField.named("L1"), monomials(2, 1), square).basis.shape
        torch.Size([64, 3])
    """
    points, omega = quadrature.points.double(), quadrature.omega.double()
    library = LibraryField(terms, points.new_zeros(1, len(terms), field.dim), names=field.names)
    library.check(points, points.shape[-1:])
    basis = library.basis(points)
    for k, term in enumerate(terms):
        if not torch.isfinite(basis[:, k]).all():
            raise ValueError(
                f"the term {term_name(term, field.names)} is not finite on all of the points; "
                "leave it out, or read the field out on points where it is"
            )
    values = field(quadrature.points.to(field._one)).double()
    if not torch.isfinite(values).all():
        raise ValueError("the field is not finite on all of the points; read it out where it is")
    spread = (omega @ (points - omega @ points).square()).sqrt()
    spread = torch.where(spread > 0, spread, 1.0)
    _refuse_dependent(basis, omega, [term_name(term, field.names) for term in terms])
    return Samples(basis, values / spread, omega, spread)


def _refuse_dependent(basis: Tensor, omega: Tensor, names: list[str]) -> None:
    """Raise `ValueError` with the name of a term that the terms before it make up."""
    if len(basis) < len(names):
        raise ValueError(
            f"{len(names)} terms cannot be told apart on {len(basis)} points; take more points or "
            "fewer terms"
        )
    weighted = basis * omega.sqrt()[:, None]
    sizes = weighted.norm(dim=0)
    unit = weighted / sizes.clamp(min=torch.finfo(sizes.dtype).tiny)
    triangle = torch.linalg.qr(unit, mode="r").R
    for k, name in enumerate(names):
        if triangle[k, k].abs() > DEPENDENT:
            continue
        if sizes[k] == 0:
            raise ValueError(f"on these points {name} is zero; leave it out")
        shares = torch.linalg.lstsq(triangle[:k, :k], triangle[:k, k : k + 1]).solution[:, 0]
        others = [names[j] for j in range(k) if shares[j].abs() > 1e-6 * shares.abs().max()]
        raise ValueError(
            f"on these points {name} is a combination of {', '.join(others)}; leave it out"
        )


def design(samples: Samples, weights: Float[Tensor, " q"] | None = None) -> Design:
    """Columns of numbers whose dot products are the inner products over the points.

    Args:
        samples: see `sample`.
        weights: other weights than the samples' own, e.g. of a bootstrap sample.

    Raises:
        ValueError: for a generator that is zero on all points.
    """
    omega = samples.omega if weights is None else weights
    root, (_, n, d) = omega.sqrt()[:, None], samples.values.shape
    sizes = (samples.basis * root).norm(dim=0).clamp(min=torch.finfo(torch.float64).tiny)
    q, triangle = torch.linalg.qr(samples.basis * root / sizes)
    values = samples.values * root[..., None]
    norms = values.square().sum((0, 2)).sqrt()
    if (norms == 0).any():
        raise ValueError(
            f"generator {int(norms.argmin()) + 1} is zero on all of the points; leave it out"
        )
    values = values / norms[:, None]
    inside = torch.einsum("qk,qnd->kdn", q, values)
    rest = (values - torch.einsum("qk,kdn->qnd", q, inside)).movedim(1, 2).reshape(-1, n)
    outside = torch.linalg.qr(rest, mode="r").R
    columns = torch.kron(triangle.contiguous(), torch.eye(d, dtype=triangle.dtype))
    columns = torch.cat([columns, columns.new_zeros(len(outside), columns.shape[1])])
    fields = torch.cat([inside.reshape(-1, n), outside])
    return Design(columns, fields, outside.norm(dim=0), samples.spread / sizes[:, None])
