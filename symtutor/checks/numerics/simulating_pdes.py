"""Checks of the chapter Simulating PDEs."""

from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.spectral import Band
from ..engine import Hint, diagnose, exercise, function, tensor


def _parts(value: Any, shape: tuple[int, ...], what: str) -> Tensor:
    """A complex or real value as its real and imaginary parts, on a new last axis."""
    try:
        parts = torch.view_as_real(torch.as_tensor(value).to(torch.complex128).resolve_conj())
    except (TypeError, ValueError, RuntimeError) as error:
        raise Hint(f"{what} must be numbers, not {type(value).__name__}.") from error
    return tensor(parts, (*shape, 2), what)


@exercise(
    "ex-linear-symbol",
    question="Write a function of k that returns the linear symbol of "
    "u_t = -2 u_x + 3 u_xx - u_xxx - u_xxxx.",
)
def linear_symbol(answer: Any, generator: Generator) -> str | None:
    """-2 ik - 3 k^2 + i k^3 - k^4, at random wavenumbers."""
    symbol = function(answer, "k")
    k = 0.5 + 2 * torch.rand(9, generator=generator, dtype=torch.float64)

    def parts(value: Tensor) -> Tensor:
        return torch.view_as_real(value.to(torch.complex128).resolve_conj()).float()

    right = -2j * k - 3 * k**2 + 1j * k**3 - k**4
    mistakes = {
        "every derivative brings a factor i k, not k.": -2 * k + 3 * k**2 - k**3 - k**4,
        "the third derivative brings (ik)^3 = -i k^3, and it stands with a minus.": (
            -2j * k - 3 * k**2 - 1j * k**3 - k**4
        ),
        "(ik)^2 = -k^2, so a positive u_xx damps.": -2j * k + 3 * k**2 + 1j * k**3 - k**4,
        "(ik)^4 = +k^4, and it stands with a minus.": -2j * k - 3 * k**2 + 1j * k**3 + k**4,
        "the sign of i: the mode is exp(+ikx).": right.conj(),
    }
    wrong = {hint: parts(value) for hint, value in mistakes.items()}
    got = _parts(symbol(k), (9,), "the symbol")
    return diagnose(got, parts(right), wrong, "put u = exp(ikx) into the right-hand side.")


@exercise(
    "ex-contour-mean",
    question="Write a function of complex z that returns (exp(z) - 1 - z) / z^2 to ten digits for "
    "every |z| <= 2, including 0, as a mean over a circle around z.",
)
def contour_mean(answer: Any, generator: Generator) -> str | None:
    """Far from 0 first, where the formula itself is right; then near it, and at it."""
    phi = function(answer, "z")

    def series(z: Tensor) -> Tensor:
        term, total = torch.full_like(z, 0.5), torch.zeros_like(z)
        for n in range(3, 40):
            total, term = total + term, term * z / n
        return total

    def worst(z: Tensor) -> float:
        value = torch.as_tensor(phi(z))
        if value.shape != z.shape:
            raise Hint(f"return one number for every z, not the shape {tuple(value.shape)}.")
        return (value - series(z)).abs().nan_to_num(nan=1e9).max().item()

    angles = 6.28 * torch.rand(8, generator=generator, dtype=torch.float64)
    circle = torch.polar(torch.ones_like(angles), angles)
    far = worst(2 * circle)
    if far > 1e-5:
        return f"compare with (exp(z) - 1 - z) / z^2 at |z| = 2: you are off by {far:.1e}."
    if far > 1e-10:
        return (
            f"at |z| = 2 the error is {far:.1e}: use more points on the circle, and float64 for "
            "their angles."
        )
    for size in (1.0, 1e-3, 1e-6, 0.0):
        error = worst(size * circle)
        if error > 1e-10:
            return (
                f"right at |z| = 2, but the error at |z| = {size:g} is {error:.1e}: digits cancel. "
                "Evaluate the formula on a circle of radius 1 around every z and take the mean."
            )
    return None


@exercise(
    "ex-alias-free-product",
    question="Write a function of u and v (N samples each, N even, modes below N/2) that returns "
    "N samples of their product without its modes from N/2 on, without aliasing.",
)
def alias_free_product(answer: Any, generator: Generator) -> str | None:
    """A product that fills twice the band, on an even number of points."""
    product = function(answer, "u, v")
    n = 16
    band = Band(n, 1.0)
    shape = (2, n // 2)
    states = torch.complex(
        torch.randn(shape, generator=generator, dtype=torch.float64),
        torch.randn(shape, generator=generator, dtype=torch.float64),
    )
    states[:, 0] = states[:, 0].real.to(states)
    u, v = band.values(states, n)
    fine = band.values(states, 4 * n).prod(0)
    right = band.values(band.modes(fine), n)
    keep = 3 * torch.arange(n // 2 + 1) < n
    third = torch.fft.irfft(torch.fft.rfft(u * v) * keep, n=n)
    zigzag = torch.fft.irfft(torch.fft.rfft(u * v) * (torch.arange(n // 2 + 1) < n // 2), n=n)
    cut = torch.fft.irfft(torch.fft.rfft(torch.stack([u, v])) * keep, n=n).prod(0)
    mistakes = {
        "this is the product on the grid, with all its aliases.": u * v,
        "the aliases are already there when the product is cut; go to a finer grid before "
        "you multiply.": zigzag,
        "this cuts the product at N/3, after the aliases have come in.": third,
        "the 2/3 rule on the same grid loses modes of u and v that are wanted here; pad "
        "with zeros to a finer grid.": cut,
        "mind the factor of the transforms: values must not change when zeros are added "
        "to the modes (norm='forward').": right * 1.5,
        "this is smaller by the ratio of the grids; use norm='forward' in both directions.": right
        / 1.5,
    }
    wrong = {hint: value.float() for hint, value in mistakes.items()}
    got = tensor(product(u.clone(), v.clone()), (n,), "the product")
    otherwise = "rfft, pad to at least 3N/2 points, multiply, rfft, keep the modes below N/2."
    return diagnose(got, right.float(), wrong, otherwise)
