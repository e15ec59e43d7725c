"""The generalised eigenproblem of defect against norm, and what is read off its values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..fields import LibraryField
from .forms import Forms
from .library import Library

ROUNDING = 1e-8
"""Values below this part of the largest one count as equal to it: rounding has gaps of its own."""


class Gap(NamedTuple):
    """Where a spectrum jumps most: after how many values, and by what factor."""

    count: int
    ratio: float


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Fields of a library, the best symmetry first.

    Attributes:
        values: root mean square defect of every field, rising; the fields have unit norm.
        coefficients: of every field: how much of each library function is in each component.
        rank: how many of the library's functions count as independent on the data.
        library: the functions as a table of terms, if they are one.
        forms: norm and defect by groups, on orthonormal functions.
        whiten: the orthonormal functions in terms of the library's.
    """

    values: Float[Tensor, " k"]
    coefficients: Float[Tensor, "k m d"]
    rank: int
    library: Library | None
    forms: Forms
    whiten: Float[Tensor, "m r"]

    def __repr__(self) -> str:
        count, ratio = self.gap
        first = ", ".join(f"{v:.3g}" for v in self.values[: count + 3].tolist())
        return (
            f"spectrum of {len(self.values)} fields on {self.rank} functions: {first}, ...; "
            f"the largest gap, a factor of {ratio:.3g}, comes after {count}"
        )

    @property
    def gap(self) -> Gap:
        """Where the ratio of neighbours is largest, with at most half of the values before it.

        To find the place, values below `ROUNDING` times the largest are raised to that; the factor
        is that of the values themselves. Means of samples are raised to their standard error, for
        the factor too. A factor of a few per cent is no gap, whatever the count: look at the
        values, or resample them.
        """
        half = self.values[: (len(self.values) + 1) // 2 + 1]
        own = torch.maximum(half, self.noise[: len(half)])
        raised = own.clamp(min=ROUNDING * self.values[-1].item())
        if len(half) < 2 or raised[-1] == 0:
            return Gap(len(half), 1.0)
        place = int((raised[1:] / raised[:-1]).argmax())
        below = max(own[place].item(), torch.finfo(half.dtype).tiny)
        return Gap(place + 1, own[place + 1].item() / below)

    @property
    def noise(self) -> Float[Tensor, " k"]:
        """Standard errors of the values, if they are means of samples; otherwise 0."""
        inner = torch.linalg.pinv(self.whiten) @ self.coefficients
        return self.forms.noise(inner.mT.flatten(1))

    def field(self, count: int | None = None) -> LibraryField:
        """The first fields, on the library's own coordinates and in their units, float64.

        Args:
            count: how many; by default as many as come before the gap.

        Raises:
            ValueError: if the library is no table of terms, or has fewer fields.
        """
        if self.library is None:
            raise ValueError(
                "these functions are no table of terms; use the coefficients, or pass a tuple of "
                "terms as the library"
            )
        count = self.gap.count if count is None else count
        if not 1 <= count <= len(self.values):
            raise ValueError(f"the library has 1 to {len(self.values)} fields, got {count}")
        return self.library.field(self.coefficients[:count])

    def restricted(self, keep: Callable[[int], bool] | range | list[int]) -> "Spectrum":
        """The spectrum of a part of the library on the same data, without seeing them again.

        Args:
            keep: numbers of the functions that stay, or a rule.
        """
        count = len(self.whiten)
        chosen = [j for j in range(count) if keep(j)] if callable(keep) else list(keep)
        raw = torch.linalg.pinv(self.whiten)[:, chosen]
        library = None if self.library is None else self.library.part(chosen)
        return solve(self.forms.in_functions(raw), library=library)

    def with_forms(self, forms: Forms) -> "Spectrum":
        """The spectrum of other forms on the same orthonormal functions."""
        found = solve(forms, library=None)
        mixed = self.whiten @ found.coefficients
        whiten = self.whiten @ found.whiten
        return Spectrum(found.values, mixed, found.rank, self.library, found.forms, whiten)


def solve(forms: Forms, *, library: Library | None = None, rtol: float = ROUNDING) -> Spectrum:
    r"""All fields by rising defect per norm: $\min|Dc|/|Nc|$, then orthogonally to it, and so on.

    Args:
        forms: norm and defect.
        library: what the functions are.
        rtol: combinations of functions smaller than this part of the largest are left out; they
            cannot be told from zero on the data.

    Example:
        >>> eye = torch.eye(2, dtype=torch.float64)[None]
        >>> skew = torch.tensor([[[3.0, 1.0], [0.0, 1.0]]], dtype=torch.float64)
        >>> found = solve(Forms(eye, skew, torch.ones(1, 2).double()))
        >>> torch.allclose(found.values, torch.linalg.svdvals(skew[0]).flip(0))
        True
    """
    whiten = whitening(forms.norm_root(), rtol)
    lean = forms.in_functions(whiten)
    return solved(lean, whiten, library)


def whitening(root: Float[Tensor, "p m"], rtol: float) -> Float[Tensor, "m r"]:
    """Orthonormal functions in terms of those whose norm has this root; tiny ones are left out."""
    _, sizes, right = torch.linalg.svd(root, full_matrices=False)
    rank = int((sizes > rtol * sizes[0]).sum())
    return right[:rank].mT / sizes[:rank]


def solved(forms: Forms, whiten: Float[Tensor, "m r"], library: Library | None) -> Spectrum:
    """The spectrum of forms whose functions are orthonormal already."""
    rank = whiten.shape[1]
    _, found, right = torch.linalg.svd(forms.defect_root(), full_matrices=True)
    values = found.new_zeros(len(right))  # fewer equations than unknowns leave exact zeros
    values[: len(found)] = found
    coefficients = (whiten @ right.unflatten(1, (forms.components, rank)).mT).flip(0)
    return Spectrum(values.flip(0), coefficients, rank, library, forms, whiten)
