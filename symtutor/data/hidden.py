"""Translations that were hidden: the maps from signals to raw vectors, and their generators."""

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SYMMETRIES = ("translation", "circulant", "permuted", "frequency")


def check_dimension(d: int) -> None:
    """Refuse dimensions without a middle component."""
    if d < 3 or d % 2 == 0:
        near = max(3, d - 1)
        raise ValueError(
            f"signals need an odd dimension of at least 3, so that they have a middle component, "
            f"got d={d}; pass d={near}" + (f" or d={d + 1}" if d > 3 else "")
        )


def hidden_map(symmetry: str, d: int) -> Float[Tensor, "d d"]:
    r"""The orthogonal map M from signals to raw vectors, as rows: $x'=xM$ (Efe and Ozakin 2025).

    The identity for "translation" and "circulant". For "permuted" $x'_{\pi(i)}=x_i$, with the
    permutation that NumPy's legacy generator draws from seed 0. For "frequency" the sine transform
    $S_{ij}=\sqrt{2/(d+1)}\,\sin\bigl(\pi(i+1)(j+1)/(d+1)\bigr)$, which is its own inverse.

    Args:
        symmetry: "translation", "circulant", "permuted" or "frequency".
        d: dimension, odd and at least 3.

    Returns:
        M in float64.

    Raises:
        ValueError: for an unknown symmetry, or d even or below 3.

    Example:
        >>> M = hidden_map("frequency", 7)
        >>> bool(torch.allclose(M @ M, torch.eye(7, dtype=M.dtype)))
        True
    """
    check_dimension(d)
    if symmetry not in SYMMETRIES:
        raise ValueError(
            f"no hidden symmetry is called {symmetry!r}; choose one of {', '.join(SYMMETRIES)}"
        )
    identity = torch.eye(d, dtype=torch.float64)
    if symmetry == "permuted":
        order = torch.from_numpy(np.random.RandomState(0).permutation(d))
        return identity[order]
    if symmetry == "frequency":
        k = torch.arange(1, d + 1, dtype=torch.float64)
        return math.sqrt(2 / (d + 1)) * torch.sin(math.pi / (d + 1) * torch.outer(k, k))
    return identity


def hidden_generator(symmetry: str, d: int) -> Float[Tensor, "d d"]:
    r"""The true minimal generator $G^\star=M^\top TM$, which acts on raw vectors as columns.

    T moves a signal by one component, $(Tx)_i=x_{i+1}$. What enters at the end is zero, or $x_0$
    for "circulant". The transpose of $G^\star$ is the step in the other direction.

    Args:
        symmetry: "translation", "circulant", "permuted" or "frequency".
        d: dimension, odd and at least 3.

    Returns:
        The generator in float64.

    Raises:
        ValueError: for an unknown symmetry, or d even or below 3.

    Example:
        >>> hidden_generator("circulant", 3) @ torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
        tensor([2., 3., 1.], dtype=torch.float64)
    """
    M = hidden_map(symmetry, d)
    shift = torch.diag(torch.ones(d - 1, dtype=M.dtype), 1)
    if symmetry == "circulant":
        shift[-1, 0] = 1
    return M.T @ shift @ M
