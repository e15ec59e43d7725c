r"""Gaussian mixtures in one dimension, with derivatives written out, and the marginal densities.

All means over samples that the losses need are made here, in one pass over blocks that fit into
the cache, together with their derivatives; a backward pass is then a product with small matrices.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..numerics.random import generator
from .generator import EPS

KERNELS = 4
CLIP = 4.5
SHIFTS = (0, 1, -1)
"""Each density is compared with those of its neighbours, on the same values."""
_ROOT = 1 / math.sqrt(2 * math.pi)
BLOCK = 1 << 18  # kernels that are evaluated at a time on a CPU


def over_kernels(x: Float[Tensor, "*rows k d"]) -> Float[Tensor, "*rows d"]:
    """Sum over the four kernels; four slices are added faster than a short axis is reduced."""
    a, b, c, d = x.unbind(-2)
    return (a + b) + (c + d)


class Mixture(NamedTuple):
    r"""Log-density of a mixture, derivatives by value, log-weights, means and $\log\sigma$."""

    log: Tensor
    by_y: Tensor
    by_a: Tensor
    by_mu: Tensor
    by_h: Tensor


def mixture(
    y: Float[Tensor, "*rows d"],
    a: Float[Tensor, "*#rows k d"],
    mu: Float[Tensor, "*#rows k d"],
    h: Float[Tensor, "*#rows k d"],
    floor: float = EPS,
) -> Mixture:
    r"""$\log\big(\sum_kw_k\mathcal N(y;\mu_k,e^{2h_k})+\epsilon\big)$ with $w=\mathrm{softmax}(a)$.

    The published form adds $\epsilon$ to each kernel and once more to the sum; the two differ by
    less than $\epsilon$ times the highest kernel. With floor 0 it is the exact log-density, but
    for values more than 13 standard deviations from every mean, where it stays at -87.

    Args:
        y: values.
        a: logarithms of the weights up to a constant; between -80 and 80.
        mu: means.
        h: logarithms of the standard deviations.
        floor: epsilon.
    """
    inverse, weight = h.neg().exp_(), a.exp()
    z = (y.unsqueeze(-2) - mu).mul_(inverse)
    squared = z * z
    kernel = (squared * -0.5).exp_().mul_(inverse).mul_(weight)
    total = over_kernels(weight)
    density = over_kernels(kernel) * (_ROOT / total)
    above = density + (floor or torch.finfo(y.dtype).tiny)
    share = kernel.mul_((_ROOT / (total * above)).unsqueeze(-2))
    by_mu = z.mul_(share).mul_(inverse)
    by_a = torch.addcmul(share, weight, (density / (above * total)).unsqueeze(-2), value=-1)
    by_h = squared.sub_(1).mul_(share)
    return Mixture(above.log(), -over_kernels(by_mu), by_a, by_mu, by_h)


class _MarginalMeans(torch.autograd.Function):
    """Means of log-densities over samples: differentiable in y, or in the parameters."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, a: Tensor, mu: Tensor, h: Tensor, floor: float) -> Any:
        runs, b, d = y.shape
        means = y.new_zeros(runs, len(SHIFTS), d)
        slopes = y.new_empty(len(SHIFTS), runs, b, d)
        by = [torch.zeros_like(a[:, 0]) for _ in range(3)]
        size = (
            max(1, BLOCK * torch.get_num_threads() // (runs * KERNELS * d))
            if y.device.type == "cpu"
            else b
        )
        for first in range(0, b, size):
            part = slice(first, first + size)
            for i, shift in enumerate(SHIFTS):
                found = mixture(y[:, part].roll(shift, 2), a, mu, h, floor)
                means[:, i] += found.log.sum(1)
                slopes[i, :, part] = found.by_y.roll(-shift, 2)
                if shift == 0:
                    for own, add in zip(by, found[2:], strict=True):
                        own += add.sum(1)
        ctx.save_for_backward(slopes, *(own[:, None] / (-b * d) for own in by))
        nll = -means[:, 0].sum(1) / (b * d)
        return means / b, nll

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Any:
        for_means, for_nll = grads
        slopes, *by = ctx.saved_tensors
        factor = for_means / slopes.shape[2]
        grad = sum(
            slopes[i] * factor[:, i].roll(-shift, 1)[:, None] for i, shift in enumerate(SHIFTS)
        )
        return grad, *(own * for_nll[:, None, None, None] for own in by), None


class Marginals(nn.Module):
    r"""One mixture of four Gaussians per component and run, $\hat p_i(y_i)$.

    Published starts: equal weights, means from U(-0.05, 0.05), variances e; log-weights and
    log-variances act clipped to $\pm4.5$.
    """

    def __init__(self, d: int, seeds: Sequence[int] = (0,)) -> None:
        super().__init__()
        shape = (KERNELS, d)
        draws = (torch.rand(shape, generator=generator(s, "lens marginals")) for s in seeds)
        self.logits = nn.ParameterList(torch.ones(shape) for _ in seeds)
        self.means = nn.ParameterList(0.1 * u - 0.05 for u in draws)
        self.log_variances = nn.ParameterList(torch.ones(shape) for _ in seeds)

    def parameters_of_runs(self) -> tuple[Tensor, Tensor, Tensor]:
        """Log-weights, means and log-deviations, "runs 1 k d"."""
        a, mu, rho = (
            torch.stack(list(own))[:, None] for own in (self.logits, self.means, self.log_variances)
        )
        return a.clamp(-CLIP, CLIP), mu, 0.5 * rho.clamp(-CLIP, CLIP)

    def forward(
        self, y: Float[Tensor, "runs b d"], floor: float = EPS
    ) -> tuple[Float[Tensor, "runs shifts d"], Float[Tensor, " runs"]]:
        r"""Mean log-densities, and the negative log-likelihood.

        Entry (shift, i) of the first is the mean of $\log\hat p_i(y_{i-\mathrm{shift}})$ over the
        samples, for the shifts 0, 1 and -1 (at the ends they wrap around); its gradient reaches
        y alone. The gradient of the second, the mean of $-\log\hat p_i(y_i)$ over samples and
        components, reaches the parameters alone.
        """
        return _MarginalMeans.apply(y, *self.parameters_of_runs(), floor)  # type: ignore
