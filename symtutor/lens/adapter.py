r"""A fitted lens as a layer: raw vectors to a representation whose symmetry is a shift."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data.hidden import check_dimension
from .generator import group_convolution


class SymmetryAdapter(nn.Module):
    r"""Vectors in a form whose symmetry is a translation, $y_k=\hat f^\top G^{k-(d-1)/2}x$.

    A step of the hidden symmetry moves y by one place, up to the ends, where content enters and
    leaves the window; convolutions may follow. Nothing is learned here.

    Args:
        antisymmetric: s, of one run; $G=e^s$.
        filter: the resolving filter; its length does not matter.

    Raises:
        ValueError: if s is not antisymmetric, the filter is zero, or their sizes do not fit.

    Example:
        >>> turn = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, -1.0, 0.0]])
        >>> adapter = SymmetryAdapter(turn, torch.tensor([0.0, 1.0, 0.0]))
        >>> y = adapter(torch.rand(5, 1, 3))
        >>> y.shape, torch.nn.Conv1d(1, 4, 3)(y).shape
        (torch.Size([5, 1, 3]), torch.Size([5, 4, 1]))
    """

    def __init__(self, antisymmetric: Float[Tensor, "n n"], filter: Float[Tensor, " d"]) -> None:
        super().__init__()
        check_dimension(filter.shape[0])
        s = antisymmetric.detach()
        defect = (s + s.mT).abs().max()
        if not defect <= 1e-5 * s.abs().max().clamp(min=1.0):
            raise ValueError(
                f"s must be antisymmetric, but s + s^T has an entry of {defect:.2g}; pass "
                "s - s^T over 2, or Lens.generator.antisymmetric()[run]"
            )
        if not filter.norm() > 0:
            raise ValueError("the filter is zero: nothing was learned; train the lens first")
        unit = F.normalize(filter.detach(), dim=0)
        self.register_buffer("antisymmetric", s)
        self.register_buffer("filter", unit)
        L = group_convolution(torch.linalg.matrix_exp(s)[None], unit[None])[0]
        self.register_buffer("matrix", L, persistent=False)
        self.antisymmetric: Tensor
        self.filter: Tensor
        self.matrix: Tensor

    @property
    def d(self) -> int:
        """Components of a vector."""
        return self.filter.shape[0]

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """The representation y = x L.

        Raises:
            ValueError: if x has another number of components.
        """
        if x.shape[-1] != self.d:
            raise ValueError(
                f"the adapter was fitted to vectors of {self.d} components, got {x.shape[-1]}"
            )
        return x @ self.matrix

    def moved(self, x: Float[Tensor, "*b d"], steps: float) -> Float[Tensor, "*b d"]:
        """Raw vectors moved by the learned symmetry, by any real number of steps."""
        padding = (self.antisymmetric.shape[0] - self.d) // 2
        G = torch.linalg.matrix_exp(steps * self.antisymmetric)
        return (F.pad(x, (padding, padding)) @ G.mT)[..., padding : padding + self.d]

    def back(self, y: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Raw vectors that have a representation: the least-squares solution of y = x L."""
        return y @ torch.linalg.pinv(self.matrix)
