"""What the trainings against a classifier's features share: angles, batches and one loop."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from ..data import Images
from ..data.loader import Batches
from ..fields import MLPField
from ..models import ResNet
from ..numerics.random import generator
from ..training import Loss, Runtime, Trained, constant, cosine, train
from ..validity import feature_angle
from .base import Metric
from .feature_config import FeatureSymmetry


def feature_angles(
    config: FeatureSymmetry,
    model: ResNet,
    images: Float[Tensor, "b 3 h w"],
    moved: Float[Tensor, "n b 3 h w"],
) -> Float[Tensor, "n b"]:
    """Angles between the features of moved and of unmoved pictures; layers in the precision set."""
    half = config.precision == "bfloat16"
    with torch.autocast(images.device.type, torch.bfloat16, enabled=half):
        with torch.no_grad():
            still = model.features(images.contiguous(memory_format=torch.channels_last))
        stack = moved.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        found = model.features(stack)
    found = found.float().unflatten(0, moved.shape[:2])
    return feature_angle(found, still.float().expand_as(found))


def learn(
    config: FeatureSymmetry,
    runtime: Runtime,
    field: MLPField,
    pictures: Images,
    objective: Callable[[Tensor, Tensor], Loss],
    identity: Mapping[str, Any],
) -> Trained:
    """One training on pictures and scales; the scales come from a generator of their own."""
    batches = Batches(pictures, config.batch, seed=config.seed, device=runtime.device)
    scales = generator(config.seed, "scales")

    def batch(step: int) -> tuple[Tensor, Tensor]:
        size = config.slots if config.scales == "slots" else 1
        s = config.sigma * (2 * torch.rand(size, generator=scales) - 1)
        return batches(step)[0], s.expand(config.slots).to(runtime.device)

    return train(
        objective,
        batch,
        torch.optim.Adam(field.parameters(), lr=config.learning_rate),
        {"field": field},
        steps=config.steps,
        generators={"scales": scales},
        schedule=cosine(config.steps) if config.schedule == "cosine" else constant,
        runtime=runtime,
        identity=identity,
        name="field",
    )


def lipschitz_shares(active: Float[Tensor, " rows"]) -> dict[str, Metric]:
    """How often the Lipschitz term acted, over all rows of a history and over the second half.

    A row that averages several steps counts as a whole if the term acted in one of them.
    """
    return {
        "lipschitz_active": Metric(active.mean().item()),
        "lipschitz_active_late": Metric(active[len(active) // 2 :].mean().item()),
    }
