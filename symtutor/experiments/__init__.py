"""The experiments, by name."""

from .ablations import (
    ABLATION_DERIVATIVE,
    ABLATION_LIPSCHITZ,
    ABLATION_SCALE,
    ABLATION_WEIGHTS,
)
from .base import Experiment, Metric, Result, UnknownNameError, Wanted, known
from .cifar_augment import CIFAR_AUGMENT
from .cifar_extractor import CIFAR_EXTRACTOR
from .cifar_symmetry import CIFAR_SYMMETRY
from .colour_symmetry import COLOUR_SYMMETRY
from .fno import ABLATION_INTERPOLATION, FNO_TRAINING
from .lens import LENS, LENS_ABLATION
from .lens_gan import LENS_GAN
from .lens_morris import LENS_MORRIS
from .pde_symmetry import PDE_SYMMETRY
from .spectrum_image import SPECTRUM_IMAGE
from .spectrum_pde import SPECTRUM_PDE
from .toy_symmetry import TOY_SYMMETRY

EXPERIMENTS = (
    TOY_SYMMETRY,
    PDE_SYMMETRY,
    CIFAR_EXTRACTOR,
    CIFAR_SYMMETRY,
    COLOUR_SYMMETRY,
    CIFAR_AUGMENT,
    FNO_TRAINING,
    ABLATION_INTERPOLATION,
    ABLATION_DERIVATIVE,
    ABLATION_LIPSCHITZ,
    ABLATION_SCALE,
    ABLATION_WEIGHTS,
    LENS,
    LENS_ABLATION,
    LENS_GAN,
    LENS_MORRIS,
    SPECTRUM_IMAGE,
    SPECTRUM_PDE,
)
REGISTRY = {experiment.name: experiment for experiment in EXPERIMENTS}


def names() -> tuple[str, ...]:
    """Names of all experiments.

    Example:
        >>> "toy-symmetry" in names()
        True
    """
    return tuple(REGISTRY)


def get(name: str) -> Experiment:
    """An experiment by name.

    Raises:
        UnknownNameError: naming the nearest ones.

    Example:
        >>> get("toy-symmetry").config("laptop", seed=3).seed
        3
    """
    return REGISTRY[known("experiment", name, REGISTRY)]


__all__ = [
    "Experiment",
    "Metric",
    "Result",
    "UnknownNameError",
    "Wanted",
    "get",
    "known",
    "names",
]
