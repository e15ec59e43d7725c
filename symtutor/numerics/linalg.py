"""Null spaces and the angles between subspaces."""

import torch
from jaxtyping import Float
from torch import Tensor


def null_space(
    matrix: Float[Tensor, "m n"], *, rtol: float = 1e-6
) -> tuple[Float[Tensor, "n k"], Float[Tensor, " r"]]:
    """Orthonormal basis of {x : matrix x = 0}, and the singular values that decided it.

    A direction counts as null when its singular value is at most `rtol` times the largest.

    Returns:
        basis: "n k", orthonormal columns.
        singular_values: descending, so that a caller can judge the gap.

    Example:
        >>> basis, values = null_space(torch.tensor([[1.0, 1.0, 0.0]]))
        >>> basis.shape, values.numel()
        (torch.Size([3, 2]), 1)
    """
    _, values, right = torch.linalg.svd(matrix, full_matrices=True)
    cut = rtol * values.max() if values.numel() else 0.0
    rank = int((values > cut).sum())
    return right[rank:].mH, values


def orthonormal_basis(matrix: Float[Tensor, "q n"], *, rtol: float = 1e-6) -> Float[Tensor, "q r"]:
    """Orthonormal basis of the column space; directions below `rtol` of the largest are dropped.

    Example:
        >>> orthonormal_basis(torch.ones(3, 2)).shape
        torch.Size([3, 1])
    """
    left, values, _ = torch.linalg.svd(matrix, full_matrices=False)
    return left[:, values > rtol * values.max()]


def principal_angles(a: Float[Tensor, "q n"], b: Float[Tensor, "q m"]) -> Float[Tensor, " k"]:
    """Principal angles between the column spaces of `a` and `b`, ascending, in radians.

    Small angles are taken from sines and large ones from cosines (Björck and Golub 1973), so an
    angle of 1e-8 is not lost to the flat top of the cosine. There are as many angles
    as the smaller space has dimensions; dependent columns count once.

    Example:
        >>> e = torch.eye(3, dtype=torch.float64)
        >>> [round(v, 4) for v in principal_angles(e[:, :2], e[:, 1:]).tolist()]
        [0.0, 1.5708]
    """
    qa, qb = orthonormal_basis(a), orthonormal_basis(b)
    if qa.shape[1] < qb.shape[1]:
        qa, qb = qb, qa
    overlap = qa.mT @ qb
    cosines = torch.linalg.svdvals(overlap).clamp(0, 1)
    sines = torch.linalg.svdvals(qb - qa @ overlap).clamp(0, 1).flip(0)
    return torch.where(cosines**2 < 0.5, torch.arccos(cosines), torch.arcsin(sines))
