"""Fourier series of periodic functions of one variable: derivatives, products, resolution."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from jaxtyping import Complex, Float
from torch import Tensor


def wavenumbers(
    points: int, length: float, *, dtype: torch.dtype = torch.float64
) -> Float[Tensor, " modes"]:
    r"""$k_m=2\pi m/L$ for the modes $m=0,\dots,\lfloor N/2\rfloor$ of a real FFT.

    Args:
        points: number of grid points N, at least 1.
        length: period L.

    Raises:
        ValueError: if there is no point, or the period is not positive.

    Example:
        >>> wavenumbers(4, 2 * math.pi).tolist()
        [0.0, 1.0, 2.0]
    """
    if points < 1 or not (length > 0 and math.isfinite(length)):
        raise ValueError(
            "wavenumbers need at least one point and a finite positive period, "
            f"got points={points} and length={length}"
        )
    return 2 * math.pi / length * torch.arange(points // 2 + 1, dtype=dtype)


def derivatives(
    u: Float[Tensor, "*b space"], orders: Sequence[int], length: float
) -> list[Float[Tensor, "*b space"]]:
    r"""Several $x$-derivatives of the trigonometric interpolant, from one forward transform.

    Mode m is multiplied by $(ik_m)^p$. For an even number of points the mode m = N/2 has no sine
    partner, so odd derivatives drop it. Exact up to rounding for modes below N/2; the rounding
    error of order p is about $10^{-16}k_{\max}^p$ relative to u in float64.

    Args:
        u: values at $x_i=iL/N$, the end point left out.
        orders: orders of derivative, 0 and up.
        length: period L, in the unit of x.

    Raises:
        ValueError: for a negative order or a period that is not positive.

    Example:
        >>> x = torch.arange(8, dtype=torch.float64) * 2 * math.pi / 8
        >>> second = derivatives(torch.sin(2 * x), [1, 2], 2 * math.pi)[1]
        >>> torch.allclose(second, -4 * torch.sin(2 * x))
        True
    """
    if any(order < 0 for order in orders):
        raise ValueError(f"orders of derivative are 0 and up, got {list(orders)}")
    points = u.shape[-1]
    k = wavenumbers(points, length, dtype=u.dtype).to(u.device)
    spectrum = torch.fft.rfft(u)

    def single(order: int) -> Tensor:
        factor = (1j * k) ** order
        if order % 2 and points % 2 == 0:
            factor[-1] = 0
        return torch.fft.irfft(factor * spectrum, n=points)

    return [single(order) if order else u.clone() for order in orders]


def derivative(
    u: Float[Tensor, "*b space"], order: int, length: float
) -> Float[Tensor, "*b space"]:
    """One $x$-derivative of the trigonometric interpolant (see `derivatives`).

    Example:
        >>> x = torch.arange(8, dtype=torch.float64) * 2 * math.pi / 8
        >>> torch.allclose(derivative(torch.sin(x), 1, 2 * math.pi), torch.cos(x))
        True
    """
    return derivatives(u, [order], length)[0]


def dealias(
    coefficients: Complex[Tensor, "*b modes"], points: int, *, degree: int = 2
) -> Complex[Tensor, "*b modes"]:
    r"""Set to zero the modes whose products would fold back: those with $(q+1)\,m\ge N$.

    On N points the modes m and m + N cannot be told apart. A product of q factors with modes up
    to M reaches qM, which folds to N - qM; it misses the band up to M if (q + 1) M < N. For q = 2
    this is the 2/3 rule of Orszag (1971): a third of the modes is given up.

    Args:
        coefficients: of a real FFT of `points` values.
        points: N.
        degree: q, the number of factors.

    Raises:
        ValueError: if the number of modes is not that of `points`.

    Example:
        >>> dealias(torch.ones(5, dtype=torch.complex128), 8).real.tolist()
        [1.0, 1.0, 1.0, 0.0, 0.0]
    """
    modes = coefficients.shape[-1]
    if modes != points // 2 + 1:
        raise ValueError(
            f"a real FFT of {points} points has {points // 2 + 1} modes, got {modes}; "
            "pass the number of points that was transformed"
        )
    keep = (degree + 1) * torch.arange(modes, device=coefficients.device) < points
    return coefficients * keep


def unresolved(u: Float[Tensor, "*b space"], *, highest: int | None = None) -> Float[Tensor, "*b"]:
    r"""Share of the energy $\sum_{m\ge1}|\hat u_m|^2$ in the top tenth of the modes, from 0 to 1.

    A resolved function has a spectrum that has fallen to almost nothing before it is cut off, so
    this share is tiny. The top tenth is counted in the band that the function was given: a
    function cut at N/3 has nothing above, and a test of the modes near N/2 would always pass. The
    mean (m = 0) is left out, since adding a constant to u resolves nothing.

    Args:
        u: values on a periodic grid of N points.
        highest: highest mode that was kept; by default the highest below N/2, which is what
            `simulate` keeps. For data de-aliased by zeroing on the same grid pass (N - 1) // 3.

    Raises:
        ValueError: if `highest` is below 1 or above N/2.

    Example:
        >>> x = torch.arange(64, dtype=torch.float64) * 2 * math.pi / 64
        >>> unresolved(torch.sin(x)).item() < 1e-6 < unresolved(torch.sign(x - 3)).item()
        True
    """
    points = u.shape[-1]
    highest = (points - 1) // 2 if highest is None else highest
    if not 1 <= highest <= points // 2:
        raise ValueError(
            f"the highest mode of {points} points lies between 1 and {points // 2}, got {highest}"
        )
    energy = torch.fft.rfft(u).abs().square()[..., 1:]
    top = energy[..., math.floor(0.9 * highest) :].sum(-1)
    return top / energy.sum(-1).clamp(min=torch.finfo(u.dtype).tiny)


@dataclass(frozen=True)
class Band:
    r"""Real periodic functions with modes below N/2, and alias-free products of them.

    A function is held as its coefficients $\hat u_0,\dots,\hat u_M$, $M=\lfloor(N-1)/2\rfloor$.
    Products are formed on a grid of $(q+1)N/2$ points and cut back to M (the 3/2 rule for q = 2;
    the same as the 2/3 rule of `dealias` on the finer grid).

    Attributes:
        points: N, the number of grid points of the stored function.
        length: period L.
        degree: q, the number of factors; 1 switches de-aliasing off.

    Example:
        >>> band = Band(16, 2 * math.pi)
        >>> x = torch.arange(16, dtype=torch.float64) * 2 * math.pi / 16
        >>> state = band.modes(torch.cos(7 * x))  # its square has the modes 0 and 14
        >>> square = band.modes(band.values(state) ** 2)
        >>> torch.allclose(band.values(square), torch.tensor(0.5, dtype=torch.float64))
        True
    """

    points: int
    length: float
    degree: int = 2

    def __post_init__(self) -> None:
        if self.points < 4 or not self.length > 0 or self.degree < 1:
            raise ValueError(
                "a band needs at least 4 points, a positive period and a degree of at least 1, "
                f"got points={self.points}, length={self.length}, degree={self.degree}"
            )

    @property
    def highest(self) -> int:
        """M, the highest mode."""
        return (self.points - 1) // 2

    @property
    def grid(self) -> int:
        """Number of points on which products are formed."""
        return math.ceil(self.points * (self.degree + 1) / 2)

    def k(self, device: torch.device | str = "cpu") -> Float[Tensor, " modes"]:
        """Wavenumbers of the kept modes."""
        return wavenumbers(self.points, self.length)[: self.highest + 1].to(device)

    def values(
        self, state: Complex[Tensor, "*b modes"], points: int | None = None
    ) -> Float[Tensor, "*b grid"]:
        """The function on the product grid, or on any other grid of at least N points."""
        return torch.fft.irfft(state, n=points or self.grid, norm="forward")

    def modes(self, u: Float[Tensor, "*b grid"]) -> Complex[Tensor, "*b modes"]:
        """Kept coefficients of values on any grid of at least N points."""
        return torch.fft.rfft(u, norm="forward")[..., : self.highest + 1]

    def dx(self, state: Complex[Tensor, "*b modes"]) -> Complex[Tensor, "*b modes"]:
        """Coefficients of the x-derivative."""
        return _ik(self.points, self.length, state.device) * state


@lru_cache(maxsize=32)
def _ik(points: int, length: float, device: torch.device) -> Tensor:
    """i k of the modes of a band, made once: a solver asks for it at every stage."""
    return 1j * Band(points, length).k(device)
