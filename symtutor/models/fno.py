r"""Fourier neural operators in one space dimension, several independent ones trained as one."""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

PROJECTION = 128
"""Width of the hidden layer after the blocks."""


@lru_cache(maxsize=16)
def _waves(n: int, modes: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Analysis "2 modes, n" and synthesis "n, 2 modes": real and imaginary parts interleaved.

    Rows 2k and 2k + 1 of the first give the real and the imaginary part of coefficient k of an
    unnormalised `rfft`; the second is `irfft` of so many coefficients.
    """
    k = torch.arange(modes, dtype=torch.float64)
    turns = k[:, None] * torch.arange(n, dtype=torch.float64) / n
    angle = 2 * math.pi * (turns - turns.round())
    both = torch.stack([angle.cos(), -angle.sin()], dim=1)
    weight = torch.where((k == 0) | (2 * k == n), 1.0, 2.0) / n
    back = both * weight[:, None, None]
    back[(k == 0) | (2 * k == n), 1] = 0.0  # a real signal has no imaginary part there
    analysis, synthesis = both.flatten(0, 1), back.flatten(0, 1).T
    return tuple(m.to(device, dtype).contiguous() for m in (analysis, synthesis))  # type: ignore


def spectral_convolution(
    x: Float[Tensor, "runs space b_width"], weight: Float[Tensor, "runs modes width 2*width"]
) -> tuple[Float[Tensor, "runs 2*modes b_width"], Float[Tensor, "space 2*modes"]]:
    r"""The lowest Fourier coefficients of x, each multiplied by a complex matrix of its own.

    Written in real numbers: `weight` holds $[\Re R_k,\ \Im R_k]$ side by side, so that one batched
    product over modes makes all four real products. Space comes first and width last: analysis,
    product and synthesis are then matrix products on memory as it lies.

    Returns:
        Coefficients of the result, and the matrix that takes them back to space; a caller that
        adds something to the result can leave the sum to the matrix product.
    """
    spectrum, synthesis = _spectrum(x, weight.shape[1])
    return _times_matrices(spectrum, weight), synthesis


def _spectrum(x: Tensor, modes: int) -> tuple[Tensor, Tensor]:
    """Coefficients "runs, 2 modes, b x width", and the matrix back to space."""
    runs, space, _ = x.shape
    analysis, synthesis = _waves(space, modes, x.dtype, x.device)
    return torch.bmm(analysis.expand(runs, -1, -1), x), synthesis


def _times_matrices(spectrum: Tensor, weight: Tensor) -> Tensor:
    """Each coefficient times the complex matrix of its mode."""
    runs, (modes, width) = spectrum.shape[0], weight.shape[1:3]
    rows = spectrum.reshape(runs * modes, -1, width)  # real parts of all pictures, then imaginary
    product = torch.bmm(rows, weight.flatten(0, 1)).reshape(runs, modes, 2, -1, 2, width)
    (rr, ri), (ir, ii) = (part.unbind(-2) for part in product.unbind(2))
    return torch.stack([rr - ii, ri + ir], dim=2).reshape(runs, 2 * modes, -1)


class FNO(nn.Module):
    r"""Fourier neural operators from frames to frames of a periodic solution (Li et al. 2021).

    Pointwise lifting, `layers` times $v\leftarrow\mathrm{GELU}(\mathcal Kv+Wv+b)$, and a pointwise
    network with one hidden layer. $\mathcal K$ multiplies each of the lowest `modes` Fourier
    coefficients by a complex matrix of its own and drops the others. Consecutive frames are the
    channels; neither the place x nor the grid spacing is given, so that the operator commutes with
    translations (the variant of Ko, Kim and Lee 2024).

    One module holds a stack of independent networks, one per seed: run i sees its own batch and
    has the same weights, and with an elementwise optimiser the same training, as if it were alone.

    Args:
        frames_in: consecutive frames that are seen.
        frames_out: frames that are predicted.
        width: channels.
        modes: Fourier coefficients kept, k = 0 ... modes - 1.
        layers: of the iteration.
        seeds: of the initial weights, one per run.

    Raises:
        ValueError: if a number is below 1, or there is no seed.

    Example:
        >>> net = FNO(20, 20, width=16, modes=8, seeds=(0, 1, 2))
        >>> net(torch.rand(3, 4, 20, 64)).shape
        torch.Size([3, 4, 20, 64])
    """

    lift: nn.Parameter
    lift_bias: nn.Parameter
    hidden: nn.Parameter
    hidden_bias: nn.Parameter
    out: nn.Parameter
    out_bias: nn.Parameter

    def __init__(
        self,
        frames_in: int,
        frames_out: int,
        *,
        width: int = 256,
        modes: int = 32,
        layers: int = 5,
        seeds: Sequence[int] = (0,),
    ) -> None:
        super().__init__()
        if min(frames_in, frames_out, width, modes, layers, len(seeds)) < 1:
            raise ValueError(
                "frames, width, modes, layers and the number of seeds must be at least 1, got "
                f"frames_in={frames_in}, frames_out={frames_out}, width={width}, modes={modes}, "
                f"layers={layers} and {len(seeds)} seeds"
            )
        self.frames_in, self.frames_out = frames_in, frames_out
        self.width, self.modes, self.layers = width, modes, layers
        self.seeds = tuple(seeds)
        stacks = zip(*(self._one_run(seed) for seed in self.seeds), strict=True)
        for name, values in zip(self._names(), stacks, strict=True):
            self.register_parameter(name, nn.Parameter(torch.stack(values)))

    def _names(self) -> list[str]:
        """Parameters in the order in which their numbers are drawn."""
        blocks = [f"{part}{i}" for i in range(self.layers) for part in ("spectral", "w", "b")]
        return ["lift", "lift_bias", *blocks, "hidden", "hidden_bias", "out", "out_bias"]

    def _one_run(self, seed: int) -> list[Tensor]:
        """Initial weights of one run.

        Spectral ones are $(U[0,1)+iU[0,1))/w^2$ for width w, as published: no coefficient is
        negative. The others are uniform within $1/\\sqrt{\\text{inputs}}$.
        """
        random = torch.Generator().manual_seed(seed)

        def linear(inward: int, outward: int) -> list[Tensor]:
            shapes, bound = ((inward, outward), (1, outward)), inward**-0.5
            return [(2 * torch.rand(s, generator=random) - 1) * bound for s in shapes]

        weights, w = linear(self.frames_in, self.width), self.width
        for _ in range(self.layers):
            weights.append(torch.rand(self.modes, w, 2 * w, generator=random) / w**2)
            weights += linear(w, w)
        return weights + linear(w, PROJECTION) + linear(PROJECTION, self.frames_out)

    def forward(
        self, frames: Float[Tensor, "runs b frames space"]
    ) -> Float[Tensor, "runs b frames_out space"]:
        """What follows the frames, in every run for its own batch.

        Raises:
            ValueError: if runs or frames do not fit, or the grid has fewer modes than are kept.
        """
        self._check(frames)
        runs, b, _, space = frames.shape
        x = frames.permute(0, 3, 1, 2).flatten(1, 2)  # runs, space x batch, channels
        for i in range(self.layers):
            weight, w, bias = (getattr(self, f"{part}{i}") for part in ("spectral", "w", "b"))
            spectrum, synthesis = _spectrum(x.view(runs, space, -1), self.modes)
            if i == 0:
                spectrum, w, bias = self._lifted(spectrum, w, bias, space)
            found = _times_matrices(spectrum, weight)
            beside = torch.baddbmm(bias, x, w).view(runs, space, -1)
            x = torch.baddbmm(beside, synthesis.expand(runs, -1, -1), found)
            x = F.gelu(x).view(runs, space * b, -1)
        x = F.gelu(torch.baddbmm(self.hidden_bias, x, self.hidden))
        x = torch.baddbmm(self.out_bias, x, self.out)
        return x.view(runs, space, b, -1).permute(0, 2, 3, 1)

    def _lifted(
        self, spectrum: Tensor, w: Tensor, bias: Tensor, space: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The linear lift, made on the few coefficients and inside w instead of at every point."""
        runs, rows = spectrum.shape[:2]
        lifted = torch.bmm(spectrum.view(runs, -1, self.frames_in), self.lift)
        lifted = lifted.view(runs, rows, -1, self.width)
        lifted[:, 0] += space * self.lift_bias
        bias = torch.baddbmm(bias, self.lift_bias, w)
        return lifted.flatten(2), torch.bmm(self.lift, w), bias

    def _check(self, frames: Tensor) -> None:
        runs, inward = len(self.seeds), self.frames_in
        if frames.ndim != 4 or frames.shape[0] != runs or frames.shape[2] != inward:
            raise ValueError(
                f"a stack of {runs} operators from {inward} frames takes ({runs}, batch, {inward}, "
                f"space), got {tuple(frames.shape)}; frames.expand({runs}, -1, -1, -1) shows all "
                "runs the same batch"
            )
        if self.modes > frames.shape[3] // 2 + 1:
            raise ValueError(
                f"{self.modes} modes need a grid of at least {2 * self.modes - 2} points, got "
                f"{frames.shape[3]}; keep fewer modes"
            )
