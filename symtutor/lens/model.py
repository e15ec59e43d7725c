r"""SymmetryLens (Efe and Ozakin 2025): generator, filter and density estimators, as one module."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from .conditionals import Conditionals
from .entropy import alignment, covariance, joint_entropy
from .generator import EPS, ResolvingFilter, SkewGenerator, group_convolution
from .losses import LensWeights, conditional_uniformity, marginal_uniformity
from .mixtures import Marginals

DECAY = 1e-5
"""Weight of the Frobenius norms of the estimators' matrices."""


class LensLoss(NamedTuple):
    """Losses of every run; the gradients of the two reach different parameters.

    Attributes:
        model: of the generator and the filter.
        estimator: of the densities.
        terms: what they consist of.
    """

    model: Float[Tensor, " runs"]
    estimator: Float[Tensor, " runs"]
    terms: Mapping[str, Tensor]


def standardised(x: Float[Tensor, "runs b d"]) -> Float[Tensor, "runs b d"]:
    """A batch less its one mean, over its one standard deviation, run by run."""
    mean = x.mean((1, 2), keepdim=True)
    return (x - mean) / x.std((1, 2), correction=0, keepdim=True)


class Lens(nn.Module):
    r"""A stack of independent lenses, one per seed, on data of d components.

    Learned: $s$ with $G=e^s$, the filter f, and densities of the representation
    $y_k=\hat f^\top G^{k-(d-1)/2}x$. Run i has the same weights, and with an elementwise optimiser
    the same training, as if it were alone.

    Args:
        d: components, odd.
        padding: zeros on each side of a datum; by default d.
        hidden: units of the conditional networks; by default 16 d.
        seeds: of the initial weights, one per run.
        floor: added to densities; 1e-7 as published.

    Raises:
        ValueError: if d is even or below 3, the padding negative, or no seed is given.

    Example:
        >>> lens = Lens(7, seeds=(0, 1))
        >>> loss = lens(torch.rand(2, 70, 7), torch.rand(2, 7), torch.tensor([0.5, 0.5]))
        >>> loss.model.shape, sorted(loss.terms)[:2]
        (torch.Size([2]), ['alignment', 'conditional'])
    """

    def __init__(
        self,
        d: int,
        *,
        padding: int | None = None,
        hidden: int | None = None,
        seeds: Sequence[int] = (0,),
        floor: float = EPS,
    ) -> None:
        super().__init__()
        self.d, self.seeds, self.floor = d, tuple(seeds), floor
        self.generator = SkewGenerator(d, padding, seeds=seeds)
        self.filter = ResolvingFilter(d, len(self.seeds))
        self.marginals = Marginals(d, seeds)
        self.conditionals = Conditionals(d, hidden, seeds)

    def representation(
        self, noise: Float[Tensor, "runs d"] | None = None
    ) -> Float[Tensor, "runs d d"]:
        """The matrices L of y = x L."""
        return group_convolution(self.generator(), self.filter(noise))

    def parameters_of(self, run: int) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Generator and filter of a run, and its estimators: they learn at different rates."""
        model = [self.generator.theta[run], self.filter.values[run]]
        lists = [own for own in self.modules() if isinstance(own, nn.ParameterList)]
        inside = {id(p) for p in model}
        return model, [own[run] for own in lists if id(own[run]) not in inside]

    def forward(
        self,
        x: Float[Tensor, "runs b d"],
        noise: Float[Tensor, "runs d"] | None,
        tau: Float[Tensor, " runs"],
        weights: LensWeights | None = None,
    ) -> LensLoss:
        """Both losses from one representation.

        Args:
            x: a batch for every run; b is a multiple of d.
            noise: added to the filters before they are normalised.
            tau: normalised time of every run, 0 to 1: the rank that counts is tau d.
            weights: of the terms; by default as published.

        Raises:
            ValueError: if b is not a multiple of d.
        """
        weights = LensWeights() if weights is None else weights
        y = standardised(x) @ self.representation(noise)
        C = covariance(y)
        means, marginal = self.marginals(y, self.floor)
        pairs, conditional = self.conditionals(y, self.floor)
        entropy, joint = -means[:, 0].mean(1), joint_entropy(C, tau)
        aligned = alignment(C, x.shape[1])
        u1, u2 = marginal_uniformity(means), conditional_uniformity(pairs)
        model = (
            weights.alignment * aligned
            + weights.uniformity * 0.5 * (u1 + u2)
            + weights.resolution * (entropy - joint)
            - weights.information * joint
        )
        terms = {
            "alignment": aligned,
            "marginal uniformity": u1,
            "conditional uniformity": u2,
            "marginal entropy": entropy,
            "joint entropy": joint,
            "conditional": conditional,
        }
        return LensLoss(model, marginal + conditional + DECAY * self._norms(), terms)

    def _norms(self) -> Float[Tensor, " runs"]:
        """Sums of the Frobenius norms of the six matrices of every run."""
        weights = self.conditionals.weights()
        return sum(torch.linalg.matrix_norm(w).sum(1) for w in (weights.w1, weights.w2))  # type: ignore
