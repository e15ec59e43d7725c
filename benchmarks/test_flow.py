"""Forward and backward through the flow of a neural field, against the two usual arrangements.

4,096 points in (x, t, u), four generators, s = 0.4, ten RK4 steps (the published step length),
float32. Every arrangement integrates the same field, from the same points, with the same number of
steps, and back-propagates the same loss to all parameters.

Counted in evaluations of the field, the flow costs 1 forward and 2 backward; the adjoint costs 1
forward and then 1 + 2 to retrace the path. All heads cost 1.33 times own heads at these sizes. So
4/3 and 16/9 are what arithmetic allows over the adjoint where both run at the same speed.
"""

import pytest
import torch

from symtutor import MLPField, flow, grid_quadrature, rk4

POINTS, GENERATORS, STEPS, S = 4096, 4, 10, 0.4
# one row: trunk 3-256-256 and one head 256-32-3; a backward pass costs two forwards
ROW_FLOP = 2 * (3 * 256 + 256 * 256 + 256 * 32 + 32 * 3)
FLOP = 3 * 4 * STEPS * POINTS * GENERATORS * ROW_FLOP


@pytest.fixture
def field():
    return MLPField(3, GENERATORS, quadrature=grid_quadrature([(0, 1)] * 3, [8] * 3))


@pytest.fixture
def points():
    return torch.rand(POINTS, 3, generator=torch.Generator().manual_seed(0))


def backward(field, moved):
    moved.square().mean().backward()
    field.zero_grad()


def diagonal(field):
    """All heads at all copies, then generator i of copy i: four times the head evaluations."""
    return lambda y: field.raw(y).diagonal(dim1=-3, dim2=-2).movedim(-1, -2)


def adjoint(field, points, vectors):
    from torchdiffeq import odeint_adjoint

    def velocity(_, state):
        return vectors(state[0]) * state[1], torch.zeros_like(state[1])

    start = points[:, None].expand(-1, GENERATORS, -1).contiguous()
    solution = odeint_adjoint(
        velocity,
        (start, (S * field.scale())[:, None]),
        torch.tensor([0.0, 1.0]),
        method="rk4",
        options={"step_size": 1 / STEPS},
        adjoint_params=tuple(field.parameters()),
    )
    backward(field, solution[0][-1])


def test_against_all_heads_then_diagonal(compare, field, points):
    start = points[:, None].expand(-1, GENERATORS, -1)
    compare(
        "flow, own heads",
        lambda: backward(field, flow(field, points, S, steps=STEPS)),
        lambda: backward(
            field, rk4(diagonal(field), start, (S * field.scale())[:, None], steps=STEPS)
        ),
        against="all heads, then the diagonal",
        flop=FLOP,
    )


@pytest.mark.parametrize("heads", ["own heads", "all heads then diagonal"])
def test_against_the_adjoint(compare, field, points, heads):
    vectors = field.raw_own if heads == "own heads" else diagonal(field)
    compare(
        "flow, gradients through steps",
        lambda: backward(field, flow(field, points, S, steps=STEPS)),
        lambda: adjoint(field, points, vectors),
        against=f"odeint_adjoint rk4, {heads}",
        flop=FLOP,
    )
