"""One step of `cifar-symmetry`, and its parts, against the published arrangement.

16 pictures, 10 slots, trunk 2-256-256 and heads 256-32-2, s = sigma/2 in both (the mean of |s|),
equal weights. Ours: heads at their own copies only, a norm on the pixel grid, few RK4 steps and the
gradient through them, every pixel moved or Chebyshev nodes only, one lookup per grid for all
pictures, batch norms folded into the convolutions, layers in the preset's precision and in
channels-last order; the small network with the flow of the preset `laptop`, ResNet-18 with that of
`paper`. The baseline is described in published_cifar.py; its network runs in float32 with batch
norms.

Goal: the flow at least 10 times as fast.
"""

from dataclasses import replace

import pytest
import torch
from published_cifar import (
    Published,
    published_angles,
    published_flow,
    published_loss,
    published_penalties,
    published_warp,
)
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from symtutor import Quadrature, experiments, flow, load_images
from symtutor.experiments import cifar_objective, cifar_symmetry
from symtutor.experiments.feature_training import feature_angles
from symtutor.models import ResNet, folded
from symtutor.models.resnet import MEAN, STD
from symtutor.numerics.interpolation import bilinear_grids, pixel_grid

PRESETS = experiments.get("cifar-symmetry").presets
NETWORKS = {"small": "laptop", "resnet18": "paper"}
BATCH, SLOTS, SIDE, SIGMA = 16, 10, 32, 0.4
S = SIGMA / 2
ROW = 2 * (2 * 256 + 256 * 256 + 256 * 32 + 32 * 2)  # one row through trunk and own head


def flow_flop(nodes, steps):
    """Forward, and twice that backward."""
    return 3 * ROW * 4 * steps * (nodes or SIDE) ** 2 * SLOTS


@pytest.fixture(scope="module")
def pixels():
    return load_images("cifar10", "test", source="sample").float()[:BATCH]


@pytest.fixture(scope="module")
def task(pixels):
    """A field, the published one with its weights, the grid, and its copies."""
    torch.manual_seed(0)
    grid = pixel_grid(SIDE, SIDE)
    omega = torch.exp(-grid.square().sum(-1))  # largest in the middle, as the weights are
    quadrature = Quadrature(grid.reshape(-1, 2), omega.reshape(-1))
    field = cifar_symmetry.network(PRESETS["paper"], quadrature)
    net = Published(field, quadrature.omega.reshape(SIDE, SIDE))
    return field, net, grid, grid[:, :, None].expand(-1, -1, SLOTS, 2).contiguous(), quadrature


class Extractor(nn.Module):
    """The published network: features of pictures that were normalised before."""

    def __init__(self, model):
        super().__init__()
        self.model = model.requires_grad_(False)

    def forward(self, x):
        return self.model.stages(torch.relu(self.model.bn(self.model.stem(x)))).mean((2, 3))


def networks(name, pixels):
    """A frozen network with batch norms that know pictures, and the same one folded."""
    model = ResNet.named(name).train()
    with torch.no_grad():
        model(pixels)
    return Extractor(model.eval()), folded(model)


def normalised(pixels):
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    return (pixels - mean) / std


def network_flop(model, pixels):
    """Pictures as they are, moved pictures, and the gradient of these with respect to pixels."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.features(pixels)
    return counter.get_total_flops() * (1 + 2 * SLOTS)


def test_both_integrate_the_same_field(task):
    """At the start; later the published one is divided by another norm at every stage."""
    field, net, grid, start, _ = task
    s = torch.full((SLOTS,), S)
    with torch.no_grad():
        assert torch.allclose(net(start), field(grid), atol=1e-5)
        theirs = published_flow(net, start, S, SIGMA / 20).movedim(-2, 0)
        known = cifar_objective.moved_grid(field, s, 0, 20)
        assert (known - theirs).abs().max() < 0.02 < 0.1 < (known - grid).abs().max()
        for nodes, steps in ((0, 4), (0, 2), (16, 2)):
            found = cifar_objective.moved_grid(field, s, nodes, steps)
            assert torch.allclose(found, known, atol=1e-4)


def test_both_have_the_same_objective(task, pixels):
    """The two terms that are not the flow's to the last digit, the angles to a few percent."""
    field, net, _, start, quadrature = task
    published, lean = networks("small", pixels)
    config = replace(PRESETS["laptop"], batch=BATCH, precision="float32")
    found = cifar_objective.objective(config, field, lean, quadrature)(
        pixels, torch.full((SLOTS,), S)
    ).terms
    ortho, steep = published_penalties(net, start)
    assert torch.allclose(ortho, found["orthonormality"], rtol=1e-3)
    assert torch.allclose(steep, found["lipschitz"], rtol=1e-3, atol=1e-3)
    whole = published_loss(net, published, normalised(pixels), start, S, SIGMA / 20)
    validity = whole - ortho - steep
    assert validity.item() == pytest.approx(found["validity"].item(), rel=0.05)


@pytest.mark.parametrize(("nodes", "steps"), [(0, 4), (0, 2), (16, 2)])
def test_flow(compare, task, nodes, steps):
    field, net, _, start, _ = task
    cotangent = torch.randn(SLOTS, SIDE, SIDE, 2)
    s = torch.full((SLOTS,), S)

    def ours():
        cifar_objective.moved_grid(field, s, nodes, steps).backward(cotangent)

    def baseline():
        published_flow(net, start, S, SIGMA / 20).movedim(-2, 0).backward(cotangent)

    points = f"{nodes}x{nodes} nodes" if nodes else "every pixel"
    compare(
        f"image flow, {points}, {steps} steps",
        ours,
        baseline,
        against="all heads, adjoint",
        flop=flow_flop(nodes, steps),
        rounds=3,
    )


def test_warp(compare, task, pixels):
    field, _, grid, _, _ = task
    with torch.no_grad():
        places = flow(field, grid, S).movedim(-2, 0)
    places.requires_grad_(True)
    cotangent = torch.randn(SLOTS, BATCH, 3, SIDE, SIDE)
    compare(
        "cifar-symmetry, warp",
        lambda: bilinear_grids(pixels, places).backward(cotangent),
        lambda: published_warp(pixels, places).backward(cotangent),
        against="repeated pictures",
        flop=2 * 3 * 4 * 2 * cotangent.numel(),
        rounds=5,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_network(compare, pixels, name):
    published, lean = networks(name, pixels)
    config = replace(PRESETS[NETWORKS[name]], batch=BATCH)
    moved = pixels.expand(SLOTS, -1, -1, -1, -1).flip(-1).contiguous().requires_grad_(True)
    images = normalised(pixels)

    compare(
        f"cifar-symmetry, network ({name})",
        lambda: feature_angles(config, lean, pixels, moved).sum().backward(),
        lambda: published_angles(published, images, normalised(moved)).sum().backward(),
        against="batch norms, float32",
        flop=network_flop(lean, pixels),
        rounds=1 if name == "resnet18" else 3,
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_step(compare, task, pixels, name):
    field, net, _, start, quadrature = task
    published, lean = networks(name, pixels)
    config = replace(PRESETS[NETWORKS[name]], batch=BATCH)
    ours = torch.optim.Adam(field.parameters(), lr=0.0)  # both stay where they are
    theirs = torch.optim.Adam(net.parameters(), lr=0.0)
    objective = cifar_objective.objective(config, field, lean, quadrature)
    images, s = normalised(pixels), torch.full((SLOTS,), S)

    def step():
        ours.zero_grad()
        objective(pixels, s).total.backward()
        ours.step()

    def baseline():
        theirs.zero_grad()
        published_loss(net, published, images, start, S, SIGMA / 20).backward()
        theirs.step()

    compare(
        f"cifar-symmetry, one step ({name})",
        step,
        baseline,
        against="published arrangement",
        flop=flow_flop(config.nodes, config.rk4_steps) + network_flop(lean, pixels),
        rounds=1 if name == "resnet18" else 3,
    )
