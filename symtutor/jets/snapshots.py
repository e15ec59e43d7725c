"""Solutions at single instants, with every derivative that their equation implies."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..data.equations import Equation
from ..data.trajectories import Trajectories
from ..numerics.random import generator
from ..numerics.spectral import derivative, derivatives


def refine(u: Float[Tensor, "*b space"], factor: int) -> Float[Tensor, "*b fine"]:
    """The trigonometric interpolant on a grid that is `factor` times finer.

    Example:
        >>> refine(torch.tensor([1.0, 0.0, -1.0, 0.0]).double(), 2)[:3].round(decimals=4).tolist()
        [1.0, 0.7071, 0.0]
    """
    points = u.shape[-1]
    spectrum = torch.fft.rfft(u, norm="forward")
    if factor > 1 and points % 2 == 0:
        spectrum = torch.cat([spectrum[..., :-1], spectrum[..., -1:] / 2], dim=-1)
    return torch.fft.irfft(spectrum, n=factor * points, norm="forward")


def x_names(order: int) -> list[str]:
    """Names of u and its x-derivatives: u, u_x, u_xx, ..."""
    return ["u", *(f"u_{'x' * m}" for m in range(1, order + 1))]


@dataclass(frozen=True)
class Snapshots:
    r"""Solutions of $u_t=F$ at single instants, with every derivative the equation implies.

    Where the equation is known, $u_t=F$, $u_{xt}=D_xF$ and $u_{tt}=F_t+F_*[F]$ follow from the
    values along one row. No difference in time is taken, so the stored time step does not matter.

    Attributes:
        equation: the equation.
        jet: values "rows space" of "x", "t", "u", "u_x", ..., "u_t", "u_xt", "u_tt".
        slopes: $\partial F/\partial u_m$ for the x-derivatives $u_m$, m = 0 to the order.
        trajectory: number of the trajectory that each row is from, if that is known; intervals
            resample trajectories, not rows.
    """

    equation: Equation
    jet: dict[str, Tensor]
    slopes: tuple[Tensor, ...]
    trajectory: Int64[Tensor, " rows"] | None = None

    @property
    def points(self) -> Float[Tensor, "rows space 3"]:
        """(x, t, u) at every grid point."""
        return torch.stack([self.jet[name] for name in ("x", "t", "u")], dim=-1)

    @property
    def velocity(self) -> Float[Tensor, "rows space 3"]:
        """Velocity (0, 1, u_t) in time of the point over a fixed x."""
        u_t = self.jet["u_t"]
        return torch.stack([torch.zeros_like(u_t), torch.ones_like(u_t), u_t], dim=-1)

    def take(self, rows: Int64[Tensor, " k"]) -> "Snapshots":
        """Some of the rows."""
        jet = {name: value[rows] for name, value in self.jet.items()}
        of = None if self.trajectory is None else self.trajectory[rows]
        return Snapshots(self.equation, jet, tuple(slope[rows] for slope in self.slopes), of)

    def linearised(
        self, q: Float[Tensor, "*m rows space"], power: int = 0
    ) -> Float[Tensor, "*m rows space"]:
        r"""$F_*[x^pq]=\sum_m\frac{\partial F}{\partial u_m}D_x^m(x^pq)$, for q periodic in x.

        $x^p$ is not periodic; Leibniz' rule keeps it out of the Fourier series:
        $D_x^m(x^pq)=\sum_j\binom mj\frac{p!}{(p-j)!}\,x^{p-j}D_x^{m-j}q$.

        Args:
            q: periodic factors.
            power: p, 0 or more.
        """
        terms = derivatives(q, range(len(self.slopes)), self.equation.length)
        x, total = self.jet["x"], torch.zeros_like(q)
        for m, slope in enumerate(self.slopes):
            for j in range(min(m, power) + 1):
                weight = math.comb(m, j) * math.perm(power, j)
                factor = slope * (weight * x ** (power - j)) if power else slope
                total = total + factor * terms[m - j]
        return total


def snapshots(
    equation: Equation,
    u: Float[Tensor, "rows space"],
    t: Float[Tensor, " rows"],
    *,
    fine: int = 2,
) -> Snapshots:
    """Expand rows of solutions through their equation.

    Args:
        equation: satisfied by every row.
        u: one instant of a solution in each row, on the grid x_i = i L / N; float64, since the
            highest derivative costs about 1e-16 k_max^order of relative precision.
        t: the instants.
        fine: products such as u u_x reach twice the wavenumbers of u; the grid is made this many
            times finer, so that they do not fold back. 1 leaves the grid as it is.

    Raises:
        ValueError: if the shapes do not fit, or the equation's `evolution` cannot be linearised:
            it asks for more derivatives than its order, leaves torch, or looks at neighbours.

    Example:
        >>> from symtutor.data.equations import EQUATIONS
        >>> rows = torch.sin(torch.arange(32).double() * torch.pi / 16)[None]
        >>> jet = snapshots(EQUATIONS["kdv"], rows, torch.zeros(1)).jet
        >>> sorted(jet)
        ['t', 'u', 'u_t', 'u_tt', 'u_x', 'u_xt', 'u_xx', 'u_xxx', 'x']
    """
    if u.ndim != 2 or t.shape != u.shape[:1]:
        raise ValueError(
            f"snapshots need u (rows, space) and one time per row, got u {tuple(u.shape)} and t "
            f"{tuple(t.shape)}"
        )
    u = refine(u, fine)
    names = x_names(equation.order)
    x = torch.arange(u.shape[-1], dtype=u.dtype, device=u.device) * equation.length / u.shape[-1]
    jet = dict(zip(names, derivatives(u, range(len(names)), equation.length), strict=True))
    jet |= {"x": x.expand_as(u).clone(), "t": t.to(u)[:, None].expand_as(u).clone()}
    jet["u_t"], (*slopes, in_time) = _differentiated(equation, jet, [*names, "t"])
    result = Snapshots(equation, jet, tuple(slopes))
    jet["u_xt"] = derivative(jet["u_t"], 1, equation.length)
    jet["u_tt"] = in_time + result.linearised(jet["u_t"])
    return result


def _differentiated(
    equation: Equation, jet: dict[str, Tensor], names: list[str]
) -> tuple[Tensor, list[Tensor]]:
    """F on a jet, and its derivative by each of the named entries, point by point."""
    leaves = [jet[name].detach().requires_grad_() for name in names]
    with torch.enable_grad():
        try:
            evolution = equation.evolution(jet | dict(zip(names, leaves, strict=True)))
        except KeyError as error:
            raise ValueError(
                f"the evolution of {equation.name} asks for {error}, but an equation of order "
                f"{equation.order} has {', '.join(names)} and x; set its class attribute `order`"
            ) from None
        if not evolution.requires_grad:
            raise ValueError(
                f"the evolution of {equation.name} cannot be linearised: torch sees no way from "
                "its result back to the jet; write it in torch operations on the jet's entries, "
                "without item(), detach() or NumPy"
            )
        signs = torch.ones_like(evolution)
        signs[..., ::2] = -1  # a point that sees its neighbours gets another sign from them
        found, turned = (
            torch.autograd.grad(evolution, leaves, v, retain_graph=True, allow_unused=True)
            for v in (torch.ones_like(signs), signs)
        )
    for one, other in zip(found, turned, strict=True):
        if one is not None and not torch.allclose(one * signs, other, rtol=1e-4, equal_nan=True):
            raise ValueError(
                f"the evolution of {equation.name} mixes grid points; let it take derivatives from "
                "the jet (u_x, u_xx, ...) and raise its `order` for more of them"
            )
    slopes = [torch.zeros_like(evolution) if g is None else g for g in found]
    return evolution.detach(), slopes


def draw_snapshots(
    data: Trajectories, count: int, random: torch.Generator | int = 0, *, fine: int = 2
) -> Snapshots:
    """Random instants of random trajectories, drawn with replacement, expanded.

    Args:
        data: solutions; the rows remember which of them they are from.
        count: number of rows.
        random: a generator, or the seed of one.
        fine: as for `snapshots`.

    Raises:
        ValueError: for a count below 1.

    Example:
        >>> from symtutor import EQUATIONS, simulate
        >>> draw_snapshots(simulate(EQUATIONS["burgers"], 2), 5).jet["u"].shape
        torch.Size([5, 512])
    """
    if count < 1:
        raise ValueError(f"snapshots are drawn at least one at a time, got count={count}")
    if isinstance(random, int):
        random = generator(random, "snapshots")
    which = torch.randint(len(data), (count,), generator=random).to(data.u.device)
    when = torch.randint(len(data.times), (count,), generator=random).to(data.u.device)
    rows = snapshots(data.equation, data.u[which, when], data.times[when], fine=fine)
    return replace(rows, trajectory=which)
