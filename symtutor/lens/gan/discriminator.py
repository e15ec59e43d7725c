"""Networks that tell samples from moved samples, several independent ones in one product."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ...numerics.random import generator


class Discriminator(nn.Module):
    """A stack of networks with one output: the logarithm of the odds that a vector is a sample.

    Args:
        inputs: length of the vectors.
        hidden: widths of the hidden layers.
        slope: of the leaky ReLU below zero; 0 is a ReLU.
        glorot: True: weights uniform within sqrt(6 / (inputs + outputs)) of a layer, biases zero;
            False: weights and biases uniform within 1 / sqrt(inputs).
        seeds: of the initial weights, one per run.

    Raises:
        ValueError: if there is no seed, or a width is below 1.

    Example:
        >>> judge = Discriminator(7, (25, 25), seeds=(0, 1))
        >>> judge(torch.zeros(2, 64, 7)).shape
        torch.Size([2, 64])
    """

    def __init__(
        self,
        inputs: int,
        hidden: Sequence[int],
        *,
        slope: float = 0.0,
        glorot: bool = True,
        seeds: Sequence[int] = (0,),
    ) -> None:
        super().__init__()
        widths = (inputs, *hidden, 1)
        if min(widths) < 1 or not seeds:
            raise ValueError(
                "a discriminator needs at least one input, one unit in every hidden layer and one "
                f"seed, got {inputs} inputs, hidden={tuple(hidden)} and {len(seeds)} seeds"
            )
        self.slope, self.seeds, self.inputs = slope, tuple(seeds), inputs
        runs = [_layers(widths, glorot, seed) for seed in self.seeds]
        layers = [[torch.stack(part) for part in zip(*layer, strict=True)] for layer in zip(*runs)]  # noqa: B905
        self.weights = nn.ParameterList(weight for weight, _ in layers)
        self.biases = nn.ParameterList(bias for _, bias in layers)

    def forward(
        self, x: Float[Tensor, "runs batch inputs"], *, frozen: bool = False
    ) -> Float[Tensor, "runs batch"]:
        """Log odds, in every run for its own vectors.

        Args:
            x: the vectors.
            frozen: whether the weights get no gradients; x does.

        Raises:
            ValueError: if runs or lengths do not fit.
        """
        if x.ndim != 3 or (x.shape[0], x.shape[2]) != (len(self.seeds), self.inputs):
            raise ValueError(
                f"a stack of {len(self.seeds)} discriminators of {self.inputs} inputs takes "
                f"({len(self.seeds)}, batch, {self.inputs}), got {tuple(x.shape)}"
            )
        last = len(self.weights) - 1
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if frozen:
                weight, bias = weight.detach(), bias.detach()
            x = torch.baddbmm(bias, x, weight)
            x = F.leaky_relu(x, self.slope) if i < last else x
        return x.squeeze(-1)


def _layers(widths: Sequence[int], glorot: bool, seed: int) -> list[tuple[Tensor, Tensor]]:
    """Initial weights "in out" and biases "1 out" of one run."""
    random = generator(seed, "discriminator")
    found = []
    for inward, outward in pairwise(widths):
        weight = 2 * torch.rand(inward, outward, generator=random) - 1
        bias = 2 * torch.rand(1, outward, generator=random) - 1
        if glorot:
            found.append((weight * (6 / (inward + outward)) ** 0.5, torch.zeros_like(bias)))
        else:
            found.append((weight * inward**-0.5, bias * inward**-0.5))
    return found
