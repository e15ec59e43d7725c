"""Generators of the plane that leave the features of CIFAR-10 pictures nearly where they are.

The image experiment of Ko, Kim and Lee (2024): ten slots of a network that knows nothing but how
far a classifier's features turn. The field is normalised once on the pixel grid, so that its flow
is a true one-parameter group, and gradients go straight through the steps of the flow.
"""

import torch

from ..fields import MLPField
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..training import Runtime
from .base import Experiment, Result, Wanted
from .cifar_config import CIFARSymmetry
from .cifar_data import CONTROLS, checksums, cifar10, draw, extractor_for
from .cifar_objective import SIDE, judged, objective, pixel_weights, scores
from .feature_training import learn, lipschitz_shares


def run(config: CIFARSymmetry, runtime: Runtime) -> Result:
    """Weigh the pixels, learn, judge on pictures that were not learned from."""
    pictures, unseen = cifar10(config.data, "train"), cifar10(config.data, "test")
    model = extractor_for(config.architecture, config.control, pictures, config.seed)
    model = model.to(runtime.device)
    chosen = draw(pictures, config.sensitivity, config.seed, "sensitivity").to(runtime.device)
    quadrature = pixel_weights(chosen, model, generator(config.seed, "probes"))
    field = network(config, quadrature).to(runtime.device)
    before = judged(field, quadrature)["affineness"]
    loss = objective(config, field, model, quadrature)
    training = learn(config, runtime, field, pictures, loss, CIFAR_SYMMETRY.identity(config))
    test = draw(unseen, config.judged, config.seed, "judge").to(runtime.device)
    steep = (training.history.column("lipschitz") > 0).double()
    metrics = {
        **judged(field, quadrature),
        **scores(field, quadrature, model, test, config.sigma / 2),
        "affineness_before": before,
        **lipschitz_shares(steep),
    }
    tensors = {f"field/{key}": value for key, value in field.state_dict().items()}
    tensors["omega"] = quadrature.omega.reshape(SIDE, SIDE)
    return Result(metrics, tensors, {"field": training}, checksums(train=pictures, test=unseen))


def network(config: CIFARSymmetry, quadrature: Quadrature) -> MLPField:
    """The field to be learned, normalised under the pixel weights."""
    return MLPField(
        2,
        config.slots,
        width=config.width,
        head=config.head,
        quadrature=quadrature.to(torch.ones(())),
        seed=fan_out(config.seed, "initialisation"),
    )


CIFAR_SYMMETRY = Experiment(
    name="cifar-symmetry",
    summary="generators of the plane under which a CIFAR-10 classifier's features turn little",
    presets={
        "quick": CIFARSymmetry(
            data="sample", width=64, steps=20, batch=8, sensitivity=128, judged=50
        ),
        "laptop": CIFARSymmetry(),
        "paper": CIFARSymmetry(
            architecture="resnet18",
            width=256,
            steps=19550,
            batch=128,
            learning_rate=1e-4,
            schedule="constant",
            scales="common",
            rk4_steps=4,
            nodes=0,
            sensitivity=50000,
            judged=10000,
        ),
    },
    run=run,
    headline=("affineness",),
    threads=1,
    wanted=tuple(
        Wanted(preset, {} if control == "none" else {"control": control}, (0, 1, 2))
        for preset in ("laptop", "paper")
        for control in CONTROLS
    ),
)
