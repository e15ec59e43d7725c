"""One step: rates, loss under autocast, gradients, guard, optimiser, history."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .guard import Guard
from .schedules import Schedule
from .state import State

PRECISIONS = {"float32": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Loss(NamedTuple):
    """What is minimised, and the terms it consists of for the history (any scale)."""

    total: Tensor
    terms: Mapping[str, Tensor]


class Descent:
    """What one step needs."""

    def __init__(
        self,
        loss: Callable[..., Loss],
        state: State,
        schedule: Schedule,
        clip: float | None,
        precision: str,
    ) -> None:
        self.loss, self.state, self.schedule, self.clip = loss, state, schedule, clip
        self.dtype = PRECISIONS[precision]
        self.device = state.runtime.device.type
        self.groups = state.optimizer.param_groups
        self.rates = [float(group["lr"]) for group in self.groups]
        self.parameters = [p for group in self.groups for p in group["params"]]
        self.guard = Guard(state.runtime.device)

    def step(self, batch: tuple[Any, ...]) -> bool:
        """One step; True if it closed a row of the history."""
        state, scaler = self.state, self.state.scaler
        self.set_rates(self.schedule(state.step))
        with torch.autocast(self.device, self.dtype, enabled=self.dtype is not None):
            loss = self.loss(*batch)
        state.optimizer.zero_grad(set_to_none=True)  # also what a trial compilation has left
        scaler.scale(loss.total).backward()
        scaler.unscale_(state.optimizer)
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        foreach = None if self.device == "cuda" else False  # equal numbers, in less time
        norm = torch.nn.utils.get_total_norm(gradients, foreach=foreach)
        names = ("loss", *loss.terms, "gradient_norm")
        values = [loss.total, *loss.terms.values(), norm]
        values = torch.stack([value.detach().float() for value in values])
        self.guard.watch(state.step, self._watched(values))
        if self.guard.due(state.step):
            self.check(names)  # before clipping, which spreads a nan to all gradients
        if self.clip is not None:
            torch.nn.utils.clip_grads_with_norm_(self.parameters, self.clip, norm)
        scaler.step(state.optimizer)
        scaler.update()
        closed = state.recorder.add(state.step, names, values)
        state.step += 1
        return closed

    def _watched(self, values: Tensor) -> Tensor:
        """The values that have to be finite.

        A scaled gradient may overflow, and its step is skipped; one that still does so at a scale
        below 1 is no overflow of the scaling.
        """
        scaler = self.state.scaler
        if not scaler.is_enabled():
            return values
        scale = scaler.scale(values.new_ones(()))
        return torch.cat([values[:-1], torch.where(scale < 1, values[-1], 0)[None]])

    def set_rates(self, factors: float | Sequence[float]) -> None:
        """Multiply the learning rates of the beginning by a factor, or each group's by its own."""
        if not isinstance(factors, Sequence):
            factors = [factors] * len(self.groups)
        for group, rate, factor in zip(self.groups, self.rates, factors, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate * factor)
            else:
                group["lr"] = rate * factor

    def check(self, names: tuple[str, ...]) -> None:
        """Raise if a number of any step so far was not finite."""
        self.guard.verdict(names, self.state.modules, self.state.kept())

    def save(self) -> None:
        """Write a checkpoint of what has been found sound."""
        state = self.state
        state.tick()
        self.check(state.recorder.names)
        if state.saved != state.step:
            self.guard.sound(state.step, state.modules, state.kept())
        state.save()
