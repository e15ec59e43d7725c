"""Solutions of evolution equations: space-time maps and waterfalls."""

import matplotlib.pyplot as plt
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from .palette import COLOURS


def _arrays(
    u: Float[Tensor, "time space"], times: Float[Tensor, " time"], x: Float[Tensor, " space"]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three as arrays, if they fit and are finite."""
    values, t, place = (v.detach().cpu().double().numpy() for v in (u, times, x))
    if values.shape != (len(t), len(place)) or min(values.shape) < 2:
        raise ValueError(
            f"a solution needs u (time, space) with at least 2 of each, got u "
            f"{tuple(u.shape)}, {len(times)} times and {len(x)} grid points; choose one trajectory"
        )
    if not np.isfinite(values).all():
        raise ValueError("the solution is not finite; simulate again with more substeps")
    return values, t, place


def spacetime(
    u: Float[Tensor, "time space"],
    times: Float[Tensor, " time"],
    x: Float[Tensor, " space"],
    ax: Axes | None = None,
    *,
    limit: float | None = None,
    label: str = "u",
) -> Axes:
    """A solution over space (to the right) and time (upwards), in colours symmetric about zero.

    Blue is negative, white zero, red positive; a colour bar tells the values.

    Args:
        u: one trajectory.
        times, x: of its rows and columns, evenly spaced.
        ax: where to draw; a new figure if omitted.
        limit: value of the deepest colour; by default the largest |u|.
        label: what the colours show.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or the limit is not positive.

    Example:
        >>> from symtutor import Burgers, simulate
        >>> waves = simulate(Burgers(), 1)
        >>> spacetime(waves.u[0], waves.times, waves.x).get_ylabel()
        't'
    """
    values, t, place = _arrays(u, times, x)
    limit = float(np.abs(values).max()) or 1.0 if limit is None else limit
    if not limit > 0:
        raise ValueError(f"the limit of the colours must be positive, got {limit}")
    if ax is None:
        ax = plt.subplots(figsize=(5.2, 3.8))[1]
    half_x, half_t = (place[1] - place[0]) / 2, (t[1] - t[0]) / 2
    picture = ax.imshow(
        values,
        origin="lower",
        aspect="auto",
        extent=(place[0] - half_x, place[-1] + half_x, t[0] - half_t, t[-1] + half_t),
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
    )
    ax.figure.colorbar(picture, ax=ax, label=label)
    ax.set(xlabel="x", ylabel="t")
    return ax


def waterfall(
    u: Float[Tensor, "time space"],
    times: Float[Tensor, " time"],
    x: Float[Tensor, " space"],
    ax: Axes | None = None,
    *,
    lines: int = 25,
    height: float = 4.0,
    colour: str | None = None,
) -> Axes:
    """Profiles of a solution at successive times, each standing on its time, later ones behind.

    Args:
        u: one trajectory.
        times, x: of its rows and columns, evenly spaced.
        ax: where to draw; a new figure if omitted.
        lines: number of profiles, evenly chosen, at least 2.
        height: of the range of u, in distances between two profiles.
        colour: of the lines; by default that of the exact solutions of the book.

    Raises:
        ValueError: if the shapes do not fit, a value is not finite, or `lines` is below 2.

    Example:
        >>> from symtutor import Burgers, simulate
        >>> waves = simulate(Burgers(), 1)
        >>> len(waterfall(waves.u[0], waves.times, waves.x, lines=10).lines)
        10
    """
    values, t, place = _arrays(u, times, x)
    if lines < 2:
        raise ValueError(f"a waterfall needs at least two profiles, got lines={lines}")
    if ax is None:
        ax = plt.subplots(figsize=(5.2, 4.2))[1]
    chosen = np.unique(np.linspace(0, len(t) - 1, lines).round().astype(int))
    lowest, spread = values.min(), np.ptp(values) or 1.0
    scale = height * (t[-1] - t[0]) / (len(chosen) - 1) / spread
    for depth, row in enumerate(chosen[::-1]):
        profile = t[row] + scale * (values[row] - lowest)
        ax.fill_between(place, t[row], profile, color=ax.get_facecolor(), zorder=2 * depth, lw=0)
        ax.plot(place, profile, color=colour or COLOURS["exact"], lw=1, zorder=2 * depth + 1)
    ax.set(xlabel="x", ylabel="t", xlim=(place[0], place[-1]))
    return ax
