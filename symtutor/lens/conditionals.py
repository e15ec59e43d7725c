r"""Densities of one component given another, from networks of the other's value."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..numerics.random import generator
from .generator import EPS
from .mixtures import BLOCK, KERNELS, SHIFTS, mixture, over_kernels
from .networks import LEAK, Dense, Table, Weights, leak

BOUND = 3.5
"""Largest log-weight and log-variance, reached through tanh."""
NETS = 3  # weights, means, variances
TABLE = 1 << 22  # numbers in a table on a CPU, which should stay in the cache


def _parts(o: Tensor, d: int) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """Log-weights, means, log-deviations "... k d" of the outputs, and their slopes by these.

    The outputs are overwritten.
    """
    o_w, o_mu, o_s = o.unflatten(-1, (KERNELS, d)).unbind(1)
    a, h = o_w.tanh_() * BOUND, o_s.tanh_() * (BOUND / 2)
    mu = F.leaky_relu(o_mu, LEAK)
    slopes = [
        o_w.square_().mul_(-BOUND).add_(BOUND),
        leak(o_mu, o_mu > 0),
        o_s.square_().mul_(-BOUND / 2).add_(BOUND / 2),
    ]
    return a, mu, h, slopes


def _pieces(n: int, size: int) -> list[slice]:
    """0 ... n in pieces of at most so many."""
    return [slice(first, min(first + size, n)) for first in range(0, n, size)]


class _Pass:
    """One pass over a batch: means of log-densities, and everything a backward pass needs."""

    def __init__(self, y: Tensor, weights: Weights, floor: float, table: bool) -> None:
        runs, b, d = y.shape
        self.d, self.n, self.floor = d, b // d, floor
        self.tiles = y.view(runs, self.n, d, d).transpose(1, 2)  # runs, slot, sample, component
        shape = (runs, d, len(SHIFTS), self.n, d)
        self.log_means = y.new_zeros(runs, d, len(SHIFTS), d)
        self.by_y, self.by_v = y.new_empty(shape), y.new_empty(shape)
        self.grads = Weights(*(torch.zeros_like(value) for value in weights))
        self.off = (1 - torch.eye(d, device=y.device, dtype=y.dtype)) / (-b * (d - 1))
        on_cpu, width = y.device.type == "cpu", weights.w2[0].numel()
        together = max(1, TABLE // (2 * runs * width)) if on_cpu else d
        block = BLOCK * torch.get_num_threads() // (runs * len(SHIFTS) * KERNELS * d)
        for slots in _pieces(d, together if table else d):
            nets = (Table if table else Dense)(weights, slots)
            size = max(1, block // (slots.stop - slots.start)) if on_cpu else self.n
            for samples in _pieces(self.n, size):
                self._block(slots, samples, nets)
            nets.add_gradients(self.grads)
        self.log_means /= self.n

    def _block(self, slots: slice, samples: slice, nets: Dense | Table) -> None:
        tile = self.tiles[:, slots, samples]
        tile = torch.stack([tile.roll(shift, -1) for shift in SHIFTS], dim=2)
        v = torch.diagonal(tile[..., slots], dim1=1, dim2=-1).movedim(-1, 1)
        o, slope = (x.unflatten(3, v.shape[2:]) for x in nets(v.flatten(2)))
        a, mu, h, by_o = _parts(o, self.d)
        found = mixture(tile, a, mu, h, self.floor)
        by_o = [x.mul_(by) for x, by in zip(by_o, found[2:], strict=True)]
        slope = slope.unflatten(-1, (KERNELS, self.d)).unbind(1)
        by_v = slope[0] * by_o[0]
        by_v.addcmul_(slope[1], by_o[1]).addcmul_(slope[2], by_o[2])
        self.log_means[:, slots] += found.log.sum(3)
        self.by_y[:, slots, :, samples], self.by_v[:, slots, :, samples] = (
            found.by_y,
            over_kernels(by_v),
        )
        own = torch.stack([by[:, :, 0] for by in by_o], dim=1) * self.off[slots, None, None]
        nets.collect(v[:, :, 0], own.flatten(-2), self.grads)


class _ConditionalMeans(torch.autograd.Function):
    """Means of log-densities over samples: differentiable in y, or in the weights."""

    @staticmethod
    def forward(ctx: Any, y: Tensor, floor: float, table: bool, *values: Tensor) -> Any:
        found = _Pass(y, Weights(*values), floor, table)
        ctx.save_for_backward(found.by_y, found.by_v, *found.grads)
        nll = (found.log_means[:, :, 0] * found.off * found.n).sum((1, 2))
        return found.log_means.transpose(1, 2), nll

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Any:
        for_means, for_nll = upstream
        by_y, by_v, *grads = ctx.saved_tensors
        runs, d, _, n, _ = by_y.shape
        g = for_means.transpose(1, 2) / n  # runs, slot, shift, component
        through_v = (by_v @ g[..., None]).squeeze(-1)  # runs, slot, shift, sample
        total = by_y.new_zeros(runs, d, n, d)
        slot = torch.arange(d, device=total.device)
        for i, shift in enumerate(SHIFTS):
            total += (by_y[:, :, i] * g[:, :, i, None]).roll(-shift, -1)
            total[:, slot, :, (slot - shift) % d] += through_v[:, :, i].transpose(0, 1)
        own = (x * for_nll.view(-1, *[1] * (x.ndim - 1)) for x in grads)
        return total.transpose(1, 2).reshape(runs, n * d, d), None, None, *own


class Conditionals(nn.Module):
    r"""$\hat p_{i|j}(y_i\mid y_j)$: four Gaussians from three networks of the value $y_j$.

    Each network has one hidden layer and sees the vector $y_je_j$. Sample b of a batch conditions
    on the slot b mod d alone. Published: H = 16 d hidden units; $w=\mathrm{softmax}(3.5\tanh)$,
    $\sigma^2=\exp(3.5\tanh)$, and a LeakyReLU on the means.

    Args:
        d: components.
        hidden: H; by default 16 d.
        seeds: of the initial weights (Glorot), one per run.
        table: whether the networks are evaluated by their linear pieces; by default, where that
            is less work.
    """

    def __init__(
        self,
        d: int,
        hidden: int | None = None,
        seeds: Sequence[int] = (0,),
        table: bool | None = None,
    ) -> None:
        super().__init__()
        self.d, self.hidden, self.table = d, 16 * d if hidden is None else hidden, table
        h, out = self.hidden, KERNELS * d
        draws = [generator(seed, "lens conditionals") for seed in seeds]

        def glorot(inward: int, outward: int) -> nn.ParameterList:
            bound = (6 / (inward + outward)) ** 0.5
            shape = (NETS, inward, outward)
            return nn.ParameterList((2 * torch.rand(shape, generator=g) - 1) * bound for g in draws)

        self.w1, self.w2 = glorot(d, h), glorot(h, out)
        self.b1 = nn.ParameterList(torch.zeros(NETS, h) for _ in seeds)
        self.b2 = nn.ParameterList(torch.zeros(NETS, out) for _ in seeds)

    def weights(self) -> Weights:
        """Of all runs, stacked."""
        lists = (self.w1, self.b1, self.w2, self.b2)
        return Weights(*(torch.stack(list(own)) for own in lists))

    def forward(
        self, y: Float[Tensor, "runs b d"], floor: float = EPS
    ) -> tuple[Float[Tensor, "runs shifts d d"], Float[Tensor, " runs"]]:
        r"""Mean log-densities of all pairs, and the negative log-likelihood.

        Entry (shift, j, i) of the first is the mean of
        $\log\hat p_{i|j}(y_{i-\mathrm{shift}}\mid y_{j-\mathrm{shift}})$ over the samples of slot
        j, for the shifts 0, 1 and -1 (at the ends they wrap around); its gradient reaches y alone.
        The gradient of the second, the mean of $-\log\hat p_{i|j}(y_i\mid y_j)$ over $i\ne j$,
        reaches the weights alone.

        Raises:
            ValueError: if the batch is not divisible by d.
        """
        b, d = y.shape[1:]
        if b % d or not b:
            raise ValueError(
                f"sample b conditions on component b mod {d}: the batch must be a multiple of "
                f"{d}, got {b}; take {max(d, b - b % d)}"
            )
        table = self.table
        if table is None:
            table = y.device.type == "cpu" and 12 * (b // d) > self.hidden
        return _ConditionalMeans.apply(y, floor, table, *self.weights())  # type: ignore
