"""Checks of the chapter Between the samples."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.sampling import dirichlet_kernel
from ..engine import Hint, diagnose, exercise, function, tensor


def _without_nodes(y: Tensor, n: int) -> Tensor:
    """Distances that are no integers, where every quotient can be formed."""
    return torch.where((y - y.round()).abs() < 1e-3, y + 0.1, y)


@exercise(
    "ex-dirichlet",
    question="Write a function of y and an even n that returns the Dirichlet kernel "
    "D_n(y) = sin(pi y) / (n tan(pi y / n)), also at the multiples of n, where it is 1.",
)
def dirichlet(answer: Any, generator: Generator) -> str | None:
    """First between the nodes, where formulas can be told apart; then at them."""
    kernel = function(answer, "y, n")
    n = 8
    y = _without_nodes(30 * torch.rand(40, generator=generator) - 15, n)
    top, angle = torch.sin(math.pi * y), math.pi * y / n
    right = dirichlet_kernel(y.double(), n).float()
    hint = diagnose(
        tensor(kernel(y, n), (40,), "the kernel"),
        right,
        {
            "this is the kernel for odd n: for even n the sine below becomes a tangent.": (
                top / (n * torch.sin(angle))
            ),
            "divide by n: at y = 0 the kernel is 1.": n * right,
            "this is sinc, which does not repeat; the data have period n.": torch.sinc(y),
            "the angle below the line is pi y / n.": top / (n * torch.tan(math.pi * y)),
        },
        "use sin(pi y) above, n tan(pi y / n) below.",
    )
    if hint:
        return hint
    nodes = torch.arange(-2.0 * n, 2 * n + 1)
    at_nodes = torch.as_tensor(kernel(nodes, n))
    if not torch.isfinite(at_nodes).all():
        raise Hint(
            "right between the samples, but 0/0 at the multiples of n: replace y there before you "
            "divide (torch.where), and put 1."
        )
    other = "right between the samples, wrong at them: 1 at multiples of n, 0 at other integers."
    return diagnose(at_nodes.float(), (nodes % n == 0).float(), {}, other)


def _shifted(u: Tensor, d: float) -> Tensor:
    n = u.shape[-1]
    j = torch.arange(n, dtype=u.dtype)
    return u @ dirichlet_kernel((j - d) - j[:, None], n)


@exercise(
    "ex-phase-shift",
    question="Write a function of u (rows of n samples of a periodic function) and d that returns "
    "the samples of the function moved to the right by d sample spacings, with torch.fft only.",
)
def phase_shift(answer: Any, generator: Generator) -> str | None:
    """Even and odd n; the mistakes of a sign, of the angle, and of a lost length."""
    shift = function(answer, "u, d")
    d = 1.3
    for n, parity in ((12, "even"), (11, "odd")):
        u = torch.randn(3, n, generator=generator)
        k = torch.arange(n // 2 + 1)
        got = torch.as_tensor(shift(u, d))
        if got.shape == (3, n - 1) and n % 2:
            return "with odd n a sample is lost: tell irfft the length, n=u.shape[-1]."
        if got.is_complex():
            return "the moved samples are real numbers: go back from the modes with irfft."
        v = torch.fft.rfft(u)
        half = torch.fft.irfft(v * torch.exp(-1j * math.pi * k * d / n), n=n)
        bare = torch.fft.irfft(v * torch.exp(-1j * k * d / n), n=n)
        hint = diagnose(
            tensor(got, (3, n), "the moved samples"),
            _shifted(u, d),
            {
                "this moves the function to the left: the phase is exp(-2 pi i k d / n).": _shifted(
                    u, -d
                ),
                "this moves by a whole number of samples: d may lie between them.": u.roll(1, -1),
                "the angle is 2 pi k d / n, not pi k d / n.": half,
                "the angle is 2 pi k d / n, not k d / n.": bare,
            },
            f"for {parity} n: multiply the k-th coefficient by exp(-2 pi i k d / n).",
        )
        if hint:
            return hint
    return None


@exercise(
    "ex-linear-blur",
    question="Write a function of m, n and delta: the factor (its modulus) by which linear "
    "interpolation on n points, shifted by delta of a spacing, multiplies the amplitude of mode m.",
)
def linear_blur(answer: Any, generator: Generator) -> str | None:
    """|1 - delta + delta exp(-2 pi i m / n)| for tensors m and numbers delta."""
    factor = function(answer, "m, n, delta")
    n, m = 64, torch.arange(33.0)
    angle = 2 * math.pi * m / n
    for delta in (0.2 + 0.2 * torch.rand(1, generator=generator).item(), 0.5):
        value = torch.as_tensor(factor(m, n, delta))
        if value.is_complex():
            return "the factor is complex; its modulus is asked for: use .abs()."
        right = (1 - delta + delta * torch.polar(torch.ones(33), -angle)).abs()
        hint = diagnose(
            tensor(value, (33,), "the factors"),
            right,
            {
                "this is the square of the modulus; take the root.": right**2,
                "this is the factor of half a spacing, whatever delta is.": torch.cos(angle / 2),
                "this is the real part; take the modulus.": 1 - delta + delta * torch.cos(angle),
                "one spacing is the angle 2 pi m / n.": (
                    1 - delta + delta * torch.polar(torch.ones(33), -angle / 2)
                ).abs(),
            },
            "the new value is (1 - delta) times one sample plus delta times its neighbour.",
        )
        if hint:
            return hint
    return None
