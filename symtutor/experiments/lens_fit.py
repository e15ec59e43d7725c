"""Lenses for one's own vectors."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..files import sha256, tensor_bytes
from ..lens import SymmetryAdapter, check_vectors
from ..training import Runtime
from .lens_config import LensTraining
from .lens_training import final_losses, learn, run_seeds, setting_of


class LensFit(NamedTuple):
    """Lenses that were fitted to the same vectors from different initial weights.

    Attributes:
        antisymmetric: their s, with $G=e^s$.
        filters: their resolving filters, of length 1.
        losses: what each ended with; the smallest is the best.
        snapshots: generators along the training, first to last.
        tau: normalised time of each snapshot, 0 to 1.
    """

    antisymmetric: Float[Tensor, "runs n n"]
    filters: Float[Tensor, "runs d"]
    losses: Float[Tensor, " runs"]
    snapshots: Float[Tensor, "times runs d d"]
    tau: Float[Tensor, "times runs"]

    def adapter(self, run: int | None = None) -> SymmetryAdapter:
        """The layer that one of the lenses makes; by default that with the smallest loss."""
        run = int(self.losses.argmin()) if run is None else run
        return SymmetryAdapter(self.antisymmetric[run], self.filters[run])


def fit_lens(
    x: Float[Tensor, "n d"], training: LensTraining | None = None, runtime: Runtime | None = None
) -> LensFit:
    """Find the translation hidden in raw vectors (Efe and Ozakin 2025).

    All runs learn from the same vectors, as one stack: four runs on 63,000 vectors of 7 components
    take minutes on a processor. Lenses may end in a local minimum; the loss tells which did.

    Args:
        x: one sample in a row; d is odd. Mean and scale do not matter.
        training: how; its batch must be a multiple of d.
        runtime: where, and how long at most; by default on the processor.

    Raises:
        ValueError: if d is even or below 3, entries are not finite or all the same, or batches of
            that size cannot be made.

    Example:
        >>> from symtutor.data import signals
        >>> training = LensTraining(runs=2, batch=70, steps=2, snapshots=1)
        >>> fit = fit_lens(signals("gaussian-7", 140, seed=0), training)
        >>> fit.adapter()(torch.rand(5, 7)).shape
        torch.Size([5, 7])
    """
    training = LensTraining() if training is None else training
    runtime = Runtime() if runtime is None else runtime
    check_vectors(x, training.batch)
    data = x.detach().float()[None].expand(training.runs, -1, -1)
    settings, seeds = [setting_of(training)] * training.runs, run_seeds(training)
    checksum = sha256(tensor_bytes({"x": x.detach().cpu().contiguous()}))
    identity = {"experiment": "fit_lens", "training": vars(training), "data": checksum}
    lens, kept, _ = learn(training, runtime, data, settings, seeds, identity)
    losses = final_losses(lens, data, settings, training.batch).cpu()
    with torch.no_grad():
        s, f = lens.generator.antisymmetric().cpu(), lens.filter().cpu()
    return LensFit(s, f, losses, kept.generators.cpu(), kept.tau.cpu())
