r"""A filter that sits beside the middle of the hidden components, found and moved.

Every power of the generator moves the filter to a neighbour, so nothing but the window tells the
middle from the places beside it. A filter m places off sees $x_{-m},\dots,x_{d-1-m}$ of the hidden
components: the first m lie outside the data, and the orthogonal generator puts the m that are
missing there. No information is lost, so training stays where it is; but in one place two
neighbours are as strange to each other as the two ends of the data.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from .entropy import covariance
from .generator import EPS
from .model import Lens, standardised

CLEAR = 0.5
"""Neighbours are strangers if their correlation is less than this part of what is usual."""


def off_centre(C: Float[Tensor, "runs d d"]) -> Int64[Tensor, " runs"]:
    """Steps by which the filter should move: past the one place where neighbours are strangers.

    Of both directions the shorter; 0 where there is no such place, or more than one.

    Args:
        C: covariance of the representation.

    Example:
        >>> beside = torch.diag(torch.full((6,), 0.5), 1)
        >>> beside[1, 2] = 0.1
        >>> C = torch.eye(7) + beside + beside.T
        >>> off_centre(torch.stack([C, C.flip(0, 1), torch.eye(7)]))
        tensor([ 2, -2,  0])
    """
    deviation = C.diagonal(dim1=1, dim2=2).clamp(min=EPS).sqrt()
    R = C.diagonal(1, dim1=1, dim2=2) / (deviation[:, 1:] * deviation[:, :-1])
    usual = R.median(1, keepdim=True).values
    strange = CLEAR * usual > R
    cut = strange.long().argmax(1) + 1  # components before the place
    found = (strange.sum(1) == 1) & (usual[:, 0] > 0.1)
    steps = torch.where(2 * cut < C.shape[1], cut, cut - C.shape[1])
    return torch.where(found, steps, 0)


@torch.no_grad()
def recentre(lens: Lens, x: Float[Tensor, "runs b d"]) -> Int64[Tensor, " runs"]:
    """Move filters to the middle by their generators, and the densities with them.

    Args:
        lens: changed in place.
        x: data of every run by which this is judged.

    Returns:
        The steps that were made, 0 where a filter stayed.
    """
    G = lens.generator()
    y = standardised(x) @ lens.representation()
    steps = off_centre(covariance(y))
    padding, d = lens.generator.padding, lens.d
    for run, by in enumerate(steps.tolist()):
        if by:
            f = lens.filter.values[run]
            power = torch.linalg.matrix_power(G[run] if by > 0 else G[run].mT, abs(by))
            moved = (F.pad(f, (padding, padding)) @ power)[padding : padding + d]
            f.copy_(moved * f.norm() / moved.norm().clamp(min=EPS))
            _roll_densities(lens, run, -by)
    return steps


def _roll_densities(lens: Lens, run: int, by: int) -> None:
    """Give every component the densities of the one that it has become."""
    marginals, conditionals = lens.marginals, lens.conditionals
    for own in (marginals.logits, marginals.means, marginals.log_variances):
        own[run].copy_(own[run].roll(by, -1))
    conditionals.w1[run].copy_(conditionals.w1[run].roll(by, 1))
    for own in (conditionals.w2, conditionals.b2):
        rolled = own[run].unflatten(-1, (-1, lens.d)).roll(by, -1)
        own[run].copy_(rolled.flatten(-2))
