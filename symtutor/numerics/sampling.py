r"""Whittaker-Shannon interpolation of periodic samples: the Dirichlet kernel and what it weighs."""

import math

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 2**22
"""Most numbers that a block of kernel values may hold (32 MiB in float64)."""


def _sinc(y: Tensor) -> Tensor:
    r"""$\sin(\pi y)/(\pi y)$: exactly 0 at the other integers, all derivatives finite at 0."""
    near = y.detach().abs() < 0.05
    p = (math.pi * y) ** 2
    series = 1 - p / 6 * (1 - p / 20 * (1 - p / 42 * (1 - p / 72)))
    whole = y.detach().round()
    sign = 1 - 2 * whole.remainder(2)
    safe = torch.where(near, torch.ones_like(y), y)
    return torch.where(near, series, sign * torch.sin(math.pi * (y - whole)) / (math.pi * safe))


def dirichlet_kernel(y: Float[Tensor, "*k"], n: int) -> Float[Tensor, "*k"]:
    r"""The Dirichlet kernel $D_n$: what one sample of 1 among n - 1 zeros, repeated, looks like.

    $$D_n(y)=\sum_m\operatorname{sinc}(y-mn)=\frac{\sin\pi y}{n\tan(\pi y/n)}\ (n\text{ even}),\quad
    \frac{\sin\pi y}{n\sin(\pi y/n)}\ (n\text{ odd}).$$

    With even n the fastest cosine counts half at each end of the spectrum (the symmetric
    convention). Evaluated as a quotient of sinc functions after reduction to one period, so it is
    1 at multiples of n and 0 at the other integers without rounding, and differentiable everywhere.

    Args:
        y: distance in units of the sample spacing.
        n: samples per period, at least 1.

    Raises:
        ValueError: if n is below 1.

    Example:
        >>> dirichlet_kernel(torch.tensor([0.0, 0.5, 2.0, 8.0]), 8).tolist()
        [1.0, 0.6284174919128418, 0.0, 1.0]
    """
    if n < 1:
        raise ValueError(f"a period holds at least 1 sample, got n = {n}")
    r = y - n * (y.detach() / n).round()
    upper = _sinc(r) * torch.cos(math.pi / n * r) if n % 2 == 0 else _sinc(r)
    return upper / _sinc(r / n)


def whittaker_shannon(
    values: Float[Tensor, "*b n"], positions: Float[Tensor, "*k"]
) -> Float[Tensor, "..."]:
    r"""The band-limited periodic function through n samples, $f(y)=\sum_j f_j\,D_n(y-j)$.

    Exact on trigonometric polynomials of period n with frequencies below n/2; the samples
    themselves come back unchanged. The kernel is evaluated in blocks of at most `BLOCK` numbers.

    Args:
        values: samples at 0, 1, ..., n - 1, one period.
        positions: where to evaluate, in units of the sample spacing; any real number.

    Returns:
        "*b *k": every function at every position.

    Raises:
        ValueError: if the two dtypes differ.

    Example:
        >>> j = torch.arange(5, dtype=torch.float64)
        >>> wave = torch.cos(2 * torch.pi * j / 5)
        >>> round(whittaker_shannon(wave, torch.tensor(1.25, dtype=torch.float64)).item(), 12)
        0.0
    """
    if values.dtype != positions.dtype:
        raise ValueError(
            f"values are {values.dtype} but positions {positions.dtype}; convert one of them"
        )
    n = values.shape[-1]
    nodes = torch.arange(n, dtype=values.dtype, device=values.device)
    parts = positions.reshape(-1).split(max(1, BLOCK // n))
    found = [values @ dirichlet_kernel(nodes[:, None] - y, n) for y in parts]
    return torch.cat(found, dim=-1).reshape(values.shape[:-1] + positions.shape)


def _powers(phase: Tensor, k: Tensor) -> Tensor:
    r"""$e^{2\pi ik\phi}$, "*b k p", with the whole turns taken off before the cosine."""
    turns = phase[..., None, :] * k[:, None]
    angle = 2 * math.pi * (turns - turns.detach().round())
    return torch.complex(angle.cos(), angle.sin())


def _tables(phase: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Powers 0, q, 2q, ... and 0 to q - 1, with q the least integer whose square is >= count.

    Every k < count is a sum of one of each, so that two tables of q rows and a product of matrices
    replace one table of count rows.
    """
    k = torch.arange(math.isqrt(count - 1) + 1, dtype=phase.dtype, device=phase.device)
    return _powers(phase, k * len(k)), _powers(phase, k)


def modes(
    phase: Float[Tensor, "*b p"], weights: Float[Tensor, "*b c p"], count: int
) -> Complex[Tensor, "*b c count"]:
    r"""Fourier sums over scattered points, $\sum_pw_{cp}\,e^{-2\pi ik\phi_p}$ for k < count.

    With points at p/n and k up to n/2 this is `torch.fft.rfft`. The cost is one multiplication per
    point and mode, the memory about $\sqrt{\text{count}}$ numbers per point.

    Args:
        phase: positions in periods.
        weights: c weights for every point.
        count: number of modes, at least 1.

    Example:
        >>> u = torch.tensor([[1.0, 2.0, 4.0, 0.0]])
        >>> there = modes(torch.arange(4.0) / 4, u, 3)
        >>> torch.allclose(there, torch.fft.rfft(u), atol=1e-5)
        True
    """
    coarse, fine = _tables(-phase, count)
    joined = weights[..., :, None, :] * coarse[..., None, :, :]
    return (joined @ fine.transpose(-1, -2)[..., None, :, :]).flatten(-2)[..., :count]


def evaluate(
    spectrum: Complex[Tensor, "*b c m"], phase: Float[Tensor, "*b p"], n: int
) -> Float[Tensor, "*b c p"]:
    r"""Values of c band-limited functions at scattered points, from `torch.fft.rfft` of n samples.

    The same functions as `whittaker_shannon`, at every row's own positions.

    Args:
        spectrum: the m = n // 2 + 1 coefficients of every function.
        phase: positions in periods.
        n: samples behind the spectrum.

    Example:
        >>> u = torch.tensor([[1.0, 2.0, 4.0]])
        >>> torch.allclose(evaluate(torch.fft.rfft(u), torch.arange(3.0) / 3, 3), u, atol=1e-6)
        True
    """
    count = spectrum.shape[-1]
    share = torch.full((count,), 2.0 / n, dtype=phase.dtype, device=phase.device)
    share[0] = 1.0 / n
    if n % 2 == 0:
        share[-1] = 1.0 / n  # the fastest cosine stands for both ends of the spectrum
    coarse, fine = _tables(phase, count)
    q = fine.shape[-2]
    square = pad(spectrum * share, (0, q * q - count)).unflatten(-1, (q, q))
    return ((square @ fine[..., None, :, :]) * coarse[..., None, :, :]).sum(-2).real
