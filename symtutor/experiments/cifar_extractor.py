"""The feature extractor that judges image symmetries: a classifier of CIFAR-10, flips only.

Ko, Kim and Lee (2024, appendix B): ResNet-18 without crops, so that nothing but the pictures
themselves can tell it about translations. The test pictures stay as they are.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..data import Images
from ..data.images import data_root
from ..data.loader import Batches
from ..models import ResNet
from ..models.extractors import save_extractor
from ..numerics.random import fan_out
from ..training import Loss, Runtime, Trained, cosine, piecewise, train
from .base import Experiment, Metric, Result, Wanted, above_zero, at_least, one_of_its_choices
from .cifar_data import checksums, cifar10, shuffled

MILESTONES = (0.3, 0.6, 0.8)


@dataclass(frozen=True)
class CIFARExtractor:
    """Train a classifier of CIFAR-10 whose pooled features will judge symmetries.

    Attributes:
        seed: of the initial weights and the batches; an integer >= 0.
        architecture: "small", for two CPU cores, or "resnet18", as published.
        labels: "true", or "shuffled": dealt out at random, for a control.
        data: "full" CIFAR-10, or the bundled "sample".
        epochs: passes over the training pictures.
        batch: pictures in a step.
        learning_rate: of SGD with Nesterov momentum 0.9, at its largest.
        schedule: "cosine" with a linear rise over the first fifth, or "steps": times 0.2 at 30,
            60 and 80 percent, as published.
        weight_decay: of all weights.
        flip: mirror every picture with probability 1/2.
        crop: move every picture by up to so many pixels; 0 for an extractor.
        precision: "float32", or "bfloat16" for convolutions under autocast.
    """

    seed: int = 0
    architecture: Literal["small", "resnet18"] = "small"
    labels: Literal["true", "shuffled"] = "true"
    data: Literal["full", "sample"] = "full"
    epochs: int = 20
    batch: int = 128
    learning_rate: float = 0.2
    schedule: Literal["cosine", "steps"] = "cosine"
    weight_decay: float = 5e-4
    flip: bool = True
    crop: int = 0
    precision: Literal["float32", "bfloat16"] = "bfloat16"

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "weight_decay", "crop")
        at_least(self, 1, "epochs", "batch")
        above_zero(self, "learning_rate")


def run(config: CIFARExtractor, runtime: Runtime) -> Result:
    """Train, judge on test pictures that nothing was done to, keep the weights."""
    pictures, unseen = cifar10(config.data, "train"), cifar10(config.data, "test")
    seen = shuffled(pictures, config.seed) if config.labels == "shuffled" else pictures
    model = ResNet.named(config.architecture, seed=fan_out(config.seed, "initialisation"))
    model = model.to(runtime.device).to(memory_format=torch.channels_last)
    training = learn(config, runtime, model, seen)
    for value in model.state_dict().values():  # as they will be stored
        value.copy_(value.half()) if value.is_floating_point() else None
    metrics = {
        "test_accuracy": Metric(100 * accuracy(model, unseen), "percent"),
        "train_accuracy": Metric(100 * accuracy(model, seen), "percent"),
    }
    tensors = {}
    if config.architecture == "small":
        tensors = {f"model/{k}": stored(v) for k, v in model.state_dict().items()}
    if config.data == "full":
        about = {"labels": config.labels, "test_accuracy": metrics["test_accuracy"].value}
        save_extractor(model, config.architecture, kept_at(config), **about)
    return Result(metrics, tensors, {"extractor": training}, checksums(train=pictures, test=unseen))


def stored(value: Tensor) -> Tensor:
    """Weights in half precision; counters as they are."""
    return value.half() if value.is_floating_point() else value


def kept_at(config: CIFARExtractor) -> Path:
    """File of the weights: other experiments look for it there."""
    name = config.architecture + ("-shuffled" if config.labels == "shuffled" else "")
    return data_root() / "extractors" / f"{name}.safetensors"


def learn(config: CIFARExtractor, runtime: Runtime, model: ResNet, images: Images) -> Trained:
    """One training of the classifier."""
    batches = Batches(
        images,
        config.batch,
        seed=config.seed,
        flip=config.flip,
        crop=config.crop,
        device=runtime.device,
    )
    steps = config.epochs * len(batches)
    falls = piecewise([round(part * steps) for part in MILESTONES], 0.2)
    return train(
        classification(model),
        batches,
        sgd(model, config.learning_rate, config.weight_decay),
        {"model": model},
        steps=steps,
        schedule=falls if config.schedule == "steps" else cosine(steps, warmup=steps // 5),
        precision=config.precision,
        runtime=runtime,
        identity=CIFAR_EXTRACTOR.identity(config),
        name="extractor",
    )


def sgd(model: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.SGD:
    """Stochastic gradient descent with Nesterov momentum 0.9."""
    return torch.optim.SGD(
        model.parameters(), learning_rate, momentum=0.9, nesterov=True, weight_decay=weight_decay
    )


def classification(model: nn.Module) -> Callable[[Tensor, Tensor], Loss]:
    """Cross-entropy of a classifier, in training mode."""

    def loss(images: Tensor, labels: Tensor) -> Loss:
        model.train()
        logits = model(images.contiguous(memory_format=torch.channels_last))
        entropy = F.cross_entropy(logits.float(), labels)
        return Loss(entropy, {"cross_entropy": entropy})

    return loss


@torch.no_grad()
def accuracy(model: nn.Module, images: Images) -> float:
    """Part of the pictures that a classifier, in eval mode and float32, puts into their class."""
    model.eval()
    device = next(model.parameters()).device
    right = 0
    for pixels, labels in zip(images.pixels.split(500), images.labels.split(500), strict=True):
        right += int((model(pixels.to(device).float() / 255).argmax(1).cpu() == labels).sum())
    return right / len(images)


CIFAR_EXTRACTOR = Experiment(
    name="cifar-extractor",
    summary="a CIFAR-10 classifier trained with flips only, whose features judge image symmetries",
    presets={
        "quick": CIFARExtractor(data="sample", epochs=2),
        "laptop": CIFARExtractor(),
        "paper": CIFARExtractor(
            architecture="resnet18", epochs=200, learning_rate=0.1, schedule="steps"
        ),
    },
    run=run,
    headline=("test_accuracy",),
    threads=1,
    wanted=(
        Wanted("laptop", {}, (0,)),
        Wanted("laptop", {"labels": "shuffled"}, (0,)),
        Wanted("paper", {}, (0,)),
        Wanted("paper", {"labels": "shuffled"}, (0,)),
    ),
)
