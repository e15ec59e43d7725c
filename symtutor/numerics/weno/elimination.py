"""Many small linear systems at once: Gauss elimination, one vector operation for all systems."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# A multiplier above this costs more than about two digits; such systems are solved with pivoting.
LARGEST_MULTIPLIER = 64.0


def _eliminate(a: Tensor) -> Tensor:
    """In place LU without row exchanges of a "n n+1 m", right-hand side in the last column.

    Returns the largest multiplier of every system.
    """
    n = len(a)
    largest = torch.zeros_like(a[0, 0])
    for k in range(n - 1):
        factor = a[k + 1 :, k].div_(a[k, k])
        a[k + 1 :, k + 1 :].addcmul_(factor[:, None], a[k, None, k + 1 :], value=-1)
        torch.maximum(largest, factor.abs().amax(0), out=largest)
    return largest


def _upper(a: Tensor) -> Tensor:
    """Solutions of the eliminated systems, "n m"."""
    n = len(a)
    x = a[:, n].clone()
    for k in reversed(range(n)):
        x[k].div_(a[k, k])
        if k:
            x[:k].addcmul_(a[:k, k], x[k], value=-1)
    return x


def _transposed(a: Tensor, target: int) -> Tensor:
    """Solutions c of $A^Tc=e_{target}$ from the eliminated systems, "n m"."""
    n = len(a)
    c = torch.zeros_like(a[:, n])
    c[target] = 1
    for k in range(target, n):
        c[k].div_(a[k, k])
        if k + 1 < n:
            c[k + 1 :].addcmul_(a[k, k + 1 : n], c[k], value=-1)
    for k in reversed(range(1, n)):
        c[:k].addcmul_(a[k, :k], c[k], value=-1)
    return c


def _pivoted(a: Tensor, targets: tuple[int, ...]) -> tuple[Tensor, list[Tensor], Tensor]:
    """The same by LU with row exchanges; tells systems apart that are singular or not finite."""
    n = len(a)
    matrix, values = a[:, :n].permute(2, 0, 1), a[:, n].T
    finite = matrix.isfinite().all(-1).all(-1) & values.isfinite().all(-1)
    eye = torch.eye(n, dtype=a.dtype, device=a.device)
    lu, pivots, _ = torch.linalg.lu_factor_ex(torch.where(finite[:, None, None], matrix, eye))
    diagonal, size = lu.diagonal(dim1=-2, dim2=-1).abs(), matrix.abs().amax(-2)
    regular = finite & (diagonal > n * torch.finfo(a.dtype).eps * size).all(-1)
    solution = torch.linalg.lu_solve(lu, pivots, values[..., None])
    wanted = eye[:, list(targets)].expand(len(lu), -1, -1)
    duals = torch.linalg.lu_solve(lu, pivots, wanted, adjoint=True)
    return solution[..., 0].T, list(duals.permute(2, 1, 0)), regular


def solve_with_duals(
    build: Callable[[Tensor | None], Tensor], targets: tuple[int, ...]
) -> tuple[Float[Tensor, "n m"], list[Float[Tensor, "n m"]], Bool[Tensor, " m"] | None]:
    r"""Solutions of m systems $Vp=f$, and $c=V^{-T}e_k$ for each wanted unknown k.

    So $p_k=c\cdot f$. Systems are eliminated without row exchanges; the few whose multipliers grow
    beyond 64 are built again and left to LAPACK.

    Args:
        build: gives the systems with the indices it is called with, or all, as "n n+1 m": row,
            column, system, the right-hand side in the last column. They are overwritten.
        targets: the unknowns k.

    Returns:
        p, the list of c, and which systems are regular to working precision, None if all are; p
        and c are 0 where they are not.

    Example:
        >>> system = torch.tensor([[2.0, 0.0, 2.0], [1.0, 1.0, 3.0]])[..., None]
        >>> p, (c,), _ = solve_with_duals(lambda which: system.clone(), (1,))
        >>> p[:, 0].tolist(), c[:, 0].tolist()
        ([1.0, 2.0], [-0.5, 1.0])
    """
    a = build(None)
    size = a[:, -2].abs().amax(0)
    largest = _eliminate(a)
    solution, duals = _upper(a), [_transposed(a, k) for k in targets]
    # the last pivot divides no row, yet the system is singular if only that one vanishes
    torch.maximum(largest, size.div_(a[-1, -2]).abs_().div_(LARGEST_MULTIPLIER), out=largest)
    largest += solution[-1] * 0  # nan if any value is not finite: all of them go into the last
    if float(largest.amax()) <= LARGEST_MULTIPLIER:
        return solution, duals, None
    regular = largest <= LARGEST_MULTIPLIER
    again = (~regular).nonzero()[:, 0]
    p, exact, regular[again] = _pivoted(build(again), targets)
    for old, new in zip((solution, *duals), (p, *exact), strict=True):
        old[:, again] = torch.where(regular[again], new, 0.0)
    return solution, duals, None if bool(regular.all()) else regular
