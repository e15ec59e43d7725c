"""Spectra of resampled data: how far the values and the fields would differ on other data."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import LibraryField
from ..numerics.intervals import Interval
from .core import Gap, Spectrum

JITTER = 1e-12  # of a matrix of unit diagonal; moves a value by 1e-6 of itself at most


@dataclass(frozen=True, eq=False)
class Replicas:
    """Spectra of data drawn anew from the groups of the data, with replacement.

    Attributes:
        values: of every replica.
        coefficients: of every replica.
        original: the spectrum of the data themselves.
    """

    values: Float[Tensor, "b k"]
    coefficients: Float[Tensor, "b k m d"]
    original: Spectrum

    def __len__(self) -> int:
        return len(self.values)

    def spectrum(self, i: int) -> Spectrum:
        """One replica as a spectrum; its forms are those of the data."""
        own = self.original
        return Spectrum(
            self.values[i], self.coefficients[i], own.rank, own.library, own.forms, own.whiten
        )

    def fields(self, count: int | None = None) -> list[LibraryField]:
        """The first fields of every replica.

        Args:
            count: how many; by default as many as come before the gap of the data themselves.
        """
        count = self.original.gap.count if count is None else count
        return [self.spectrum(i).field(count) for i in range(len(self))]

    def interval(self, statistic: Callable[[Spectrum], float], level: float = 0.95) -> Interval:
        """A statistic of the spectrum, with the percentiles of its replicas.

        Args:
            statistic: maps a spectrum to a number.
            level: share of the replicas between the ends.
        """
        found = [[statistic(self.spectrum(i))] for i in range(len(self))]
        low, high = percentiles(torch.tensor(found, dtype=torch.float64), level)
        return Interval(statistic(self.original), low.item(), high.item())

    def value_intervals(self, level: float = 0.95) -> list[Interval]:
        """Every value, with the percentiles of its replicas."""
        low, high = percentiles(self.values, level)
        return [
            Interval(*map(float, numbers))
            for numbers in zip(self.original.values, low, high, strict=True)
        ]

    def count_share(self) -> float:
        """Share of the replicas whose gap comes after as many values as that of the data."""
        count = self.original.gap.count
        same = [_gap(self, i).count == count for i in range(len(self))]
        return sum(same) / len(same)


def _gap(replicas: Replicas, i: int) -> Gap:
    return replicas.spectrum(i).gap


def percentiles(values: Float[Tensor, "b k"], level: float) -> tuple[Tensor, Tensor]:
    """Lower and upper percentile that enclose a share `level` of the rows.

    Raises:
        ValueError: if the level is not inside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"a level lies between 0 and 1, got {level}")
    ends = values.new_tensor([(1 - level) / 2, (1 + level) / 2])
    low, high = torch.quantile(values, ends, dim=0)
    return low, high


def bootstrap_spectrum(spectrum: Spectrum, replicates: int = 200, *, seed: int = 0) -> Replicas:
    r"""Spectra of as many groups (trajectories, images) drawn with replacement (Efron 1979).

    The data are not seen again. In the eigenbasis $c=Vy$ with values $\sigma$ the defect of a
    group is $|E_a\,\mathrm{diag}(\sigma)\,y|$, where the squares of $E_a$ have the mean 1 on the
    diagonal: they can be added up and factored without losing the digits of small values.

    Args:
        spectrum: of two groups or more.
        replicates: number of samples.
        seed: of the draws.

    Raises:
        ValueError: for fewer than two groups or replicates.

    Example:
        >>> from .core import solve
        >>> from .forms import Forms
        >>> g = torch.Generator().manual_seed(0)
        >>> defect = torch.randn(50, 1, 2, generator=g).double() * torch.tensor([1.0, 9.0])
        >>> forms = Forms(torch.ones(50, 1, 1).double(), defect, torch.ones(50, 2).double())
        >>> low = bootstrap_spectrum(solve(forms)).value_intervals()[0]
        >>> low.low < 1 < low.high
        True
    """
    groups = len(spectrum.forms)
    if groups < 2 or replicates < 2:
        raise ValueError(
            f"a bootstrap draws from two groups or more, twice or more; the spectrum has {groups} "
            f"group(s), replicates={replicates}; draw snapshots of several trajectories, or more "
            "images"
        )
    random = torch.Generator().manual_seed(seed)
    drawn = torch.randint(groups, (replicates, groups), generator=random)
    times = torch.zeros(replicates, groups, dtype=spectrum.values.dtype)
    times = times.scatter_add_(1, drawn, torch.ones_like(times)).to(spectrum.values.device)
    values, vectors = _replicas(spectrum, times)
    functions = spectrum.whiten @ vectors.mT  # "b k m d"
    return Replicas(values, functions, spectrum)


def _replicas(spectrum: Spectrum, times: Float[Tensor, "b g"]) -> tuple[Tensor, Tensor]:
    """Values "b k" and fields "b k d r" for each way of counting the groups."""
    forms, rank, d = spectrum.forms, spectrum.rank, spectrum.forms.components
    basis = (torch.linalg.pinv(spectrum.whiten) @ spectrum.coefficients).mT  # "k d r"
    size = len(basis)
    seen = torch.einsum("gpr,kdr->gkdp", forms.norm, basis).flatten(2)
    totals = times @ forms.counts  # "b 2"
    norm = _weighted(seen @ seen.mT, times) / totals[:, :1, None]
    root = _upper(norm)
    columns = forms.defect @ basis.flatten(1).mT  # "g q k"
    if forms.averaged:
        defect = _weighted(columns, times) / totals[:, 1:, None]
    else:
        sizes = spectrum.values.clamp(min=1e-14 * spectrum.values[-1].item() + 1e-300)
        graded = columns / sizes
        square = _weighted(graded.mT @ graded, times) / totals[:, 1:, None]
        defect = _upper(square) * sizes
    whitened = torch.linalg.solve_triangular(root, defect, upper=True, left=False)
    _, found, right = torch.linalg.svd(whitened, full_matrices=True)
    values = found.new_zeros(len(times), size)
    values[:, : found.shape[1]] = found
    y = torch.linalg.solve_triangular(root, right.mT, upper=True)  # columns are fields
    fields = y.mT @ basis.flatten(1)
    return values.flip(1), fields.unflatten(-1, (d, rank)).flip(1)


def _weighted(matrices: Float[Tensor, "g p q"], times: Float[Tensor, "b g"]) -> Tensor:
    """Sums over groups, each counted so many times."""
    return (times @ matrices.flatten(1)).unflatten(1, matrices.shape[1:])


def _upper(square: Float[Tensor, "b n n"]) -> Float[Tensor, "b n n"]:
    """Upper triangular roots R with R^T R = square."""
    size = square.diagonal(dim1=-2, dim2=-1).mean(-1)[:, None, None]
    eye = torch.eye(square.shape[-1], dtype=square.dtype, device=square.device)
    return torch.linalg.cholesky(square + JITTER * size * eye).mT
