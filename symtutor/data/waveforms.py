"""Signals of a random place, width and height, and their superpositions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

CANDIDATES = 5
ON = 0.5
AMPLITUDES = (0.5, 1.5)


def gaussian(offset: Float[Tensor, "*n d"], sigma: Float[Tensor, "*n 1"]) -> Float[Tensor, "*n d"]:
    r"""The normal density $\exp(-\delta^2/2\sigma^2)/(\sqrt{2\pi}\,\sigma)$ at the offset $\delta$.

    Example:
        >>> gaussian(torch.tensor([0.0]), torch.tensor([0.5]))
        tensor([0.7979])
    """
    return torch.exp(-0.5 * (offset / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)


def legendre_2_1(
    offset: Float[Tensor, "*n d"], width: Float[Tensor, "*n 1"]
) -> Float[Tensor, "*n d"]:
    r"""$\tfrac38\sin\pi u$ with $u=2\delta/\ell$ in [-1, 1], zero outside: $-\tfrac14P_2^1(z)$.

    $\delta$ is the offset, $\ell$ the full width and $z=\sin(\pi u/2)$.

    Example:
        >>> legendre_2_1(torch.tensor([2.0, 5.0]), torch.tensor([8.0]))
        tensor([0.3750, 0.0000])
    """
    u = 2 * offset / width
    return torch.where(u.abs() < 1, 3 / 8 * torch.sin(math.pi * u), 0)


def legendre_3_1(
    offset: Float[Tensor, "*n d"], width: Float[Tensor, "*n 1"]
) -> Float[Tensor, "*n d"]:
    r"""$\tfrac3{16}(5z^2-1)\cos(\pi u/2)$ with u, z as in `legendre_2_1`: $-\tfrac18P_3^1(z)$.

    Example:
        >>> legendre_3_1(torch.tensor([0.0, 5.0]), torch.tensor([8.0]))
        tensor([-0.1875,  0.0000])
    """
    u = 2 * offset / width
    z = torch.sin(math.pi / 2 * u)
    values = 3 / 16 * (5 * z.square() - 1) * torch.cos(math.pi / 2 * u)
    return torch.where(u.abs() < 1, values, 0)


@dataclass(frozen=True)
class Waveform:
    """A basis signal.

    Attributes:
        shape: values from offsets and width, at amplitude 1.
        reach: largest offset that matters, in widths; beyond it values are below 1e-13.
    """

    shape: Callable[[Tensor, Tensor], Tensor]
    reach: float


WAVEFORMS = {
    "gaussian": (Waveform(gaussian, 8.0),),
    "legendre": (Waveform(legendre_2_1, 0.5), Waveform(legendre_3_1, 0.5)),
}


def superpose(
    signal: str,
    n: int,
    d: int,
    scale: tuple[float, float],
    boundary: str,
    stream: torch.Generator,
) -> Float[Tensor, "n d"]:
    r"""Sums of basis signals at the times $t_i=i-(d-1)/2$ (Efe and Ozakin 2025).

    Every sample has five candidates of each of the Q waveforms, each present with probability
    $\tfrac1{2Q}$. Its width is uniform on `scale`, its amplitude on [0.5, 1.5] and its centre on
    [-d, d). A circular boundary takes centres from one period [-d/2, d/2) and wraps $t-c$ into the
    same interval, so that the law of the samples does not change when they are rotated. The
    published circular data are only almost so ("almost circular"): their centres come from
    $[t_0,t_{d-1})$, one step less than the period, and the wrapped $t-c$ loses its sign.

    Args:
        signal: "gaussian", or "legendre" for the two waveforms of orders (2, 1) and (3, 1).
        n: how many samples.
        d: dimension.
        scale: smallest and largest width, in components.
        boundary: "open", "circular" or "almost circular".
        stream: source of the random numbers, on the CPU.

    Returns:
        The samples in float64; those without a signal in the window are zero.

    Example:
        >>> superpose("gaussian", 2, 7, (0.2, 1.0), "open", torch.Generator()).shape
        torch.Size([2, 7])
    """
    t = torch.arange(d, dtype=torch.float64) - (d - 1) / 2
    span = {"open": 2 * d, "circular": d, "almost circular": d - 1}[boundary]
    low, high = scale
    samples = torch.zeros(n, d, dtype=torch.float64)
    for waveform in WAVEFORMS[signal]:
        draws = torch.rand(4, n, CANDIDATES, generator=stream, dtype=torch.float64)
        centre = span * (draws[0] - 0.5)
        width = low + (high - low) * draws[1]
        amplitude = AMPLITUDES[0] + (AMPLITUDES[1] - AMPLITUDES[0]) * draws[2]
        present = draws[3] < ON / len(WAVEFORMS[signal])
        if boundary == "open":
            present &= centre.abs() < (d - 1) / 2 + waveform.reach * width
        offset = t - centre[present][:, None]
        if boundary != "open":
            offset = torch.remainder(offset + d / 2, d) - d / 2
        if boundary == "almost circular":
            offset = offset.abs()
        values = waveform.shape(offset, width[present][:, None])
        rows = present.nonzero()[:, 0]
        samples.index_add_(0, rows, amplitude[present][:, None] * values)
    return samples
