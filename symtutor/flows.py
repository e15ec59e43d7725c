r"""Flows of vector fields: the one-parameter groups $\vartheta_s$ that generators generate."""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from .fields import AffineField, Field, MatrixField
from .numerics.rk4 import rk4

Parameter = float | Float[Tensor, "..."]
BLOCK = 8192  # copies of points at a time on a CPU, so that their hidden layers stay in the cache


def _landings(field: Field, s: Parameter) -> Float[Tensor, "times n"]:
    """The requested parameters as a table, one row per landing, one column per generator."""
    table = torch.as_tensor(s, dtype=field._one.dtype, device=field._one.device)
    if not torch.compiler.is_compiling() and table.device.type == "cpu":
        bad = table[~torch.isfinite(table)]
        if bad.numel():
            raise ValueError(
                f"a flow needs finite group parameters s, got {bad[0].item()}; "
                "check where s was computed"
            )
    if table.ndim > 2 or (table.ndim == 2 and table.shape[1] != field.n):
        raise ValueError(
            f"s must be a number, a vector of landings, or a (landings, {field.n}) table with one "
            f"column per generator; got shape {tuple(table.shape)}"
        )
    rows = table.reshape(-1, 1) if table.ndim < 2 else table
    return rows.expand(-1, field.n)


def _exact(field: Field, start: Tensor, landings: Tensor) -> Tensor:
    """Closed form at every landing: the exponential of s times the (augmented) matrix."""
    if isinstance(field, AffineField):
        exponential = torch.linalg.matrix_exp(landings[..., None, None] * field.augmented())
        matrix, shift = exponential[..., :-1, :-1], exponential[..., :-1, -1]
    elif isinstance(field, MatrixField):
        matrix = torch.linalg.matrix_exp(landings[..., None, None] * field.matrix)
        shift = matrix.new_zeros(matrix.shape[:-1])
    else:
        raise ValueError(
            f"method='exact' needs a field whose flow is a matrix exponential (AffineField or "
            f"MatrixField), got {type(field).__name__}; use method='rk4' or 'dopri5'"
        )
    moved = torch.einsum("tnde,...ne->t...nd", matrix, start)
    return moved + shift.reshape(len(shift), *(1,) * (start.ndim - 2), *shift.shape[1:])


def _solve(
    field: Field, y: Tensor, span: Tensor, method: str, steps: int, adjoint: bool, tol: dict
) -> Tensor:
    """One interval by torchdiffeq: unit time, with the interval's length as part of the state."""
    with warnings.catch_warnings():  # torchdiffeq 0.2.5 calls torch.jit.script while importing
        warnings.simplefilter("ignore", FutureWarning)
        from torchdiffeq import odeint, odeint_adjoint

    def velocity(_: Tensor, state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        return field.raw_own(state[0]) * state[1], torch.zeros_like(state[1])

    time = torch.tensor([0.0, 1.0], dtype=y.dtype, device=y.device)
    options = {"step_size": 1 / steps} if method == "rk4" else None
    if adjoint:
        parameters = tuple(p for p in field.parameters() if p.requires_grad)
        solver = partial(odeint_adjoint, adjoint_params=parameters)
    else:
        solver = odeint
    try:
        solution = solver(velocity, (y, span), time, method=method, options=options, **tol)
    except AssertionError as error:
        raise ValueError(
            f"{method} found no step small enough on the way to s ({error}); "
            "the flow may leave every bounded set before it, or the tolerance may be below the "
            "precision of the dtype: take a smaller s, a larger rtol, or float64"
        ) from error
    return solution[0][-1]


def _path(
    field: Field, y: Tensor, landings: Tensor, method: str, steps: int, adjoint: bool, tol: dict
) -> Tensor:
    """All landings of the copies y, one after the other: "times ... n d"."""
    path, spans = [], landings.diff(dim=0, prepend=torch.zeros_like(landings[:1]))
    for span in spans[..., None]:
        if method == "dopri5" or adjoint:
            y = _solve(field, y, span, method, steps, adjoint, tol)
        else:
            y = rk4(field.raw_own, y, span, steps=steps)
        path.append(y)
    return torch.stack(path)


def _in_blocks(move: Callable[[Tensor], Tensor], y: Tensor, recompute: bool) -> Tensor:
    """The same in blocks of points, which do not see each other."""
    size = max(BLOCK // y.shape[-2], 1)
    blocks = y.reshape(-1, *y.shape[-2:]).split(size)
    if recompute and torch.is_grad_enabled():
        move = partial(checkpoint, move, use_reentrant=False, preserve_rng_state=False)
    parts = [move(block) for block in blocks]
    return torch.cat(parts, dim=1).reshape(-1, *y.shape)


def flow(
    field: Field,
    points: Float[Tensor, "..."],
    s: Parameter,
    *,
    method: str = "rk4",
    steps: int = 4,
    adjoint: bool = False,
    copies: bool = False,
    recompute: bool = False,
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> Float[Tensor, "..."]:
    r"""Move points along every generator: solve $\frac{d}{ds}\vartheta_s(z) = V_i(\vartheta_s(z))$.

    Generator i moves copy i of the points and no other. The map is a function of the point alone,
    so $\vartheta_s\circ\vartheta_t=\vartheta_{s+t}$ up to the error of the solver. Since
    $\vartheta^{cV}_s=\vartheta^V_{cs}$, the norm of a normalised field enters once, as a factor
    of s.

    Args:
        field: n generators on d coordinates.
        points: "... d", the common start of all generators; with `copies`, "... n d", one start
            per generator.
        s: where to land. A number gives "... n d". A vector gives "times ... n d": every value is
            reached exactly, each integration starting where the last one ended. A table "times n"
            gives each generator its own parameters.
        method: "rk4", `steps` equal classical Runge-Kutta steps from one landing to the next;
            "exact", the matrix exponential (affine and linear fields); "dopri5", adaptive steps
            by torchdiffeq with `rtol` and `atol`.
        steps: RK4 steps per landing.
        adjoint: take gradients by torchdiffeq's continuous adjoint instead of through the steps:
            constant memory, gradients exact only in the limit of small steps. With "rk4",
            torchdiffeq's variant (the 3/8 rule) is used.
        copies: whether the points carry an axis of generators already.
        recompute: keep nothing between start and landings, and take the steps once more when the
            gradient is asked for; the gradient is the same. For many points: little memory, and on
            a CPU less time. Only "rk4" without `adjoint`; the others ignore it.

    Raises:
        ValueError: if points and field differ in dimension or dtype, s is not finite or misshapen,
            or the method does not apply.

    Example:
        >>> rotation = AffineField.named("L5-L6", dtype=torch.float64)
        >>> quarter = flow(rotation, torch.tensor([1.0, 0.0]).double(), torch.pi / 2, steps=50)
        >>> [abs(round(v, 6)) for v in quarter[0].tolist()]
        [0.0, 1.0]
    """
    field.check(points, points.shape[-2:] if copies else points.shape[-1:], copies)
    if method not in ("rk4", "exact", "dopri5"):
        raise ValueError(f"no method is called {method!r}; choose 'rk4', 'exact' or 'dopri5'")
    landings = _landings(field, s) * field.scale()
    y = points if copies else points[..., None, :].expand(*points.shape[:-1], field.n, field.dim)
    if method == "exact":
        result = _exact(field, y, landings)
    else:
        tol = {"rtol": rtol, "atol": atol}
        options = {"landings": landings, "method": method, "steps": steps, "adjoint": adjoint}
        move = partial(_path, field, **options, tol=tol)
        many = y.device.type == "cpu" and y.numel() // field.dim > BLOCK
        independent = method == "rk4" and not adjoint and not torch.compiler.is_compiling()
        blocks = independent and (many or recompute)
        result = _in_blocks(move, y, recompute) if blocks else move(y)
    return result if isinstance(s, Tensor) and s.ndim else result[0]


def inverse(
    field: Field, points: Float[Tensor, "..."], s: Parameter, **options
) -> Float[Tensor, "..."]:
    r"""The inverse map $\vartheta_s^{-1} = \vartheta_{-s}$; arguments as for `flow`.

    Example:
        >>> shear = AffineField.named("L5")
        >>> inverse(shear, torch.tensor([3.0, 1.0]), 2.0).tolist()
        [[1.0, 1.0]]
    """
    return flow(field, points, -s, **options)


@torch.no_grad()
def group_law_defect(
    field: Field, points: Float[Tensor, "*b d"], s: Parameter, t: Parameter, **options
) -> float:
    r"""Largest coordinate of $\vartheta_{s+t}(z)-\vartheta_t(\vartheta_s(z))$ over all points.

    Zero for an exact flow; for a numerical one, the size of its error.

    Example:
        >>> group_law_defect(AffineField.named("L5-L6"), torch.rand(10, 2), 0.2, 0.2) < 1e-6
        True
    """
    whole = flow(field, points, s + t, **options)
    halves = flow(field, flow(field, points, s, **options), t, copies=True, **options)
    return (whole - halves).abs().max().item()
