"""Do adversaries find the cyclic shift that a signal's distribution is invariant under?

The comparison of Efe and Ozakin (2025): SymmetryGAN with a QR decomposition, and LieGAN, on signals
of seven components with a truly circular symmetry. The epoch that counts is chosen in four ways:
by the score itself, which needs the answer (as published); by the discriminator of that epoch; by
the last discriminator; and the last one.
"""

import math
from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data.hidden import hidden_generator
from ..files import sha256, tensor_bytes
from ..lens.gan import (
    LieGAN,
    expected_best,
    flow_score,
    random_rotations,
    shift_cosines,
)
from ..numerics.random import fan_out, generator
from ..training import Runtime, Trained, train
from .base import Experiment, Metric, Result, Wanted
from .lens_gan_config import LensGAN
from .lens_gan_training import WRITTEN, Batches, D, Diary, adam, objective, prepared

DRAWS = {"symmetrygan": 20000, "liegan": 1000}  # of the level of chance


def run(config: LensGAN, runtime: Runtime) -> Result:
    """Train the stack, score every epoch, choose one in four ways, compare with chance."""
    gan, batches, diary = prepared(config, runtime)

    def batch(step: int) -> tuple[Tensor, Tensor, int]:
        if step and step % batches.steps_per_epoch == 0:
            diary.note(step // batches.steps_per_epoch - 1)
        return batches(step)

    training = train(
        objective(gan),
        batch,
        adam(gan, config.rates),
        {"gan": gan, "diary": diary},
        steps=config.epochs * batches.steps_per_epoch,
        rows=config.epochs,
        runtime=runtime,
        identity=LENS_GAN.identity(config),
        name=config.method,
    )
    diary.note(config.epochs - 1)
    return reported(config, diary, batches, training)


def reported(config: LensGAN, diary: Diary, batches: Batches, training: Trained) -> Result:
    """Metrics of the chosen epochs, and the curves they were chosen from."""
    matrices, written = diary.matrices.cpu(), diary.written.cpu()
    curves = judged(config.method, matrices)
    curves |= dict(zip(WRITTEN, written.unbind(-1), strict=True))
    curves["judge"] = diary.judge().cpu()
    metrics = chosen(curves) | chance(config)
    tensors = {f"curve/{name}": curve for name, curve in curves.items()}
    tensors["matrices"] = matrices
    checksum = sha256(tensor_bytes({"samples": batches.samples.cpu()}))
    return Result(metrics, tensors, {config.method: training}, {"signals": checksum})


def judged(
    method: str, matrices: Float[Tensor, "epochs runs d d"]
) -> dict[str, Float[Tensor, "epochs runs"]]:
    """Scores of every epoch and run, and what they were reached with.

    For "symmetrygan" the largest cosine with a cyclic shift, identity included, the shift it was
    reached with ("winner", 0 for the identity), and the largest cosine with a shift that moves
    something; for "liegan" the largest cosine along the group, and its place t.
    """
    if method == "liegan":
        score, t = flow_score(matrices, hidden_generator("circulant", matrices.shape[-1]))
        return {"score": score, "t": t}
    cosines = shift_cosines(matrices.double())
    score, winner = cosines.max(-1)
    moving = cosines[..., 1:].amax(-1)
    return {"score": score, "winner": winner.double(), "score_without_identity": moving}


def epochs_chosen(
    curves: Mapping[str, Float[Tensor, "epochs runs"]],
) -> dict[str, Int[Tensor, " runs"]]:
    """The epoch that counts for every run: by the answer, in two ways without it, and the last.

    "by_loss" is the epoch whose discriminator has, on samples that it was not trained on, the loss
    nearest to that of one that cannot tell, ln 2. A smaller one tells, a larger one lags behind;
    but one that has hardly been trained cannot tell either. "by_judge" therefore lets the last
    discriminator judge the transformations of all epochs, and takes the one it tells worst.
    """
    undecided = (curves["discriminator"] - math.log(2)).abs().argmin(0)
    last = torch.full_like(undecided, len(curves["discriminator"]) - 1)
    judge = curves["judge"].argmax(0)
    best = curves["score"].argmax(0)
    return {"best": best, "by_loss": undecided, "by_judge": judge, "last": last}


def chosen(curves: Mapping[str, Float[Tensor, "epochs runs"]]) -> dict[str, Metric]:
    """Every curve at the chosen epochs, run by run; where the identity has won, how often."""
    metrics: dict[str, Metric] = {}
    epochs = epochs_chosen(curves)
    for choice, epoch in epochs.items():
        metrics[f"epoch_{choice}"] = Metric((epoch + 1).tolist())
        for name, curve in curves.items():
            metrics[f"{name}_{choice}"] = Metric(curve.gather(0, epoch[None])[0].tolist())
        if "winner" in curves:
            won = curves["winner"].gather(0, epoch[None]) == 0
            metrics[f"identity_share_{choice}"] = Metric(won.double().mean().item())
    if "winner" in curves:  # the choice by a score is the choice by that score
        best = curves["score_without_identity"].amax(0)
        metrics["score_without_identity_best"] = Metric(best.tolist())
        metrics["identity_share"] = Metric((curves["winner"] == 0).double().mean().item())
    return metrics


def chance(config: LensGAN) -> dict[str, Metric]:
    """What the scores are without any training.

    Of uniformly drawn rotations, or of LieGAN's initial matrices: the mean, what 5 % exceed, and
    the mean best of as many independent draws as there are epochs to choose from.
    """
    random, count = generator(config.seed, "chance"), DRAWS[config.method]
    if config.method == "liegan":
        seeds = [fan_out(config.seed, f"chance {i}") for i in range(count)]
        drawn = torch.stack([LieGAN.initial(D, seed) for seed in seeds])
    else:
        drawn = random_rotations(count, D, random)
    found = {}
    for name, values in judged(config.method, drawn[None]).items():
        if name.startswith("score"):
            known = name.replace("score", "chance")
            found[known] = Metric(values.mean().item())
            found[f"{known}_95"] = Metric(values.double().quantile(0.95).item())
            found[f"{known}_best"] = Metric(expected_best(values[0], config.epochs))
    return found


LIE, LONG = {"method": "liegan"}, {"samples": 262144, "epochs": 100}
LENS_GAN = Experiment(
    name="lens-gan",
    summary="SymmetryGAN and LieGAN in search of a cyclic shift",
    presets={
        "quick": LensGAN(runs=2, samples=2048, epochs=3),
        "laptop": LensGAN(),
        "paper": LensGAN(samples=2_560_000, epochs=100),
    },
    run=run,
    headline=("score_best", "score_by_loss", "score_by_judge", "score_last"),
    threads=1,
    wanted=(
        Wanted("laptop", LONG, (0,)),
        Wanted("laptop", LIE, (0,)),
        Wanted("laptop", LIE | {"w_identity": 1.0}, (0,)),
        Wanted("laptop", LIE | {"w_identity": 10.0}, (0,)),
        Wanted("paper", {}, (0,)),
        Wanted("paper", LIE, (0,)),
    ),
)
