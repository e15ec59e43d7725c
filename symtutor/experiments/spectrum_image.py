"""Symmetries of what a CIFAR-10 classifier sees, by linear algebra: no network of fields, no steps.

Beyond Ko, Kim and Lee (2024): to first order in s their score is a quadratic form of the field,
whose smallest eigenvectors on a library of polynomials are found at once. Networks with random
weights and one trained on shuffled labels judge the same pictures; so does a penalty on roughness,
alone and with each of them.
"""

import time
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..colours import to_colours
from ..data import Images
from ..fields import monomials
from ..models import ResNet
from ..numerics.interpolation import pixel_grid
from ..numerics.quadrature import Quadrature
from ..numerics.random import fan_out, generator
from ..spectrum import Spectrum
from ..spectrum.features import BLOCK
from ..spectrum.images import colour_spectrum, image_spectrum
from ..spectrum.rates import image_weights
from ..training import Runtime
from .base import Experiment, Result, Wanted
from .base import Metric as Measured
from .cifar_data import checksums, cifar10, draw, extractor_for
from .spectrum_image_config import ImageSpectrum
from .spectrum_image_judge import changed, tables

DIMENSIONS = {"plane": 2, "colour": 3}


class Judged(NamedTuple):
    """What one extractor says: the whole spectrum, a part of it, the weights, and how long."""

    whole: Spectrum
    part: Spectrum
    weights: Quadrature
    seconds: float


def run(config: ImageSpectrum, runtime: Runtime) -> Result:
    """One spectrum per extractor on the same pictures, and the part of it in the lower degree."""
    pictures, unseen = cifar10(config.data, "train"), cifar10(config.data, "test")
    chosen = draw(unseen, config.images, config.seed, "spectrum").to(runtime.device)
    models = tqdm(extractors(config, pictures), "extractors", len(config.judges), leave=False)
    judged = [judge(config, model, chosen) for model in models]
    weights, seed = [each.weights for each in judged], fan_out(config.seed, "bootstrap")
    metrics = {
        **tables([each.whole for each in judged], weights, config, "", seed),
        **tables([each.part for each in judged], weights, config, "_lower", seed),
        "seconds": Measured([each.seconds for each in judged], "s"),
    }
    tensors: dict[str, Tensor] = {}
    for name, each in zip(config.judges, judged, strict=True):
        tensors |= {f"{key}/{name}": value for key, value in kept(config, each).items()}
    return Result(metrics, tensors, {}, checksums(train=pictures, test=unseen))


def extractors(config: ImageSpectrum, pictures: Images) -> Iterator[ResNet]:
    """The networks of `judges`, in that order."""
    yield extractor_for(config.architecture, "none", pictures, config.seed)
    yield extractor_for(config.architecture, "shuffled-labels", pictures, config.seed)
    for number in range(config.untrained):
        seed = fan_out(config.seed, f"untrained {number}")
        yield extractor_for(config.architecture, "untrained", pictures, seed)


def judge(config: ImageSpectrum, model: ResNet, pixels: Tensor) -> Judged:
    """The spectrum of one extractor; probes are the same for all."""
    started = time.perf_counter()
    features = model.to(pixels.device).features
    dim, random = DIMENSIONS[config.space], generator(config.seed, "probes")
    omega = image_weights(pixels, features, space=config.space, probes=config.probes, random=random)
    find = image_spectrum if config.space == "plane" else colour_spectrum
    block = BLOCK if pixels.device.type == "cpu" else 16 * BLOCK
    whole = find(monomials(dim, config.degree), pixels, features, weights=omega, block=block)
    part = whole.restricted(range(len(monomials(dim, config.lower))))
    weights = quadrature(config.space, pixels, omega)
    return Judged(whole, part, weights, time.perf_counter() - started)


def quadrature(space: str, pixels: Tensor, omega: Tensor) -> Quadrature:
    """The places or colours of all pixels with their weights."""
    if space == "plane":
        grid = pixel_grid(*omega.shape[1:], dtype=torch.float64)
        return Quadrature(grid.reshape(-1, 2), omega.cpu().double().sum(0).flatten())
    colours = to_colours(pixels.cpu().double() / 255)
    return Quadrature(colours.reshape(-1, 3), omega.cpu().double().flatten())


def kept(config: ImageSpectrum, judged: Judged) -> dict[str, Tensor]:
    """Fields "k m d" in terms of the monomials, a root of their norm, and the plane's weights."""
    whole, added = judged.whole, changed(judged.whole, judged.weights, config)["_penalised"]
    assert whole.library is not None
    raw = torch.linalg.pinv(whole.whiten) * whole.library.sizes
    spectra = {"fields": whole, "fields_lower": judged.part, "fields_penalised": added}
    tensors = {
        **{
            name: each.field(len(each.values)).coefficients.detach()
            for name, each in spectra.items()
        },
        "norm": whole.forms.in_functions(raw).norm_root(),
    }
    if config.space == "plane":
        side = int(len(judged.weights.points) ** 0.5)
        tensors["omega"] = judged.weights.omega.reshape(side, side)
    return tensors


SPECTRUM_IMAGE = Experiment(
    name="spectrum-image",
    summary="fields along which a CIFAR-10 classifier's features turn least, by linear algebra",
    presets={
        "quick": ImageSpectrum(
            data="sample", degree=3, lower=2, images=16, untrained=1, replicates=20
        ),
        "laptop": ImageSpectrum(),
        "paper": ImageSpectrum(architecture="resnet18", images=10000),
    },
    run=run,
    headline=("affine_share", "affine_share_lower"),
    threads=1,
    wanted=(
        Wanted("laptop", {}, (0, 1, 2)),
        Wanted("laptop", {"space": "colour", "degree": 3, "lower": 2}, (0,)),
    ),
)
