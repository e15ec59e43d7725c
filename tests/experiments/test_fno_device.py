"""A training step on another device: shapes and devices of a GPU, without one."""

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import Parameter

from symtutor import Versions, nmse
from symtutor.experiments.fno_config import FNOTraining
from symtutor.experiments.fno_data import Pool, task_of
from symtutor.experiments.fno_training import Kept, mean_square, new_model, predicted, windows_of
from symtutor.training import Runtime


def on_gpu(module):
    """The module with all its tensors on a GPU that does not exist."""
    for name, value in module._parameters.items():
        module._parameters[name] = Parameter(torch.empty_like(value, device="cuda"))
    for name, value in module._buffers.items():
        module._buffers[name] = torch.empty_like(value, device="cuda")
    return module


def test_windows_operators_losses_and_trials_stay_on_their_device():
    config, task = FNOTraining(width=8, modes=8, layers=2, runs=2), task_of("kdv")
    pool = Pool(*[None] * len(Pool._fields))._replace(subsets=torch.tensor([[0, 1], [1, 2]]))
    with FakeTensorMode(allow_non_fake_inputs=True):
        u = torch.empty(3, 4, 140, 128, device="cuda")
        data = Versions(u, torch.zeros(3, 4, 2, dtype=torch.long, device="cuda"), 0.0)
        model = on_gpu(new_model(config, task))
        gpu = Runtime(device=torch.device("cuda"))
        seen, wanted = windows_of(config, gpu, pool, data, task)(0)
        optimizer = torch.optim.AdamW(model.parameters())
        loss = mean_square(model, optimizer)(seen, wanted)
        kept = on_gpu(Kept(model, 3))
        kept.offer(model, 0, nmse(*predicted(model, u[:, 0], task)))
        kept.put_into(model)
        found = {seen, wanted, loss.total, *loss.terms.values(), kept.errors, model.lift}
    assert {tensor.device.type for tensor in found} == {"cuda"}
