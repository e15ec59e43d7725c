"""How well a moved solution still solves its equation."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.equations import Equation
from ..data.trajectories import Trajectories
from ..fields import AffineField, Charted, Field, LibraryField
from ..fields.powers import by_powers, functions
from ..flows import Parameter, flow
from ..jets import (
    Snapshots,
    along,
    characteristic_residual,
    moved_jet,
    snapshots,
    splatted_jet,
    x_names,
)
from ..numerics.chart import Chart
from ..numerics.weno import deformed_derivatives
from .score import Score, one_number

FiniteMethod = Literal["total", "weno", "bilinear"]
Method = Literal["total", "weno", "bilinear", "infinitesimal"]
NO_CHART = Chart((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
CLAMP = 1e-4
"""Residuals below this count as this in the published score."""


def moved_residual(
    field: Field,
    points: Float[Tensor, "b time space 3"],
    equation: Equation,
    s: Parameter,
    *,
    chart: Chart | None = None,
    method: FiniteMethod = "total",
    steps: int = 4,
) -> Float[Tensor, "*landings n b rows columns"]:
    r"""Residual $\Delta$ of the graphs $\{(x,t,u)\}$ of solutions, moved by every generator.

    Args:
        field: n generators on (x, t, u), of the chart if there is one.
        points: (x, t, u) on consecutive frames and neighbouring grid points, in physical units.
            "total" needs whole periods in x.
        equation: what the solutions solve; its grid spacings are those of the points.
        s: where to land, as for `flow`.
        chart: coordinates in which the field acts; physical ones if omitted.
        method: "total", by the chain rule on the grid the points came from (`moved_jet`); "weno",
            by polynomial stencils on the moved points (`deformed_derivatives`), as published;
            "bilinear", by central differences of cells among which the moved points are shared out
            (`splatted_jet`), the alternative that failed.
        steps: RK4 steps per landing.

    Returns:
        For every landing (if s is a vector or table) and generator the residual where it is
        defined: "total" loses 3 rows per x-derivative at either end, "weno" a row and two columns,
        "bilinear" a row. "bilinear" has all columns of the period, but no value where too few
        points arrive.

    Raises:
        ValueError: if the method is unknown, there are too few rows, or points and field differ.
    """
    if method not in get_args(FiniteMethod):
        raise ValueError(
            f"a moved solution is judged by 'total', 'weno' or 'bilinear', got {method!r}"
        )
    inside = chart.inward(points) if chart else points
    recompute = points.device.type == "cpu"
    moved = flow(field, inside, s, steps=steps, recompute=recompute).movedim(-2, -5)
    x, t, u = (chart.outward(moved) if chart else moved).unbind(-1)
    dt, dx = equation.frame_time, equation.length / equation.points
    grid = {"length": equation.length, "spacing": (dt, dx)}
    if method == "total":
        jet = moved_jet(x, t, u, equation.order, length=equation.length, dt=dt)
    elif method == "bilinear":
        jet = splatted_jet(x, t, u, equation.order, **grid, start=points[..., :1, :1, 1])
        return torch.where(jet["defined"] > 0, equation.residual(jet), torch.nan)
    else:
        orders = needed_orders(equation)
        jet = deformed_derivatives(x, t, u, orders, **grid)
    return equation.residual(jet)


def needed_orders(equation: Equation) -> tuple[int, ...]:
    """The x-derivatives that an equation really uses, and always the first, which brings u_t."""
    used: set[str] = set()

    class Watched(dict):
        def __getitem__(self, name: str) -> Tensor:
            used.add(name)
            return super().__getitem__(name)

    names = x_names(equation.order)
    equation.evolution(Watched({name: torch.ones(()) for name in (*names, "x", "t")}))
    return tuple(m for m, name in enumerate(names) if m == 1 or (m > 1 and name in used))


def residual_score(
    residual: Float[Tensor, "*n b rows columns"], method: Method = "total"
) -> Float[Tensor, "*n"]:
    r"""One number, in nats, for the residuals of each generator.

    "weno" follows the published code: the mean of $\log\max(|\Delta|,10^{-4})$ over the points,
    where a point without a derivative counts as the worst of the others. "bilinear" leaves such
    points out, as published; a generator that has no others gets the logarithm of the largest
    residual of all, or 0 if that is larger. The other methods
    take the logarithm of the root mean square. The mean of logarithms can be lowered without limit
    by a field that lives on a small part of the domain; the mean square cannot.
    """
    if method == "bilinear":
        known = residual.isfinite()
        logs = torch.where(known, residual, 1.0).abs().clamp(min=CLAMP).log()
        count, worst = known.sum((-3, -2, -1)), logs.detach().amax()
        return torch.where(count > 0, logs.sum((-3, -2, -1)) / count.clamp(min=1), worst)
    if method == "weno":
        size = residual.abs()
        worst = torch.where(size.isfinite(), size, 0).detach().amax((-3, -2, -1), keepdim=True)
        size = torch.where(size.isfinite(), size, worst)
        return size.clamp(min=CLAMP).log().mean((-3, -2, -1))
    return 0.5 * residual.square().mean((-3, -2, -1)).log()


def infinitesimal_residual(
    field: Field, rows: Snapshots, chart: Chart | None = None
) -> Float[Tensor, "n rows space"]:
    """What each generator, as a direction, does to the residual (`characteristic_residual`).

    The field's own normalisation counts, so scores of different fields can be compared. A field
    has to be periodic in x, except for a table of terms: its powers of x are differentiated by
    Leibniz' rule.
    """
    chart = chart or NO_CHART
    table = _table_with_powers(field, chart)
    if table is not None:
        return _residual_by_powers(table, rows) * field.scale()[:, None, None]
    values, rates = along(field, chart.inward(rows.points), chart.push(rows.velocity))
    return characteristic_residual(rows, values.movedim(-2, 0), rates.movedim(-2, 0), chart)


def _table_with_powers(field: Field, chart: Chart) -> LibraryField | None:
    """The table of terms with powers of x, in units, that a field in the chart's coordinates is."""
    table = field
    if isinstance(field, Charted) and field.chart == chart:
        table = field.field
    elif chart != NO_CHART:
        return None
    if not isinstance(table, LibraryField):
        return None
    with_x = any(f == "power" and not i for term in table.terms for f, i, _ in term)
    return table if with_x else None


def _residual_by_powers(table: LibraryField, rows: Snapshots) -> Float[Tensor, "n rows space"]:
    r"""The residual of a table of terms $x^ph$, without the normalisation of its fields."""
    found = []
    for power, (chosen, rest) in by_powers(table.terms, 0).items():
        values, rates = along(functions(rest, table.names).basis, rows.points, rows.velocity)
        own = table.coefficients[:, chosen]
        moved = [torch.einsum("rsk,nkd->nrsd", v, own) for v in (values, rates)]
        found.append(characteristic_residual(rows, moved[0], moved[1], NO_CHART, power))
    return torch.stack(found).sum(0)


def solution_validity(
    field: Field,
    data: Trajectories,
    contrast: Field,
    s: Parameter | None = None,
    *,
    method: Method = "total",
    chart: Chart | None = None,
    steps: int = 4,
) -> Score:
    r"""Score of every generator on solutions of a PDE, in nats, with floor and contrast.

    Four ways to ask the question of Ko, Kim and Lee (2024, eq. 6), whether moved solutions solve:
    "weno", their stencils on the moved points; "total", the chain rule on the original grid, whose
    floor is orders of magnitude lower; "bilinear", differences after resampling, which they found
    to fail; "infinitesimal", the determining equation at s = 0, without a flow.

    Args:
        field: n generators on (x, t, u), of the chart if there is one; give it unit norm.
        data: solutions; every frame is used.
        contrast: a field known not to generate symmetries, in the same coordinates.
        s: how far to move, not 0; the field and the contrast share it. "infinitesimal" takes none.
        method, chart, steps: as for `moved_residual`.

    Returns:
        Value per generator. The floor of the finite methods is the score of the unmoved data:
        the error of the derivatives. That of "infinitesimal" is the score of the translation in
        x, a symmetry of every equation that does not name x: rounding.

    Raises:
        ValueError: if s is missing or 0 (or given where it has no meaning), or as `moved_residual`.

    Example:
        >>> from symtutor.data.equations import EQUATIONS
        >>> from symtutor.data.trajectories import simulate
        >>> from symtutor.fields import LibraryField
        >>> data = simulate(EQUATIONS["burgers"], 1)
        >>> true = LibraryField.from_generators(data.equation.algebra).double()
        >>> shift = LibraryField.from_generators({"u-translation": ((2, 1.0, ()),)}).double()
        >>> score = solution_validity(true, data, shift, 0.01)
        >>> bool((score.value < score.floor + 0.1).all()), score.contrast > score.floor + 3
        (True, True)
    """
    if (method == "infinitesimal") != (s is None):
        raise ValueError(
            "the methods 'total', 'weno' and 'bilinear' move solutions by s, 'infinitesimal' takes "
            f"no s; got method={method!r} and s={s}"
        )

    def score(mover: Field, parameter: Parameter | None) -> Tensor:
        if parameter is None:
            parts = [_rows(data, i) for i in range(len(data))]
            found = torch.cat([infinitesimal_residual(mover, rows, chart) for rows in parts], 1)
            return residual_score(found[:, None], "infinitesimal")
        options = {"chart": chart, "method": method, "steps": steps}
        parts = [
            moved_residual(mover, points[None], data.equation, parameter, **options)
            for points in data.points()
        ]
        return residual_score(torch.cat(parts, dim=-3), method)

    value = score(field, None if s is None else one_number(s))
    with torch.no_grad():
        rest = AffineField(torch.zeros(1, 3, 3), torch.tensor([[1.0, 0.0, 0.0]])).to(data.u)
        floor = score(rest, None if s is None else 0.0)
        worst = score(contrast, s)
    return Score(value, floor.mean().item(), worst.mean().item())


def _rows(data: Trajectories, i: int) -> Snapshots:
    return snapshots(data.equation, data.u[i], data.times)
