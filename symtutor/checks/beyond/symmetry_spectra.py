"""Checks of the chapter Symmetry spectra."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ...numerics.spectral import derivative
from ..engine import Hint, close, diagnose, exercise, function, recognised, tensor
from ..inputs import wavy

VALUES = (1e-11, 3e-9, 0.2, 1.0, 4.0, 10.0)
ENOUGH = 1e-6
"""Values from here on come out right even by way of the squares."""


def _roots(generator: Generator) -> tuple[Tensor, Tensor]:
    """Roots N and D whose values are VALUES, of functions far from orthonormal."""
    count = len(VALUES)
    tall = torch.randn(2, 40, count, generator=generator, dtype=torch.float64)
    square = torch.randn(3, count, count, generator=generator, dtype=torch.float64)
    first, second = torch.linalg.qr(tall).Q
    turn, left, right = torch.linalg.qr(square).Q
    mix = left * torch.logspace(0, 2, count, dtype=torch.float64) @ right
    sizes = torch.tensor(VALUES, dtype=torch.float64)
    return first @ mix, second @ (sizes[:, None] * (turn @ mix))


def _rising(norm: Tensor, defect: Tensor) -> Tensor:
    """The values, by QR and singular values."""
    root = torch.linalg.qr(norm, mode="r").R
    lean = torch.linalg.solve_triangular(root, defect, upper=True, left=False)
    return torch.linalg.svdvals(lean).flip(0)


@exercise(
    "ex-roots-not-squares",
    question="Write a function of N and D, each with more lines than columns, that returns all "
    "stationary values of |Dc|/|Nc|, rising.",
)
def roots_not_squares(answer: Any, generator: Generator) -> str | None:
    """Generalised singular values over twelve decades, judged by their logarithms."""
    values = function(answer, "N, D")
    norm, defect = _roots(generator)
    given = tensor(values(norm.clone(), defect.clone()), (len(VALUES),), "the values")
    right = _rising(norm, defect).float()
    if not (given > 0).all():
        raise Hint(
            "a value is not positive: eigenvalues of a product such as D^T D are negative by "
            "rounding. Take singular values of D R^-1; they never are."
        )
    if close(given.log10(), right.log10()):
        return None
    large = right > ENOUGH
    if close(given[large].log10(), right[large].log10()):
        return (
            f"the large values are right, but the smallest comes out as {given[0].item():.1e}, not "
            f"{right[0].item():.0e}: D^T D is rounded to 1e-16 of its largest entry. Do not square."
        )
    root = torch.linalg.qr(norm, mode="r").R
    mistakes = {
        "this falls: singular values come largest first; flip them.": right.flip(0),
        "these are the squares; the quotient itself is asked for.": right**2,
        "the norm is missing: divide by |Nc|, with c = R^-1 y.": torch.linalg.svdvals(defect).flip(
            0
        ),
        "c = R^-1 y makes D c = (D R^-1) y, not D R^-T: solve from the right, upper=True.": (
            torch.linalg.svdvals(torch.linalg.solve(root, defect.mT)).flip(0)
        ),
    }
    return (
        recognised(given, {hint: wrong.float() for hint, wrong in mistakes.items()})
        or "compare with the singular values of D R^-1, where R is the triangle of N."
    )


@exercise(
    "ex-leibniz-square",
    question="Write a function of q (values on periodic rows), x, m (at least 2) and length that "
    "returns the m-th derivative of x^2 q, which is not periodic.",
)
def leibniz_square(answer: Any, generator: Generator) -> str | None:
    """Three terms, on random periodic rows, for two orders."""
    rule = function(answer, "q, x, m, length")
    q, length = wavy(generator, 3, 32), 8.0
    x = length * torch.arange(32, dtype=torch.float64) / 32

    def both(made: Callable[[int], Tensor]) -> Tensor:
        """For m = 2 and m = 3."""
        return torch.stack([made(m) for m in (2, 3)])

    def d(m: int, lower: int) -> Tensor:
        return derivative(q, m - lower, length) if m > lower else q

    def parts(m: int, second: float, third: float) -> Tensor:
        return x**2 * d(m, 0) + second * x * d(m, 1) + third * d(m, 2)

    given = both(lambda m: tensor(rule(q.clone(), x.clone(), m, length), (3, 32), "the derivative"))
    mistakes = {
        "x^2 q has a jump at the seam, which a Fourier derivative sees: differentiate q only.": (
            both(lambda m: derivative(x**2 * q, m, length))
        ),
        "x^2 changes, too: the terms with its derivatives are missing.": (
            both(lambda m: parts(m, 0, 0))
        ),
        "the second derivative of x^2 is 2, not 0: one more term, m (m - 1) times q's derivative "
        "of order m - 2.": both(lambda m: parts(m, 2 * m, 0)),
        "x^2 has the derivative 2 x: the second term is 2 m x times q's derivative of order "
        "m - 1.": both(lambda m: parts(m, m, m * (m - 1))),
        "the binomial factors 1, m, m (m - 1) / 2 are missing.": both(lambda m: parts(m, 2, 2)),
        "the second derivative of x^2 is 2, which cancels the 1/2 of m (m - 1) / 2.": (
            both(lambda m: parts(m, 2 * m, m * (m - 1) / 2))
        ),
    }
    right = both(lambda m: parts(m, 2 * m, m * (m - 1)))
    return diagnose(
        given,
        right.float(),
        {hint: wrong.float() for hint, wrong in mistakes.items()},
        "compare with x^2 D^m q + 2 m x D^(m-1) q + m (m - 1) D^(m-2) q.",
    )


@exercise(
    "ex-power-scaling",
    question="Write a function of p that returns c such that x d_x + 3 t d_t + c u d_u generates "
    "symmetries of u_t + u^p u_x + u_xxx = 0.",
)
def power_scaling(answer: Any, generator: Generator) -> str | None:
    """-2/p, for a few powers."""
    weight = function(answer, "p")
    powers = (1, 2, 3, 5)
    p = torch.tensor([float(power) for power in powers])
    given = torch.stack([tensor(weight(power), (), "c") for power in powers])
    mistakes = {
        "the sign: x grows, so u_x falls off, and u has to become smaller.": 2 / p,
        "this is right for p = 1, KdV, only: u^p scales with p c.": torch.full_like(p, -2),
        "u^p u_x scales with (p + 1) c - 1, and p c = -2: divide by p.": -2 * p,
        "t grows like e^(3s), so u_t and u_xxx scale with c - 3, u^p u_x with (p + 1) c - 1.": (
            -2 / (p + 1)
        ),
        "u_t scales with c - 3, not with c - 1: time grows three times as fast as x.": 0 * p,
    }
    otherwise = "let all three terms scale alike: c - 3 = (p + 1) c - 1."
    return diagnose(given, -2 / p, mistakes, otherwise)
