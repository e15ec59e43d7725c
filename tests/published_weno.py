"""Helper, no tests: the published differences on a moved grid, formula by formula.

One dense solve for every point and sub-stencil, gradients by autograd, as Ko, Kim and Lee (2024)
have it, but for the garbage collection in each call and the second try with singular systems.
Tests take it as the truth, benchmarks as the baseline.
"""

import math

import torch

STARTS = {1: (-1, 0), 2: (-2, -1, 0), 3: (-2, -1), 4: (-2,)}
TARGETS = {
    1: {"u_x": (1, 0), "u_t": (0, 1)},
    2: {"u_xx": (2, 0)},
    3: {"u_xxx": (3, 0)},
    4: {"u_xxxx": (4, 0)},
}


def around(z, row, column):
    """The neighbour of every interior point, some rows and columns away."""
    rows, columns = z.shape[-2:]
    return z[..., 1 + row : rows - 1 + row, 2 + column : columns - 2 + column]


def polynomial(x, t, u, nodes, powers, length):
    """Derivatives at the centre of the polynomials through the nodes, one per power (i, j)."""
    dx = torch.stack([around(x, *node) - around(x, 0, 0) for node in nodes], -1)
    dt = torch.stack([around(t, *node) - around(t, 0, 0) for node in nodes], -1)
    if length is not None:
        dx = dx - length * (dx / length).round()
    vandermonde = torch.stack([dx**i * dt**j for i, j in powers], -1)
    coefficients = torch.linalg.solve(vandermonde, torch.stack([around(u, *n) for n in nodes], -1))
    coefficients = coefficients.nan_to_num(1).clamp(-1e9, 1e9)
    return coefficients * x.new_tensor([math.factorial(i) * math.factorial(j) for i, j in powers])


def published_derivatives(x, t, u, orders, *, spacing, length=None, uniform=False):
    """What `symtutor.deformed_derivatives` computes."""
    volume = math.prod(spacing)
    jet = {"x": around(x, 0, 0), "t": around(t, 0, 0), "u": around(u, 0, 0)}
    for m in orders:
        powers = [(i, j) for i in range(m + 1) for j in range(2)]
        derivatives = torch.stack(
            [
                polynomial(
                    x,
                    t,
                    u,
                    [(row, a) for row in (beside, beside + 1) for a in range(start, start + m + 1)],
                    powers,
                    length,
                )
                for start in STARTS[m]
                for beside in (-1, 0)
            ]
        )
        factors = x.new_tensor([volume ** (i + j - 1) for i, j in powers[1:]])
        smoothness = (derivatives[..., 1:] * factors).pow(4).sum(-1).detach()
        w = (smoothness + 1e-6).pow(-2)
        w = w / w.sum(0).clamp_min(1e-6)
        if uniform:
            w = torch.full_like(w, 1 / len(w))
        for name, power in TARGETS[m].items():
            jet[name] = (w * derivatives[..., powers.index(power)]).sum(0)
    return jet
