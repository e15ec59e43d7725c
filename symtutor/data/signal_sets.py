"""Raw vectors with a hidden translation symmetry: the nine data sets of Efe and Ozakin (2025)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ..numerics.random import generator as random_stream
from .hidden import check_dimension, hidden_map
from .images import Images
from .slices import check_crop, middle_rows, mnist_rows, random_slices
from .waveforms import superpose

BLOCK = 16384
Draw = Callable[[int, torch.Generator], Tensor]


@dataclass(frozen=True)
class SignalSet:
    """A published data set.

    Attributes:
        name: key of `SIGNALS`.
        signal: "gaussian", "legendre" or "mnist".
        symmetry: "translation", "circulant", "permuted" or "frequency", as in `hidden_map`.
        d: dimension.
        batch: published batch size; a published set has 100 batches.
        noise: deviation of the white noise, in deviations of the signals.
        scale: range of sigma (Gaussian) or of the full width (Legendre), in components; None for
            slices of pictures.
    """

    name: str
    signal: str
    symmetry: str
    d: int
    batch: int
    noise: float
    scale: tuple[float, float] | None


_SIGMA, _WIDTH = (0.2, 1.0), (6.0, 15.0)
SIGNALS = {
    chosen.name: chosen
    for chosen in (
        SignalSet("gaussian-circulant-7", "gaussian", "circulant", 7, 630, 0.05, _SIGMA),
        SignalSet("gaussian-7", "gaussian", "translation", 7, 2520, 0.05, _SIGMA),
        SignalSet("mnist-27", "mnist", "translation", 27, 10800, 0.0, None),
        SignalSet("gaussian-33", "gaussian", "translation", 33, 16500, 0.05, _SIGMA),
        SignalSet("legendre-33", "legendre", "translation", 33, 16500, 0.05, _WIDTH),
        SignalSet("gaussian-permuted-33", "gaussian", "permuted", 33, 16500, 0.05, _SIGMA),
        SignalSet("legendre-permuted-33", "legendre", "permuted", 33, 16500, 0.05, _WIDTH),
        SignalSet("gaussian-frequency-33", "gaussian", "frequency", 33, 16500, 0.05, _SIGMA),
        SignalSet("legendre-frequency-33", "legendre", "frequency", 33, 16500, 0.05, _WIDTH),
    )
}


def signals(
    name: str,
    n: int,
    *,
    seed: int = 0,
    d: int | None = None,
    scale: tuple[float, float] | None = None,
    noise: float | None = None,
    circular: bool = True,
    images: Images | Shaped[Tensor, "..."] | None = None,
) -> Float[Tensor, "n d"]:
    r"""Draw n raw vectors of a data set (Efe and Ozakin 2025, with the settings of their code).

    Superposed signals, or slices of pictures, are divided by their common standard deviation plus
    $10^{-6}$ (one number for all samples and components; the mean stays), then white noise is
    added, then the map M of `hidden_map` hides the translation: $x'=xM$. The random numbers depend
    on the seed and the kind of signal only, so sets that differ in M alone are the same signals.
    All samples are drawn afresh, unlike in the published permuted sets, where 33,000 distinct ones
    repeat.

    Args:
        name: one of `SIGNALS`.
        n: number of samples; published are 100 times `SIGNALS[name].batch`.
        seed: what everything is drawn from.
        d: dimension, odd and at least 3; by default the published one. For slices at most 83.
        scale: range of sigma or of the full width, in components; by default that of `SIGNALS`.
        noise: deviation of the noise, with the signals' as the unit; by default that of `SIGNALS`.
        circular: False for the published variant of the circulant set, which is not exactly
            invariant under rotations (see `superpose`).
        images: pictures to slice instead of those of MNIST, uint8 (m, h, w) or (m, 1, h, w).

    Returns:
        The samples in float32.

    Raises:
        ValueError: for an unknown name, n below 1, d even or out of range, an empty range of
            scales, negative noise, an argument the set has no use for, and pictures that are
            missing or black.

    Example:
        >>> signals("gaussian-permuted-33", 1000).shape
        torch.Size([1000, 33])
    """
    if name not in SIGNALS:
        raise ValueError(f"no data set is called {name!r}; choose one of {', '.join(SIGNALS)}")
    chosen = SIGNALS[name]
    d = chosen.d if d is None else d
    noise = chosen.noise if noise is None else noise
    _check(n, d, noise)
    if not circular and chosen.symmetry != "circulant":
        raise ValueError(f"circular=False is a variant of gaussian-circulant-7, not of {name}")
    if chosen.scale is None:
        draw = _slices(name, d, scale, images)
    else:
        draw = _superpositions(
            chosen, d, chosen.scale if scale is None else scale, circular, images
        )
    return _assemble(draw, n, d, seed, chosen, noise)


def _check(n: int, d: int, noise: float) -> None:
    check_dimension(d)
    if n < 1:
        raise ValueError(f"a data set needs at least one sample, got n={n}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise must be finite and not negative, got {noise}; 0 leaves it out")


def _slices(
    name: str, d: int, scale: tuple[float, float] | None, images: Images | Tensor | None
) -> Draw:
    if scale is not None:
        raise ValueError(f"{name} has no range of scales, got scale={scale}; leave it out")
    rows = mnist_rows() if images is None else middle_rows(images)
    check_crop(rows.shape[1], d)
    return lambda n, stream: random_slices(rows, n, d, stream)


def _superpositions(
    chosen: SignalSet,
    d: int,
    scale: tuple[float, float],
    circular: bool,
    images: Images | Tensor | None,
) -> Draw:
    if images is not None:
        raise ValueError(
            f"{chosen.name} is not made of pictures; leave images out, or ask mnist-27"
        )
    if not 0 < scale[0] <= scale[1] < math.inf:
        raise ValueError(f"scale must be a range (low, high) with 0 < low <= high, got {scale}")
    boundary = "open"
    if chosen.symmetry == "circulant":
        boundary = "circular" if circular else "almost circular"
    return lambda n, stream: superpose(chosen.signal, n, d, scale, boundary, stream)


def _assemble(
    draw: Draw, n: int, d: int, seed: int, chosen: SignalSet, noise: float
) -> Float[Tensor, "n d"]:
    """Signals, one deviation, noise, map; in blocks with a random stream each."""
    samples = torch.empty(n, d)
    blocks = samples.split(BLOCK)
    total = squares = torch.zeros((), dtype=torch.float64)
    for index, block in enumerate(blocks):
        drawn = draw(len(block), random_stream(seed, f"signals/{chosen.signal}/{index}"))
        total, squares = total + drawn.sum(), squares + drawn.square().sum()
        block.copy_(drawn)
    mean = total / samples.numel()
    deviation = (squares / samples.numel() - mean.square()).clamp(min=0).sqrt() + 1e-6
    M = hidden_map(chosen.symmetry, d)
    for index, block in enumerate(blocks):
        stream = random_stream(seed, f"signals/noise/{index}")
        white = torch.randn(block.shape, generator=stream, dtype=torch.float64)
        block.copy_((block.double() / deviation + noise * white) @ M)
    return samples
