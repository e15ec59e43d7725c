r"""A filter that sits beside the middle of the hidden components, found and moved.

Every power of the generator moves the filter to a neighbour, so nothing but the window tells the
middle from the places beside it. A filter one place off sees $x_{-1},x_0,\dots,x_{d-2}$ of the
hidden components: the first lies outside the data, and the orthogonal generator puts $x_{d-1}$
there, which is not like its neighbour. All information is kept, so training stays where it is.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor

from .entropy import covariance
from .generator import EPS
from .model import Lens, standardised

CLEAR = 0.5
"""An end is off if its correlation is less than this part of what is usual inside."""


def off_centre(C: Float[Tensor, "runs d d"]) -> Int64[Tensor, " runs"]:
    """Steps by which the filter should move: 1 or -1 where one end alone is unlike its neighbour.

    Args:
        C: covariance of the representation.

    Example:
        >>> beside = torch.diag(torch.full((6,), 0.5), 1)
        >>> C = torch.eye(7) + beside + beside.T
        >>> C[0, 1] = C[1, 0] = 0.1
        >>> off_centre(torch.stack([C, C.flip(0, 1), torch.eye(7)]))
        tensor([ 1, -1,  0])
    """
    deviation = C.diagonal(dim1=1, dim2=2).clamp(min=EPS).sqrt()
    R = C.diagonal(1, dim1=1, dim2=2) / (deviation[:, 1:] * deviation[:, :-1])
    usual = R[:, 1:-1].median(1).values if R.shape[1] > 2 else R.new_zeros(len(R))
    first, last = ((usual > 0.1) & (end < CLEAR * usual) for end in (R[:, 0], R[:, -1]))
    return first.long() - last.long()


@torch.no_grad()
def recentre(lens: Lens, x: Float[Tensor, "runs b d"]) -> Int64[Tensor, " runs"]:
    """Move filters that are off by a step of their generators, with the densities they belong to.

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
            power = G[run] if by > 0 else G[run].mT
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
