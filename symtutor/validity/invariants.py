"""How much a flow changes a function that its symmetries leave alone."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import Field
from ..flows import Parameter, flow
from .score import Score, one_number

Function = Callable[[Tensor], Tensor]


def invariant_change(
    field: Field,
    function: Function,
    points: Float[Tensor, "b d"],
    s: Parameter,
    *,
    steps: int = 4,
) -> Float[Tensor, " n"]:
    r"""Mean change of a function along the flow of every generator.

    $\frac1b\sum_z|f(\vartheta_s(z))-f(z)|$, zero for all s if and only if $V\cdot\nabla f=0$ on the
    orbits of the points. It is a validity score $S(\vartheta_s,f)$ in the sense of Ko, Kim and Lee
    (2024), eq. 4, for data that are points with an invariant. Differentiable in the field, in s
    and in the points.

    Args:
        field: n generators on d coordinates.
        function: maps points "... d" to values "..." of one real function.
        points: the data.
        s: one group parameter.
        steps: RK4 steps.

    Raises:
        ValueError: if s is not one number, there are no points, the function returns another
            shape, or points and field do not fit.

    Example:
        >>> from symtutor.fields import AffineField
        >>> circle = lambda z: z.square().sum(-1)
        >>> fields = AffineField.named("L5-L6", "L3+L4", dtype=torch.float64)
        >>> change = invariant_change(fields, circle, torch.tensor([[1.0, 0.0]]).double(), 0.5)
        >>> [round(c, 4) for c in change.tolist()]  # 0 and e - 1
        [0.0, 1.7183]
    """
    moved = flow(field, points, one_number(s, zero=True), steps=steps)
    before, after = function(points), function(moved)
    if not len(points) or before.shape != points.shape[:-1] or after.shape != moved.shape[:-1]:
        raise ValueError(
            f"the function must turn points (..., d) into values (...), and there must be points; "
            f"points {tuple(points.shape)} gave values {tuple(before.shape)} and points "
            f"{tuple(moved.shape)} gave {tuple(after.shape)}"
        )
    return (after - before[:, None]).abs().mean(0)


def invariance(
    field: Field,
    function: Function,
    points: Float[Tensor, "b d"],
    s: Parameter,
    contrast: Field,
    *,
    steps: int = 4,
) -> Score:
    """Change of a function per unit of s, with floor and contrast.

    Args:
        field, function, points, steps: as for `invariant_change`.
        s: one group parameter, not 0; the field, the identity and the contrast share it.
        contrast: a field known to change the function. Give it the norm of the others.

    Returns:
        `invariant_change` divided by |s|; the floor is that of the flow at s = 0, which is 0 unless
        the function gives a point two different values.

    Raises:
        ValueError: as `invariant_change`, and for s = 0.

    Example:
        >>> from symtutor.fields import AffineField
        >>> z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> rotation, scaling = AffineField.named("L5-L6"), AffineField.named("L3+L4")
        >>> score = invariance(rotation, lambda z: z.square().sum(-1), z, 0.2, scaling)
        >>> bool(score.relative < 1e-4)
        True
    """
    size = abs(one_number(s))
    value = invariant_change(field, function, points, s, steps=steps) / size
    with torch.no_grad():
        floor = invariant_change(field, function, points, 0.0, steps=steps) / size
        worst = invariant_change(contrast, function, points, s, steps=steps) / size
    return Score(value, floor.mean().item(), worst.mean().item())
