"""One step of `pde-symmetry --method weno` at the published sizes, against the published one.

KdV, 4 trajectories, patches of 64 x 64, 4 slots, trunk 3-256-256 and heads 256-32-3, float32, Adam.
The baseline is the published arrangement written anew: two copies of the network's rows near the
seam, all heads at every copy of the points and then the diagonal, division by the norm over the
points of the call, the continuous adjoint with the 3/8 rule at steps of sigma/10 and four
landings, one dense solve per point and sub-stencil, penalties at all 4 x 140 x 256 points for each
slot. It leaves out the garbage collection and the loop over parameters of the published code. Ours:
cos and sin of x, own heads, a norm on 8,192 fixed points, four RK4 steps, taken again for the
gradient, stencils by elimination, penalties on the 64 x 256 points of one trajectory's rows. The
scale s is sigma/2 in both, the mean of its distribution.

Goal: 10 times; 5.75 measured on two cores. Counted in floating-point operations the flow alone
needs 0.47 against 1.98 TFLOP; the floor counts no step twice.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from symtutor import EQUATIONS, experiments, generator, simulate
from symtutor.experiments import pde_objective, pde_symmetry

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from published_weno import published_derivatives

PAPER = replace(experiments.get("pde-symmetry").presets["paper"], equation="kdv", trajectories=4)
SIGMA, SLOTS, SEAM = 0.4, 4, 0.2
ROW = 2 * (4 * 256 + 256 * 256 + 256 * 32 + 32 * 3)  # one row through trunk and own head
FLOP = 3 * ROW * (16 * 4 * 64 * 64 * SLOTS + 8192 * SLOTS + 64 * 257 * SLOTS)


class Published(nn.Module):
    """The published network: blended copies at the seam, all heads, norm over the call."""

    def __init__(self):
        super().__init__()
        silu = nn.SiLU()
        self.trunk = nn.Sequential(nn.Linear(3, 256), silu, nn.Linear(256, 256), silu)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(256, 32), nn.SiLU(), nn.Linear(32, 3)) for _ in range(SLOTS)
        )

    def plain(self, z):
        hidden = self.trunk(z)
        return torch.stack([head(hidden) for head in self.heads], dim=-2)

    def forward(self, z):
        flat = z.reshape(-1, 3)
        x = flat[:, :1] % 1
        flat = torch.cat([x, flat[:, 1:]], dim=1)
        values = self.plain(flat)
        for near, shift, weight in (
            (x[:, 0] < SEAM, 1.0, (x + SEAM) / (2 * SEAM)),
            (x[:, 0] > 1 - SEAM, -1.0, 1 - (x - 1 + SEAM) / (2 * SEAM)),
        ):
            other = self.plain(flat[near] + flat.new_tensor([shift, 0.0, 0.0]))
            w = weight[near][..., None]
            values = values.index_put((near,), w * values[near] + (1 - w) * other)
        return values.reshape(*z.shape[:-1], SLOTS, 3)

    def normalised(self, values):
        norm = values.square().sum(-1).mean(tuple(range(values.ndim - 2))).sqrt()
        return values / norm.clamp_min(1e-8)[:, None]


def published_flow(net, start, signs, alpha):
    """Orbits at a quarter, half, three quarters and all of alpha."""
    from torchdiffeq import odeint_adjoint

    def velocity(_, y):
        own = net(y).diagonal(dim1=-3, dim2=-2).movedim(-1, -2)
        return net.normalised(own) * signs[:, None]

    times = alpha * torch.arange(5) / 4
    options = {"step_size": SIGMA / 10}
    parameters = tuple(net.parameters())
    return odeint_adjoint(
        velocity, start, times, method="rk4", options=options, adjoint_params=parameters
    )[1:]


def published_penalties(net, grid):
    """Orthonormality and Lipschitz losses at every point, on a grid repeated for every slot."""
    copies = grid[..., None, :].expand(*grid.shape[:-1], SLOTS, 3)
    own = net.normalised(net(copies).diagonal(dim1=-3, dim2=-2).movedim(-1, -2))
    inner = torch.einsum("btxad,btxcd->ac", own.detach(), own) / grid[..., 0].numel()
    ortho = torch.arcsin(inner.abs().clamp(max=1 - 1e-6)).triu(1).sum() / SLOTS
    slopes = 0.0
    for axis in (1, 2):
        dv, dz = own.diff(dim=axis).norm(dim=-1), grid.diff(dim=axis).norm(dim=-1)
        slopes = slopes + torch.relu(dv / dz[..., None] - PAPER.tau).mean()
    return 3 * ortho + slopes


@pytest.fixture(scope="module")
def data():
    return simulate(EQUATIONS["kdv"], 4)


def test_step_against_the_published_arrangement(compare, data):
    torch.manual_seed(0)
    chart = data.chart()
    signs = torch.tensor([1.0, -1.0, 1.0, -1.0])
    s = SIGMA / 2

    field = pde_symmetry.network(PAPER, data, chart)
    ours = torch.optim.Adam(field.parameters(), lr=PAPER.learning_rate)
    objective = pde_objective.penalised(PAPER, field, data, chart)
    patch, _, grid, _ = pde_symmetry.draw_batch(PAPER, data, chart, 0, generator(0, "batch"))

    def step():
        ours.zero_grad()
        objective(patch, s * signs, grid, 0.0).total.backward()
        ours.step()

    net = Published()
    theirs = torch.optim.Adam(net.parameters(), lr=PAPER.learning_rate)
    spacing = (data.equation.frame_time, data.equation.length / data.equation.points)
    start = chart.inward(patch)[..., None, :].expand(*patch.shape[:-1], SLOTS, 3).contiguous()
    whole = chart.inward(data.points()).float()

    def baseline():
        theirs.zero_grad()
        moved = chart.outward(published_flow(net, start, signs, s)).movedim(-2, 1)
        jet = published_derivatives(
            *moved.unbind(-1), (1, 3), spacing=spacing, length=data.equation.length
        )
        score = data.equation.residual(jet).abs().clamp_min(1e-4).log().mean()
        (score + published_penalties(net, whole)).backward()
        theirs.step()

    assert patch.shape == (4, 64, 64, 3)
    compare(
        "pde-symmetry, one step (weno)",
        step,
        baseline,
        against="published arrangement",
        flop=FLOP,
        rounds=1,
    )
