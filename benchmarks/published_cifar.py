"""The published arrangement of a training step of image symmetries, written anew for comparison.

Ko, Kim and Lee (2024) and their code: a copy of the grid for every slot, all heads evaluated at all
copies and the diagonal kept, division by the norm over the points of the call with the pixel
weights looked up where the points are now, the continuous adjoint with the 3/8 rule at steps of
sigma/20, every picture repeated for every slot. Left out are its garbage collection and its loop
over all parameters in search of nan.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from symtutor import MLPField


class Published(nn.Module):
    """The field with the weights of one of ours: a list of heads, no norm of its own."""

    def __init__(self, field: MLPField, omega):
        super().__init__()
        width, n = len(field.b1), field.n
        self.trunk = nn.Sequential(nn.Linear(2, width), nn.SiLU(), nn.Linear(width, width))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, field.head), nn.SiLU(), nn.Linear(field.head, 2))
            for _ in range(n)
        )
        self.register_buffer("omega", omega[None, None])  # "1 1 h w", sum 1
        with torch.no_grad():
            ends = ((self.trunk[0], field.w1, field.b1), (self.trunk[2], field.w2, field.b2))
            for layer, weight, bias in ends:
                layer.weight.copy_(weight), layer.bias.copy_(bias)
            for i, head in enumerate(self.heads):
                (
                    head[0].weight.copy_(field.head_in[i].T),
                    head[0].bias.copy_(field.head_in_bias[i, 0]),
                )
                head[2].weight.copy_(field.head_out[i].T)
                head[2].bias.copy_(field.head_out_bias[i, 0])

    def forward(self, points):
        """Copies "h w n 2" -> "h w n 2": each by its own head, after all heads at all copies."""
        hidden = F.silu(self.trunk(points))
        everything = torch.stack([head(hidden) for head in self.heads], dim=-2)
        own = everything.diagonal(dim1=-3, dim2=-2).movedim(-1, -2)
        return own / self.norm(points, own)[:, None]

    def norm(self, points, values):
        """Root of the sum of omega |V|^2 over the points as they lie, not normalised again."""
        n = len(self.heads)
        where = points.detach().movedim(-2, 0)
        omega = F.grid_sample(self.omega.expand(n, -1, -1, -1), where, align_corners=True)[:, 0]
        squares = omega.movedim(0, -1) * values.square().sum(-1)
        return squares.sum((0, 1)).sqrt().clamp_min(1e-6)


def published_flow(net, start, s, step):
    """Where the copies "h w n 2" are at s, with the gradient of the continuous adjoint."""
    from torchdiffeq import odeint_adjoint

    times = torch.tensor([0.0, s])
    parameters = tuple(net.parameters())
    return odeint_adjoint(
        lambda _, y: net(y),
        start,
        times,
        method="rk4",
        options={"step_size": step},
        adjoint_params=parameters,
    )[-1]


def published_warp(images, places):
    """Normalised pictures "b c h w", repeated for each of the grids "n h w 2": "n b c h w"."""
    n, b = len(places), len(images)
    repeated = images.repeat(n, 1, 1, 1)
    grids = places.repeat_interleave(b, 0)
    return F.grid_sample(repeated, grids, align_corners=True).unflatten(0, (n, b))


def published_angles(model, images, moved):
    """Arc cosines, cut off at 1 - 1e-6, between features of all moved pictures and the others."""
    with torch.no_grad():
        still = F.normalize(model(images), dim=-1)
    found = F.normalize(model(moved.flatten(0, 1)), dim=-1).unflatten(0, moved.shape[:2])
    return torch.arccos((found * still).sum(-1).clamp(max=1 - 1e-6))


def published_penalties(net, start):
    """Orthonormality and Lipschitz losses on the copies of the regular grid, summed over slots."""
    values = net(start)
    omega = net.omega[0, 0]
    inner = torch.einsum("hw,hwad,hwbd->ab", omega, values.detach(), values)
    cosine = inner.abs().clamp(max=1 - 1e-6)
    ortho = (math.pi / 2 - torch.arccos(cosine)).triu(1).sum()
    edges = (values.diff(dim=axis).norm(dim=-1) for axis in (0, 1))
    steep = sum(F.relu(lengths - 0.5).sum() for lengths in edges)
    return 10 * ortho, 10 * steep


def published_loss(net, model, images, start, s, step):
    """The whole objective for pictures "b c h w" that are normalised already."""
    places = published_flow(net, start, s, step).movedim(-2, 0)
    angles = published_angles(model, images, published_warp(images, places))
    ortho, steep = published_penalties(net, start)
    return angles.mean(1).sum() + ortho + steep
