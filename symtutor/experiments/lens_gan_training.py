"""Training a stack of adversaries, and what is written down after every epoch."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from ..data.signal_sets import SIGNALS, signals
from ..lens.gan import METHODS, Adversaries, LieGAN
from ..numerics.random import fan_out, generator
from ..training import Loss, Runtime
from .lens_gan_config import LensGAN

NAME = "gaussian-circulant-7"
D = SIGNALS[NAME].d
HELD_OUT = 2048  # samples of each run on which the losses are taken that choose an epoch
WRITTEN = ("generator", "discriminator", "similarity")


def run_seeds(config: LensGAN) -> list[int]:
    """A seed for every run of the stack."""
    return [fan_out(config.seed, f"run {i}") for i in range(config.runs)]


def samples_of(config: LensGAN, count: int, purpose: str) -> Float[Tensor, "runs count d"]:
    """Samples of every run."""
    drawn = [
        signals(NAME, count, seed=fan_out(seed, purpose), circular=config.circular)
        for seed in run_seeds(config)
    ]
    if config.centred:
        drawn = [x - x.mean() for x in drawn]
    return torch.stack(drawn)


def new_adversaries(config: LensGAN) -> Adversaries:
    """The networks before training."""
    seeds = run_seeds(config)
    if config.method == "liegan":
        return LieGAN(D, w_identity=config.w_identity, seeds=seeds)
    return METHODS[config.method](D, seeds=seeds)


class Batches:
    """Every run's samples in an order of its own, drawn anew in every epoch.

    A pure function of the step: a run that is taken up again sees what it would have seen.

    Attributes:
        steps_per_epoch: optimiser steps in an epoch.
    """

    def __init__(
        self, config: LensGAN, samples: Float[Tensor, "runs n d"], gan: Adversaries
    ) -> None:
        self.samples, self.size, self.turns = samples, config.batch_size, gan.turns
        self.seeds = run_seeds(config)
        self.steps_per_epoch = self.turns * (samples.shape[1] // self.size)
        self.epoch = -1

    def __call__(self, step: int) -> tuple[Tensor, Tensor, int]:
        """Samples, the random numbers that move them, and whose turn it is."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            self._shuffle(epoch)
        number, turn = divmod(place, self.turns)
        part = slice(number * self.size, (number + 1) * self.size)
        return self.shown[:, part], self.z[:, part], turn

    def _shuffle(self, epoch: int) -> None:
        n, device = self.samples.shape[1], self.samples.device
        draws = [generator(seed, f"epoch {epoch}") for seed in self.seeds]
        orders = [torch.randperm(n, generator=g).to(device) for g in draws]
        self.shown = torch.stack([x[o] for x, o in zip(self.samples, orders, strict=True)])
        self.z = torch.stack([torch.randn(n, generator=g) for g in draws]).to(device)
        self.epoch = epoch


class Diary(nn.Module):
    """What the runs were like after every epoch, kept with the checkpoints.

    Attributes:
        matrices: what was learned, "epochs runs d d".
        written: "epochs runs 3": losses of the generator and of the discriminator on samples that
            neither trains on, and the mean cosine between these and their images.
    """

    def __init__(self, gan: Adversaries, epochs: int, held_out: Float[Tensor, "runs n d"]) -> None:
        super().__init__()
        runs, n, d = held_out.shape
        self.register_buffer("matrices", torch.zeros(epochs, runs, d, d))
        self.register_buffer("written", torch.zeros(epochs, runs, len(WRITTEN)))
        self.matrices: Tensor
        self.written: Tensor
        self.gan = [gan]  # in a list, so that its weights are not this module's too
        self.held_out = held_out
        draws = [generator(seed, "held out") for seed in gan.discriminator.seeds]
        self.z = torch.stack([torch.randn(n, generator=g) for g in draws]).to(held_out)

    @torch.no_grad()
    def note(self, epoch: int) -> None:
        """Write down an epoch."""
        gan = self.gan[0]
        moved = gan.moved(self.held_out, self.z)
        near = F.cosine_similarity(moved, self.held_out, dim=-1).mean(-1)
        self.matrices[epoch] = gan.matrices()
        self.written[epoch] = torch.stack(
            [gan.deceiving(moved), gan.telling(self.held_out, moved), near], dim=-1
        )

    @torch.no_grad()
    def judge(self) -> Float[Tensor, "epochs runs"]:
        """Loss of the discriminators as they are now on what every epoch makes of the samples."""
        gan = self.gan[0]
        moved = (gan.moved_by(matrices, self.held_out, self.z) for matrices in self.matrices)
        return torch.stack([gan.telling(self.held_out, samples) for samples in moved])


def adam(gan: Adversaries, rates: tuple[float, float]) -> torch.optim.Adam:
    """One optimiser with a group for each side; a side without gradients keeps still."""
    sides = [
        {"params": [gan.free], "lr": rates[0], "betas": gan.betas},
        {"params": list(gan.discriminator.parameters()), "lr": rates[1]},
    ]
    return torch.optim.Adam(sides, fused=True)


def objective(gan: Adversaries) -> Callable[[Tensor, Tensor, int], Loss]:
    """The sum of both sides' losses over the runs, of which each weight is in one term only.

    In the history the losses stand as the means over the runs and over the steps in which it is a
    side's turn.
    """

    def loss(x: Tensor, z: Tensor, turn: int) -> Loss:
        one, two = gan.losses(x, z, turn)
        terms = {"generator": gan.turns * one.mean(), "discriminator": gan.turns * two.mean()}
        return Loss((one + two).sum(), terms)

    return loss


def prepared(config: LensGAN, runtime: Runtime) -> tuple[Adversaries, Batches, Diary]:
    """Networks, batches and diary on the device of the run."""
    gan = new_adversaries(config).to(runtime.device)
    samples = samples_of(config, config.samples, "samples").to(runtime.device)
    held_out = samples_of(config, HELD_OUT, "held out").to(runtime.device)
    diary = Diary(gan, config.epochs, held_out).to(runtime.device)
    return gan, Batches(config, samples, gan), diary
