"""Two equations with exact solutions: heat, and Burgers by way of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..numerics.spectral import Band, derivative
from .evolution import (
    T_TRANSLATION,
    TRANSLATIONS_AND_BOOST,
    X_TRANSLATION,
    Equation,
    Generator,
    Jet,
    T,
    U,
    X,
)


@dataclass(frozen=True, kw_only=True)
class Heat(Equation):
    r"""Heat equation $\psi_t=\nu\psi_{xx}$, solved exactly: mode k decays as $e^{-\nu k^2t}$.

    Attributes:
        nu: diffusivity.
    """

    name: ClassVar[str] = "heat"
    order: ClassVar[int] = 2
    length: float = 2 * math.pi
    duration: float = 18.0
    frames: int = 180
    waves: int = 20
    wavenumbers: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    nu: float = 0.01

    @property
    def algebra(self) -> Mapping[str, Generator]:
        return {
            "x-translation": X_TRANSLATION,
            "t-translation": T_TRANSLATION,
            "u-translation": ((2, 1.0, ()),),
            "u-scaling": ((2, 1.0, (("power", 2, 1.0),)),),
        }

    def linear_symbol(self, k: Float[Tensor, " modes"]) -> Tensor:
        return -self.nu * k**2

    def evolution(self, jet: Jet) -> Tensor:
        return self.nu * jet["u_xx"]

    def solve(
        self,
        initial: Float[Tensor, "*b space"],
        times: Float[Tensor, " time"],
        *,
        start: float = 0.0,
        substeps: int | None = None,
    ) -> Float[Tensor, "*b time space"]:
        """Exact solutions; `substeps` is of no consequence."""
        points = initial.shape[-1]
        band = Band(points, self.length)
        decay = self.linear_symbol(band.k(initial.device)) * (times.to(initial) - start)[:, None]
        return band.values(torch.exp(decay) * band.modes(initial)[..., None, :], points)


@dataclass(frozen=True, kw_only=True)
class Burgers(Heat):
    r"""Burgers: $u_t+uu_x-\nu u_{xx}=0$, exact through $u=-2\nu\psi_x/\psi$ (Cole and Hopf).

    Attributes:
        nu: viscosity.
    """

    name: ClassVar[str] = "burgers"

    @property
    def algebra(self) -> Mapping[str, Generator]:
        return TRANSLATIONS_AND_BOOST

    @property
    def local_algebra(self) -> Mapping[str, Generator]:
        r"""With $x\,\partial_x+2t\,\partial_t-u\,\partial_u$ and $xt\,\partial_x+t^2\partial_t
        +(x-tu)\,\partial_u$."""
        scaling = (0, 1.0, (X,)), (1, 2.0, (T,)), (2, -1.0, (U,))
        square = (1, 1.0, (("power", 1, 2.0),))
        projective = (0, 1.0, (X, T)), square, (2, 1.0, (X,)), (2, -1.0, (T, U))
        return {**self.algebra, "scaling": scaling, "projective": projective}

    @property
    def approximate(self) -> Mapping[str, Generator]:
        return {"u-scaling": ((2, 1.0, (("power", 2, 1.0),)),)}

    def evolution(self, jet: Jet) -> Tensor:
        return -jet["u"] * jet["u_x"] + self.nu * jet["u_xx"]

    def initial(self, series: Float[Tensor, "*b space"]) -> Float[Tensor, "*b space"]:
        r"""$-2\nu\,\partial_x\log\psi_0$ with $\log\psi_0$ the series stretched to $[-10,10]$."""
        span = series.amax(-1, keepdim=True) - series.amin(-1, keepdim=True)
        return -40 * self.nu * derivative(series / span, 1, self.length)

    def solve(
        self,
        initial: Float[Tensor, "*b space"],
        times: Float[Tensor, " time"],
        *,
        start: float = 0.0,
        substeps: int | None = None,
    ) -> Float[Tensor, "*b time space"]:
        r"""Exact solutions: $\psi$ by the heat kernel, the mean of u by a Galilean boost.

        $\log\psi_0=-\tfrac1{2\nu}\int u_0\,dx$ is periodic for a mean of zero. All is computed
        on a grid four times as fine, since $\psi$ has more modes than u.
        """
        points = initial.shape[-1]
        band, fine = Band(points, self.length), 4 * points
        k = band.k(initial.device)
        state = band.modes(initial)
        mean = state[..., :1].real
        antiderivative = torch.where(k > 0, state / torch.where(k > 0, 1j * k, 1), 0)
        log = -band.values(antiderivative, fine) / (2 * self.nu)
        psi0 = torch.exp(log - log.amax(-1, keepdim=True))
        psi = super().solve(psi0, times, start=start)
        u = -2 * self.nu * derivative(psi, 1, self.length) / psi
        travelled = (times.to(initial) - start)[:, None] * mean[..., None, :]
        moved = band.modes(u) * torch.exp(-1j * k * travelled)
        return band.values(moved, points) + mean[..., None, :]
