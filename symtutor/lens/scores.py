r"""How well a generator and a representation agree with the hidden truth."""

import torch
from jaxtyping import Float
from torch import Tensor


def matrix_cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosine of the angle between matrices, by the Frobenius inner product."""
    a, b = a.flatten(-2), b.flatten(-2)
    lengths = (a.norm(dim=-1) * b.norm(dim=-1)).clamp(min=torch.finfo(a.dtype).tiny)
    return ((a * b).sum(-1) / lengths).clamp(-1, 1)


def generator_cosine(
    G: Float[Tensor, "*runs d d"], truth: Float[Tensor, "d d"]
) -> Float[Tensor, "*runs"]:
    r"""$\langle\hat G,G^\star\rangle_F/\|\hat G\|\|G^\star\|$, for the better of both directions.

    Signed. A power of the true generator scores 0: a step is one step.

    Example:
        >>> T = torch.eye(7).roll(1, 1)
        >>> generator_cosine(torch.stack([T, T.mT, T @ T]), T).round(decimals=4)
        tensor([1., 1., 0.])
    """
    truth = truth.to(G)
    return torch.maximum(matrix_cosine(G, truth), matrix_cosine(G, truth.mT))


def interior_cosine(
    G: Float[Tensor, "*runs d d"],
    truth: Float[Tensor, "d d"],
    M: Float[Tensor, "d d"],
) -> Float[Tensor, "*runs"]:
    r"""The same without what a window leaves open.

    In the hidden order of the components, $M\hat GM^\top$, nothing decides what G does to the last
    one, as its image lies outside: its row is left out, and the column of the first. M is the map
    by which the data were hidden, $x=zM$, and $G^\star=M^\top TM$.

    Example:
        >>> T = torch.diag(torch.ones(6), 1)
        >>> G = T.clone(); G[6, 0] = 1.0
        >>> one, other = generator_cosine(G, T), interior_cosine(G, T, torch.eye(7))
        >>> round(one.item(), 3), round(other.item(), 3)
        (0.926, 1.0)
    """
    M, truth = M.to(G), truth.to(G)
    G, T = M @ G @ M.mT, M @ truth @ M.mT
    one = matrix_cosine(G[..., :-1, 1:], T[:-1, 1:])
    return torch.maximum(one, matrix_cosine(G[..., 1:, :-1], T.mT[1:, :-1]))


def representation_cosine(
    L: Float[Tensor, "*runs d d"], M: Float[Tensor, "d d"]
) -> Float[Tensor, "*runs"]:
    r"""How near $y=xL$ is to the hidden components, up to the sign and the direction of counting.

    Example:
        >>> round(representation_cosine(-torch.eye(7).flip(1), torch.eye(7)).item(), 3)
        1.0
    """
    ideal = M.to(L).mT
    return torch.maximum(matrix_cosine(L, ideal).abs(), matrix_cosine(L, ideal.flip(-1)).abs())
