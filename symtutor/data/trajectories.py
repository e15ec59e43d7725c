"""Simulated solutions: made from a seed, split without overlap, kept with a checksum."""

import math
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from ..files import (
    DamagedError,
    read_sealed,
    read_tensors,
    sha256,
    tensor_bytes,
    write_bytes,
    write_sealed,
)
from ..numerics.chart import Chart
from ..numerics.random import generator as random_stream
from ..numerics.spectral import unresolved
from .equations import EQUATIONS, Equation, Heat
from .initial import initial_condition

KINDS: dict[str, type[Equation]] = {
    equation.name: type(equation) for equation in (*EQUATIONS.values(), Heat())
}
TOP_SHARE = 1e-6


@dataclass(frozen=True)
class Trajectories:
    """Solutions of one equation on one grid.

    Attributes:
        u: values, trajectory by frame by grid point.
        times: of the frames, evenly spaced.
        x: grid points in [0, L), the end left out.
        equation: what was solved.
        seed, split: what the initial conditions were drawn from.

    Raises:
        ValueError: if the shapes do not fit, or a value is not finite.
    """

    u: Float[Tensor, "n time space"]
    times: Float[Tensor, " time"]
    x: Float[Tensor, " space"]
    equation: Equation
    seed: int
    split: str

    def __post_init__(self) -> None:
        if self.u.ndim != 3 or self.u.shape[1:] != (len(self.times), len(self.x)):
            raise ValueError(
                f"trajectories need u (n, {len(self.times)}, {len(self.x)}) to fit their times and "
                f"grid points, got {tuple(self.u.shape)}"
            )
        if not torch.isfinite(self.u).all():
            raise ValueError("trajectories must be finite; simulate again with more substeps")

    def __len__(self) -> int:
        return len(self.u)

    def __repr__(self) -> str:
        n, frames, points = self.u.shape
        return (
            f"{n:,} trajectories of {self.equation.name}: {frames} frames, t = "
            f"{self.times[0]:.4g} to {self.times[-1]:.4g}, {points} points, "
            f"{self.split}, seed {self.seed}"
        )

    def points(self) -> Float[Tensor, "n time space 3"]:
        """(x, t, u) at every grid point: the graphs of the solutions."""
        x, t = self.x.expand_as(self.u), self.times[:, None].expand_as(self.u)
        return torch.stack([x, t, self.u], dim=-1)

    def chart(self) -> Chart:
        r"""Coordinates $(x/L,\ (t-t_{\rm start})/T_w,\ cu)$ with $c=1/(\sqrt{12}\,\mathrm{RMS})$.

        $T_w$ is the number of frames times their distance. With this c the values of u have the
        root mean square of a uniform variable's deviation on [0, 1], like x and t.

        Raises:
            ValueError: for fewer than two frames, or a solution that is zero.
        """
        rms = self.u.square().mean().sqrt().item()
        if len(self.times) < 2 or rms == 0:
            raise ValueError(
                f"a chart needs two frames and a solution that is not zero, got {len(self.times)} "
                f"frame(s) with RMS {rms:g}"
            )
        window = len(self.times) * (self.times[-1] - self.times[0]).item() / (len(self.times) - 1)
        scale = (1 / self.equation.length, 1 / window, 1 / (math.sqrt(12) * rms))
        return Chart(scale, (0.0, self.times[0].item(), 0.0))

    def take(self, n: int, seed: int = 0) -> "Trajectories":
        """n different trajectories, drawn without replacement.

        Raises:
            ValueError: if there are fewer than n, or n is below 1.
        """
        if not 1 <= n <= len(self):
            raise ValueError(
                f"cannot draw {n} different trajectories from {len(self)}; simulate more of them"
            )
        order = torch.randperm(len(self), generator=random_stream(seed, "take"))
        return replace(self, u=self.u[order[:n].to(self.u.device)])

    def save(self, path: str | Path) -> None:
        """Write `path`.safetensors and `path`.json, which carries the checksum of both."""
        base = Path(path)
        data = tensor_bytes({"u": self.u, "times": self.times, "x": self.x})
        write_bytes(base.with_name(base.name + ".safetensors"), data)
        described = {
            "equation": self.equation.name,
            "settings": asdict(self.equation),
            "seed": self.seed,
            "split": self.split,
            "tensors": sha256(data),
        }
        write_sealed(base.with_name(base.name + ".json"), described)

    @classmethod
    def load(cls, path: str | Path, kind: type[Equation] | None = None) -> "Trajectories":
        """Read what `save` wrote.

        Args:
            path: as given to `save`.
            kind: class of the equation, for one that is not of the package.

        Raises:
            DamagedError: if a file is missing, truncated or edited.
            ValueError: if the class of the equation is not known.
        """
        base = Path(path)
        described = read_sealed(base.with_name(base.name + ".json"))
        try:
            name, settings = described["equation"], described["settings"]
            origin = {"seed": described["seed"], "split": described["split"]}
            checksum = described["tensors"]
        except KeyError as error:
            raise DamagedError(f"{base}.json does not describe trajectories: no {error}") from None
        kind = kind or KINDS.get(name)
        if kind is None or kind.name != name:
            raise ValueError(
                f"{base} holds solutions of {name!r}; pass load(path, kind=...) the class of that "
                "equation"
            )
        settings["wavenumbers"] = tuple(settings["wavenumbers"])
        tensors = read_tensors(base.with_name(base.name + ".safetensors"), checksum)
        return cls(**tensors, equation=kind(**settings), **origin)


def simulate(
    equation: Equation,
    n: int,
    *,
    seed: int = 0,
    split: str = "train",
    points: int | None = None,
    frames: int | None = None,
    substeps: int | None = None,
    all_times: bool = False,
    device: torch.device | str = "cpu",
) -> Trajectories:
    """Simulate n trajectories from random initial conditions, in float64.

    Every split of a seed has random numbers of its own, so no trajectory is in two of them.

    Args:
        equation: one of `EQUATIONS.values()`, or your own.
        n: number of trajectories.
        seed, split: what the initial conditions are drawn from.
        points: grid points; by default the equation's.
        frames: frames in [0, duration]; by default the equation's.
        substeps: solver steps per frame; by default the equation's.
        all_times: keep all frames instead of the last `equation.kept`.
        device: where to compute and leave the solutions.

    Raises:
        ValueError: for n below 1, fewer than two frames, substeps below 1 or too few points.
        FloatingPointError: if the solution becomes infinite.

    Example:
        >>> simulate(EQUATIONS["burgers"], 2)
        2 trajectories of burgers: 140 frames, t = 4.022 to 18, 256 points, train, seed 0
    """
    changes = {"points": points, "frames": frames, "substeps": substeps}
    equation = replace(equation, **{key: v for key, v in changes.items() if v is not None})
    if equation.frames < 2 or equation.kept < 1:
        raise ValueError(
            f"a simulation stores at least two frames and keeps at least one, got "
            f"frames={equation.frames} and kept={equation.kept}"
        )
    stream = random_stream(seed, f"{equation.name}/{split}")
    first = initial_condition(equation, n, stream)
    times = torch.arange(equation.frames, dtype=torch.float64) * equation.frame_time
    times = times if all_times else times[-equation.kept :]
    u = equation.solve(first.to(device), times)
    _warn_if_unresolved(equation, u)
    x = torch.arange(equation.points, dtype=torch.float64) * equation.length / equation.points
    return Trajectories(u, times.to(u.device), x.to(u.device), equation, seed, split)


def _warn_if_unresolved(equation: Equation, u: Tensor) -> None:
    """Warn when the top modes of some frame carry too much energy."""
    shares = unresolved(u).amax(-1)
    bad = int((shares > TOP_SHARE).sum())
    if bad:
        warnings.warn(
            f"{bad} of {len(u)} trajectories of {equation.name} are not resolved by "
            f"{equation.points} points: the top tenth of the Fourier modes carries up to "
            f"{shares.max().item():.1e} of the energy (limit {TOP_SHARE:g}); pass "
            f"points={2 * equation.points}",
            stacklevel=3,
        )
