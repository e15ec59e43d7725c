"""The published arrangement of a training step of SymmetryLens, written anew for comparison.

Efe and Ozakin (2025) and their code: one run at a time; the powers of the generator by the
eigendecomposition of a complex Hermitian matrix; each conditional network a dense layer on rows of
which one entry is not masked; three networks times three shifts, one call after the other; the
mixtures on tensors "b d 4", operation by operation; a singular value decomposition of the
covariance; two complete forward passes in a step, one for the generator and the filter and one for
the estimators, each with filter noise of its own; two Adam updates. The rounding is that of float32
everywhere. Left out are the float64 data on the host with its shuffle, and what is logged.

No loop runs over samples or components, and gradients are taken for the parameters of their own
group only.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

EPS, SLOPE, KERNELS, BETA = 1e-7, 0.2, 4, 50.0
SHIFTS = (0, 1, -1)
# alignment, uniformity, resolution, information
COEFFICIENTS = (1.0, 2.0, 1.0, 1.0)


class Forward(NamedTuple):
    """The representation "b d", and log densities at it "b d", one tensor per shift."""

    y: torch.Tensor
    marginal: list[torch.Tensor]
    conditional: list[torch.Tensor]


@torch.no_grad()
def published_copy(lens, run=0):
    """The published model with the weights of one run of ours; there kernels come first."""
    own, densities, d = lens.conditionals, lens.marginals, lens.d
    net = Published(d, lens.generator.padding, own.hidden)
    net.generator.copy_(lens.generator.antisymmetric()[run])
    net.filter.copy_(lens.filter.values[run])
    for name in ("logits", "means", "log_variances"):
        getattr(net, name).copy_(getattr(densities, name)[run].T)
    for i, (inward, _, outward) in enumerate(net.networks):
        inward.weight.copy_(own.w1[run][i].T)
        inward.bias.copy_(own.b1[run][i])
        outward.weight.copy_(own.w2[run][i].unflatten(1, (KERNELS, d)).mT.flatten(1).T)
        outward.bias.copy_(own.b2[run][i].unflatten(0, (KERNELS, d)).T.flatten())
    return net


def log_mixture(y, weights, means, variances):
    """Log density of y "b d" under mixtures "... d 4", with the published floor."""
    normal = torch.exp(-((y[..., None] - means) ** 2) / (2 * variances))
    logs = torch.log(normal / torch.sqrt(2 * math.pi * variances) + EPS)
    top = logs.amax(-1, keepdim=True)
    return torch.log((weights * torch.exp(logs - top)).sum(-1) + EPS) + top[..., 0]


class Published(nn.Module):
    """Model and estimators of one run.

    `generator` "n n" with n = d + 2 padding, `filter` "d"; `logits`, `means`, `log_variances`
    "d 4" of the components; `networks`, for weights, means and variances, from "b d" over
    "b hidden" to "b 4d", the four kernels of a component side by side.
    """

    def __init__(self, d, padding, hidden):
        super().__init__()
        self.d, self.padding = d, padding
        n = d + 2 * padding
        self.generator = nn.Parameter(1e-3 * torch.randn(n, n))
        self.filter = nn.Parameter(torch.zeros(d))
        self.logits = nn.Parameter(torch.ones(d, KERNELS))
        self.means = nn.Parameter(torch.empty(d, KERNELS).uniform_(-0.05, 0.05))
        self.log_variances = nn.Parameter(torch.ones(d, KERNELS))
        self.networks = nn.ModuleList(self.network(hidden) for _ in range(3))
        self.register_buffer("mask", torch.eye(d))
        self.register_buffer("index", torch.arange(d, dtype=torch.float32))

    def network(self, hidden):
        layers = nn.Linear(self.d, hidden), nn.Linear(hidden, KERNELS * self.d)
        for layer in layers:
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        return nn.Sequential(layers[0], nn.LeakyReLU(SLOPE), layers[1])

    def groups(self):
        """The parameters of the model, and those of the estimators."""
        model = [self.generator, self.filter]
        marginal = [self.logits, self.means, self.log_variances]
        return model, [*marginal, *self.networks.parameters()]

    def matrix(self, noise):
        """The group convolution matrix "d d" of the filter plus noise."""
        f = self.filter + noise
        f = f / (f.norm() + EPS)
        v = F.pad(f, (self.padding, self.padding))
        s = (self.generator - self.generator.T) / 2
        values, vectors = torch.linalg.eigh(1j * s)
        phases = torch.exp(-1j * (self.index - (self.d - 1) / 2)[:, None] * values)
        moved = (((v.to(vectors.dtype) @ vectors) * phases) @ vectors.mH).real
        return moved[:, self.padding : self.padding + self.d].T

    def marginal(self, y):
        weights = F.softmax(self.logits.clamp(-4.5, 4.5), dim=-1)
        return log_mixture(y, weights, self.means, self.log_variances.clamp(-4.5, 4.5).exp())

    def conditional(self, y):
        """Sample b is conditioned on its component b modulo d, and all others are masked."""
        masked = (y.unflatten(0, (-1, self.d)) * self.mask).flatten(0, 1)
        out = [network(masked).unflatten(-1, (self.d, KERNELS)) for network in self.networks]
        weights = F.softmax(3.5 * out[0].tanh(), dim=-1)
        variances = (3.5 * out[2].tanh()).exp()
        return log_mixture(y, weights, F.leaky_relu(out[1], SLOPE), variances)

    def forward(self, x, noise):
        """Raw rows "b d" and filter noise "d"."""
        x = (x - x.mean()) / x.std(correction=0)
        y = x @ self.matrix(noise)
        rolled = [y.roll(shift, 1) if shift else y for shift in SHIFTS]
        marginal = [self.marginal(v) for v in rolled]
        return Forward(y, marginal, [self.conditional(v) for v in rolled])


def by_pair(logs):
    """Means over the samples of a row, "b d" -> "d d", the condition first."""
    return logs.unflatten(0, (-1, logs.shape[1])).mean(0)


def uniformity(out):
    """Half the sum of the divergences between neighbours, of components and of pairs."""
    d = out.y.shape[1]
    single, double = out.marginal[0].mean(0), by_pair(out.conditional[0])
    sums = [torch.zeros_like(single), torch.zeros_like(double)]
    counts = [torch.zeros_like(single), torch.zeros_like(double)]
    place = torch.arange(d, device=single.device)
    for k in (1, 2):
        shift = SHIFTS[k]
        there = ((place + shift >= 0) & (place + shift < d)).to(single.dtype)
        other = out.marginal[k].mean(0).roll(-shift)
        sums[0] = sums[0] + there * (single - other).clamp_min(0)
        other = by_pair(out.conditional[k]).roll((-shift, -shift), (0, 1))
        both = there[:, None] * there * (1 - torch.eye(d, device=there.device))
        sums[1] = sums[1] + both * (double - other).clamp_min(0)
        counts = [counts[0] + there, counts[1] + both]
    means = [total / count.clamp_min(1) for total, count in zip(sums, counts, strict=True)]
    return (means[0].mean() + means[1].sum() / (counts[1] > 0).sum()) / 2


def alignment(y):
    centred = y - y.mean(0)
    unit = centred / (torch.sqrt(centred.square().sum(0) + EPS) + EPS)
    return -torch.diagonal(unit.T @ unit, 1).mean()


def joint_entropy(y, tau):
    """The mean over the principal components, weighted by a rank that grows with tau."""
    d = y.shape[1]
    centred = y - y.mean(0)
    values = torch.linalg.svdvals(centred.T @ centred / len(y))
    entropies = (torch.log(2 * math.pi * values + EPS) + 1) / 2
    place = torch.arange(d, device=y.device) / (d - 1)
    weights = 1 / (1 + torch.exp((BETA * (place - tau)).clamp(-50, 50)))
    return (weights * entropies).sum() / weights.sum()


def model_terms(out, tau):
    """Alignment, uniformity, resolution and information."""
    entropy, joint = -out.marginal[0].mean(), joint_entropy(out.y, tau)
    return alignment(out.y), uniformity(out), entropy - joint, -joint


def model_loss(out, tau, coefficients=COEFFICIENTS):
    terms = model_terms(out, tau)
    return sum(c * term for c, term in zip(coefficients, terms, strict=True))


def estimator_loss(net, out):
    """Negative log likelihoods of components and pairs, and norms of the matrices."""
    d = out.y.shape[1]
    pairs = by_pair(out.conditional[0]) * (1 - net.mask)
    norms = sum(net[k].weight.norm() for net in net.networks for k in (0, 2))
    return -out.marginal[0].mean() - pairs.sum() / (d * (d - 1)) + 1e-5 * norms


def published_optimisers(net, rates=(1e-4, 2.5e-3)):
    """Adam for the model and Adam for the estimators."""
    groups = zip(net.groups(), rates, strict=True)
    return [torch.optim.Adam(group, lr=rate, eps=1e-7) for group, rate in groups]


def published_gradients(net, x, tau, noises):
    """The two losses, and the gradient of each for its own parameters; a pass for each of them."""
    model, estimators = net.groups()
    first = model_loss(net(x, noises[0]), tau)
    for p, gradient in zip(model, torch.autograd.grad(first, model), strict=True):
        p.grad = gradient
    second = estimator_loss(net, net(x, noises[1]))
    for p, gradient in zip(estimators, torch.autograd.grad(second, estimators), strict=True):
        p.grad = gradient
    return first.detach(), second.detach()


def published_step(net, optimisers, x, tau, sigma):
    """One step at normalised time tau with filter noise sigma; the two losses."""
    losses = published_gradients(net, x, tau, sigma * torch.randn(2, net.d, device=x.device))
    for optimiser in optimisers:
        optimiser.step()
    return losses
