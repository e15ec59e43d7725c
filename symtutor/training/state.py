"""Everything a training must remember to go on as if it had never been broken off."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from .. import files
from ..machine import peak_mib
from . import checkpoint
from .history import Recorder
from .runtime import Runtime


@dataclass
class State:
    """Modules, optimiser, generators, history and clock of one training, and its checkpoints."""

    name: str
    identity: Mapping[str, Any]
    steps: int
    modules: Mapping[str, nn.Module]
    optimizer: torch.optim.Optimizer
    generators: Mapping[str, torch.Generator]
    scaler: torch.amp.GradScaler
    recorder: Recorder
    runtime: Runtime
    step: int = 0
    saved: int | None = None
    seconds: float = 0.0
    spent: float = 0.0
    peak: float | None = None
    sessions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.opened = time.monotonic()

    def kept(self) -> str:
        """What is said about the last checkpoint when something goes wrong."""
        if self.saved is None:
            return "no checkpoint has been written"
        return f"the checkpoint of step {self.saved} in {self.runtime.folder} is intact"

    def tick(self) -> None:
        """Bring seconds and peak memory up to date."""
        now = time.monotonic()
        self.seconds += now - self.opened
        self.spent += now - self.opened
        self.opened = now
        peaks = [p for p in (self.peak, peak_mib(self.runtime.device)) if p is not None]
        self.peak = max(peaks, default=None)

    def save(self) -> None:
        """Write a checkpoint, if there is a folder for it and something new to say.

        Raises:
            OSError: if the disk is full or read-only, saying what is still there.
        """
        folder = self.runtime.folder
        if folder is None or self.saved == self.step:
            return
        try:
            checkpoint.write(folder, self.name, self._tensors(), self._meta())
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot write a checkpoint to {folder} ({error.strerror}); {self.kept()}. "
                "Make room or choose another folder, then run the same again",
            ) from error
        self.saved = self.step

    def _tensors(self) -> dict[str, Tensor]:
        device = self.runtime.device
        shared = {"cpu": torch.get_rng_state()}
        if device.type == "cuda":
            shared["cuda"] = torch.cuda.get_rng_state(device)
        parts = {
            "module": checkpoint.module_tensors(self.modules),
            "optimizer": checkpoint.optimizer_tensors(self.optimizer),
            "generator": {name: g.get_state() for name, g in self.generators.items()},
            "global": shared,
            "history": self.recorder.state(),
        }
        return {f"{kind}/{key}": t for kind, found in parts.items() for key, t in found.items()}

    def _meta(self) -> dict[str, Any]:
        return {
            "identity": dict(self.identity),
            "step": self.step,
            "steps": self.steps,
            "columns": list(self.recorder.names),
            "scaler": self.scaler.state_dict(),
            "seconds": self.seconds,
            "peak_mib": self.peak,
            "sessions": self.sessions,
        }

    def restore(self) -> None:
        """Take up the last checkpoint in the folder, if there is one.

        Raises:
            DamagedError: if it is truncated or edited.
            MismatchError: if it belongs to another configuration or version.
        """
        folder = self.runtime.folder
        found = None
        if folder is not None:
            files.remove_temporaries(folder)
            found = checkpoint.read(folder, self.name, self.identity)
        if found is not None:
            self._take_up(*found)
        self.sessions.append(self.step)

    def _take_up(self, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
        unlike = checkpoint.differences(
            checkpoint.shapes(tensors), checkpoint.shapes(self._tensors())
        )
        if unlike:
            raise checkpoint.MismatchError(
                f"the checkpoint in {self.runtime.folder} was made by another network: "
                f"{'; '.join(unlike[:6])}. Choose another folder, or delete this one to start anew"
            )
        for name, module in self.modules.items():
            module.load_state_dict(checkpoint.part(tensors, f"module/{name}"))
        checkpoint.restore_optimizer(self.optimizer, checkpoint.part(tensors, "optimizer"))
        for name, generator in self.generators.items():
            generator.set_state(tensors[f"generator/{name}"])
        torch.set_rng_state(tensors["global/cpu"])
        if self.runtime.device.type == "cuda" and "global/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["global/cuda"], self.runtime.device)
        self.recorder.restore(checkpoint.part(tensors, "history"), meta["columns"])
        self.scaler.load_state_dict(meta["scaler"])
        self.step = self.saved = meta["step"]
        self.seconds, self.peak = meta["seconds"], meta["peak_mib"]
        self.sessions = list(meta["sessions"])
