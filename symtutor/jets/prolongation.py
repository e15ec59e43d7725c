"""How a flow on (x, t, u) moves the derivatives of u: prolongation of any field to any order."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import Field
from ..numerics.chart import Chart
from ..numerics.spectral import derivative
from .snapshots import Snapshots, x_names


def along(
    function: Callable[[Tensor], Tensor], points: Tensor, velocity: Tensor
) -> tuple[Tensor, Tensor]:
    """Values of a function of (x, t, u), and their rate of change along the velocity."""
    values, rates, *_ = torch.func.jvp(function, (points,), (velocity,))
    return values, rates


def prolong(field: Field, rows: Snapshots, order: int) -> dict[str, Float[Tensor, "rows space n"]]:
    r"""Coefficients of the prolonged fields: how a flow starts to move the derivatives of u.

    With $V=\xi\partial_x+\tau\partial_t+\phi\partial_u$ and the total derivatives $D_x,D_t$,

    $$\phi^{J,x}=D_x\phi^J-u_{J,x}D_x\xi-u_{J,t}D_x\tau,$$

    and the same in t for $\phi^t$ (Olver 1993, eq. 2.39). $D_x$ is spectral, $D_t$ goes through the
    equation.

    Args:
        field: generators on (x, t, u) in physical units, periodic in x.
        rows: where to evaluate; a finer grid keeps products of the field with u alias-free.
        order: number of x-derivatives.

    Returns:
        "x", "t", "u" (the components themselves), "u_x", "u_xx", ... and "u_t".

    Raises:
        ValueError: if the field does not act on three coordinates.

    Example:
        >>> from symtutor.data.equations import EQUATIONS
        >>> from symtutor.fields import LibraryField
        >>> from symtutor.jets import snapshots
        >>> u = torch.sin(torch.arange(32).double() * torch.pi / 16)[None]
        >>> rows = snapshots(EQUATIONS["kdv"], u, torch.ones(1))
        >>> boost = LibraryField.from_generators(rows.equation.algebra).double()
        >>> prolonged = prolong(boost, rows, 3)  # the boost takes u_t to u_t - s u_x
        >>> torch.allclose(prolonged["u_t"][..., 2], -rows.jet["u_x"])
        True
    """
    if field.dim != 3:
        raise ValueError(f"prolongation needs a field on (x, t, u), got {', '.join(field.names)}")
    length, jet = rows.equation.length, rows.jet
    values, rates = along(field, rows.points, rows.velocity)
    xi, tau, phi = values.movedim(-2, 0).unbind(-1)
    xi_t, tau_t, phi_t = rates.movedim(-2, 0).unbind(-1)
    xi_x, tau_x = derivative(xi, 1, length), derivative(tau, 1, length)
    result = {"x": xi, "t": tau, "u": phi}
    result["u_t"] = phi_t - jet["u_x"] * xi_t - jet["u_t"] * tau_t
    u_m, u_mt, current = jet["u"], jet["u_t"], phi
    for name in x_names(order)[1:]:
        u_m, u_previous = derivative(u_m, 1, length), u_mt
        current = derivative(current, 1, length) - u_m * xi_x - u_previous * tau_x
        u_mt = derivative(u_mt, 1, length)
        result[name] = current
    return {name: value.movedim(0, -1) for name, value in result.items()}


def characteristic_residual(
    rows: Snapshots,
    values: Float[Tensor, "*m rows space 3"],
    rates: Tensor,
    chart: Chart,
    power: int = 0,
) -> Float[Tensor, "*m rows space"]:
    r"""Defect of the determining equation, $D_tQ-F_*[Q]$ with $Q=\phi-\xi u_x-\tau u_t$.

    It vanishes for all solutions if and only if the field generates symmetries (Olver 1993,
    sec. 5.1), and equals the prolonged field applied to $u_t-F$ on solutions. It is linear in the
    field. Like the published residual it is multiplied by the equation's `factor`.

    Args:
        rows: snapshots, with all they imply.
        values: fields at the grid points, in the coordinates of the chart.
        rates: their rates of change in time, over a fixed x, along the solution.
        chart: those coordinates.
        power: the fields are $x^p$, with x in its own unit, times `values`; only the latter have
            to be periodic.
    """
    jet = rows.jet
    xi, tau, phi = chart.pull(values).unbind(-1)
    xi_t, tau_t, phi_t = chart.pull(rates).unbind(-1)
    q = phi - xi * jet["u_x"] - tau * jet["u_t"]
    q_t = phi_t - xi_t * jet["u_x"] - tau_t * jet["u_t"] - xi * jet["u_xt"] - tau * jet["u_tt"]
    q_t = q_t * jet["x"] ** power if power else q_t
    return (q_t - rows.linearised(q, power)) * rows.equation.factor(jet["t"])
