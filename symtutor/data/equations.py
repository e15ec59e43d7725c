"""Five evolution equations: what to simulate, and which symmetries they have."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from ..numerics.spectral import Band
from .evolution import (
    T_TRANSLATION,
    TRANSLATIONS_AND_BOOST,
    X_TRANSLATION,
    Equation,
    Factor,
    Generator,
    Jet,
    Part,
    T,
    Term,
    U,
    X,
)
from .heat import Burgers, Heat

__all__ = [
    "EQUATIONS",
    "KS",
    "Burgers",
    "CKdV",
    "Equation",
    "Factor",
    "Generator",
    "Heat",
    "Jet",
    "KdV",
    "NKdV",
    "Part",
    "Term",
]


@dataclass(frozen=True, kw_only=True)
class KdV(Equation):
    r"""Korteweg and de Vries: $u_t+uu_x+u_{xxx}=0$.

    Example:
        >>> one = torch.ones(())
        >>> KdV().residual({"t": one, "u": one, "u_t": one, "u_x": one, "u_xxx": one}).item()
        3.0
    """

    name: ClassVar[str] = "kdv"
    order: ClassVar[int] = 3

    @property
    def algebra(self) -> Mapping[str, Generator]:
        return TRANSLATIONS_AND_BOOST

    @property
    def local_algebra(self) -> Mapping[str, Generator]:
        r"""With the scaling $x\,\partial_x+3t\,\partial_t-2u\,\partial_u$ (Olver 1993, 2.4)."""
        return {**self.algebra, "scaling": ((0, 1.0, (X,)), (1, 3.0, (T,)), (2, -2.0, (U,)))}

    def linear_symbol(self, k: Float[Tensor, " modes"]) -> Tensor:
        return 1j * k**3

    def evolution(self, jet: Jet) -> Tensor:
        return -jet["u"] * jet["u_x"] - jet["u_xxx"]


@dataclass(frozen=True, kw_only=True)
class KS(Equation):
    r"""Kuramoto and Sivashinsky: $u_t+uu_x+u_{xx}+u_{xxxx}=0$; chaotic."""

    name: ClassVar[str] = "ks"
    order: ClassVar[int] = 4
    length: float = 64.0
    frames: int = 500
    substeps: int = 16

    @property
    def algebra(self) -> Mapping[str, Generator]:
        return TRANSLATIONS_AND_BOOST

    def linear_symbol(self, k: Float[Tensor, " modes"]) -> Tensor:
        return k**2 - k**4

    def evolution(self, jet: Jet) -> Tensor:
        return -jet["u"] * jet["u_x"] - jet["u_xx"] - jet["u_xxxx"]


@dataclass(frozen=True, kw_only=True)
class NKdV(KdV):
    r"""KdV in another time: $e^{-t/t_0}u_t+uu_x+u_{xxx}=0$; KdV's time is $t_0(e^{t/t_0}-1)$.

    Attributes:
        t0: $t_0$, the time in which the clock runs faster by e.
    """

    name: ClassVar[str] = "nkdv"
    wavenumbers: tuple[int, ...] = (1,)
    substeps: int = 24
    t0: float = 50.0

    @property
    def algebra(self) -> Mapping[str, Generator]:
        grows, decays = (("exp", 1, 1 / self.t0),), (("exp", 1, -1 / self.t0),)
        return {
            "x-translation": X_TRANSLATION,
            "t-translation": ((1, 1.0, decays),),
            "galilean": ((0, self.t0, grows), (0, -self.t0, ()), (2, 1.0, ())),
        }

    @property
    def local_algebra(self) -> Mapping[str, Generator]:
        r"""With KdV's scaling, whose $3t\,\partial_t$ is $3t_0(1-e^{-t/t_0})\,\partial_t$ here."""
        clock = (1, 3 * self.t0, ()), (1, -3 * self.t0, (("exp", 1, -1 / self.t0),))
        return {**self.algebra, "scaling": ((0, 1.0, (X,)), *clock, (2, -2.0, (U,)))}

    def factor(self, t: Tensor | float) -> Tensor | float:
        return torch.exp(-t / self.t0) if isinstance(t, Tensor) else math.exp(-t / self.t0)

    def evolution(self, jet: Jet) -> Tensor:
        return super().evolution(jet) / self.factor(jet["t"])

    def clock(self, t: Tensor | float) -> Tensor | float:
        """KdV's time at time t."""
        return self.t0 * ((1 / self.factor(t)) - 1)

    def solve(
        self,
        initial: Float[Tensor, "*b space"],
        times: Float[Tensor, " time"],
        *,
        start: float = 0.0,
        substeps: int | None = None,
    ) -> Float[Tensor, "*b time space"]:
        """Solutions of KdV, read at the times of its own clock."""
        clock = torch.as_tensor(self.clock(times))
        return super().solve(initial, clock, start=float(self.clock(start)), substeps=substeps)


@dataclass(frozen=True, kw_only=True)
class CKdV(Equation):
    r"""Cylindrical KdV: $u_t+uu_x+u_{xxx}+\dfrac{u}{2(t+1)}=0$.

    Solved as $v=\sqrt{t+1}\,u$, for which the last term is gone:
    $v_t+v_{xxx}+(t+1)^{-1/2}vv_x=0$.
    """

    name: ClassVar[str] = "ckdv"
    order: ClassVar[int] = 3
    substeps: int = 8

    @property
    def algebra(self) -> Mapping[str, Generator]:
        boost: Generator = ((0, 2.0, (("sqrt", 1, 1.0),)), (2, 1.0, (("rsqrt", 1, 1.0),)))
        return {"x-translation": X_TRANSLATION, "galilean": boost}

    @property
    def local_algebra(self) -> Mapping[str, Generator]:
        r"""With a scaling and a projective generator; $T=t+1$.

        $x\,\partial_x+3T\,\partial_t-2u\,\partial_u$ and $4T^{3/2}\partial_t+2xT^{1/2}\partial_x
        +(xT^{-1/2}-4uT^{1/2})\,\partial_u$. The four span the algebra of KdV.
        """
        root, inverse = ("sqrt", 1, 1.0), ("rsqrt", 1, 1.0)
        scaling = (0, 1.0, (X,)), (1, 3.0, ()), (1, 3.0, (T,)), (2, -2.0, (U,))
        projective = (
            (0, 2.0, (X, root)),
            (1, 4.0, (root,)),
            (1, 4.0, (T, root)),
            (2, 1.0, (X, inverse)),
            (2, -4.0, (U, root)),
        )
        return {**self.algebra, "scaling": scaling, "projective": projective}

    @property
    def approximate(self) -> Mapping[str, Generator]:
        return {"t-translation": T_TRANSLATION}

    def linear_symbol(self, k: Float[Tensor, " modes"]) -> Tensor:
        return 1j * k**3

    def nonlinearity(
        self, band: Band, state: Complex[Tensor, "*b modes"], t: float
    ) -> Complex[Tensor, "*b modes"]:
        r"""$-\tfrac12(v^2)_x/\sqrt{t+1}$, for v."""
        return super().nonlinearity(band, state, t) / math.sqrt(t + 1)

    def evolution(self, jet: Jet) -> Tensor:
        return -jet["u"] * jet["u_x"] - jet["u_xxx"] - jet["u"] / (2 * (jet["t"] + 1))

    def solve(
        self,
        initial: Float[Tensor, "*b space"],
        times: Float[Tensor, " time"],
        *,
        start: float = 0.0,
        substeps: int | None = None,
    ) -> Float[Tensor, "*b time space"]:
        """Solutions through v."""
        v = super().solve(initial * math.sqrt(start + 1), times, start=start, substeps=substeps)
        return v / (times.to(v) + 1).sqrt()[:, None]


EQUATIONS: dict[str, Equation] = {
    equation.name: equation for equation in (KdV(), KS(), Burgers(), NKdV(), CKdV())
}
