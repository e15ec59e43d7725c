"""What no change of basis alters in a Lie algebra: dimensions, ranks, the Killing signature."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .brackets import Algebra, killing_form


class Invariants(NamedTuple):
    r"""Numbers that isomorphic algebras share; different ones prove two algebras different.

    Attributes:
        dimension: n, of the algebra $\mathfrak g$.
        derived: dimensions of $\mathfrak g,[\mathfrak g,\mathfrak g],\dots$ each bracketed with
            itself, until they stay the same; the last is 0 if and only if it is solvable.
        lower: dimensions of the lower central series, each bracketed with $\mathfrak g$; the last
            is 0 if and only if the algebra is nilpotent.
        centre: dimension of what commutes with everything.
        killing: numbers of positive, negative and zero eigenvalues of the Killing form.
        unimodular: whether all $\operatorname{tr}\operatorname{ad}_X$ vanish.
        derivations: dimension of the algebra of derivations. The algebras isomorphic to this one
            fill $n^2-$`derivations` dimensions of the space of structure constants, so of two
            algebras the one with more derivations is the more degenerate.
    """

    dimension: int
    derived: tuple[int, ...]
    lower: tuple[int, ...]
    centre: int
    killing: tuple[int, int, int]
    unimodular: bool
    derivations: int


def invariants(algebra: Algebra, *, rtol: float = 1e-6) -> Invariants:
    r"""Invariants of an algebra given by its structure constants $c_{ij}^k$ (Jacobson 1962, I).

    Constants are measured, so every rank is a decision: with $|c|$ the root of the sum of their
    squares, singular values up to `rtol` $|c|$ and eigenvalues of the Killing form up to
    `rtol` $|c|^2$ count as zero. Take `rtol` above the relative error of the constants.

    Args:
        algebra: constants; only their antisymmetric part in i and j counts.
        rtol: relative size of what counts as zero, between 0 and 1.

    Raises:
        ValueError: if `rtol` is not between 0 and 1, or a constant is not finite.

    Example:
        >>> from .catalogue import known_algebra
        >>> found = invariants(known_algebra("h(3)").algebra)
        >>> found.derived, found.lower, found.centre, found.killing
        ((3, 1, 0), (3, 1, 0), 1, (0, 0, 3))
    """
    if not 0 < rtol < 1:
        raise ValueError(f"rtol is a part of the size of the constants, in (0, 1), got {rtol}")
    c = bracket_table(algebra)
    n, cut = len(c), rtol * max(c.norm().item(), torch.finfo(c.dtype).tiny)
    whole = torch.eye(n, dtype=c.dtype)
    eigenvalues = torch.linalg.eigvalsh(killing_form(Algebra(c, 0.0)))
    bound = cut * c.norm().item()
    positive, negative = int((eigenvalues > bound).sum()), int((eigenvalues < -bound).sum())
    return Invariants(
        dimension=n,
        derived=_series(c, whole, cut, against_all=False),
        lower=_series(c, whole, cut, against_all=True),
        centre=n - _rank(c.flatten(1), cut),
        killing=(positive, negative, n - positive - negative),
        unimodular=bool(torch.einsum("ijj->i", c).norm() <= cut),
        derivations=n**2 - _rank(variation(c[None])[0], cut),
    )


def ranks(found: Invariants) -> tuple[int, ...]:
    """The invariants as ranks: numbers that an error in the constants can raise but not lower.

    A singular value above the size of the error is not zero without it either, so what counts as a
    rank at such a cut is a lower bound of the exact one.

    Example:
        >>> from .catalogue import known_algebra
        >>> ranks(invariants(known_algebra("h(3)").algebra))
        (1, 0, 0, 1, 0, 0, 2, 0, 0, 0, 3)
    """
    n = found.dimension
    series = [
        size
        for sizes in (found.derived, found.lower)
        for size in (sizes[1:] + sizes[-1:] * n)[: max(n, 1)]
    ]
    rest = (n - found.centre, *found.killing[:2], int(not found.unimodular))
    return (*series, *rest, n**2 - found.derivations)


def bracket_table(algebra: Algebra) -> Float[Tensor, "n n n"]:
    """The constants in float64 on the CPU, made antisymmetric.

    Raises:
        ValueError: if a constant is not finite.
    """
    c = algebra.constants.detach().double().cpu()
    if not torch.isfinite(c).all():
        raise ValueError(
            "the structure constants hold values that are not finite; "
            "check the field and the quadrature they were measured on"
        )
    return (c - c.transpose(0, 1)) / 2


def variation(c: Float[Tensor, "b n n n"]) -> Float[Tensor, "b pairs nn"]:
    r"""The derivative of the constants (i < j) under a change of basis by $1+X$, in $X_{pq}$.

    $\delta c_{ij}^k=X_{ia}c_{aj}^k+X_{ja}c_{ia}^k-c_{ij}^lX_{lk}$. X is a derivation of the
    algebra if and only if all of it vanishes.
    """
    n = c.shape[-1]
    one = torch.eye(n, dtype=c.dtype)
    change = torch.einsum("ip,bqjk->bijkpq", one, c)
    change = change + torch.einsum("jp,biqk->bijkpq", one, c)
    change = change - torch.einsum("bijp,kq->bijkpq", c, one)
    i, j = torch.triu_indices(n, n, 1)
    return change[:, i, j].flatten(3).flatten(1, 2)


def _rank(matrix: Tensor, cut: float) -> int:
    return int((torch.linalg.svdvals(matrix) > cut).sum())


def _series(c: Tensor, whole: Tensor, cut: float, *, against_all: bool) -> tuple[int, ...]:
    """Dimensions of the lower central series, or of the derived one."""
    part, dimensions = whole, [len(whole)]
    while len(part):
        brackets = torch.einsum("pi,qj,ijk->pqk", part, whole if against_all else part, c)
        _, sizes, right = torch.linalg.svd(brackets.flatten(0, 1), full_matrices=False)
        part = right[: int((sizes > cut).sum())]
        if len(part) >= dimensions[-1]:
            break
        dimensions.append(len(part))
    return tuple(dimensions)
