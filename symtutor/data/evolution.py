"""What an evolution equation in one space dimension is: a linear symbol, a nonlinearity, a jet."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from ..numerics.etdrk4 import etdrk4
from ..numerics.spectral import Band

# A factor is (function, coordinate index, parameter); a term is a product of factors, () is 1.
Factor = tuple[str, int, float]
Term = tuple[Factor, ...]
# A part is (component, coefficient, term); components and coordinates count x, t, u as 0, 1, 2.
Part = tuple[int, float, Term]
Generator = tuple[Part, ...]
Jet = Mapping[str, Tensor]

X_TRANSLATION: Generator = ((0, 1.0, ()),)
T_TRANSLATION: Generator = ((1, 1.0, ()),)
TRANSLATIONS_AND_BOOST: Mapping[str, Generator] = {
    "x-translation": X_TRANSLATION,
    "t-translation": T_TRANSLATION,
    "galilean": ((0, 1.0, (("power", 1, 1.0),)), (2, 1.0, ())),
}


X: Factor = ("power", 0, 1.0)
T: Factor = ("power", 1, 1.0)
U: Factor = ("power", 2, 1.0)


@dataclass(frozen=True, kw_only=True)
class Equation(ABC):
    r"""$u_t=F(x,t,u,u_x,\dots)$ on a periodic interval, and how its data are made.

    A new equation is a subclass with `name`, `order`, `linear_symbol` and `evolution`; with another
    nonlinearity than $-uu_x$ also `nonlinearity` (and `degree` if it is not quadratic). The
    defaults are the published settings of KdV (Ko, Kim and Lee 2024).

    Attributes:
        length: period L.
        duration: simulated time T, from 0.
        frames: number of stored instants in [0, T], both ends included.
        kept: number of last frames that a data set keeps.
        points: number of grid points in [0, L), the end left out.
        waves: number P of sine waves in an initial condition.
        wavenumbers: whole numbers $l_p$ of periods in L that these waves are drawn from.
        substeps: steps of the solver from frame to frame. With the packaged numbers one frame of
            the kept window adds a relative error of about 1e-8 or less; in NKdV, whose waves run
            ever faster, up to 1e-6 in the largest of them, 1e-9 in most.
        degree: degree of the nonlinearity, for de-aliasing; 1 switches de-aliasing off.
    """

    name: ClassVar[str]
    order: ClassVar[int]
    length: float = 128.0
    duration: float = 100.0
    frames: int = 250
    kept: int = 140
    points: int = 256
    waves: int = 10
    wavenumbers: tuple[int, ...] = (1, 2)
    substeps: int = 32
    degree: int = 2

    @property
    def algebra(self) -> Mapping[str, Generator]:
        """Generators of the symmetries that keep the period, in physical units."""
        return {"x-translation": X_TRANSLATION}

    @property
    def local_algebra(self) -> Mapping[str, Generator]:
        """Generators of all known point symmetries, also those that change the period."""
        return self.algebra

    @property
    def approximate(self) -> Mapping[str, Generator]:
        """Generators that are almost symmetries of the data."""
        return {}

    @property
    def frame_time(self) -> float:
        """Time from one stored frame to the next."""
        return self.duration / (self.frames - 1)

    @abstractmethod
    def linear_symbol(self, k: Float[Tensor, " modes"]) -> Tensor:
        r"""$\Lambda(k)$: the linear part acts on mode $e^{ikx}$ by this factor."""

    @abstractmethod
    def evolution(self, jet: Jet) -> Tensor:
        """F on a jet: a mapping with keys such as "x", "t", "u", "u_x", "u_xx", "u_xxx"."""

    def nonlinearity(
        self, band: Band, state: Complex[Tensor, "*b modes"], t: float
    ) -> Complex[Tensor, "*b modes"]:
        r"""Coefficients of F without its linear part; here $-\tfrac12(u^2)_x$."""
        return band.dx(band.modes(-0.5 * band.values(state).square()))

    def factor(self, t: Tensor | float) -> Tensor | float:
        """What the published residual multiplies $u_t$ by."""
        return 1.0

    def residual(self, jet: Jet) -> Tensor:
        r"""$\Delta=(u_t-F)$ times `factor`; zero on solutions. The jet needs "u_t" too."""
        return self.factor(jet["t"]) * (jet["u_t"] - self.evolution(jet))

    def initial(self, series: Float[Tensor, "*b space"]) -> Float[Tensor, "*b space"]:
        """The initial condition made from a random Fourier series on the grid of `points`."""
        return series

    def solve(
        self,
        initial: Float[Tensor, "*b space"],
        times: Float[Tensor, " time"],
        *,
        start: float = 0.0,
        substeps: int | None = None,
    ) -> Float[Tensor, "*b time space"]:
        """Solutions at the given times from values at `start`, on the grid of `initial`.

        Args:
            initial: u at x_i = i L / N, any batch.
            times: rising, none before `start`.
            substeps: steps per `frame_time`; by default the equation's own.

        Raises:
            ValueError: for times that do not rise or substeps below 1.
            FloatingPointError: if the solution becomes infinite.
        """
        points, substeps = initial.shape[-1], self.substeps if substeps is None else substeps
        if substeps < 1:
            raise ValueError(f"the solver needs at least one step per frame, got {substeps}")
        band = Band(points, self.length, self.degree)
        states = etdrk4(
            self.linear_symbol(band.k(initial.device)).to(torch.complex128),
            lambda state, t: self.nonlinearity(band, state, t),
            band.modes(initial.double()),
            times,
            step=self.frame_time / substeps,
            start=start,
        )
        return band.values(states, points).movedim(0, -2)
