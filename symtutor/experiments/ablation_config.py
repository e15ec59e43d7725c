"""The settings of the ablations of the learning of PDE symmetries."""

from dataclasses import dataclass
from typing import Literal

from .base import at_least
from .pde_config import PDESymmetry


@dataclass(frozen=True)
class Ablation(PDESymmetry):
    """One training of pde-symmetry on Kuramoto-Sivashinsky, all weights moved by Adam.

    Penalties see whole solutions, as published: two fields can be orthogonal over all times and
    far from it on a few frames.

    Attributes:
        equation: "ks", unless asked otherwise.
        solve: never; with heads that are solved for, the ablated weights have no meaning.
        sigma_start: sigma at the first step, if that is less than `sigma`; otherwise `sigma`
            throughout, as published.
        every_frame: penalties see every so many frames of one solution.
        every_column: and every so many grid points.
    """

    equation: Literal["kdv", "ks", "burgers", "nkdv", "ckdv"] = "ks"
    solve: bool = False
    sigma_start: float = 1.0
    every_frame: int = 10
    every_column: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(self, 1, "every_frame", "every_column")
        if self.solve:
            raise ValueError(
                "an ablation needs the published training, solve=False; for heads that are solved "
                "for use pde-symmetry"
            )
        if self.every_frame > 46 or 256 % self.every_column or self.every_column > 64:
            raise ValueError(
                "penalties need at least 4 frames and equally spaced grid points: every_frame at "
                "most 46, every_column a divisor of 256 up to 64, got "
                f"{self.every_frame} and {self.every_column}"
            )

    def penalty_grid(self, patch: slice) -> tuple[slice, slice]:
        """Frames and columns of a trajectory on which penalties are evaluated: all of it, thinned.

        Args:
            patch: the frames of the patch, which do not matter here.
        """
        return slice(None, None, self.every_frame), slice(None, None, self.every_column)

    @property
    def first_sigma(self) -> float:
        """Largest |s| at the first step; it never shrinks."""
        return min(self.sigma_start, self.sigma)
