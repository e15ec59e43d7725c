"""Generators of colour space that leave the features of CIFAR-10 pictures nearly where they are.

Appendix G of Ko, Kim and Lee (2024): three slots of a network on colours, judged by a classifier's
features. The published code looks the field up at the nearest of 1024 sampled colours; here the
field is evaluated at the colour itself, so that its flow is smooth in the colour.
"""

import torch

from ..data import Images
from ..fields import MLPField
from ..models import ResNet
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Runtime
from .base import Experiment, Result, Wanted
from .cifar_data import CONTROLS, checksums, cifar10, draw, extractor_for
from .colour_config import ColourSymmetry
from .colour_objective import colour_weights, judged, objective, sample_colours, scores
from .feature_training import learn, lipschitz_shares


def run(config: ColourSymmetry, runtime: Runtime) -> Result:
    """Sample and weigh colours, learn, judge on pictures that were not learned from."""
    pictures, unseen = cifar10(config.data, "train"), cifar10(config.data, "test")
    model = extractor_for(config.architecture, config.control, pictures, config.seed)
    model = model.to(runtime.device)
    quadrature = weighted_colours(config, runtime, pictures, model)
    field = network(config, quadrature).to(runtime.device)
    before = judged(field, quadrature)
    loss = objective(config, field, model, quadrature)
    training = learn(config, runtime, field, pictures, loss, COLOUR_SYMMETRY.identity(config))
    test = draw(unseen, config.judged, config.seed, "judge").to(runtime.device)
    metrics = {
        **judged(field, quadrature),
        **scores(config, field, quadrature, model, test),
        "overlap_before": before["overlap"],
        "affineness_before": before["affineness"],
        **lipschitz_shares(training.history.column("lipschitz_active")),
    }
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    tensors |= {"colours": quadrature.points, "omega": quadrature.omega}
    return Result(metrics, tensors, {"field": training}, checksums(train=pictures, test=unseen))


def weighted_colours(
    config: ColourSymmetry, runtime: Runtime, pictures: Images, model: ResNet
) -> Quadrature:
    """Sampled colours, and how much the features depend on each."""
    random = generator(config.seed, "colours")
    colours = sample_colours(pictures.pixels, config.colours, random).to(runtime.device)
    chosen = draw(pictures, config.sensitivity, config.seed, "sensitivity").to(runtime.device)
    return colour_weights(colours, chosen, model, generator(config.seed, "probes"))


def network(config: ColourSymmetry, quadrature: Quadrature) -> MLPField:
    """The field to be learned, normalised under the colours' weights."""
    return MLPField(
        3,
        config.slots,
        width=config.width,
        head=config.head,
        names=("red", "green", "blue"),
        quadrature=quadrature.to(torch.ones(())),
        seed=fan_out(config.seed, "initialisation"),
    )


COLOUR_SYMMETRY = Experiment(
    name="colour-symmetry",
    summary="generators of colour space under which a CIFAR-10 classifier's features turn little",
    presets={
        "quick": ColourSymmetry(
            data="sample", width=64, colours=256, steps=20, batch=8, sensitivity=128, judged=50
        ),
        "laptop": ColourSymmetry(),
        "paper": ColourSymmetry(
            architecture="resnet18",
            width=256,
            steps=19550,
            batch=128,
            learning_rate=1e-4,
            schedule="constant",
            scales="common",
            rk4_steps=4,
            lattice=17,
            sensitivity=50000,
            judged=10000,
        ),
    },
    run=run,
    headline=("affineness",),
    threads=1,
    wanted=(
        Wanted("laptop", {}, (0, 1, 2)),
        *(Wanted("laptop", {"control": name}, (0,)) for name in CONTROLS if name != "none"),
        Wanted("paper", {}, (0, 1, 2)),
    ),
)
