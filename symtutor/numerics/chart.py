"""Coordinates in which every axis has a comparable size."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Chart:
    r"""A scale and an origin for every coordinate: $z'=(z-z_0)\,c$, componentwise.

    A PDE's $(x,t,u)$ have three units; losses that compare distances need them in one. Ko, Kim and
    Lee (2024, appendix C) use $(x/L,\ (t-t_0)/T,\ c\,u)$.

    Attributes:
        scale: c, in the inverse unit of every coordinate; positive.
        origin: $z_0$, in the unit of every coordinate.

    Raises:
        ValueError: if the two lengths differ, or a number is not finite, or a scale not positive.

    Example:
        >>> chart = Chart((0.5, 1.0), (0.0, 10.0))
        >>> chart.inward(torch.tensor([4.0, 12.0])).tolist()
        [2.0, 2.0]
    """

    scale: tuple[float, ...]
    origin: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = torch.tensor([*self.scale, *self.origin], dtype=torch.float64)
        fits = len(self.scale) == len(self.origin)
        if not fits or not torch.isfinite(numbers).all() or min(self.scale) <= 0:
            raise ValueError(
                "a chart needs one finite positive scale and one finite origin per coordinate, got "
                f"scale {self.scale} and origin {self.origin}"
            )

    def inward(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Points in the chart's coordinates."""
        return (points - points.new_tensor(self.origin)) * points.new_tensor(self.scale)

    def outward(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Points given in the chart's coordinates, in their own units."""
        return points / points.new_tensor(self.scale) + points.new_tensor(self.origin)

    def push(self, vectors: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Components of vectors in the chart's coordinates."""
        return vectors * vectors.new_tensor(self.scale)

    def pull(self, vectors: Float[Tensor, "*b d"]) -> Float[Tensor, "*b d"]:
        """Components of vectors given in the chart's coordinates, in their own units."""
        return vectors / vectors.new_tensor(self.scale)
