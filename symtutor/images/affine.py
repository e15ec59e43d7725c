"""Augmentation by the affine group, in closed form."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import AffineField
from ..models.resnet import MEAN
from ..numerics.interpolation import pixel_grid
from ..numerics.quadrature import Quadrature, grid_quadrature
from .flowing import FlowAugment

AFFINE = ("L1", "L2", "L3", "L4", "L5", "L6")


class AffineAugment(FlowAugment):
    r"""Random affine maps $\exp(\sum_j\beta_jL_j)$: one 3 x 3 matrix exponential per picture.

    Args:
        scale: size of the displacements, see `FlowAugment`; published: 0.1 to 0.5.
        names: of the generators, see `AffineField.named`; by default all six of the affine group.
        quadrature: on which the generators get unit norm, by default a regular grid on the
            square. To compare with learned generators, pass the one that those are normalised on:
            only then does an equal scale mean an equal displacement.
        fill: colour outside of the picture; by default the mean colour of photographs, which is
            zero for a network that subtracts it.
        generator: of the coefficients; by default torch's global one.

    Raises:
        ValueError: for unknown generators, or a scale or fill out of range.

    Example:
        >>> AffineAugment(0.3)(torch.rand(8, 3, 32, 32)).shape
        torch.Size([8, 3, 32, 32])
    """

    def __init__(
        self,
        scale: float = 0.1,
        *,
        names: Sequence[str] = AFFINE,
        quadrature: Quadrature | None = None,
        fill: float | Sequence[float] = MEAN,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(len(names), scale, fill, generator)
        self.names = tuple(names)
        quadrature = quadrature or grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
        field = AffineField.named(*names, quadrature=quadrature.to(torch.zeros(1)))
        matrices = field.augmented() * field.scale()[:, None, None]
        self.register_buffer("matrices", matrices.detach())
        self.matrices: Tensor

    def points(
        self, beta: Float[Tensor, "b n"], height: int, width: int
    ) -> Float[Tensor, "b h w 2"]:
        """The pixel grid under the inverse of every picture's affine map."""
        backward = torch.linalg.matrix_exp(-torch.einsum("bn,nij->bij", beta, self.matrices))
        grid = pixel_grid(height, width).to(beta)
        turned = torch.einsum("bij,hwj->bhwi", backward[:, :2, :2], grid)
        return turned + backward[:, None, None, :2, 2]
