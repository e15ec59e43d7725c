"""Stops a training as soon as a number in it is no number."""

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn


class NonFiniteError(ArithmeticError):
    """A loss or a gradient is no finite number any more."""


class Guard:
    """Watches every step's values on their own device, and looks at the verdict now and then.

    Reading a number from a GPU waits for all work in flight, so there the verdict is read only
    every `patience` steps and before a checkpoint; on the CPU at every step.
    """

    def __init__(self, device: torch.device, patience: int = 50) -> None:
        self.patience = 1 if device.type == "cpu" else patience
        self.first = torch.full((), -1, dtype=torch.int64, device=device)
        self.bad: Tensor | None = None

    def watch(self, step: int, values: Tensor) -> None:
        """Note the step and the values if one of them is not finite for the first time."""
        if self.patience == 1 and math.isfinite(values.sum().item()):
            return  # a sum is finite only if all its terms are; six operations saved in every step
        bad = ~torch.isfinite(values)
        fresh = (self.first < 0) & bad.any()
        self.bad = bad if self.bad is None else torch.where(fresh, bad, self.bad)
        self.first = torch.where(fresh, step, self.first)

    def due(self, step: int) -> bool:
        """Whether the verdict is read after this step."""
        return (step + 1) % self.patience == 0

    def verdict(self, names: Sequence[str], modules: Mapping[str, nn.Module], kept: str) -> None:
        """Raise if something was not finite.

        Args:
            names: of the watched values.
            modules: whose parameters and gradients are searched for the culprits.
            kept: what is said about the last good checkpoint.

        Raises:
            NonFiniteError: naming the step, the terms and the parameters.
        """
        if self.bad is None or self.first.item() < 0:
            return
        terms = [name for name, bad in zip(names, self.bad.tolist(), strict=True) if bad]
        culprits = [
            f"{module}.{name}"
            for module, owner in modules.items()
            for name, p in owner.named_parameters()
            if p.grad is not None and not torch.isfinite(p.grad).all()
        ]
        gradients = f"; gradients of {', '.join(culprits[:6])}" if culprits else ""
        more = f" and {len(culprits) - 6} more" if len(culprits) > 6 else ""
        raise NonFiniteError(
            f"step {self.first.item()}: not finite: {', '.join(terms)}{gradients}{more}. {kept}. "
            "Lower the learning rate, clip the gradient norm, or look at the data of that step"
        )

    def sound(self, step: int, modules: Mapping[str, nn.Module], kept: str) -> None:
        """Raise if a weight is not finite, as after a step that was far too long.

        Raises:
            NonFiniteError: naming the weights.
        """
        culprits = [
            f"{module}.{name}"
            for module, owner in modules.items()
            for name, p in owner.named_parameters()
            if not torch.isfinite(p).all()
        ]
        if culprits:
            raise NonFiniteError(
                f"after step {step - 1} these weights are not finite: {', '.join(culprits[:6])}. "
                f"{kept}. Lower the learning rate or clip the gradient norm"
            )
