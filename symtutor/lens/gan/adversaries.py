r"""A transformation that a discriminator is to take for none: SymmetryGAN and LieGAN.

If x and its image have the same density, no discriminator tells them apart, and the loss of the
best one is $\ln 2$. Both methods descend on the discriminator's own verdict
(Desai, Nachman and Thaler 2022; Yang et al. 2023), and neither asks which symmetry it finds: the
identity deceives as well as any other.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ...numerics.random import generator
from .discriminator import Discriminator


class Adversaries(nn.Module, ABC):
    """A stack of independent pairs of a generator and a discriminator.

    Attributes:
        free: the numbers that the generators learn, "runs d d".
        discriminator: one per run.
        turns: optimiser steps that a batch is used for.
        batch: published number of samples in it.
        unit: number that a batch must be a multiple of.
        rates: published learning rates, of the generator and of the discriminator.
        betas: published decay rates of Adam for the generator; the discriminator has the usual.
    """

    free: nn.Parameter
    discriminator: Discriminator
    turns: ClassVar[int]
    batch: ClassVar[int]
    unit: ClassVar[int] = 1
    rates: ClassVar[tuple[float, float]]
    betas: ClassVar[tuple[float, float]] = (0.9, 0.999)

    @abstractmethod
    def matrices(self) -> Float[Tensor, "runs d d"]:
        """What has been learned: a transformation, or the generator of a group of them."""

    @abstractmethod
    def moved_by(
        self,
        matrices: Float[Tensor, "runs d d"],
        x: Float[Tensor, "runs batch d"],
        z: Float[Tensor, "runs batch"],
    ) -> Float[Tensor, "runs batch d"]:
        """The samples after a transformation, which may depend on a random number of each."""

    @abstractmethod
    def losses(
        self, x: Float[Tensor, "runs batch d"], z: Float[Tensor, "runs batch"], turn: int
    ) -> tuple[Float[Tensor, " runs"], Float[Tensor, " runs"]]:
        """Losses of the generator and of the discriminator; 0 where it is not its turn.

        Neither sends gradients into the other's weights, so that their sum can be descended on.
        """

    def moved(
        self, x: Float[Tensor, "runs batch d"], z: Float[Tensor, "runs batch"]
    ) -> Float[Tensor, "runs batch d"]:
        """The samples after the transformation that has been learned."""
        self._check(x)
        return self.moved_by(self.matrices(), x, z)

    def seen(self, x: Float[Tensor, "runs batch d"]) -> Float[Tensor, "runs batch inputs"]:
        """What the discriminator gets to see of a vector."""
        return x

    def deceiving(self, moved: Float[Tensor, "runs batch d"]) -> Float[Tensor, " runs"]:
        r"""$-\overline{\ln D(\text{moved})}$, the loss of the generator; D is frozen."""
        return F.softplus(-self.discriminator(self.seen(moved), frozen=True)).mean(-1)

    def telling(
        self, x: Float[Tensor, "runs n d"], moved: Float[Tensor, "runs m d"]
    ) -> Float[Tensor, " runs"]:
        r"""Cross entropy of the discriminator, $\ln 2$ if it cannot tell; moved is frozen."""
        real = F.softplus(-self.discriminator(self.seen(x))).mean(-1)
        return (real + F.softplus(self.discriminator(self.seen(moved.detach()))).mean(-1)) / 2

    def _check(self, x: Tensor) -> None:
        runs, d = self.free.shape[:2]
        if x.ndim != 3 or (x.shape[0], x.shape[2]) != (runs, d):
            raise ValueError(
                f"a stack of {runs} runs on vectors of length {d} takes ({runs}, batch, {d}), got "
                f"{tuple(x.shape)}; x.expand({runs}, -1, -1) shows all runs the same samples"
            )


class SymmetryGAN(Adversaries):
    r"""One orthogonal matrix, $y=xQ$, where Q comes from the QR decomposition of a free matrix.

    SymmetryGAN of Desai, Nachman and Thaler (2022) with the parametrisation of Efe and Ozakin
    (2025). Half of a batch trains the discriminator, a quarter as it is and a quarter moved; then
    the other half trains the generator on the discriminator's new weights.

    LAPACK builds Q from d - 1 reflections, so that $\det Q=(-1)^{d-1}$ wherever the free matrix is:
    for odd d every cyclic shift can be reached, for even d only those by an odd number of places.

    Args:
        d: length of the samples, at least 2.
        seeds: of the initial weights, one per run.

    Raises:
        ValueError: if d is below 2 or there is no seed.

    Example:
        >>> gan = SymmetryGAN(7, seeds=(0, 1))
        >>> gan.matrices().shape, [round(det, 3) for det in gan.matrices().det().tolist()]
        (torch.Size([2, 7, 7]), [1.0, 1.0])
    """

    turns, batch, unit, rates = 2, 256, 4, (1e-3, 1e-3)

    def __init__(self, d: int, *, seeds: Sequence[int] = (0,)) -> None:
        super().__init__()
        _check_length(d)
        self.discriminator = Discriminator(d, (25, 25), seeds=seeds)
        draws = [torch.rand(d, d, generator=generator(seed, "generator")) for seed in seeds]
        self.free = nn.Parameter(2 * torch.stack(draws) - 1)

    def matrices(self) -> Float[Tensor, "runs d d"]:
        """The orthogonal matrices Q."""
        return torch.linalg.qr(self.free)[0]

    def moved_by(
        self,
        matrices: Float[Tensor, "runs d d"],
        x: Float[Tensor, "runs batch d"],
        z: Float[Tensor, "runs batch"],
    ) -> Float[Tensor, "runs batch d"]:
        """The products x Q; nothing is random in them."""
        return torch.bmm(x, matrices)

    def losses(
        self, x: Float[Tensor, "runs batch d"], z: Float[Tensor, "runs batch"], turn: int
    ) -> tuple[Float[Tensor, " runs"], Float[Tensor, " runs"]]:
        """Turn 0: the discriminator's, on the first half of the batch; 1: the generator's."""
        self._check(x)
        quarter = x.shape[1] // 4
        nothing = x.new_zeros(len(x))
        if turn == 0:
            with torch.no_grad():
                moved = self.moved(x[:, quarter : 2 * quarter], z[:, quarter : 2 * quarter])
            return nothing, self.telling(x[:, :quarter], moved)
        return self.deceiving(self.moved(x[:, 2 * quarter :], z[:, 2 * quarter :])), nothing


class LieGAN(Adversaries):
    r"""A one-parameter group, $x\mapsto e^{zL}x$ with $z\sim\mathcal N(0,1)$ for every sample.

    LieGAN of Yang et al. (2023) with one channel, on data without labels: the label that the
    discriminator sees beside x is the constant 1. Away from the identity leads the term
    $\lambda\,|\overline{\cos(e^{zL}x,x)}|$. In the published order the generator descends first and
    the discriminator then sees what the generator had made before: both gradients are taken at the
    old weights, and one step of both is the same.

    Args:
        d: length of the samples, at least 2.
        w_identity: lambda; published runs have 0.01, 0.1, 1 or 10.
        seeds: of the initial weights, one per run.

    Raises:
        ValueError: if d is below 2, there is no seed, or lambda is negative or not finite.

    Example:
        >>> gan = LieGAN(7, seeds=(0, 1))
        >>> gan.moved(torch.ones(2, 5, 7), torch.zeros(2, 5)).equal(torch.ones(2, 5, 7))
        True
    """

    turns, batch, rates, betas = 1, 64, (1e-3, 2e-4), (0.5, 0.999)

    def __init__(self, d: int, *, w_identity: float = 0.01, seeds: Sequence[int] = (0,)) -> None:
        super().__init__()
        _check_length(d)
        if not 0 <= w_identity < float("inf"):
            raise ValueError(f"w_identity must be finite and at least 0, got {w_identity}")
        self.w_identity = w_identity
        self.discriminator = Discriminator(d + 1, (512, 512), slope=0.2, glorot=False, seeds=seeds)
        self.free = nn.Parameter(torch.stack([self.initial(d, seed) for seed in seeds]))

    @staticmethod
    def initial(d: int, seed: int) -> Float[Tensor, "d d"]:
        """A generator before training: Kaiming's deviation with d x d inputs, as published."""
        return torch.randn(d, d, generator=generator(seed, "generator")) * (2**0.5 / d)

    def matrices(self) -> Float[Tensor, "runs d d"]:
        """The generators L."""
        return self.free

    def moved_by(
        self,
        matrices: Float[Tensor, "runs d d"],
        x: Float[Tensor, "runs batch d"],
        z: Float[Tensor, "runs batch"],
    ) -> Float[Tensor, "runs batch d"]:
        """Every sample by its own element of the group."""
        elements = torch.matrix_exp(z[..., None, None] * matrices[:, None])
        return torch.einsum("rbij,rbj->rbi", elements, x)

    def losses(
        self, x: Float[Tensor, "runs batch d"], z: Float[Tensor, "runs batch"], turn: int
    ) -> tuple[Float[Tensor, " runs"], Float[Tensor, " runs"]]:
        """Both, on the whole batch: the discriminator sees every sample moved and unmoved."""
        moved = self.moved(x, z)
        near = F.cosine_similarity(moved, x, dim=-1).mean(-1).abs()
        return self.deceiving(moved) + self.w_identity * near, self.telling(x, moved)

    def seen(self, x: Float[Tensor, "runs batch d"]) -> Float[Tensor, "runs batch inputs"]:
        """The vector and its constant label."""
        return F.pad(x, (0, 1), value=1.0)


METHODS: dict[str, type[SymmetryGAN] | type[LieGAN]] = {
    "symmetrygan": SymmetryGAN,
    "liegan": LieGAN,
}


def _check_length(d: int) -> None:
    if d < 2:
        raise ValueError(f"no transformation of vectors of length {d}; take 2 or more")
