r"""One-hidden-layer networks of a number, their slopes and their weight gradients, in two ways.

The conditional densities need $o(v)=W_2^\top\mathrm{LReLU}(vw+b)+b_2$ for one row w of $W_1$ per
conditioning slot and many numbers v. `Dense` multiplies matrices. `Table` uses that o is piecewise
linear in v with one kink per hidden unit: between two kinks $o(v)=A_kv+C_k$, and the coefficients
of all intervals are prefix sums over the units in the order of their kinks. It gives the same
values in H times fewer multiplications for each v.
"""

from typing import NamedTuple

import torch
from torch import Tensor

LEAK = 0.2
"""Slope of LeakyReLU below 0."""


def leak(z: Tensor, condition: Tensor) -> Tensor:
    """1 where the condition holds, else the leak, in the type of z."""
    return torch.where(condition, z.new_ones(()), z.new_full((), LEAK))


class Weights(NamedTuple):
    """Of several networks, "runs nets" first: `w1` "d hidden", `b1`, `w2` "hidden out", `b2`."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor


class Dense:
    """The networks of some slots, by matrix products.

    Args:
        weights: of all slots.
        slots: which ones.
    """

    def __init__(self, weights: Weights, slots: slice) -> None:
        self.weights, self.slots = weights, slots
        self.rows = weights.w1[:, :, slots, None]  # runs nets slots 1 hidden

    def _hidden(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden units and their slopes by z, "runs nets slots*samples hidden"."""
        z = v[:, None, :, :, None] * self.rows + self.weights.b1[:, :, None, None]
        active = leak(z, z > 0)
        return z * active, active

    def __call__(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and their slopes in v, "runs nets slots samples out".

        Args:
            v: numbers, "runs slots samples".
        """
        hidden, active = self._hidden(v)
        w2, shape = self.weights.w2, v.shape[1:]
        out = hidden.flatten(2, 3) @ w2 + self.weights.b2[:, :, None]
        slope = (active * self.rows).flatten(2, 3) @ w2
        return out.unflatten(2, shape), slope.unflatten(2, shape)

    def collect(self, v: Tensor, by_out: Tensor, grads: Weights) -> None:
        """Take in a gradient by the outputs, "runs nets slots samples out"."""
        hidden, active = self._hidden(v)
        flat = by_out.flatten(2, 3)
        grads.w2.add_(hidden.flatten(2, 3).mT @ flat)
        grads.b2.add_(flat.sum(2))
        by_z = (flat @ self.weights.w2.mT).view_as(active) * active
        grads.b1.add_(by_z.sum((2, 3)))
        grads.w1[:, :, self.slots].add_((by_z * v[:, None, :, :, None]).sum(3))

    def add_gradients(self, grads: Weights) -> None:
        """Nothing is left to add."""


def _prefix(rows: Tensor) -> None:
    """Running sums along the last but one dimension, in place, in two levels of about its root."""
    n = rows.shape[-2]
    size = next(k for k in range(int(n**0.5), 0, -1) if n % k == 0)
    blocks = rows.unflatten(-2, (size, n // size))
    for i in range(1, n // size):
        blocks[..., i, :] += blocks[..., i - 1, :]
    for i in range(1, size):
        blocks[..., i, :, :] += blocks[..., i - 1, -1:, :]


class Table:
    """The networks of some slots, by the coefficients of their linear pieces.

    Args:
        weights: of all slots.
        slots: which ones.
    """

    def __init__(self, weights: Weights, slots: slice) -> None:
        self.weights, self.slots = weights, slots
        w = weights.w1[:, :, slots]
        b = weights.b1[:, :, None].expand_as(w)
        self.kinks, self.order = (-b / w).sort(dim=-1)
        self.first = leak(w, w < 0)  # slopes by z below all kinks
        self.sign = torch.copysign(w.new_tensor(1 - LEAK), w)
        *outer, h = w.shape
        out = weights.w2.shape[-1]
        table = w.new_empty(*outer, h + 1, 2, out)
        sorted_w2 = self._sorted(weights.w2)
        for part, factor in enumerate((w, b)):
            base = torch.einsum("rnsh,rnho->rnso", factor * self.first, weights.w2)
            base = base + weights.b2[:, :, None] if part else base
            jump = (self.sign * factor).gather(-1, self.order)
            torch.mul(sorted_w2, jump[..., None], out=table[..., 1:, part, :])
            table[..., 0, part, :] = base
            table[..., 1, part, :] += base
        _prefix(table[..., 1:, :, :].flatten(-2))
        self.table = table.flatten(-2)
        self.sums = torch.zeros_like(self.table).flatten(0, 3)

    def _sorted(self, w2: Tensor) -> Tensor:
        """Rows of w2 in the order of the kinks, "runs nets slots hidden out"."""
        shape = (*self.order.shape, w2.shape[-1])
        heads = torch.arange(w2.shape[0] * w2.shape[1], device=w2.device) * w2.shape[2]
        index = self.order + heads.view(*w2.shape[:2], 1, 1)
        return w2.flatten(0, 2).index_select(0, index.flatten()).view(shape)

    def _rows(self, v: Tensor) -> Tensor:
        """Index into the flat table of every number's interval, "runs nets slots samples"."""
        values = v[:, None].expand(-1, self.kinks.shape[1], -1, -1).contiguous()
        interval = torch.searchsorted(self.kinks, values)
        heads = torch.arange(self.kinks[..., 0].numel(), device=v.device)
        return interval + heads.view(*self.kinks.shape[:3], 1) * self.table.shape[-2]

    def __call__(self, v: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and their slopes in v, "runs nets slots samples out".

        Args:
            v: numbers, "runs slots samples".
        """
        rows = self._rows(v)
        found = self.table.flatten(0, 3).index_select(0, rows.flatten())
        slope, offset = found.view(*rows.shape, 2, -1).unbind(-2)
        return torch.addcmul(offset, slope, v[:, None, :, :, None]), slope

    def collect(self, v: Tensor, by_out: Tensor, grads: Weights) -> None:
        """Take in a gradient by the outputs, "runs nets slots samples out"."""
        both = torch.stack([by_out * v[:, None, :, :, None], by_out], dim=-2)
        self.sums.index_add_(0, self._rows(v).flatten(), both.flatten(0, 3).flatten(1))

    def add_gradients(self, grads: Weights) -> None:
        """Add what all gradients together give for the weights."""
        weights, w = self.weights, self.weights.w1[:, :, self.slots]
        b = weights.b1[:, :, None].expand_as(w)
        sums = self.sums.view_as(self.table)
        total = sums.sum(-2, keepdim=True)
        below = sums[..., :-1, :]
        _prefix(below)
        back = self.order.argsort(-1)
        heads = torch.arange(back[..., 0].numel(), device=back.device) * sums.shape[-2]
        index = back + heads.view(*back.shape[:3], 1)
        below = sums.flatten(0, 3).index_select(0, index.flatten()).view(below.shape)
        above = total - below
        effect = self.first[..., None] * total + self.sign[..., None] * above
        by_w, by_b = effect.unflatten(-1, (2, -1)).unbind(-2)
        grads.w2.add_((w[..., None] * by_w + b[..., None] * by_b).sum(2))
        grads.b2.add_(total.unflatten(-1, (2, -1))[..., 0, 1, :].sum(2))
        grads.w1[:, :, self.slots].add_((weights.w2[:, :, None] * by_w).sum(-1))
        grads.b1.add_((weights.w2[:, :, None] * by_b).sum(-1).sum(2))
