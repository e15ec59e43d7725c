"""Does augmentation with learned generators help a classifier, as much as the affine ones do?

Ko, Kim and Lee (2024, CIFAR-10): every arm mirrors pictures with probability 1/2. "none" does no
more, "crop" also moves by whole pixels, "affine" and "learned" move along random combinations of
six generators. All arms of a run see the same pictures in the same order and start from the same
weights. The scale of the displacements is chosen on pictures held out from the training set; test
pictures are neither flipped nor moved. Both sets of generators have unit norm on one quadrature,
that of the learned ones, so that an equal scale is an equal displacement.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor

from ..data import Images
from ..data.loader import Batches
from ..fields import MLPField
from ..fields.stored import load_field
from ..files import sha256, tensor_bytes
from ..images import AffineAugment, FlowAugment, LearnedAugment
from ..models import ResNet
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Runtime, Trained, cosine, piecewise, train
from .augment_config import ARMS, SEARCHED, CIFARAugment
from .base import Experiment, Metric, Result, Wanted
from .cifar_data import checksums, cifar10
from .cifar_extractor import MILESTONES, accuracy, classification, sgd


class Split(NamedTuple):
    """Pictures of a run: to try scales with, to choose them on, to train on in the end."""

    search: Images
    held_out: Images
    train: Images


class Setting(NamedTuple):
    """What all trainings of a run have in common."""

    config: CIFARAugment
    runtime: Runtime
    field: MLPField


class Arm(NamedTuple):
    """A trained arm: its classifier, its scale, and the accuracies the scale was chosen by."""

    model: ResNet
    scale: float
    validation: list[float]


def run(config: CIFARAugment, runtime: Runtime) -> Result:
    """Train the four arms, judge on test pictures that nothing was done to."""
    pictures, unseen = cifar10(config.data, "train"), cifar10(config.data, "test")
    setting, parts = Setting(config, runtime, load_field()), split(config, pictures)
    trainings: dict[str, Trained] = {}
    metrics: dict[str, Metric] = {}
    for name in ARMS:
        arm = best(setting, name, parts, trainings)
        for part, images in (("test", unseen), ("train", parts.train)):
            reached = Metric(100 * accuracy(arm.model, images), "percent")
            metrics[f"{part}_accuracy_{name}"] = reached
        if name in SEARCHED:
            metrics[f"scale_{name}"] = Metric(arm.scale)
        if arm.validation:
            metrics[f"validation_{name}"] = Metric(arm.validation, "percent")
    data = checksums(train=pictures, test=unseen) | {"field": checksum(setting.field)}
    return Result(metrics, {}, trainings, data)


def best(setting: Setting, arm: str, parts: Split, trainings: dict[str, Trained]) -> Arm:
    """An arm with the scale that is best on the held-out pictures; the first of equals.

    Every scale is trained to the end. If the training pictures are the same in the end, that
    classifier counts as it is, since nothing but the scale tells the trainings of a run apart.

    Args:
        setting: of the run.
        arm: its name.
        parts: the pictures.
        trainings: those that there are; the new ones are added, as "affine-0.1" and so on.
    """
    scales = setting.config.scales if arm in SEARCHED else (0.0,)
    kept, validation = 0, []
    if len(scales) > 1:
        models = []
        for scale in scales:
            name = f"{arm}-{scale:g}"
            model, trainings[name] = learn(setting, arm, scale, parts.search, name)
            models.append(model)
            validation.append(100 * accuracy(model, parts.held_out))
        kept = validation.index(max(validation))
        if parts.train is parts.search:
            return Arm(models[kept], scales[kept], validation)
    model, trainings[arm] = learn(setting, arm, scales[kept], parts.train, arm)
    return Arm(model, scales[kept], validation)


def checksum(field: MLPField) -> str:
    """Checksum of the learned generators."""
    return sha256(tensor_bytes(field.state_dict()))


def split(config: CIFARAugment, images: Images) -> Split:
    """Held-out pictures and training pictures, chosen at random and disjoint.

    Raises:
        ValueError: if there are not enough pictures for both.
    """
    wanted = config.pictures or config.batch
    if config.held_out + wanted > len(images):
        raise ValueError(
            f"{config.held_out} held-out pictures and {wanted} others cannot be chosen from "
            f"{len(images)}; lower held_out or pictures"
        )
    order = torch.randperm(len(images), generator=generator(config.seed, "split"))
    rest = order[config.held_out :]
    search = taken(images, rest[: config.pictures or None])
    everything = search if config.pictures else images
    return Split(search, taken(images, order[: config.held_out]), everything)


def taken(images: Images, which: Tensor) -> Images:
    """Some of the pictures."""
    return replace(images, pixels=images.pixels[which], labels=images.labels[which])


def learn(
    setting: Setting, arm: str, scale: float, images: Images, name: str
) -> tuple[ResNet, Trained]:
    """One training; the initial weights and the batches are those of every other of this run."""
    config, runtime = setting.config, setting.runtime
    model = ResNet.named(config.architecture, seed=fan_out(config.seed, "initialisation"))
    model = model.to(runtime.device).to(memory_format=torch.channels_last)
    batches = Batches(
        images,
        config.batch,
        seed=config.seed,
        crop=config.crop if arm == "crop" else 0,
        device=runtime.device,
    )
    random = generator(config.seed, "displacements")
    augment = augmentation(setting, arm, scale, random)
    steps = config.epochs * len(batches)
    falls = piecewise([round(part * steps) for part in MILESTONES], 0.2)
    training = train(
        classification(model),
        augmented(batches, augment),
        sgd(model, config.learning_rate, config.weight_decay),
        {"model": model},
        steps=steps,
        generators={"displacements": random},
        schedule=falls if config.schedule == "steps" else cosine(steps, warmup=steps // 5),
        precision=config.precision,
        rows=100,
        runtime=runtime,
        identity=CIFAR_AUGMENT.identity(config) | {"field": checksum(setting.field)},
        name=name,
    )
    return model, training


def augmented(
    batches: Batches, augment: FlowAugment | None
) -> Callable[[int], tuple[Tensor, Tensor]]:
    """Batches whose pictures are moved."""

    def batch(step: int) -> tuple[Tensor, Tensor]:
        pixels, labels = batches(step)
        return (pixels if augment is None else augment(pixels)), labels

    return batch


def augmentation(
    setting: Setting, arm: str, scale: float, random: torch.Generator
) -> FlowAugment | None:
    """What an arm does to pictures besides flips and crops.

    Raises:
        ValueError: if more learned generators are asked for than there are.
    """
    config, field = setting.config, setting.field
    if config.slots > field.n:
        raise ValueError(f"slots is {config.slots}, but there are {field.n} learned generators")
    if arm == "affine":
        return AffineAugment(scale, quadrature=quadrature(field), generator=random)
    if arm == "learned":
        return LearnedAugment(field, scale, slots=range(config.slots), generator=random)
    return None


def quadrature(field: MLPField) -> Quadrature | None:
    """On which the learned generators have unit norm; None: the pixels with equal weights."""
    if field._points is None:
        return None
    return Quadrature(field._points, field._weights)


CIFAR_AUGMENT = Experiment(
    name="cifar-augment",
    summary="accuracy with no augmentation, crops, affine and learned generators, on CIFAR-10",
    presets={
        "quick": CIFARAugment(
            data="sample",
            pictures=512,
            held_out=400,
            scales=(0.1, 0.3),
            epochs=2,
        ),
        "laptop": CIFARAugment(),
        "paper": CIFARAugment(
            architecture="resnet18",
            pictures=0,
            held_out=5000,
            epochs=200,
            batch=128,
            learning_rate=0.1,
            schedule="steps",
        ),
    },
    run=run,
    headline=tuple(f"test_accuracy_{arm}" for arm in ARMS),
    threads=1,
    wanted=(Wanted("laptop", {}, (0, 1, 2, 3, 4)), Wanted("paper", {}, (0, 1, 2, 3, 4))),
)
