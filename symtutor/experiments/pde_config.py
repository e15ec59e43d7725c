"""The settings of the experiment pde-symmetry."""

from dataclasses import dataclass
from typing import Literal

import torch

from ..data.equations import EQUATIONS
from .base import above_zero, at_least, one_of_its_choices

DTYPES = {"float64": torch.float64, "float32": torch.float32}


@dataclass(frozen=True)
class PDESymmetry:
    """Learn the generators of the symmetries of one equation.

    Attributes:
        seed: of the data, the initial weights and the batches; an integer >= 0.
        equation: "kdv", "ks", "burgers", "nkdv" or "ckdv".
        method: "infinitesimal", the determining equation at s = 0; "total", moved solutions by the
            chain rule; "weno", moved solutions by stencils, as published; "bilinear", moved
            solutions by differences after resampling, which the paper found to fail.
        solve: solve for linear heads exactly in every step and at the end (variable projection);
            only with "infinitesimal" and head = 0. Otherwise Adam moves all weights.
        slots: number of generators to look for.
        width: hidden width of the network's trunk.
        head: hidden width of each head; 0 for linear heads.
        trajectories: number of simulated solutions to learn from.
        steps: training steps.
        batch: snapshots (infinitesimal) or trajectories (the others) in each step.
        frames: consecutive frames of a patch (not for infinitesimal).
        columns: neighbouring grid points of a patch (weno, bilinear); total takes whole periods.
        snapshots: rows on which the heads are solved for in the end.
        learning_rate: of Adam at the start.
        schedule: "cosine" to 0, or "half": a tenth from half of the steps on, as published.
        sigma: largest |s| of a flow; |s| is uniform in [0, sigma], its sign drawn for every slot.
        sigma_start: sigma at the first step; it grows geometrically over the first half.
        tau: Lipschitz constant that is free of charge.
        w_validity: weight of the score; this one and the next three are not used with `solve`.
        w_ortho: weight of the orthonormality of the slots.
        w_lipschitz: weight of what exceeds the Lipschitz constant `tau`.
        w_sobolev: weight of the Sobolev loss, over the last part of the steps.
        sobolev_part: that part.
        precision: "float64" or "float32", of network, flow and derivatives in training. Rows and
            final scores are float64; "float32" is not for `solve`, "total" and "infinitesimal",
            whose floors it would bury.
    """

    seed: int = 0
    equation: Literal["kdv", "ks", "burgers", "nkdv", "ckdv"] = "kdv"
    method: Literal["infinitesimal", "total", "weno", "bilinear"] = "infinitesimal"
    solve: bool = True
    slots: int = 4
    width: int = 128
    head: int = 0
    trajectories: int = 32
    steps: int = 60
    batch: int = 16
    frames: int = 28
    columns: int = 64
    snapshots: int = 64
    learning_rate: float = 5e-3
    schedule: Literal["cosine", "half"] = "cosine"
    sigma: float = 0.4
    sigma_start: float = 0.4
    tau: float = 3.0
    w_validity: float = 1.0
    w_ortho: float = 3.0
    w_lipschitz: float = 1.0
    w_sobolev: float = 1.0
    sobolev_part: float = 0.18
    precision: Literal["float64", "float32"] = "float64"

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "head", "tau", "sobolev_part")
        at_least(self, 0, "w_validity", "w_ortho", "w_lipschitz", "w_sobolev")
        at_least(self, 1, "slots", "width", "trajectories", "steps", "batch", "snapshots")
        above_zero(self, "learning_rate", "sigma", "sigma_start")
        if self.solve and (self.method != "infinitesimal" or self.head):
            raise ValueError(
                "heads can be solved for if they are linear and the score is: solve needs "
                f"method='infinitesimal' and head=0, got {self.method!r} and head={self.head}; "
                "pass solve=False to train all weights"
            )
        if self.precision == "float32" and self.method not in ("weno", "bilinear"):
            raise ValueError(
                f"in float32 the rounding of high derivatives exceeds what {self.method!r} has to "
                "see; use precision='float64'"
            )
        self._check_patch()

    def _check_patch(self) -> None:
        rows = {"weno": 3, "bilinear": 3, "infinitesimal": 2}.get(
            self.method, 6 * EQUATIONS[self.equation].order + 1
        )
        kept = EQUATIONS[self.equation].kept
        if not rows <= self.frames <= kept or not 5 <= self.columns <= 256:
            raise ValueError(
                f"the method {self.method!r} needs from {rows} to {kept} frames for "
                f"{self.equation} and 5 to 256 columns, got frames={self.frames} and "
                f"columns={self.columns}"
            )

    def penalty_grid(self, patch: slice) -> tuple[slice, slice]:
        """Frames and columns of a trajectory on which penalties are evaluated.

        Args:
            patch: the frames of the patch; here all penalties stay on them.
        """
        return patch, slice(None)

    @property
    def first_sigma(self) -> float:
        """Largest |s| at the first step."""
        return self.sigma_start
