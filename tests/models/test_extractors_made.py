"""Extractors that come with the package, and untrained ones with the statistics of pictures."""

import json

import pytest
import safetensors
import torch
from torch import nn

from symtutor import load_images
from symtutor.models import EXTRACTORS, load_extractor
from symtutor.models.extractors import place, untrained


@pytest.mark.parametrize("name", EXTRACTORS)
def test_the_extractors_of_the_package_are_small_and_say_their_accuracy(name):
    assert place(name).stat().st_size <= 1_500_000
    with safetensors.safe_open(place(name), "pt") as file:
        about = json.loads(file.metadata()["about"])
    assert about["labels"] == ("shuffled" if "shuffled" in name else "true")
    assert load_extractor(name).widths == (16, 32, 64, 128)


def test_the_extractor_of_the_package_knows_the_classes_and_its_control_does_not():
    """400 test pictures that neither has seen; one standard deviation is 2 percent."""
    images, shares = load_images("cifar10", "test", source="sample"), {}
    for name in EXTRACTORS:
        with torch.no_grad():
            shares[name] = (load_extractor(name)(images.float()).argmax(1) == images.labels).float()
    assert shares["small"].mean() > 0.75 and shares["small-shuffled"].mean() < 0.2


def pictures(generator, low=0, high=256):
    return torch.randint(low, high, (64, 3, 32, 32), dtype=torch.uint8, generator=generator)


def watched(model, images):
    """What the convolutions of a network make of pictures, in their order."""
    seen = []
    hooks = [
        m.register_forward_hook(lambda _, given, out: seen.append(out))
        for m in model.modules()
        if isinstance(m, nn.Conv2d)
    ]
    with torch.no_grad():
        model(images.float() / 255)
    for hook in hooks:
        hook.remove()
    return seen


def test_an_untrained_extractor_takes_its_scale_from_the_pictures(generator):
    """Every folded convolution gives mean 0 and variance 1 over the pictures it has seen."""
    images = pictures(generator, 0, 40)  # dark
    model = untrained("small", images)
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    seen = watched(model, images)
    assert len(seen) == 1 + 4 * 2 + 3
    for values in seen:
        # torch's running variance is that of a sample, n - 1
        assert values.mean((0, 2, 3)).abs().max() < 1e-3
        assert (values.var((0, 2, 3)) - 1).abs().max() < 1e-2
    bright = watched(model, pictures(generator, 200, 256))
    assert bright[0].mean((0, 2, 3)).abs().max() > 1


def test_an_untrained_extractor_averages_over_all_pictures(generator):
    """Named after what could go wrong: momentum 0.1 would leave it with the first and last ones."""
    dark, bright = pictures(generator, 0, 40), pictures(generator, 200, 256)
    both = torch.cat([dark.repeat(4, 1, 1, 1), bright.repeat(4, 1, 1, 1)])  # two parts of 256
    seen = watched(untrained("small", both), both)
    assert seen[0].mean((0, 2, 3)).abs().max() < 1e-3


def test_an_untrained_extractor_follows_from_seed_and_pictures(generator):
    images = pictures(generator)
    test = images[:4].float() / 255
    torch.manual_seed(1)
    first = untrained("small", images, seed=2).features(test)
    torch.manual_seed(2)
    assert untrained("small", images, seed=2).features(test).equal(first)
    assert not untrained("small", images, seed=3).features(test).equal(first)
    assert not untrained("small", images // 4, seed=2).features(test).equal(first)
