"""The published arrangement of a training step of the neural operator, written anew for comparison.

Ko, Kim and Lee (2024), Brandstetter, Welling and Worrall (2022) and their code: one network at a
time, complex spectral weights with the modes last, `rfft`, an einsum over the kept coefficients
into a spectrum of zeros, `irfft`, convolutions of width one beside it; windows cut one by one in a
loop over the batch, each moved to the device and all stacked; AdamW with its default settings; the
loss brought to the host at every step. Their loader, which collates whole trajectories, is left
out, and the step between a window's frames too, which is 1 here.
"""

import random

import torch
import torch.nn.functional as F
from torch import nn

from symtutor.models.fno import FNO


class SpectralConvolution(nn.Module):
    def __init__(self, width: int, modes: int):
        super().__init__()
        self.modes = modes
        self.weight = nn.Parameter(torch.rand(width, width, modes, dtype=torch.cfloat) / width**2)

    def forward(self, x):
        """Channels before places, "b width space", as all that follows."""
        spectrum = torch.fft.rfft(x)
        kept = torch.zeros_like(spectrum)
        low = spectrum[..., : self.modes]
        kept[..., : self.modes] = torch.einsum("bix,iox->box", low, self.weight)
        return torch.fft.irfft(kept, n=x.shape[-1])


class Published(nn.Module):
    """The network with the weights of one run of ours."""

    def __init__(self, net: FNO, run: int = 0):
        super().__init__()
        width, hidden = net.width, net.hidden.shape[-1]
        self.lift = nn.Linear(net.frames_in, width)
        self.spectral = nn.ModuleList(
            SpectralConvolution(width, net.modes) for _ in range(net.layers)
        )
        self.beside = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(net.layers))
        self.hidden = nn.Linear(width, hidden)
        self.out = nn.Linear(hidden, net.frames_out)
        self.copy(net, run)

    @torch.no_grad()
    def copy(self, net, run):
        for layer, name in ((self.lift, "lift"), (self.hidden, "hidden"), (self.out, "out")):
            layer.weight.copy_(getattr(net, name)[run].T)
            layer.bias.copy_(getattr(net, f"{name}_bias")[run, 0])
        for i, (spectral, beside) in enumerate(zip(self.spectral, self.beside, strict=True)):
            real, imaginary = getattr(net, f"spectral{i}")[run].chunk(2, -1)
            spectral.weight.copy_(torch.complex(real, imaginary).permute(1, 2, 0))
            beside.weight.copy_(getattr(net, f"w{i}")[run].T[..., None])
            beside.bias.copy_(getattr(net, f"b{i}")[run, 0])

    def forward(self, x):
        """Places before frames, "b space frames" -> "b space frames_out"."""
        x = self.lift(x).permute(0, 2, 1)
        for spectral, beside in zip(self.spectral, self.beside, strict=True):
            x = F.gelu(spectral(x) + beside(x))
        return self.out(F.gelu(self.hidden(x.permute(0, 2, 1))))


def published_batch(series, rows, chosen, *, frames_in, frames_out, original=0.5, device="cpu"):
    """Windows of the chosen trajectories, one by one.

    `series` is "trajectories versions time space", the first version the original; `rows` holds
    the first valid row, and one past the last, of each version. The original is taken with
    probability `original`, else one of all versions.
    """
    seen, wanted = [], []
    for i in chosen:
        version = 0 if random.random() < original else random.randrange(series.shape[1])
        first, end = rows[i][version]
        start = random.randrange(first, end - frames_in - frames_out + 1)
        middle = start + frames_in
        seen.append(series[i, version, start:middle].to(device))
        wanted.append(series[i, version, middle : middle + frames_out].to(device))
    return torch.stack(seen).permute(0, 2, 1), torch.stack(wanted).permute(0, 2, 1)


def published_step(net, optimiser, seen, wanted):
    """One step; the loss as a number."""
    optimiser.zero_grad()
    loss = F.mse_loss(net(seen), wanted, reduction="sum")
    loss.backward()
    optimiser.step()
    return loss.item()
