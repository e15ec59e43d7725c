"""What was measured along a training: one row of means per interval."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class History(NamedTuple):
    """Loss terms, gradient norm and learning rate, averaged over `every` steps per row.

    `history.column("loss")` is a column, `history.steps` the number of steps done at the end of
    each row.
    """

    names: tuple[str, ...]
    values: Float[Tensor, "rows columns"]
    every: int

    def column(self, name: str) -> Float[Tensor, " rows"]:
        """One column by name.

        Raises:
            KeyError: naming the columns there are.
        """
        if name not in self.names:
            raise KeyError(f"no column {name!r}; there are {', '.join(self.names)}")
        return self.values[:, self.names.index(name)]

    @property
    def steps(self) -> Float[Tensor, " rows"]:
        """Steps done at the end of each row."""
        return self.every * torch.arange(1, len(self.values) + 1, dtype=self.values.dtype)


class Recorder:
    """Adds up a step's numbers on their own device and closes a row every `every` steps."""

    def __init__(self, every: int, device: torch.device) -> None:
        self.every = every
        self.device = device
        self.names: tuple[str, ...] = ()
        self.rows: list[Tensor] = []
        self.sums: Tensor | None = None

    def add(self, step: int, names: Sequence[str], values: Tensor) -> bool:
        """Add one step's values; True if that closed a row."""
        self.names = tuple(names)
        wide = values.double() if self.device.type != "mps" else values
        self.sums = wide if self.sums is None else self.sums + wide
        if (step + 1) % self.every:
            return False
        self.rows.append(self.sums.to("cpu", torch.float64) / self.every)
        self.sums = None
        return True

    def state(self) -> dict[str, Tensor]:
        """Everything, as tensors for a checkpoint."""
        found = {"rows": self.history().values}
        return found if self.sums is None else found | {"sums": self.sums}

    def restore(self, state: dict[str, Tensor], names: Sequence[str]) -> None:
        """Take up what `state` gave."""
        self.names = tuple(names)
        self.rows = list(state["rows"])
        self.sums = state["sums"].to(self.device) if "sums" in state else None

    def history(self) -> History:
        """The rows closed so far."""
        empty = torch.zeros(0, len(self.names), dtype=torch.float64)
        return History(self.names, torch.stack(self.rows) if self.rows else empty, self.every)
