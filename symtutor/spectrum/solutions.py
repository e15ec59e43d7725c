r"""Symmetries of evolution equations by linear algebra: the determining equation as a matrix."""

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Term
from ..fields.powers import by_powers, functions
from ..jets import Snapshots, along, characteristic_residual, snapshots
from ..numerics.chart import Chart
from .core import ROUNDING, Spectrum, solved, whitening
from .forms import Forms
from .library import Library

Basis = Callable[[Tensor], Tensor]
Columns = Callable[[Snapshots], Tensor]
NAMES = ("x", "t", "u")
WATCHED = 12  # fields whose defects are compared with those on a finer grid
BLOCK = 2**23  # numbers in a block of the matrix of residuals (64 MiB in float64)
RESOLVED, FOLDED = 0.05, 1e-5
"""Changes of a defect on a finer grid, relative to itself and to u_t, no sign of aliases."""


@dataclass(frozen=True)
class _Functions:
    """Values and rates of scalar functions on rows: x^p times periodic ones, in groups by p."""

    values: tuple[Float[Tensor, "rows space _"], ...]
    rates: tuple[Float[Tensor, "rows space _"], ...]
    powers: tuple[int, ...]


def symmetry_spectrum(
    library: Basis | Sequence[Term], rows: Snapshots, chart: Chart, *, rtol: float = ROUNDING
) -> Spectrum:
    r"""All fields of a library ordered by their residual per unit norm.

    Minimises $\|D_tQ-F_*[Q]\|$ over $V_i=\sum_mc_{mi}\,g_m$ with $\|V\|=1$ (both root mean squares
    over the snapshots), then again orthogonally to what was found, and so on. Both norms are
    handled by QR and singular values of the functions themselves; the normal equations would
    lose half of the digits, and with smooth libraries those digits are needed.

    Args:
        library: terms of (x, t, u) in their own units, such as `monomials(3, 2)`; whole powers of x
            are differentiated by Leibniz' rule, and need not be periodic. Or a function that maps
            points (x, t, u) "*b 3" of the chart to values "*b m", periodic in x.
        rows: snapshots in float64. If they know their trajectories, these are the groups that
            `bootstrap_spectrum` draws from; otherwise each row is one.
        chart: coordinates in which fields have their norm.
        rtol: combinations of functions smaller than this part of the largest cannot be told from
            zero on the data. A function's are left out; a table of terms is refused.

    Raises:
        ValueError: if rtol is not between 0 and 1, there are fewer grid points than unknowns, terms
            depend on each other on the data, or a term has no period.

    Warns:
        UserWarning: if products of a table of terms with the solution fold back on the grid.

    Example:
        >>> from symtutor import EQUATIONS, draw_snapshots, monomials, simulate
        >>> data = simulate(EQUATIONS["burgers"], 4)
        >>> symmetry_spectrum(monomials(3, 1), draw_snapshots(data, 24), data.chart()).gap.count
        4
    """
    if not 0 < rtol < 1:
        raise ValueError(f"rtol is a part of the largest, between 0 and 1, got {rtol}")
    if not callable(library):
        return _of_terms(tuple(library), rows, chart, rtol)
    points, velocity = chart.inward(rows.points), chart.push(rows.velocity)
    values, rates = along(library, points, velocity)
    _refuse_few(rows, values.shape[-1])
    functions = values.shape[-1]
    norm = torch.linalg.qr(values.flatten(0, -2) / values[..., 0].numel() ** 0.5, mode="r").R
    whiten = whitening(norm, rtol)
    whole = _Functions((values @ whiten,), (rates @ whiten,), (0,))
    groups = torch.zeros(len(values), dtype=torch.long)
    forms = _forms(rows, whole, chart, groups)
    return solved(forms, whiten.reshape(functions, -1), None)


def _refuse_few(rows: Snapshots, functions: int) -> None:
    count = rows.jet["u"].numel()
    if count < 3 * functions:
        raise ValueError(
            f"{functions} functions in 3 components are {3 * functions} unknowns, but the "
            f"snapshots have only {count} grid points; take more rows"
        )


def _of_terms(terms: tuple[Term, ...], rows: Snapshots, chart: Chart, rtol: float) -> Spectrum:
    """The spectrum of a table of terms."""
    _refuse_few(rows, len(terms))
    _refuse_other_periods(terms, rows.equation.length)
    values = functions(terms, NAMES).basis(rows.points)
    sizes = values.square().mean((0, 1)).sqrt()
    library = Library(terms, NAMES, sizes, chart)
    library.refuse_empty()
    found = _term_functions(library, rows)
    groups = rows.trajectory if rows.trajectory is not None else torch.arange(len(rows.jet["u"]))
    raw = _forms(rows, found, chart, groups.cpu()).in_functions(_order(terms).to(values))
    root = raw.norm_root()
    library.refuse_dependent(root, rtol)
    whiten = whitening(root, rtol)
    found = solved(raw.in_functions(whiten), whiten, library)
    _warn_if_folded(found, rows, chart)
    return found


def _order(terms: Sequence[Term]) -> Float[Tensor, "m m"]:
    """The terms in their own order, as columns, in terms of those sorted by powers of x."""
    order = [j for chosen, _ in by_powers(terms, 0).values() for j in chosen]
    return torch.eye(len(order), dtype=torch.float64)[order]


def _refuse_other_periods(terms: Sequence[Term], length: float) -> None:
    for function, coordinate, parameter in (factor for term in terms for factor in term):
        periods = parameter * length / (2 * math.pi)
        if coordinate == 0 and function in ("sin", "cos") and abs(periods - round(periods)) > 1e-9:
            raise ValueError(
                f"{function}({parameter:g} x) has no period of {length:g}; its wavenumber must be "
                f"a whole multiple of 2 pi/L = {2 * math.pi / length:.6g}"
            )


def _term_functions(library: Library, rows: Snapshots) -> _Functions:
    """Periodic factors of the scaled terms, in groups of equal powers of x."""
    values, rates = [], []
    groups = by_powers(library.terms, 0)
    for chosen, rest in groups.values():
        found = along(functions(rest, NAMES).basis, rows.points, rows.velocity)
        values.append(found[0] / library.sizes[chosen])
        rates.append(found[1] / library.sizes[chosen])
    return _Functions(tuple(values), tuple(rates), tuple(groups))


def _forms(rows: Snapshots, given: _Functions, chart: Chart, groups: Tensor) -> Forms:
    """Triangles of norm and residual for every group of rows."""
    x = rows.jet["x"][..., None]
    parts = zip(given.values, given.powers, strict=True)
    values = torch.cat([v * x**p if p else v for v, p in parts], dim=-1)
    norms, defects, counts = [], [], []
    for group in groups.unique():
        own = (groups == group).nonzero()[:, 0].to(x.device)
        norms.append(torch.linalg.qr(values[own].flatten(0, 1), mode="r").R)
        defects.append(_residual_triangle(rows, given, chart, own))
        counts.append(values[own][..., 0].numel())
    shares = values.new_tensor(counts)[:, None].expand(-1, 2)
    return Forms(torch.stack(norms), torch.stack(defects), shares)


def _residual_triangle(rows: Snapshots, given: _Functions, chart: Chart, own: Tensor) -> Tensor:
    """R of a QR decomposition of the residuals of all functions in all components."""
    count = sum(v.shape[-1] for v in given.values)
    size = max(1, BLOCK // (3 * count * rows.jet["u"].shape[1]))
    triangle = given.values[0].new_zeros(0, 3 * count)
    for part in own.split(size):
        columns = _residuals(rows.take(part), given, chart, part)
        stacked = torch.cat([triangle, columns.flatten(1).mT])
        triangle = torch.linalg.qr(stacked, mode="r").R
    return triangle


def _residuals(
    rows: Snapshots, given: _Functions, chart: Chart, part: Tensor
) -> Float[Tensor, "n rows space"]:
    """Residuals of all functions as first, as second, and as third component."""
    found = [
        torch.cat(
            [
                characteristic_residual(
                    rows, _component(values[part], i), _component(rates[part], i), chart, power
                )
                for values, rates, power in zip(
                    given.values, given.rates, given.powers, strict=True
                )
            ]
        )
        for i in range(3)
    ]
    return torch.cat(found)


def _component(functions: Float[Tensor, "rows space m"], i: int) -> Tensor:
    """Every function as a field with that component only: "m rows space 3"."""
    result = functions.new_zeros(functions.shape[-1], *functions.shape[:-1], 3)
    result[..., i] = functions.movedim(-1, 0)
    return result


def _warn_if_folded(found: Spectrum, rows: Snapshots, chart: Chart, count: int = 4) -> None:
    """Compare the defects of the first fields on a few rows with those on a finer grid."""
    shares = torch.linspace(0, len(rows.jet["u"]) - 1, count).round().long().unique()
    some = rows.take(shares.to(rows.jet["u"].device))
    finer = snapshots(some.equation, some.jet["u"], some.jet["t"][:, 0], fine=2)
    first = found.coefficients[: max(found.gap.count + 1, WATCHED)]
    defects = [_defects(first, found, each, chart) for each in (some, finer)]
    scale = rows.jet["u_t"].square().mean().sqrt()
    change = ((defects[0] - defects[1]).abs() - RESOLVED * defects[1]).max() / scale
    if change > FOLDED:
        points = rows.jet["u"].shape[1]
        warnings.warn(
            f"on a grid of {2 * points} instead of {points} points the defects change by "
            f"{change.item():.1e} of u_t: products of the terms with the solution fold back. Make "
            f"snapshots with a larger fine=..., or simulate with more points=...",
            stacklevel=4,
        )


def _defects(first: Tensor, found: Spectrum, rows: Snapshots, chart: Chart) -> Tensor:
    """Root mean square residual of given fields on other rows."""
    library = found.library
    assert library is not None
    columns = _residuals(
        rows, _term_functions(library, rows), chart, torch.arange(len(rows.jet["u"]))
    )
    sorted_first = torch.einsum("jm,kmd->kjd", _order(library.terms).to(first), first)
    fields = torch.einsum("kmd,dmrs->krs", sorted_first, columns.unflatten(0, (3, -1)))
    return fields.square().mean((1, 2)).sqrt()
