"""Helper, no tests: the objective of Efe and Ozakin (2025), one sample and one pair at a time.

Everything is double precision and differentiable. Tests take it as the truth.
"""

import itertools
import math
from typing import NamedTuple

import torch
import torch.nn.functional as F

EPS, SLOPE, KERNELS = 1e-7, 0.2, 4


class Network(NamedTuple):
    """One hidden layer; rows of the matrices belong to their inputs."""

    w1: torch.Tensor  # "d hidden"
    b1: torch.Tensor  # "hidden"
    w2: torch.Tensor  # "hidden 4d", the four kernels of a component side by side
    b2: torch.Tensor  # "4d"


class Estimators(NamedTuple):
    """Parameters of the densities: of the components "d 4", and of one component given another."""

    logits: torch.Tensor
    means: torch.Tensor
    log_variances: torch.Tensor
    networks: tuple[Network, Network, Network]  # weights, means, variances


def random_estimators(d, hidden, seed=0, spread=0.5):
    """Estimators far from uniform, with all kernels in reach of values of size one."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape, std=spread):
        return std * torch.randn(*shape, generator=generator, dtype=torch.float64)

    def network():
        out = KERNELS * d
        return Network(
            normal(d, hidden), normal(hidden), normal(hidden, out, std=0.3), normal(out, std=0.3)
        )

    marginal = (normal(d, KERNELS), normal(d, KERNELS), normal(d, KERNELS))
    return Estimators(*marginal, (network(), network(), network()))


def group_matrix(s, unit_filter, padding):
    """L "d d": column k is the centre of v exp((k - (d - 1)/2) s), by eigenvalues of i s."""
    d = len(unit_filter)
    v = F.pad(unit_filter, (padding, padding)).to(torch.complex128)
    values, vectors = torch.linalg.eigh(1j * s.to(torch.complex128))
    columns = []
    for k in range(d):
        phases = torch.exp(-1j * (k - (d - 1) / 2) * values)
        columns.append((((v @ vectors) * phases) @ vectors.mH).real[padding : padding + d])
    return torch.stack(columns, dim=1)


def log_mixture(y, weights, means, variances, floor=EPS):
    """Log density of one number under one mixture of four normal densities."""
    normal = torch.exp(-((y - means) ** 2) / (2 * variances)) / (2 * math.pi * variances).sqrt()
    logs = (normal + floor).log()
    top = logs.max()
    return ((weights * (logs - top).exp()).sum() + floor).log() + top


def marginal_mixture(estimators, i):
    weights = F.softmax(estimators.logits[i].clamp(-4.5, 4.5), dim=-1)
    return weights, estimators.means[i], estimators.log_variances[i].clamp(-4.5, 4.5).exp()


def conditional_mixture(estimators, i, j, value):
    """The mixture of component i given that component j has the value."""
    row = value * F.one_hot(torch.tensor(j), len(estimators.logits)).double()
    out = []
    for w1, b1, w2, b2 in estimators.networks:
        hidden = F.leaky_relu(row @ w1 + b1, SLOPE)
        out.append((hidden @ w2 + b2)[KERNELS * i : KERNELS * (i + 1)])
    weights = F.softmax(3.5 * out[0].tanh(), dim=-1)
    return weights, F.leaky_relu(out[1], SLOPE), (3.5 * out[2].tanh()).exp()


def marginal_mean(estimators, y, component, column, floor=EPS):
    """Mean over the samples of log p_component at the values of a column."""
    mixture = marginal_mixture(estimators, component)
    return torch.stack([log_mixture(v, *mixture, floor) for v in y[:, column]]).mean()


def conditional_mean(estimators, y, pair, *, shift=0, floor=EPS):
    """Mean of log p_{i+shift | j+shift}(y_i | y_j) over the samples of the row j + shift.

    Sample b belongs to row b modulo d, and pair is (j, i).
    """
    j, i = pair
    rows = range((j + shift), len(y), y.shape[1])
    logs = []
    for b in rows:
        mixture = conditional_mixture(estimators, i + shift, j + shift, y[b, j])
        logs.append(log_mixture(y[b, i], *mixture, floor))
    return torch.stack(logs).mean()


def valid(d, *components):
    """Steps after which all components are still there."""
    return [step for step in (-1, 1) if all(0 <= c + step < d for c in components)]


def uniformity(estimators, y, floor=EPS):
    """Half the sum of the two means of divergences between neighbours, and the two means."""
    d = y.shape[1]
    single, double = [], []
    for i in range(d):
        own = marginal_mean(estimators, y, i, i, floor)
        other = [marginal_mean(estimators, y, i + step, i, floor) for step in valid(d, i)]
        single.append(torch.stack([(own - value).clamp_min(0) for value in other]).mean())
    for pair in ((j, i) for j in range(d) for i in range(d) if i != j and valid(d, i, j)):
        own = conditional_mean(estimators, y, pair, floor=floor)
        steps = valid(d, *pair)
        other = [conditional_mean(estimators, y, pair, shift=step, floor=floor) for step in steps]
        double.append(torch.stack([(own - value).clamp_min(0) for value in other]).mean())
    assert len(double) == d * (d - 1) - 2
    one, two = torch.stack(single).mean(), torch.stack(double).mean()
    return (one + two) / 2, one, two


def alignment(y):
    """Minus the mean correlation of neighbours."""
    centred = y - y.mean(0)
    unit = [c / ((c.square().sum() + EPS).sqrt() + EPS) for c in centred.T]
    return -torch.stack([a @ b for a, b in itertools.pairwise(unit)]).mean()


def marginal_entropy(estimators, y, floor=EPS):
    means = [marginal_mean(estimators, y, i, i, floor) for i in range(y.shape[1])]
    return -torch.stack(means).mean()


def joint_entropy(y, tau, beta=50.0):
    """Weighted mean of the entropies of the principal components, the largest first."""
    d = y.shape[1]
    centred = y - y.mean(0)
    values = torch.linalg.eigvalsh(centred.T @ centred / len(y)).flip(0)
    weights = [1 / (1 + math.exp(min(50, max(-50, beta * (k / (d - 1) - tau))))) for k in range(d)]
    entropies = (torch.log(2 * math.pi * values + EPS) + 1) / 2
    return (torch.tensor(weights, dtype=y.dtype) * entropies).sum() / sum(weights)


def estimator_loss(estimators, y, floor=EPS):
    """Negative log likelihoods of the components and of the pairs, and norms of the matrices."""
    d = y.shape[1]
    pairs = [(j, i) for j in range(d) for i in range(d) if i != j]
    logs = torch.stack([conditional_mean(estimators, y, pair, floor=floor) for pair in pairs])
    norms = sum(m.square().sum().sqrt() for net in estimators.networks for m in (net.w1, net.w2))
    return marginal_entropy(estimators, y, floor) - logs.mean() + 1e-5 * norms
