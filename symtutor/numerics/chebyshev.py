"""Interpolation on Chebyshev nodes: smooth functions on an interval from few of their values."""

import torch
from jaxtyping import Float
from torch import Tensor


def chebyshev_nodes(m: int) -> Float[Tensor, " m"]:
    r"""The nodes $-\cos(k\pi/(m-1))$, k = 0..m-1, from -1 to 1, in double precision.

    Raises:
        ValueError: if m is below 2.

    Example:
        >>> [round(node, 4) for node in chebyshev_nodes(4).tolist()]
        [-1.0, -0.5, 0.5, 1.0]
    """
    if m < 2:
        raise ValueError(f"an interval needs at least 2 nodes, got {m}")
    return -torch.cos(torch.arange(m, dtype=torch.float64) * (torch.pi / (m - 1)))


def chebyshev_matrix(m: int, places: Float[Tensor, " p"]) -> Float[Tensor, "p m"]:
    r"""The matrix that turns values at Chebyshev nodes into values of their interpolant elsewhere.

    Second barycentric formula (Berrut and Trefethen 2004, eqs. 4.2 and 5.4). For a function that is
    analytic in an ellipse with foci ±1 the error falls geometrically with m.

    Args:
        m: number of nodes.
        places: in [-1, 1].

    Example:
        >>> x = torch.linspace(-1, 1, 32, dtype=torch.float64)
        >>> error = chebyshev_matrix(12, x) @ torch.exp(chebyshev_nodes(12)) - torch.exp(x)
        >>> bool(error.abs().max() < 1e-11)
        True
    """
    nodes, x = chebyshev_nodes(m), places.double().cpu()
    signs = (1 - 2 * (torch.arange(m) % 2)).double()
    signs[0], signs[-1] = signs[0] / 2, signs[-1] / 2
    apart = x[:, None] - nodes
    hit = apart.abs() < 1e-14
    terms = signs / torch.where(hit, 1, apart)
    matrix = terms / terms.sum(-1, keepdim=True)
    return torch.where(hit.any(-1, keepdim=True), hit.double(), matrix).to(places)
