"""Change of basis of a Lie algebra, and the search for one that turns one algebra into another."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..numerics.random import generator
from .invariants import variation

STARTS = {1: 4, 2: 8, 3: 16, 4: 24, 5: 32}  # random starts by dimension; above, MOST
MOST, KEPT = 48, 6  # of which those nearest after the FIRST steps are followed for LAST more
FIRST, LAST = 40, 80
PAUSE = 8  # steps after which a search ends whose nearest starts came no nearer


class Isomorphism(NamedTuple):
    r"""A basis $E_i=\sum_jg_{ij}V_j$ of measured generators with the brackets of a known algebra.

    Attributes:
        basis: g.
        defect: norm of the measured constants less the known ones carried to the measured basis,
            relative to the norm of the measured ones.
        condition: ratio of the largest to the smallest singular value of g.
    """

    basis: Float[Tensor, "n n"]
    defect: float
    condition: float


def carried(c: Float[Tensor, "n n n"], h: Float[Tensor, "*b n n"]) -> Float[Tensor, "*b n n n"]:
    r"""Structure constants in the basis $V_i=\sum_ah_{ia}E_a$: $h_{ia}h_{jb}c_{ab}^d(h^{-1})_{dk}$.

    Where h has no inverse the result is not finite.

    Example:
        >>> affine = torch.zeros(2, 2, 2)
        >>> affine[0, 1, 0], affine[1, 0, 0] = 1.0, -1.0
        >>> carried(affine, torch.tensor([[1.0, 0.0], [0.0, 3.0]]))[0, 1].tolist()
        [3.0, 0.0]
    """
    moved = torch.einsum("...ia,...jb,abd->...ijd", h, h, c)
    return torch.einsum("...ijd,...dk->...ijk", moved, torch.linalg.inv_ex(h).inverse)


def isomorphism(
    measured: Float[Tensor, "n n n"],
    known: Float[Tensor, "n n n"],
    *,
    seed: int = 0,
    condition: float = 1e4,
) -> Isomorphism | None:
    r"""The basis in which measured structure constants are nearest to known ones.

    Minimises $\|h\cdot c'-c\|/\|c\|$ over invertible h, with $h\cdot c'$ the known constants
    carried to the measured basis and $g=h^{-1}$, by Levenberg and Marquardt (Marquardt 1963) from
    random starts. The steps are $h\leftarrow e^Xh$, so h stays invertible, and the derivative in X
    is that of the action of the group at its identity.

    An ill-conditioned h brings the known constants near those of other algebras, of which they are
    no change of basis (contraction; Inönü and Wigner 1953). Hence the bound on the condition.

    Args:
        measured: c, antisymmetric in i and j, not all zero, float64.
        known: c', likewise, and exact.
        seed: of the random starts.
        condition: largest condition number of a basis that is accepted.

    Returns:
        Among bases of least defect the best conditioned; None if no start led to one within bound.

    Raises:
        ValueError: for zero constants, which have no relative defect, or unequal dimensions.

    Example:
        >>> from .catalogue import known_algebra
        >>> turned = -2 * known_algebra("so(3)").algebra.constants
        >>> found = isomorphism(turned, known_algebra("so(3)").algebra.constants)
        >>> found.defect < 1e-9, round(found.condition, 3)
        (True, 1.0)
    """
    if measured.shape != known.shape or not (measured.any() and known.any()):
        raise ValueError(
            f"a basis is sought between two algebras of one dimension that do not commute, got "
            f"constants of shapes {tuple(measured.shape)} and {tuple(known.shape)} with norms "
            f"{measured.norm():.3g} and {known.norm():.3g}"
        )
    size = measured.norm()
    target, exact = measured / size, known / known.norm()
    h, defects = _descend(exact, target, _starts(exact, target, seed), FIRST)
    best = defects.argsort()[:KEPT]
    h, defects = _descend(exact, target, h[best], LAST)
    conditions = torch.linalg.cond(h)
    within = (conditions <= condition) & defects.isfinite()
    if not within.any():
        return None
    least = defects[within].min()
    equal = within & (defects <= 1.01 * least + 1e-10)
    chosen = int(torch.where(equal, conditions, torch.inf).argmin())
    basis = torch.linalg.inv(h[chosen]) * known.norm() / size
    return Isomorphism(basis, defects[chosen].item(), conditions[chosen].item())


def _starts(exact: Tensor, target: Tensor, seed: int) -> Tensor:
    """Random bases whose constants have the size of the target."""
    n = len(exact)
    random = generator(seed, "isomorphism")
    h = torch.randn(STARTS.get(n, MOST), n, n, dtype=exact.dtype, generator=random)
    moved = carried(exact, h).flatten(1)
    sign = torch.where(moved @ target.flatten() < 0, -1.0, 1.0).to(h)
    return h * (sign * target.norm() / moved.norm(dim=1))[:, None, None]


def _descend(exact: Tensor, target: Tensor, h: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    """Levenberg-Marquardt steps of all starts at once; the bases and their defects."""
    i, j = torch.triu_indices(len(exact), len(exact), 1)
    goal = target[i, j].flatten()
    one = torch.eye(len(exact) ** 2, dtype=h.dtype)
    damping = torch.full((len(h), 1, 1), 0.1, dtype=h.dtype)
    moved = carried(exact, h)
    rest = moved[:, i, j].flatten(1) - goal
    before = torch.inf
    for count in range(steps):
        if count % PAUSE == 0:
            now = rest.norm(dim=1).sort().values[:KEPT]
            if (now > 0.99 * before - 1e-13).all():
                break
            before = now
        slope = variation(moved)
        normal, gradient = slope.mT @ slope, slope.mT @ rest[..., None]
        step = -torch.linalg.solve_ex(normal + damping * one, gradient).result.reshape(h.shape)
        step = step / step.norm(dim=(1, 2), keepdim=True).clamp(min=1)
        tried = torch.matrix_exp(step) @ h
        constants = carried(exact, tried)
        left = constants[:, i, j].flatten(1) - goal
        better = left.norm(dim=1) < rest.norm(dim=1)
        h = torch.where(better[:, None, None], tried, h)
        moved = torch.where(better[:, None, None, None], constants, moved)
        rest = torch.where(better[:, None], left, rest)
        damping = torch.where(better[:, None, None], damping / 4, damping * 4).clamp(1e-12, 1e6)
    return h, rest.norm(dim=1) * 2**0.5
