r"""Generator of a hidden one-parameter group, resolving filter, and what they make of data."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data.hidden import check_dimension
from ..numerics.random import generator

EPS = 1e-7
"""Added to norms, variances and densities, as published."""


class SkewGenerator(nn.Module):
    r"""Antisymmetric matrices $s$ with $G=e^s\in SO(n)$, $n=d+2p$; one for every run.

    Learned are the entries above the diagonal. G moves a datum by one step; it acts on the datum
    with p zeros on both sides, so that a translation need not wrap around.

    Args:
        d: components of a datum, odd.
        padding: p, zeros on each side; by default d.
        seeds: of the initial values, one per run.
        std: of the initial values of a full matrix whose antisymmetric part is s.

    Raises:
        ValueError: if d is even or below 3, the padding negative, or no seed is given.

    Example:
        >>> G = SkewGenerator(7, seeds=(0, 1))()
        >>> G.shape, bool(torch.dist(G @ G.mT, torch.eye(21).expand_as(G)) < 1e-5)
        (torch.Size([2, 21, 21]), True)
    """

    def __init__(
        self, d: int, padding: int | None = None, *, seeds: Sequence[int] = (0,), std: float = 1e-3
    ) -> None:
        super().__init__()
        check_dimension(d)
        self.d, self.padding = d, d if padding is None else padding
        if self.padding < 0 or not seeds:
            raise ValueError(
                f"padding must be at least 0 and there must be a seed, got padding={padding} and "
                f"{len(seeds)} seeds"
            )
        self.n = d + 2 * self.padding
        pairs = torch.triu_indices(self.n, self.n, 1)
        self.register_buffer("pairs", pairs[0] * self.n + pairs[1], persistent=False)
        self.pairs: Tensor
        self.theta = nn.ParameterList(
            torch.randn(pairs.shape[1], generator=generator(seed, "lens generator"))
            * (std / 2**0.5)
            for seed in seeds
        )

    def antisymmetric(self) -> Float[Tensor, "runs n n"]:
        """The matrices s."""
        theta = torch.stack(list(self.theta))
        upper = theta.new_zeros(len(theta), self.n * self.n).index_copy(1, self.pairs, theta)
        upper = upper.unflatten(1, (self.n, self.n))
        return upper - upper.mT

    def forward(self) -> Float[Tensor, "runs n n"]:
        """The matrices G."""
        return torch.linalg.matrix_exp(self.antisymmetric())

    @torch.no_grad()
    def cropped(self) -> Float[Tensor, "runs d d"]:
        """What G does inside the window of the data: its central block."""
        inside = slice(self.padding, self.padding + self.d)
        return self()[:, inside, inside]


class ResolvingFilter(nn.Module):
    r"""Unit vectors $\hat f$ that read one component of the hidden representation.

    Published initial value: 0, so that only the noise of training gives a direction at first.

    Example:
        >>> f = ResolvingFilter(7, runs=2)
        >>> bool((f(torch.ones(2, 7)).norm(dim=1) - 1).abs().max() < 1e-5)
        True
    """

    def __init__(self, d: int, runs: int = 1) -> None:
        super().__init__()
        check_dimension(d)
        self.values = nn.ParameterList(torch.zeros(d) for _ in range(runs))

    def forward(self, noise: Float[Tensor, "runs d"] | None = None) -> Float[Tensor, "runs d"]:
        """The filters, with noise added before they are normalised."""
        f = torch.stack(list(self.values))
        f = f if noise is None else f + noise
        return f / (torch.linalg.vector_norm(f, dim=1, keepdim=True) + EPS)


def group_convolution(
    G: Float[Tensor, "runs n n"], f: Float[Tensor, "runs d"]
) -> Float[Tensor, "runs d d"]:
    r"""The matrix L of the representation $y=xL$, $y_k=\hat f^\top G^{k-(d-1)/2}x$ (eq. 11).

    Column k is the filter, padded with zeros, moved by a power of G and cropped to the window. The
    powers come by doubling: from $v, vG, \dots, vG^{m-1}$ and $G^m$ the next m rows are one
    product.

    Raises:
        ValueError: if G is not larger than f by the same margin on both sides.

    Example:
        >>> shift = torch.eye(21).roll(1, 1)[None]
        >>> delta = torch.eye(7)[3:4]
        >>> bool((group_convolution(shift, delta)[0] == torch.eye(7)).all())
        True
    """
    d, n = f.shape[1], G.shape[1]
    padding = (n - d) // 2
    if padding < 0 or n != d + 2 * padding:
        raise ValueError(
            f"a generator of {n} x {n} does not hold a filter of {d} with as many zeros on both "
            f"sides; make it {d} + 2p"
        )
    half = (d - 1) // 2
    start = torch.nn.functional.pad(f, (padding, padding))[:, None]
    forwards, backwards, power = start, start, G
    while forwards.shape[1] <= half:
        forwards = torch.cat([forwards, forwards @ power], dim=1)
        backwards = torch.cat([backwards, backwards @ power.mT], dim=1)
        power = power @ power if forwards.shape[1] <= half else power
    rows = torch.cat([backwards[:, 1 : half + 1].flip(1), forwards[:, : half + 1]], dim=1)
    return rows[:, :, padding : padding + d].mT
