"""Affine and linear vector fields, whose flows are matrix exponentials."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..numerics.quadrature import Quadrature
from .base import Field

# name: (matrix A, shift b, meaning) of the field z -> A z + b on (x1, x2)
AFFINE_GENERATORS: dict[str, tuple[list[list[float]], list[float], str]] = {
    "L1": ([[0, 0], [0, 0]], [1, 0], "translation along x1"),
    "L2": ([[0, 0], [0, 0]], [0, 1], "translation along x2"),
    "L3": ([[1, 0], [0, 0]], [0, 0], "scaling of x1"),
    "L4": ([[0, 0], [0, 1]], [0, 0], "scaling of x2"),
    "L5": ([[0, 1], [0, 0]], [0, 0], "shear parallel to x1"),
    "L6": ([[0, 0], [1, 0]], [0, 0], "shear parallel to x2"),
    "L3+L4": ([[1, 0], [0, 1]], [0, 0], "uniform scaling"),
    "L5-L6": ([[0, 1], [-1, 0]], [0, 0], "rotation"),
}


class AffineField(Field):
    r"""Affine fields $V_i(z) = A_i z + b_i$.

    Args:
        matrix: A, one d x d matrix per generator.
        shift: b, one vector per generator.
        trainable: whether A and b are parameters that an optimiser may move.
        labels: generator names.
        quadrature: if given, generators are normalised on it (see `Field`).

    Raises:
        ValueError: if the shapes of matrix and shift do not belong together.

    Example:
        >>> rotation = AffineField(torch.tensor([[[0.0, 1.0], [-1.0, 0.0]]]), torch.zeros(1, 2))
        >>> rotation(torch.tensor([1.0, 0.0])).tolist()
        [[0.0, -1.0]]
    """

    def __init__(
        self,
        matrix: Float[Tensor, "n d e"],
        shift: Float[Tensor, "m f"],
        *,
        trainable: bool = False,
        labels: Sequence[str] | None = None,
        quadrature: Quadrature | None = None,
    ) -> None:
        n, d, columns = matrix.shape
        if d != columns or shift.shape != (n, d):
            raise ValueError(
                f"an affine field needs matrix (n, d, d) and shift (n, d), got "
                f"{tuple(matrix.shape)} and {tuple(shift.shape)}"
            )
        super().__init__(d, n, labels=labels, quadrature=quadrature)
        self.matrix = nn.Parameter(matrix.detach().clone(), requires_grad=trainable)
        self.shift = nn.Parameter(shift.detach().clone(), requires_grad=trainable)
        self.to(matrix)

    @classmethod
    def named(
        cls,
        *names: str,
        dtype: torch.dtype = torch.float32,
        quadrature: Quadrature | None = None,
    ) -> "AffineField":
        """The affine generators of the plane by name; without names, all eight of the table.

        L1, L2 translate, L3, L4 scale one axis, L5, L6 shear; L3+L4 scales uniformly and L5-L6
        rotates (Ko, Kim and Lee 2024, Table 1).

        Raises:
            ValueError: for a name that is not in `AFFINE_GENERATORS`.

        Example:
            >>> AffineField.named("L1", "L5-L6").labels
            ('L1', 'L5-L6')
        """
        chosen = names or tuple(AFFINE_GENERATORS)
        unknown = [name for name in chosen if name not in AFFINE_GENERATORS]
        if unknown:
            raise ValueError(
                f"no affine generator is called {', '.join(unknown)}; "
                f"the names are {', '.join(AFFINE_GENERATORS)}"
            )
        matrices, shifts, _ = zip(*(AFFINE_GENERATORS[name] for name in chosen), strict=True)
        return cls(
            torch.tensor(matrices, dtype=dtype),
            torch.tensor(shifts, dtype=dtype),
            labels=chosen,
            quadrature=quadrature,
        )

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """A_i z + b_i for every i."""
        return torch.einsum("nde,...e->...nd", self.matrix, points) + self.shift

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """A_i z_i + b_i on copy i."""
        return torch.einsum("nde,...ne->...nd", self.matrix, points) + self.shift

    def augmented(self) -> Float[Tensor, "n e e"]:
        r"""The matrices $\begin{pmatrix}A&b\\0&0\end{pmatrix}$, whose exponential is the flow."""
        top = torch.cat([self.matrix, self.shift[..., None]], dim=-1)
        return torch.cat([top, top.new_zeros(self.n, 1, self.dim + 1)], dim=-2)


class MatrixField(Field):
    r"""Linear fields $V_i(z) = A_i z$: generators of matrix groups.

    Args:
        matrix: A, one d x d matrix per generator.
        trainable: whether A is a parameter that an optimiser may move.
        labels: generator names.
        quadrature: if given, generators are normalised on it (see `Field`).

    Raises:
        ValueError: if the matrices are not square.

    Example:
        >>> MatrixField(torch.eye(3)[None])(torch.tensor([1.0, 2.0, 3.0])).tolist()
        [[1.0, 2.0, 3.0]]
    """

    def __init__(
        self,
        matrix: Float[Tensor, "n d e"],
        *,
        trainable: bool = False,
        labels: Sequence[str] | None = None,
        quadrature: Quadrature | None = None,
    ) -> None:
        n, d, columns = matrix.shape
        if d != columns:
            raise ValueError(
                f"a linear field needs square matrices (n, d, d), got {tuple(matrix.shape)}"
            )
        super().__init__(d, n, labels=labels, quadrature=quadrature)
        self.matrix = nn.Parameter(matrix.detach().clone(), requires_grad=trainable)
        self.to(matrix)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """A_i z for every i."""
        return torch.einsum("nde,...e->...nd", self.matrix, points)

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """A_i z_i on copy i."""
        return torch.einsum("nde,...ne->...nd", self.matrix, points)
