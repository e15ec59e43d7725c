"""Training a stack of lenses on raw vectors."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..lens import Lens, LensWeights
from ..machine import keep_freed_memory
from ..numerics.random import fan_out, generator
from ..training import Loss, Runtime, Trained, train
from .lens_config import EPOCH, LensTraining


class Setting(NamedTuple):
    """What may differ from run to run of a stack: rates at the start, their fall, and weights."""

    rate_model: float
    rate_estimator: float
    decay: float
    alignment: float
    uniformity: float
    resolution: float
    information: float


def setting_of(config: LensTraining) -> Setting:
    """The one setting of a configuration; a term that is left out has the weight 0."""
    terms = ("alignment", "uniformity", "resolution", "information")
    weights = (0.0 if config.without == t else getattr(config, f"w_{t}") for t in terms)
    return Setting(config.rate_model, config.rate_estimator, config.decay, *weights)


class Snapshots(nn.Module):
    """Generators inside the window along a training.

    Attributes:
        generators: "times runs d d".
        tau: normalised time of each.
    """

    def __init__(self, times: int, runs: int, d: int) -> None:
        super().__init__()
        self.register_buffer("generators", torch.zeros(times, runs, d, d))
        self.register_buffer("tau", torch.zeros(times, runs))
        self.generators: Tensor
        self.tau: Tensor

    def keep(self, index: int, lens: Lens, tau: Tensor) -> None:
        """Write down where the lenses are."""
        self.generators[index] = lens.generator.cropped()
        self.tau[index] = tau


class Clock:
    r"""Learning rates and normalised time $\tau_n=\sum_{m\le n}\eta_m/\sum_m\eta_m$ (eq. 21).

    The rates are constant for an epoch of 100 steps and fall evenly in the logarithm, by `decay`
    from the first epoch to the last.

    Args:
        steps: of the training.
        decays: one for every run.
    """

    def __init__(self, steps: int, decays: Sequence[float]) -> None:
        epochs = -(-steps // EPOCH)
        fraction = (torch.arange(steps) // EPOCH) / max(1, epochs - 1)
        logs = torch.tensor(decays, dtype=torch.float64).log()
        self.factors = torch.exp(fraction[:, None].double() * logs)
        self.tau = (self.factors.cumsum(0) / self.factors.sum(0)).float()

    def __call__(self, step: int) -> list[float]:
        """Factors of the rates of model and estimators, run by run."""
        return self.factors[step].repeat_interleave(2).tolist()


class Samples:
    """Batches of the runs' own data, each sample once in an epoch, in an order of its own.

    Args:
        data: "runs samples d".
        batch: samples of a run in a step.
        seeds: of the orders.
    """

    def __init__(self, data: Float[Tensor, "runs n d"], batch: int, seeds: Sequence[int]) -> None:
        self.data, self.batch, self.seeds = data, batch, seeds
        self.per_epoch = data.shape[1] // batch
        self.epoch, self.order = -1, torch.empty(0)

    def __call__(self, step: int) -> Float[Tensor, "runs batch d"]:
        """The batch of a step, the same whenever it is asked for."""
        epoch, place = divmod(step, self.per_epoch)
        if epoch != self.epoch:
            n = self.data.shape[1]
            orders = [
                torch.randperm(n, generator=generator(seed, f"lens order {epoch}"))
                for seed in self.seeds
            ]
            self.epoch, self.order = epoch, torch.stack(orders).to(self.data.device)
        chosen = self.order[:, place * self.batch : (place + 1) * self.batch]
        return torch.stack([own[rows] for own, rows in zip(self.data, chosen, strict=True)])


def run_seeds(config: Any) -> list[int]:
    """A seed for every run of a stack."""
    return [fan_out(config.seed, f"run {i}") for i in range(config.runs)]


def new_lens(config: LensTraining, d: int, seeds: Sequence[int]) -> Lens:
    """The stack before training."""
    return Lens(
        d,
        padding=None if config.padding < 0 else config.padding,
        hidden=config.hidden or None,
        seeds=seeds,
    )


def adam(lens: Lens, settings: Sequence[Setting]) -> torch.optim.Adam:
    """Two parameter groups for every run, generator with filter, and densities."""
    groups = []
    for run, own in enumerate(settings):
        model, estimator = lens.parameters_of(run)
        groups.append({"params": model, "lr": own.rate_model})
        groups.append({"params": estimator, "lr": own.rate_estimator})
    return torch.optim.Adam(groups, eps=1e-7, fused=True)


def stacked_weights(settings: Sequence[Setting], device: torch.device) -> LensWeights:
    """Weights of the terms, run by run."""
    return LensWeights(
        *(
            torch.tensor([getattr(own, name) for own in settings], device=device)
            for name in LensWeights._fields
        )
    )


def summed_loss(lens: Lens, settings: Sequence[Setting]) -> Any:
    """The sum over runs that is minimised, and means over runs for the history."""
    weights = stacked_weights(settings, lens.generator.pairs.device)

    def loss(x: Tensor, noise: Tensor, tau: Tensor) -> Loss:
        found = lens(x, noise, tau, weights)
        terms = {name: value.mean() for name, value in found.terms.items()}
        return Loss(found.model.sum() + found.estimator.sum(), terms)

    return loss


@torch.no_grad()
def final_losses(
    lens: Lens,
    data: Float[Tensor, "runs n d"],
    settings: Sequence[Setting],
    batch: int,
    batches: int = 20,
) -> Float[Tensor, " runs"]:
    """Losses of generators and filters with all components counted, without the filters' noise.

    Runs on the same data with the same weights may be compared by them.
    """
    device = lens.generator.pairs.device
    weights, tau = stacked_weights(settings, device), torch.ones(len(settings), device=device)
    first = data[:, : batches * batch].split(batch, dim=1)
    whole = [x for x in first if x.shape[1] == batch]
    losses = [lens(x.to(device), None, tau, weights).model for x in whole]
    return torch.stack(losses).mean(0)


class Feed:
    """What a step of a stack needs; on its way it keeps snapshots."""

    def __init__(
        self,
        config: LensTraining,
        lens: Lens,
        kept: Snapshots,
        clock: Clock,
        data: Float[Tensor, "runs n d"],
        seeds: Sequence[int],
    ) -> None:
        self.config, self.lens, self.kept, self.device = config, lens, kept, data.device
        self.tau = clock.tau.to(self.device)
        self.samples = Samples(data, config.batch, seeds)
        self.noises = [generator(seed, "lens noise") for seed in seeds]
        self.every = max(1, config.steps // config.snapshots)

    def __call__(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """The batch of a step, the filters' noise, and the normalised time."""
        config, x, tau = self.config, self.samples(step), self.tau[step]
        if step % self.every == 0 and step // self.every < config.snapshots:
            self.kept.keep(step // self.every, self.lens, tau)
        noise = torch.stack([torch.randn(x.shape[2], generator=own) for own in self.noises])
        noise *= config.noise * math.exp(-step / config.noise_steps)
        return x, noise.to(self.device), tau


def learn(
    config: LensTraining,
    runtime: Runtime,
    data: Float[Tensor, "runs n d"],
    settings: Sequence[Setting],
    seeds: Sequence[int],
    identity: Mapping[str, Any],
) -> tuple[Lens, Snapshots, Trained]:
    """Train one stack, each run with its own data, setting and seed."""
    keep_freed_memory()
    d = data.shape[2]
    lens = new_lens(config, d, seeds).to(runtime.device)
    kept = Snapshots(config.snapshots + 1, len(settings), d).to(runtime.device)
    clock = Clock(config.steps, [own.decay for own in settings])
    feed = Feed(config, lens, kept, clock, data.to(runtime.device), seeds)
    trained = train(
        summed_loss(lens, settings),
        feed,
        adam(lens, settings),
        {"lens": lens, "kept": kept},
        steps=config.steps,
        generators={f"noise {run}": own for run, own in enumerate(feed.noises)},
        schedule=clock,
        runtime=runtime,
        identity=identity,
        name="lens",
    )
    kept.keep(config.snapshots, lens, feed.tau[-1])
    return lens, kept, trained
