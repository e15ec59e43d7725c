"""The parts of the extractor's training: accuracy, loss, schedules, settings."""

import math
from dataclasses import replace

import jaxtyping
import pytest
import torch
from torch import nn

from symtutor import Images, Runtime, experiments
from symtutor.data import load_images
from symtutor.data.loader import Batches
from symtutor.experiments import cifar_extractor as extractor
from symtutor.models import ResNet
from symtutor.training import History, Trained

CIFAR = experiments.get("cifar-extractor")
QUICK = CIFAR.presets["quick"]


class Fixed(nn.Module):
    """A classifier that knows the answers, by the sum of the bytes of a picture."""

    def __init__(self, images, answers):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.answers = dict(zip(self.key(images.float()), answers.tolist(), strict=True))
        self.parts = []

    @staticmethod
    def key(images):
        return [tuple(p.tolist()) for p in (images * 255).round().long().flatten(1)]

    def forward(self, images):
        assert not self.training and not torch.is_grad_enabled()
        self.parts.append(len(images))
        classes = torch.tensor([self.answers[key] for key in self.key(images)])
        return nn.functional.one_hot(classes, 10).float()


def test_the_accuracy_is_the_part_of_all_pictures_that_is_right(generator):
    pixels = torch.randint(256, (1203, 1, 2, 3), dtype=torch.uint8, generator=generator)
    images = Images(pixels, torch.arange(1203) % 10, tuple("abcdefghij"), "tree")
    wrong = torch.tensor([0, 7, 501, 1200, 1202])  # also in a last part that is not full
    answers = images.labels.clone()
    answers[wrong] = (answers[wrong] + 1) % 10
    model = Fixed(images, answers).train()
    assert extractor.accuracy(model, images) == pytest.approx(1 - 5 / 1203, abs=1e-12)
    assert sum(model.parts) == 1203


def test_the_loss_is_the_cross_entropy_in_training_mode(generator):
    model = ResNet((4, 8), 1).eval()
    images, labels = torch.rand(8, 3, 16, 16, generator=generator), torch.arange(8)
    found = extractor.classification(model)(images, labels)
    assert model.training and model.bn.num_batches_tracked == 1
    logits = model(images)
    known = (logits.logsumexp(1) - logits[torch.arange(8), labels]).mean()
    assert torch.allclose(found.total, known, atol=1e-5)
    assert found.terms["cross_entropy"].equal(found.total)


def learned(config, monkeypatch):
    """What the training was given, without training."""
    given = {}

    def train(loss, batches, optimizer, modules, **options):
        given.update(options, batches=batches, optimizer=optimizer, modules=modules)
        return Trained(History((), torch.zeros(0, 0), 1), 0.0, 0.0, (0,), None, False)

    monkeypatch.setattr(extractor, "train", train)
    model = ResNet((4, 8), 1)
    images = load_images("cifar10", "train", source="sample")
    few = replace(images, pixels=images.pixels[:60], labels=images.labels[:60])
    extractor.learn(config, Runtime(), model, few)
    return given


def test_the_published_schedule_falls_by_a_fifth_at_30_60_and_80_percent(monkeypatch):
    given = learned(replace(QUICK, batch=10, epochs=200, schedule="steps"), monkeypatch)
    assert given["steps"] == 200 * 6
    epochs = [0, 59, 60, 119, 120, 159, 160, 199]
    found = [given["schedule"](6 * epoch) for epoch in epochs]
    assert found == pytest.approx([1, 1, 0.2, 0.2, 0.04, 0.04, 0.008, 0.008])


def test_the_cosine_rises_over_a_fifth_and_falls_to_zero(monkeypatch):
    given = learned(replace(QUICK, batch=10, epochs=10), monkeypatch)
    rates = torch.tensor([given["schedule"](step) for step in range(60)])
    assert int(rates.argmax()) in (11, 12) and rates.max().item() == pytest.approx(1, abs=0.1)
    assert (rates[:11].diff() > 0).all() and (rates[13:].diff() < 0).all()
    assert rates[0] < 0.2 and rates[-1] < 0.01


def test_the_training_gets_what_the_configuration_says(monkeypatch):
    config = replace(
        QUICK, batch=7, crop=3, flip=False, learning_rate=0.3, weight_decay=0.01, seed=4
    )
    given = learned(config, monkeypatch)
    batches = given["batches"]
    assert isinstance(batches, Batches) and given["precision"] == "bfloat16"
    assert (batches.size, batches.flip, batches.crop, batches.seed) == (7, False, 3, 4)
    (group,) = given["optimizer"].param_groups
    assert isinstance(given["optimizer"], torch.optim.SGD) and group["nesterov"]
    assert (group["lr"], group["momentum"], group["weight_decay"]) == (0.3, 0.9, 0.01)
    count = sum(p.numel() for p in group["params"])
    assert count == sum(p.numel() for p in given["modules"]["model"].parameters())


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("architecture", "vgg", "architecture is one of small, resnet18, got 'vgg'"),
        ("labels", "none", "labels is one of true, shuffled, got 'none'"),
        ("data", "half", "data is one of full, sample, got 'half'"),
        ("schedule", "linear", "schedule is one of cosine, steps, got 'linear'"),
        ("precision", "float16", "precision is one of float32, bfloat16, got 'float16'"),
        ("seed", -1, "seed must be finite and at least 0"),
        ("epochs", 0, "epochs must be finite and at least 1"),
        ("batch", 0, "batch must be finite and at least 1"),
        ("crop", -1, "crop must be finite and at least 0"),
        ("weight_decay", -0.1, "weight_decay must be finite and at least 0"),
        ("learning_rate", 0.0, "learning_rate must be finite and positive"),
        ("learning_rate", math.nan, "learning_rate must be finite and positive"),
    ],
)
def test_a_configuration_out_of_range_cannot_be_made(field, value, told, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=told):
        CIFAR.config("quick", **{field: value})


def test_extractors_see_neither_crops_nor_other_turns_in_any_preset():
    assert {config.crop for config in CIFAR.presets.values()} == {0}
    paper = CIFAR.presets["paper"]
    assert (paper.architecture, paper.epochs, paper.batch) == ("resnet18", 200, 128)
    assert (paper.learning_rate, paper.weight_decay, paper.schedule) == (0.1, 5e-4, "steps")
