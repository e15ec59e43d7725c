"""Tables of terms as libraries: their functions, their fields, and terms that say the same."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Term
from ..fields import LibraryField, term_name
from ..numerics.chart import Chart

SMALL = 1e-3
"""Part of the largest coefficient from which a term counts as a member of a relation."""


@dataclass(frozen=True, eq=False)
class Library:
    """Scalar terms, each scaled to unit size on the data, and the coordinates they live on.

    Attributes:
        terms: products of factors, as in `LibraryField`.
        names: of the coordinates.
        sizes: root mean square of every term on the data.
        chart: coordinates in which fields have their norm; without one, the library's own.
    """

    terms: tuple[Term, ...]
    names: tuple[str, ...]
    sizes: Float[Tensor, " m"]
    chart: Chart | None = None

    def field(self, coefficients: Float[Tensor, "k m d"]) -> LibraryField:
        """Combinations of the scaled terms as a field in the library's own units."""
        own = coefficients / self.sizes[:, None]
        own = own if self.chart is None else self.chart.pull(own)
        return LibraryField(self.terms, own.double(), names=self.names).double()

    def part(self, chosen: Sequence[int]) -> "Library":
        """Some of the terms."""
        return replace(self, terms=tuple(self.terms[j] for j in chosen), sizes=self.sizes[chosen])

    def labels(self) -> list[str]:
        """The terms in the usual notation."""
        return [term_name(term, self.names) for term in self.terms]

    def refuse_empty(self) -> None:
        """Refuse terms that are zero, or not finite, on the data.

        Raises:
            ValueError: naming them.
        """
        sized = zip(self.labels(), self.sizes.tolist(), strict=True)
        bad = [label for label, size in sized if not 0 < size < math.inf]
        if bad:
            raise ValueError(
                f"the terms {', '.join(bad)} are zero or not finite on the data; leave them out"
            )

    def refuse_dependent(self, root: Float[Tensor, "p m"], rtol: float) -> None:
        """Refuse terms that are combinations of others on the data.

        Args:
            root: of the Gram matrix of the scaled terms.
            rtol: combinations smaller than this part of the largest count as zero.

        Raises:
            ValueError: naming the terms of the smallest combination.
        """
        _, sizes, right = torch.linalg.svd(root, full_matrices=True)
        rank = int((sizes > rtol * sizes[0]).sum())
        if rank < root.shape[1]:
            part = right[-1].abs()
            seen = part > SMALL * part.max()
            named = [label for label, s in zip(self.labels(), seen.tolist(), strict=True) if s]
            raise ValueError(
                f"on these data the {root.shape[1]} terms say only {rank} different things; one "
                f"combination of {', '.join(named)} is zero. Leave one of them out, or take more "
                "and more varied data"
            )
