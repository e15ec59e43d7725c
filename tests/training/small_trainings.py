"""Helper, no tests: small trainings with every kind of state that a checkpoint has to hold."""

import copy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from symtutor import Loss, Runtime, cosine, generator, piecewise, train

STEPS = 13


@dataclass
class Small:
    """A fresh network, optimiser and generators; `go` trains them."""

    kind: str = "adam"
    steps: int = STEPS
    rows: int = 4  # rows of three steps: most checkpoints fall into the middle of one
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        torch.manual_seed(0)
        dropout = [nn.Dropout(0.3)] if self.kind in ("dropout", "float16", "bfloat16") else []
        self.net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), *dropout, nn.Linear(8, 1))
        if self.kind == "norm":
            self.net.insert(1, nn.BatchNorm1d(8))
        self.draws = generator(1, "batches")
        self.optimizer = optimizer(self.kind, self.net)
        if self.kind in ("float16", "bfloat16"):
            self.options.setdefault("precision", self.kind)
        if self.kind == "clipped":
            self.options.update(clip=0.05, schedule=cosine(self.steps, warmup=3))
        if self.kind == "momentum":
            self.options["schedule"] = piecewise([4, 8], 0.5)

    def loss(self, x):
        error = (self.net(x) - x.sum(1, keepdim=True)).float().square().mean()
        size = sum(p.square().sum() for p in self.net.parameters())
        return Loss(error + 1e-3 * size, {"error": error, "size": size})

    def batch(self, step):
        return (torch.randn(16, 3, generator=self.draws),)

    def go(self, folder=None, **runtime):
        return train(
            self.loss,
            self.batch,
            self.optimizer,
            {"net": self.net},
            steps=self.steps,
            rows=self.rows,
            generators={"batches": self.draws},
            runtime=Runtime(folder=folder, **runtime),
            **self.options,
        )

    def state(self):
        """Everything a training changes, as bytes and plain values."""
        tensors = dict(self.net.state_dict())
        for index, slots in self.optimizer.state_dict()["state"].items():
            tensors |= {f"{index}/{k}": v for k, v in slots.items() if v is not None}
        tensors["draws"], tensors["global"] = self.draws.get_state(), torch.get_rng_state()
        return {key: tensor.numpy().tobytes() for key, tensor in copy.deepcopy(tensors).items()}


def optimizer(kind, net):
    rest = [p for name, p in net.named_parameters() if name != "0.weight"]
    groups = [{"params": [net[0].weight], "lr": 0.02}, {"params": rest}]
    if kind == "momentum":
        return torch.optim.SGD(groups, lr=0.05, momentum=0.9, nesterov=True)
    if kind == "plain":
        return torch.optim.SGD(groups, lr=0.05)
    if kind in ("adamw", "clipped"):
        return torch.optim.AdamW(groups, lr=0.05, amsgrad=True)
    return torch.optim.Adam(groups, lr=0.05)
