"""The residual networks: sizes as published, features, and folding that changes no number."""

import jaxtyping
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from symtutor.models import ResNet, folded
from symtutor.models.resnet import ARCHITECTURES, MEAN, STD, Block


@pytest.fixture
def images(generator):
    return torch.rand(5, 3, 32, 32, generator=generator)


def lived(model, generator):
    """The network in eval mode, with batch norms that are far from doing nothing."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            n = module.num_features
            with torch.no_grad():
                module.weight.copy_(torch.rand(n, generator=generator) + 0.5)
                module.bias.copy_(torch.randn(n, generator=generator) / 3)
            module.running_mean.copy_(torch.randn(n, generator=generator) / 3)
            module.running_var.copy_(torch.rand(n, generator=generator) + 0.3)
    return model.eval()


def norms(model):
    return [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]


def test_resnet18_has_the_published_size():
    """0.555 GMAC and 11,173,962 parameters with 10 classes."""
    model = ResNet.named("resnet18").eval()
    assert sum(p.numel() for p in model.parameters()) == 11_173_962
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.rand(1, 3, 32, 32))
    assert counter.get_total_flops() / 2 == pytest.approx(0.555e9, abs=0.0005e9)
    assert sum(isinstance(m, nn.Conv2d) for m in model.modules()) == 17 + 3  # and a linear layer


@pytest.mark.parametrize(("name", "features"), [("small", 128), ("resnet18", 512)])
def test_features_have_one_entry_per_channel_of_the_last_stage(name, features, images):
    model = ResNet.named(name).eval()
    with torch.no_grad():
        assert model.features(images[:2]).shape == (2, features)
        assert model(images[:2]).shape == (2, 10)
        assert ResNet.named(name, classes=3).eval()(images[:2]).shape == (2, 3)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_stage_after_the_first_halves_the_picture_once(name, images):
    model, seen = ResNet.named(name).eval(), []
    for block in model.stages:
        block.register_forward_hook(lambda _, given, out: seen.append(tuple(out.shape[1:])))
    with torch.no_grad():
        model(images[:1])
    widths, blocks = ARCHITECTURES[name]
    assert seen == [
        (width, 32 >> stage, 32 >> stage)
        for stage, width in enumerate(widths)
        for _ in range(blocks)
    ]


def test_the_shortcut_is_the_identity_where_the_shapes_allow_it():
    assert len(Block(8, 8, 1).shortcut) == 0
    assert len(Block(8, 8, 2).shortcut) == len(Block(8, 16, 1).shortcut) == 2


def test_a_block_is_its_formula(generator):
    block = lived(Block(4, 6, 2), generator)
    x = torch.randn(2, 4, 8, 8, generator=generator)
    inner = F.relu(block.bn1(F.conv2d(x, block.conv1.weight, stride=2, padding=1)))
    inner = block.bn2(F.conv2d(inner, block.conv2.weight, padding=1))
    direct = block.shortcut[1](F.conv2d(x, block.shortcut[0].weight, stride=2))
    assert torch.allclose(block(x), F.relu(inner + direct), atol=1e-6)


def test_features_are_the_input_of_the_head_and_not_negative(images, generator):
    model, given = lived(ResNet((8, 16), 1), generator), []
    model.head.register_forward_hook(lambda _, inputs, out: given.append(inputs[0]))
    logits, features = model(images), model.features(images)
    assert given[0].equal(features) and features.shape == (5, 16)
    assert (features >= 0).all() and (features > 0).any()
    assert torch.allclose(logits, F.linear(features, model.head.weight, model.head.bias))


def test_the_network_itself_normalises(images, generator):
    """A picture of the mean colour is zero to the first convolution; a deviation more is one."""
    model, given = lived(ResNet((8, 16), 1), generator), []
    model.stem.register_forward_hook(lambda _, inputs, out: given.append(inputs[0]))
    mean, std = torch.tensor(MEAN)[:, None, None], torch.tensor(STD)[:, None, None]
    model(torch.stack([mean.expand(3, 8, 8), (mean + std).expand(3, 8, 8)]))
    assert torch.allclose(given[0], torch.tensor([0.0, 1.0])[:, None, None, None], atol=1e-6)
    assert not {"mean", "std"} & model.state_dict().keys()


def test_each_picture_is_judged_by_itself_in_eval_mode_only(images, generator):
    model = lived(ResNet((8, 16), 1), generator)
    assert torch.allclose(model(images)[:1], model(images[:1]), atol=1e-5)
    model.train()
    assert not torch.allclose(model(images)[:1], model(images[:1]), atol=1e-2)


def test_weights_follow_from_the_seed_alone():
    torch.manual_seed(1)
    first = ResNet((8, 16), 1, seed=3).state_dict()
    torch.manual_seed(2)
    again, other = ResNet((8, 16), 1, seed=3).state_dict(), ResNet((8, 16), 1, seed=4).state_dict()
    assert all(value.equal(again[key]) for key, value in first.items())
    drawn = [key for key in first if "conv" in key or key in ("stem.weight", "head.weight")]
    assert len(drawn) == 6 and not any(first[key].equal(other[key]) for key in drawn)


def test_convolutions_start_with_the_variance_of_he():
    model = ResNet((64, 64), 1)
    for conv in (m for m in model.modules() if isinstance(m, nn.Conv2d)):
        fan_out = conv.out_channels * conv.kernel_size[0] ** 2
        assert conv.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_folded_network_gives_equal_numbers(name, images, generator):
    model = lived(ResNet.named(name), generator)
    lean = folded(model)
    with torch.no_grad():
        pairs = (model(images), lean(images)), (model.features(images), lean.features(images))
    for known, found in pairs:
        assert torch.allclose(found, known, rtol=1e-4, atol=1e-4 * known.abs().max().item())
    assert not norms(lean)


def test_a_folded_network_passes_equal_gradients_to_pictures(images, generator):
    model = lived(ResNet((8, 16), 1), generator)
    gradients = []
    for net in (model, folded(model)):
        pixels = images.clone().requires_grad_(True)
        net.features(pixels).square().sum().backward()
        gradients.append(pixels.grad)
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-5) and gradients[0].abs().max() > 1e-2


def test_folding_leaves_the_network_alone_and_freezes_the_copy(images, generator):
    model = lived(ResNet((8, 16), 1), generator)
    before, count = {k: v.clone() for k, v in model.state_dict().items()}, len(norms(model))
    lean = folded(model)
    assert count == len(norms(model)) == 6
    assert all(value.equal(before[key]) for key, value in model.state_dict().items())
    assert all(p.requires_grad for p in model.parameters())
    assert not any(p.requires_grad for p in lean.parameters()) and not lean.training
    with torch.no_grad():
        lean.head.weight.zero_()
    assert model.head.weight.any()


def test_batch_norms_in_training_mode_are_not_folded():
    with pytest.raises(ValueError, match=r"call model\.eval\(\) first"):
        folded(ResNet((8, 16), 1))


@pytest.mark.parametrize("shape", [(2, 1, 32, 32), (2, 4, 32, 32), (3, 32, 32), (2, 32, 32, 3)])
def test_pictures_without_three_channels_are_refused(shape, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    model = ResNet((8, 16), 1).eval()
    for find in (model, model.features, folded(model)):
        with pytest.raises(ValueError, match=r"pictures of 3 channels.*got \(\d") as error:
            find(torch.rand(shape))
        assert str(shape) in str(error.value)


@pytest.mark.parametrize(
    ("widths", "blocks", "classes"), [((0, 8), 1, 10), ((8,), 0, 10), ((8,), 1, 0), ((8, -2), 1, 2)]
)
def test_sizes_below_one_are_refused(widths, blocks, classes):
    with pytest.raises(ValueError, match="must be at least 1"):
        ResNet(widths, blocks, classes=classes)


def test_an_unknown_architecture_names_the_known_ones():
    with pytest.raises(ValueError, match="'resnet50'; there are small, resnet18"):
        ResNet.named("resnet50")
