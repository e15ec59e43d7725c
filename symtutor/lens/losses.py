r"""Stationarity, locality and information: what a hidden representation is asked for."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from .mixtures import SHIFTS


class LensWeights(NamedTuple):
    r"""Weights of the terms, $\lambda_a,\lambda_u,\lambda_r,\lambda_i$; a number, or one per run.

    The published total has $\lambda_r\bar h-(\lambda_r+\lambda_i)\hat H_\tau$; its coefficient 2 of
    the joint entropy is $\lambda_r+\lambda_i$ of the defaults.
    """

    alignment: float | Tensor = 1.0
    uniformity: float | Tensor = 2.0
    resolution: float | Tensor = 1.0
    information: float | Tensor = 1.0


def _inside(d: int, shift: int, device: torch.device) -> Tensor:
    """Where i + shift is a component."""
    i = torch.arange(d, device=device) + shift
    return (i >= 0) & (i < d)


def marginal_uniformity(means: Float[Tensor, "runs shifts d"]) -> Float[Tensor, " runs"]:
    r"""$U_1$: how much the density of a component differs from its neighbours' (eq. 28).

    $D_{i,i'}=\max(0,\langle\log\hat p_i(y_i)-\log\hat p_{i'}(y_i)\rangle)$ for $i'=i\pm1$; the
    mean over the neighbours that exist, then over i.

    Args:
        means: as `Marginals` returns them.
    """
    d = means.shape[2]
    total, count = means.new_zeros(means.shape[0], d), means.new_zeros(d)
    for s, shift in enumerate(SHIFTS[1:], 1):
        inside = _inside(d, shift, means.device)
        divergence = (means[:, 0] - means[:, s].roll(-shift, 1)).clamp(min=0)
        total, count = total + divergence * inside, count + inside
    return (total / count).mean(1)


def conditional_uniformity(means: Float[Tensor, "runs shifts d d"]) -> Float[Tensor, " runs"]:
    r"""$U_2$: how much $p(y_i\mid y_j)$ changes when i and j move by one step (eq. 29).

    As published, the two averages of a difference run over different samples: those of slot j, and
    those of the slot next to it. The mean over the $d(d-1)-2$ ordered pairs with a neighbour.

    Args:
        means: as `Conditionals` returns them.
    """
    d = means.shape[2]
    off = ~torch.eye(d, dtype=torch.bool, device=means.device)
    total, count = means.new_zeros(means.shape[0], d, d), means.new_zeros(d, d)
    for s, shift in enumerate(SHIFTS[1:], 1):
        inside = _inside(d, shift, means.device)
        inside = inside & inside[:, None] & off
        moved = means[:, s].roll((-shift, -shift), (1, 2))
        divergence = (means[:, 0] - moved).clamp(min=0)
        total, count = total + divergence * inside, count + inside
    pairs = count > 0
    return (total / count.clamp(min=1)).sum((1, 2)) / pairs.sum()
