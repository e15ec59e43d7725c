"""What every vector field promises."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..numerics.quadrature import Quadrature

SMALLEST_NORM = 1e-8


class Field(nn.Module, ABC):
    r"""n vector fields $V_1..V_n$ on $\mathbb R^d$, each a pure function of the point.

    With a `quadrature`, generator i is divided by its root mean square norm over those fixed
    points, $\|V_i\| = (\sum_q \omega_q |V_i(z_q)|^2)^{1/2}$, so that $\langle V_i, V_i\rangle = 1$.
    The norm is never taken over the points a field is evaluated at: dividing by it there would
    make the vector at a point depend on its neighbours, and the flow no one-parameter group.

    Subclasses define `raw` and `raw_own`; everything else is shared.

    Attributes:
        dim: number of coordinates d.
        n: number of generators.
        names: coordinate names, for messages and axes.
        labels: generator names.
    """

    def __init__(
        self,
        dim: int,
        n: int,
        *,
        names: Sequence[str] | None = None,
        labels: Sequence[str] | None = None,
        quadrature: Quadrature | None = None,
    ) -> None:
        super().__init__()
        self.dim, self.n = dim, n
        self.names = tuple(names or (f"x{i + 1}" for i in range(dim)))
        self.labels = tuple(labels or (f"V{i + 1}" for i in range(n)))
        if len(self.names) != dim or len(self.labels) != n:
            raise ValueError(
                f"a field of {n} generators on {dim} coordinates needs {dim} names and {n} labels, "
                f"got {self.names} and {self.labels}"
            )
        if quadrature is not None and quadrature.points.shape[1] != dim:
            raise ValueError(
                f"the field acts on {dim} coordinates {self.names} but the quadrature has points "
                f"with {quadrature.points.shape[1]}; build it from the field's own domain"
            )
        self.register_buffer("_one", torch.ones(n))
        self.register_buffer("_points", None if quadrature is None else quadrature.points)
        self.register_buffer("_weights", None if quadrature is None else quadrature.omega)
        self._one: Tensor
        self._points: Tensor | None
        self._weights: Tensor | None

    @abstractmethod
    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All generators at every point, before normalisation."""

    @abstractmethod
    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Generator i at its own copy i of the points only, before normalisation."""

    def scale(self) -> Float[Tensor, " n"]:
        """Factor of each generator: 1/norm over the quadrature, or 1 without one."""
        if self._points is None or self._weights is None:
            return self._one
        square = self.raw(self._points).square().sum(-1)
        return (self._weights @ square).sqrt().clamp(min=SMALLEST_NORM).reciprocal()

    def forward(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All generators at every point.

        Args:
            points: any batch shape, last axis the d coordinates, in the field's dtype.

        Raises:
            ValueError: if the coordinates or the dtype do not fit.
        """
        self.check(points, points.shape[-1:])
        return self.raw(points) * self.scale()[:, None]

    def check(self, points: Tensor, trailing: Sequence[int], copies: bool = False) -> None:
        """Raise `ValueError` unless points end in the expected axes and share the field's dtype."""
        expected = (self.n, self.dim) if copies else (self.dim,)
        if tuple(trailing) != expected:
            what = f"{self.n} copies (one per generator) of " if copies else ""
            raise ValueError(
                f"field acts on {what}{self.dim} coordinates ({', '.join(self.names)}) but points "
                f"have shape {tuple(points.shape)}; pass points whose last axes are {expected}"
            )
        if points.dtype != self._one.dtype:
            raise ValueError(
                f"field has dtype {self._one.dtype} but points have {points.dtype}; "
                "convert one of them, e.g. field.double() or points.float()"
            )
