"""Training a stack of operators, and judging it."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..models import FNO
from ..solutions import Versions, Windows, frame_errors, nmse, rollout
from ..training import Loss, Runtime, Trained, cosine, piecewise, train
from ..training.schedules import Schedule
from .fno_config import FNOTraining
from .fno_data import Pool, Task, run_seeds

BLOCK = 64  # solutions that are predicted at a time
WORST = 1e30  # in place of an infinite error, which no checkpoint may hold


class Kept(nn.Module):
    """The weights that did best on the validation solutions so far, run by run.

    Attributes:
        errors: the NMSE of every trial, in the order of the trials.
        best: the least of each run.
    """

    def __init__(self, model: FNO, trials: int) -> None:
        super().__init__()
        runs = len(model.seeds)
        self.register_buffer("errors", torch.full((trials, runs), WORST))
        self.register_buffer("best", torch.full((runs,), WORST))
        for name, value in model.named_parameters():
            self.register_buffer(name, value.detach().clone())
        self.errors: Tensor
        self.best: Tensor

    @torch.no_grad()
    def offer(self, model: FNO, trial: int, error: Float[Tensor, " runs"]) -> None:
        """Keep the weights of the runs that have become better."""
        error = error.clamp(max=WORST)
        better = error < self.best
        self.errors[trial] = error
        self.best.copy_(torch.where(better, error, self.best))
        for name, value in model.named_parameters():
            own = getattr(self, name)
            own.copy_(torch.where(better.reshape(-1, *[1] * (value.ndim - 1)), value, own))

    def put_into(self, model: FNO) -> None:
        """Give the model the weights that were kept."""
        with torch.no_grad():
            for name, value in model.named_parameters():
                value.copy_(getattr(self, name))


@torch.no_grad()
def predicted(
    model: FNO, u: Float[Tensor, "*runs n time space"], task: Task
) -> tuple[Float[Tensor, "runs n ahead space"], Float[Tensor, "*runs n ahead space"]]:
    """What all runs predict of some solutions, the same or their own, and what follows in truth."""
    own = u.expand(len(model.seeds), *u.shape[-3:])
    seen = own[:, :, task.first : task.first + len(task.seen)]
    parts = [rollout(model, part, task.windows) for part in seen.split(BLOCK, dim=1)]
    begin = task.first + task.wanted.start
    return torch.cat(parts, dim=1), u[..., begin : begin + task.windows * len(task.wanted), :]


def curves(
    model: FNO, u: Float[Tensor, "*runs n time space"], task: Task
) -> Float[Tensor, "runs ahead"]:
    """The error of every predicted frame, averaged over the solutions."""
    return frame_errors(*predicted(model, u, task)).clamp(max=WORST).mean(1)


def new_model(config: FNOTraining, task: Task) -> FNO:
    """The operators before training, the same in every arm."""
    return FNO(
        len(task.seen),
        len(task.wanted),
        width=config.width,
        modes=config.modes,
        layers=config.layers,
        seeds=run_seeds(config),
    )


def adamw(model: FNO, learning_rate: float) -> torch.optim.AdamW:
    """The published optimiser, in one pass over the weights."""
    return torch.optim.AdamW(model.parameters(), lr=learning_rate, fused=True)


def mean_square(model: FNO, optimizer: torch.optim.Optimizer) -> Callable[[Tensor, Tensor], Loss]:
    """The published loss, a sum over runs, batch, frames and grid, and the rate it is used with."""

    def loss(seen: Tensor, wanted: Tensor) -> Loss:
        total = (model(seen) - wanted).square().sum()
        rate = total.new_full((), float(optimizer.param_groups[0]["lr"]))
        return Loss(total, {"mean square": total / wanted.numel(), "learning rate": rate})

    return loss


def windows_of(
    config: FNOTraining, runtime: Runtime, pool: Pool, data: Versions, task: Task
) -> Windows:
    """The batches of a training, on its device."""
    return Windows(
        data.to(runtime.device),
        pool.subsets,
        config.batch,
        task.seen,
        task.wanted,
        run_seeds(config),
        original=config.original,
        start=task.start,
    )


def schedule_of(config: FNOTraining) -> Schedule:
    """Factor of the learning rate; the published one is 0.4 at the first step already."""
    if config.schedule == "cosine":
        return cosine(config.steps)
    quarters = [quarter * config.steps // 4 for quarter in range(4)]
    return piecewise(quarters, 0.4)


def learn(
    config: FNOTraining,
    runtime: Runtime,
    pool: Pool,
    data: Versions,
    task: Task,
    name: str,
    identity: Mapping[str, Any],
) -> tuple[FNO, Kept, Trained]:
    """One stack of operators; what is returned has the weights that were best in validation."""
    model = new_model(config, task).to(runtime.device)
    kept = Kept(model, config.checks).to(runtime.device)
    windows = windows_of(config, runtime, pool, data, task)
    every, trials = max(1, config.steps // config.checks), config.checks

    def offer(trial: int) -> None:
        kept.offer(model, trial, nmse(*predicted(model, pool.validation, task)))

    def batch(step: int) -> tuple[Tensor, Tensor]:
        if step and step % every == 0 and step // every < trials:
            offer(step // every - 1)
        return windows(step)

    optimizer = adamw(model, config.learning_rate)
    training = train(
        mean_square(model, optimizer),
        batch,
        optimizer,
        {"model": model, "kept": kept},
        steps=config.steps,
        schedule=schedule_of(config),
        runtime=runtime,
        identity=identity,
        name=name,
    )
    offer(trials - 1)
    kept.put_into(model)
    return model, kept, training
