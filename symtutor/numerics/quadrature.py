"""Weighted point sets that stand for an integral."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


def normalise_weights(weights: Float[Tensor, " q"]) -> Float[Tensor, " q"]:
    """Scale non-negative weights to sum to one.

    Raises:
        ValueError: if a weight is negative or not finite, or if all of them vanish.
    """
    if not torch.isfinite(weights).all() or (weights < 0).any():
        raise ValueError(
            f"weights must be finite and non-negative, got values from {weights.min().item():g} "
            f"to {weights.max().item():g}; pass e.g. weights.clamp(min=0)"
        )
    total = weights.sum()
    if total <= 0:
        raise ValueError(
            f"the {weights.numel()} weights sum to zero, so they define no mean; "
            "pass at least one positive weight"
        )
    return weights / total


@dataclass(frozen=True)
class Quadrature:
    r"""Points $z_q$ and weights $\omega_q\ge0$ of sum one: $E[g]=\sum_q\omega_q\,g(z_q)$.

    Weights are normalised on construction; omit them for equal ones.

    Raises:
        ValueError: if the numbers of points and weights differ, or the weights have no sum.

    Example:
        >>> import torch
        >>> Quadrature(torch.rand(4, 2), torch.tensor([1.0, 1.0, 1.0, 5.0])).weights[3].item()
        0.625
    """

    points: Float[Tensor, "q d"]
    weights: Float[Tensor, " w"] | None = None

    def __post_init__(self) -> None:
        count = self.points.shape[0]
        weights = self.weights
        if weights is None:
            weights = self.points.new_ones(count)
        if weights.shape != (count,):
            raise ValueError(
                f"a quadrature pairs every point with one weight, got {count} points and weights "
                f"of shape {tuple(weights.shape)}; pass weights of shape ({count},)"
            )
        weights = normalise_weights(weights.to(self.points))
        object.__setattr__(self, "weights", weights)

    def to(self, like: Tensor) -> "Quadrature":
        """The same quadrature with the dtype and on the device of `like`."""
        return Quadrature(self.points.to(like), self.omega.to(like))

    @property
    def omega(self) -> Float[Tensor, " q"]:
        """The normalised weights."""
        assert self.weights is not None  # set by __post_init__
        return self.weights


def grid_quadrature(
    bounds: Sequence[tuple[float, float]],
    sizes: Sequence[int],
    *,
    dtype: torch.dtype = torch.float32,
) -> Quadrature:
    """A regular grid with equal weights; the end points of every interval are included.

    Args:
        bounds: (low, high) of each coordinate.
        sizes: number of grid values of each coordinate.

    Raises:
        ValueError: if the two differ in length, or a size is below 1.

    Example:
        >>> grid_quadrature([(-1, 1), (-1, 1)], [32, 32]).points.shape
        torch.Size([1024, 2])
    """
    if len(bounds) != len(sizes) or min(sizes, default=0) < 1:
        raise ValueError(
            f"a grid needs one (low, high) and one size >= 1 per coordinate, got {len(bounds)} "
            f"bounds and sizes {tuple(sizes)}"
        )
    axes = [
        torch.linspace(low, high, size, dtype=dtype)
        for (low, high), size in zip(bounds, sizes, strict=True)
    ]
    mesh = torch.meshgrid(*axes, indexing="ij")
    return Quadrature(torch.stack([axis.reshape(-1) for axis in mesh], dim=-1))
