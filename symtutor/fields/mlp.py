"""A neural network as a set of vector fields: one shared trunk, one small head per generator."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..numerics.quadrature import Quadrature
from .base import Field


def _uniform(shape: Sequence[int], fan_in: int, generator: torch.Generator) -> nn.Parameter:
    """PyTorch's default for linear layers, U(-1/sqrt(fan_in), 1/sqrt(fan_in)), from a generator."""
    bound = 1 / math.sqrt(fan_in)
    return nn.Parameter(torch.empty(*shape).uniform_(-bound, bound, generator=generator))


class MLPField(Field):
    r"""Free-form fields: $e = \mathrm{SiLU}(W_2\,\mathrm{SiLU}(W_1 z + b_1) + b_2)$ shared, then
    $V_i(z) = B_i\,\mathrm{SiLU}(A_i e + a_i) + b_i$ for generator i (Ko, Kim and Lee 2024).

    A periodic coordinate x of period P enters through cos(2πx/P) and sin(2πx/P): the field and all
    its derivatives are then exactly periodic. When each generator moves its own copy of the points
    (inside a flow), only its own head is evaluated, all of them as one batched product.

    Args:
        dim: number of coordinates d.
        n: number of generators.
        periods: for every coordinate its period, or None; omit if no coordinate is periodic.
        width: hidden width of the trunk (256 in the paper).
        head: hidden width of a head (32 in the paper). With 0 the heads are linear,
            $V_i(z)=B_ie+b_i$: then all fields are combinations of the same `features`, and the
            best ones can be solved for (see `spectrum`).
        names: coordinate names.
        quadrature: if given, generators are normalised on it (see `Field`).
        seed: initial weights are drawn from U(±1/sqrt(fan in)) by a private generator.

    Raises:
        ValueError: if there is not one period per coordinate, a period is not positive, or a width
            is below 1 (a head's below 0).

    Example:
        >>> field = MLPField(2, 10)
        >>> field(torch.zeros(5, 2)).shape, sum(p.numel() for p in field.parameters())
        (torch.Size([5, 10, 2]), 149460)
    """

    def __init__(
        self,
        dim: int,
        n: int,
        *,
        periods: Sequence[float | None] | None = None,
        width: int = 256,
        head: int = 32,
        names: Sequence[str] | None = None,
        quadrature: Quadrature | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(dim, n, names=names, quadrature=quadrature)
        self.periods = tuple(periods) if periods is not None else (None,) * dim
        if len(self.periods) != dim or any(p is not None and p <= 0 for p in self.periods):
            raise ValueError(
                f"a field on {dim} coordinates needs {dim} periods, each None or positive, "
                f"got {self.periods}"
            )
        if width < 1 or head < 0:
            raise ValueError(
                f"a trunk needs a width of at least 1 and a head of at least 0 (0 for linear "
                f"heads), got width={width} and head={head}"
            )
        inputs = dim + sum(p is not None for p in self.periods)
        g = torch.Generator().manual_seed(seed)
        self.w1, self.b1 = _uniform((width, inputs), inputs, g), _uniform((width,), inputs, g)
        self.w2, self.b2 = _uniform((width, width), width, g), _uniform((width,), width, g)
        self.head = head
        if head:
            self.head_in = _uniform((n, width, head), width, g)
            self.head_in_bias = _uniform((n, 1, head), width, g)
        last = head or width
        self.head_out = _uniform((n, last, dim), last, g)
        self.head_out_bias = _uniform((n, 1, dim), last, g)

    def features(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b width"]:
        """What the trunk makes of every point; shared by all generators."""
        inputs = [
            points[..., i : i + 1]
            if period is None
            else torch.cat([torch.cos(angle), torch.sin(angle)], dim=-1)
            for i, period in enumerate(self.periods)
            for angle in [points[..., i : i + 1] * (2 * math.pi / (period or 1))]
        ]
        hidden = F.silu(F.linear(torch.cat(inputs, dim=-1), self.w1, self.b1))
        return F.silu(F.linear(hidden, self.w2, self.b2))

    def _heads(self, features: Tensor) -> Tensor:
        """Head i on block i: "n rows width" -> "n rows d", one batched product per layer."""
        if self.head:
            features = F.silu(torch.baddbmm(self.head_in_bias, features, self.head_in))
        return torch.baddbmm(self.head_out_bias, features, self.head_out)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All heads at every point; the trunk is evaluated once."""
        features = self.features(points.reshape(-1, self.dim))
        values = self._heads(features.expand(self.n, *features.shape))
        return values.movedim(0, 1).reshape(*points.shape[:-1], self.n, self.dim)

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Head i at copy i: n times fewer head evaluations than all heads at all copies."""
        blocks = points.reshape(-1, self.n, self.dim).movedim(1, 0)
        return self._heads(self.features(blocks)).movedim(0, 1).reshape(points.shape)
