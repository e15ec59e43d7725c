"""One switch for compiled losses, with a fallback that says so."""

import warnings
from collections.abc import Callable
from typing import Any

import torch


class Accelerated:
    """A loss that goes through torch.compile once a trial has shown that this works.

    On a CUDA device the compiled code is replayed as CUDA graphs. The trial runs forward and
    backward on the first batch; if anything in it fails, a warning names the cause and the loss
    runs uncompiled from then on. The trial leaves no trace in torch's global generators; the
    gradients it leaves are cleared by the loop.

    Attributes:
        active: whether compiled code is used; None before the first call.
    """

    def __init__(self, function: Callable[..., Any], device: torch.device) -> None:
        self.function = function
        self.device = device
        self.active: bool | None = None
        mode = "reduce-overhead" if device.type == "cuda" else "default"
        self.compiled = torch.compile(function, mode=mode)

    def __call__(self, *batch: Any) -> Any:
        if self.active is None:
            self._try(*batch)
        if not self.active:
            return self.function(*batch)
        if self.device.type == "cuda":
            torch.compiler.cudagraph_mark_step_begin()
        return self.compiled(*batch)

    def _try(self, *batch: Any) -> None:
        devices = [self.device] if self.device.type == "cuda" else []
        try:
            with torch.random.fork_rng(devices):
                self.compiled(*batch).total.backward()
            self.active = True
        except Exception as error:
            self.active = False
            lines = str(error).strip().splitlines() or ["no message"]
            warnings.warn(
                f"torch.compile failed ({type(error).__name__}: {lines[0][:200]}); "
                "the run goes on uncompiled",
                RuntimeWarning,
                stacklevel=4,
            )
