"""Batches of windows cut from solutions: index arithmetic on the device, no loop over samples."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from ..numerics.random import generator
from .versions import Versions

CHUNK = 256  # steps whose random numbers are drawn at a time


class Windows:
    r"""Batches for a stack of runs: step -> frames seen and frames to predict.

    Every item is a random trajectory of its run: the original with probability `original`, else
    one of the versions, all alike, the original among them. A window starts at a random row such
    that all its frames are trusted, or at row `start`; a version that cannot hold it gives way to
    the original. All randomness follows from a run's seed and the step, so that a run of a stack
    sees what it would see alone, and a training taken up again what it would have seen.

    Args:
        data: solutions and their versions, on the device where batches are wanted.
        subsets: the trajectories of every run, "runs n".
        size: windows per run in a batch.
        seen: frames seen, as offsets from the start of the window.
        wanted: frames to predict, likewise.
        seeds: one per run.
        original: probability of taking the original at once.
        start: first row of all windows; None for random ones.

    Raises:
        ValueError: if runs and seeds do not fit, or a window is longer than the solutions.

    Example:
        >>> u = torch.arange(50.0)[:, None].expand(2, 1, 50, 8)
        >>> data = Versions(u, torch.tensor([[[0, 50]], [[0, 50]]]), 0.0)
        >>> windows = Windows(data, torch.tensor([[0, 1]]), 4, range(20), range(20, 40), (0,))
        >>> seen, wanted = windows(0)
        >>> seen.shape, (wanted - seen).unique().tolist(), len(windows)
        (torch.Size([1, 4, 20, 8]), [20.0], 22)
    """

    def __init__(
        self,
        data: Versions,
        subsets: Int64[Tensor, "runs n"],
        size: int,
        seen: Sequence[int],
        wanted: Sequence[int],
        seeds: Sequence[int],
        *,
        original: float = 0.5,
        start: int | None = None,
    ) -> None:
        self.data, self.size, self.original, self.start = data, size, original, start
        self.seeds = tuple(seeds)
        device = data.u.device
        self.subsets = subsets.to(device)
        self.span = max(*seen, *wanted) + 1
        self.offsets = torch.tensor([*seen, *wanted], device=device)
        self.split = (len(seen), len(wanted))
        time = data.u.shape[2]
        if len(self.seeds) != len(subsets):
            raise ValueError(f"{len(subsets)} subsets need as many seeds, got {len(self.seeds)}")
        if self.span + (start or 0) > time:
            raise ValueError(
                f"windows of {self.span} frames from row {start or 0} on do not fit into {time} "
                "frames; keep more frames or take shorter windows"
            )
        self._chunk = -1
        self._numbers = torch.empty(0)

    def __len__(self) -> int:
        """Different windows of the original solutions of a run."""
        starts = 1 if self.start is not None else self.data.u.shape[2] - self.span + 1
        return self.subsets.shape[1] * starts

    def _draw(self, step: int) -> Float[Tensor, "runs 4 size"]:
        """Uniform numbers of a step: trajectory, whether original, version, start."""
        chunk = step // CHUNK
        if chunk != self._chunk:
            drawn = [
                torch.rand(CHUNK, 4, self.size, generator=generator(seed, f"windows {chunk}"))
                for seed in self.seeds
            ]
            self._numbers = torch.stack(drawn, dim=1).to(self.offsets.device)
            self._chunk = chunk
        return self._numbers[step % CHUNK]

    def __call__(
        self, step: int
    ) -> tuple[Float[Tensor, "runs size seen space"], Float[Tensor, "runs size wanted space"]]:
        """Frames seen and frames to predict."""
        which, whether, version, place = self._draw(step).unbind(1)
        count, made = self.subsets.shape[1], self.data.u.shape[1]
        trajectory = self.subsets.gather(1, (which * count).long())
        version = torch.where(whether < self.original, 0, (version * made).long())
        first, stop = self.data.rows[trajectory, version].unbind(-1)
        at = 0 if self.start is None else self.start
        fits = stop - first >= self.span
        if self.start is not None:
            fits = (first <= at) & (at + self.span <= stop)
        version = torch.where(fits, version, 0)
        if self.start is None:
            first, stop = self.data.rows[trajectory, version].unbind(-1)
            begin = first + (place * (stop - first - self.span + 1)).long()
        else:
            begin = torch.full_like(trajectory, at)
        rows = begin[..., None] + self.offsets
        found = self.data.u[trajectory[..., None], version[..., None], rows]
        seen, wanted = found.split(self.split, dim=2)
        return seen, wanted
