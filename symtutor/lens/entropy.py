r"""Covariance, alignment of neighbours and the Gaussian entropy of a growing rank."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from .generator import EPS

BETA = 50.0
"""Steepness of the rank's edge, per unit of normalised index."""


def covariance(y: Float[Tensor, "runs b d"]) -> Float[Tensor, "runs d d"]:
    """Population covariance of the components."""
    centred = y - y.mean(1, keepdim=True)
    return centred.mT @ centred / y.shape[1]


def alignment(C: Float[Tensor, "runs d d"], b: int) -> Float[Tensor, " runs"]:
    r"""$-\frac1{d-1}\sum_iR_{i,i+1}$ with Pearson's R: -1 where neighbours agree (eq. 13).

    Args:
        C: covariance of the components.
        b: number of samples it was taken over, for the published guard against zero variance.
    """
    deviation = (C.diagonal(dim1=1, dim2=2) + EPS / b).sqrt() + EPS / math.sqrt(b)
    neighbours = C.diagonal(1, dim1=1, dim2=2)
    return -(neighbours / (deviation[:, 1:] * deviation[:, :-1])).mean(1)


def rank_weights(d: int, tau: Float[Tensor, " runs"]) -> Float[Tensor, "runs d"]:
    r"""$w_k(\tau)=1/(1+e^{\beta(k/(d-1)-\tau)})$: the ranks that count at time tau (eq. 26).

    Example:
        >>> rank_weights(7, torch.tensor([0.5])).round(decimals=2)
        tensor([[1.0000, 1.0000, 1.0000, 0.5000, 0.0000, 0.0000, 0.0000]])
    """
    k = torch.arange(d, dtype=tau.dtype, device=tau.device) / (d - 1)
    return torch.sigmoid((BETA * (tau[:, None] - k)).clamp(-50, 50))


def joint_entropy(
    C: Float[Tensor, "runs d d"], tau: Float[Tensor, " runs"]
) -> Float[Tensor, " runs"]:
    r"""Gaussian entropy per rank, $\hat H_\tau=\sum_kw_kh_k/\sum_kw_k$ in nats (eqs. 26, 27).

    $h_k=\tfrac12[\log(2\pi\lambda_k+\epsilon)+1]$ for the eigenvalues
    $\lambda_0\ge\lambda_1\ge\dots$ of the covariance. The gradient is $U\,\mathrm{diag}(g)\,U^\top$
    with $g_k=\partial\hat H/\partial\lambda_k$ and fixed eigenvectors: exact, and without poles
    where eigenvalues meet.
    """
    eigenvalues, U = torch.linalg.eigh(C.detach())
    eigenvalues, U = eigenvalues.flip(-1).clamp(min=0), U.flip(-1)
    w = rank_weights(C.shape[-1], tau.to(C))
    w = w / w.sum(1, keepdim=True)
    scale = 2 * math.pi * eigenvalues + EPS
    value = (w * 0.5 * (scale.log() + 1)).sum(-1)
    slope = (U * (w * math.pi / scale)[:, None]) @ U.mT
    return value + (slope * (C - C.detach())).sum((1, 2))
