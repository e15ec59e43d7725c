"""Our Fourier neural operator against that of the neuraloperator package, on copied weights.

The package's operator is built without embedding and channel networks, with linear skips. It counts
modes on both sides of zero, has no bias in its skips but one behind each convolution, applies GELU
twice after every block but the last and not at all after the last, and rounds every spectrum to
`torch.cfloat`. Here that name means complex128 while its parts run, and GELU follows every block.
"""

import pytest
import torch
import torch.nn.functional as F
from neuralop.layers.spectral_convolution import SpectralConv
from neuralop.models import FNO as Package
from torch import nn

from symtutor.models import FNO
from symtutor.models.fno import PROJECTION, spectral_convolution

FRAMES_IN, FRAMES_OUT, WIDTH, LAYERS, BATCH = 5, 3, 12, 4, 6
ROUNDING = 1e-12
GRIDS = [(64, 9), (64, 33), (63, 32), (64, 1)]  # points and modes: with and without the highest


@pytest.fixture(autouse=True)
def double(monkeypatch):
    """Parameters are made, and spectra kept, in double precision."""
    monkeypatch.setattr(torch, "cfloat", torch.complex128)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def both_sides(modes):
    """The package's count for coefficients k = 0 ... modes - 1."""
    return (2 * (modes - 1),)


def as_complex(weight):
    """Ours "modes in 2*out", real parts then imaginary, as theirs "in out modes"."""
    real, imaginary = weight.chunk(2, dim=-1)
    return torch.complex(real, imaginary).permute(1, 2, 0)


def ours(frames_out=FRAMES_OUT, modes=9):
    """Two runs with weights for which neither branch of a block nor a GELU is negligible."""
    net = FNO(FRAMES_IN, frames_out, width=WIDTH, modes=modes, layers=LAYERS, seeds=(3, 8)).double()
    with torch.no_grad():
        for i in range(LAYERS):
            getattr(net, f"spectral{i}").sub_(0.5 / WIDTH**2).mul_(80)  # published: no negative one
            getattr(net, f"w{i}").mul_(2)
    return net


def as_theirs(net, run, of):
    """Weights of one run under the package's names; with `of` their gradients, say."""

    def part(name):
        return of(getattr(net, name))[run]

    linear = {"lifting.fcs.0": "lift", "projection.fcs.0": "hidden", "projection.fcs.1": "out"}
    named = {f"{name}.weight": part(own).T[..., None] for name, own in linear.items()}
    named |= {f"{name}.bias": part(f"{own}_bias")[0] for name, own in linear.items()}
    for i in range(net.layers):
        named[f"fno_blocks.convs.{i}.weight.tensor"] = as_complex(part(f"spectral{i}"))
        named[f"fno_blocks.convs.{i}.bias"] = part(f"b{i}").T
        named[f"fno_blocks.fno_skips.{i}.conv.weight"] = part(f"w{i}").T[..., None]
    return named


def theirs(net, run):
    """The package's operator with the weights of one run."""
    model = Package(
        n_modes=both_sides(net.modes),
        in_channels=net.frames_in,
        out_channels=net.frames_out,
        hidden_channels=net.width,
        n_layers=net.layers,
        lifting_channel_ratio=0,
        projection_channel_ratio=PROJECTION / net.width,
        positional_embedding=None,
        use_channel_mlp=False,
        fno_skip="linear",
    )
    model.load_state_dict(as_theirs(net, run, torch.Tensor.detach))  # strict: all are set
    model.fno_blocks.non_linearity = nn.Identity()
    model.fno_blocks.register_forward_hook(lambda _, given, out: F.gelu(out))
    return model


@pytest.mark.parametrize(("points", "modes"), GRIDS)
def test_one_spectral_layer(points, modes, generator):
    x = torch.randn(2, BATCH, WIDTH, points, generator=generator)
    weight = torch.randn(2, modes, WIDTH, 2 * WIDTH, generator=generator)
    found, synthesis = spectral_convolution(x.permute(0, 3, 1, 2).flatten(2), weight)
    mine = (synthesis @ found).view(2, points, BATCH, WIDTH).permute(0, 2, 3, 1)
    for run in range(2):
        layer = SpectralConv(WIDTH, WIDTH, both_sides(modes), bias=False)
        layer.load_state_dict({"weight.tensor": as_complex(weight[run])})
        want = layer(x[run])
        assert want.dtype == torch.float64
        assert (mine[run] - want).abs().max() < ROUNDING * want.abs().max()


@pytest.mark.parametrize(("points", "modes"), GRIDS)
@pytest.mark.parametrize("frames_out", [FRAMES_OUT, 1])
def test_the_whole_network(points, modes, frames_out, generator):
    net = ours(frames_out, modes)
    frames = torch.randn(2, BATCH, FRAMES_IN, points, generator=generator)
    mine = net(frames)
    for run in range(2):
        want = theirs(net, run)(frames[run])
        assert want.std(-1).mean() > 1e-2
        assert (mine[run] - want).abs().max() < ROUNDING


def test_the_spectral_weights_matter_in_this_comparison(generator):
    net = ours()
    frames = torch.randn(2, BATCH, FRAMES_IN, 64, generator=generator)
    model = theirs(net, 0)
    before = model(frames[0])
    with torch.no_grad():
        model.fno_blocks.convs[2].weight.tensor[..., 4] += 1e-3j
    assert (model(frames[0]) - before).abs().max() > 1e6 * ROUNDING


def test_gradients_of_all_weights_and_of_the_input(generator):
    net = ours(modes=33)  # the highest coefficient has a real part only
    frames = torch.randn(2, BATCH, FRAMES_IN, 64, generator=generator, requires_grad=True)
    cotangent = torch.randn(2, BATCH, FRAMES_OUT, 64, generator=generator)
    net(frames).backward(cotangent)
    for run in range(2):
        model, seen = theirs(net, run), frames[run].detach().clone().requires_grad_()
        model(seen).backward(cotangent[run])
        mine = {"input": frames.grad[run], **as_theirs(net, run, lambda p: p.grad)}
        want = {"input": seen.grad, **{name: p.grad for name, p in model.named_parameters()}}
        assert mine.keys() == want.keys()
        for name, grad in want.items():
            assert (mine[name] - grad).abs().max() < ROUNDING * grad.abs().max(), name
