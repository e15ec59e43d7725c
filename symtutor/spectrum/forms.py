"""Two quadratic forms on a library, group by group: the norm of a field, and its defect."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Forms:
    r"""Square roots of the norm and of the defect of fields, for every group of data.

    A field $V_i=\sum_jc_{ji}\,g_j$ with d components has the squared norm
    $\sum_i|N_ac_i|^2$ and the squared defect $|D_ac|^2$ on group a, with c in the order "component
    by component". Over the data both are sums over groups, divided by the sums of `counts`.
    Roots, not squares, are kept: squares would lose half of the digits.

    Attributes:
        norm: $N_a$, for one scalar function per column.
        defect: $D_a$, for d blocks of these columns.
        counts: what the sums of squares of norm and defect are divided by, a group's share each.
        averaged: whether the defect is the square of the mean of $D_ac$ over groups, not the mean
            of the squares; $D_a$ are then sums over the group.
    """

    norm: Float[Tensor, "g p m"]
    defect: Float[Tensor, "g q n"]
    counts: Float[Tensor, "g 2"]
    averaged: bool = False

    @property
    def components(self) -> int:
        """d, the number of components of a field."""
        return self.defect.shape[-1] // self.norm.shape[-1]

    def __len__(self) -> int:
        return len(self.norm)

    def in_functions(self, matrix: Float[Tensor, "m r"]) -> "Forms":
        """The forms on other functions, the columns of the matrix in terms of these ones."""
        blocks = self.defect.unflatten(-1, (self.components, len(matrix)))
        return replace(self, norm=self.norm @ matrix, defect=(blocks @ matrix).flatten(-2))

    def norm_root(self) -> Float[Tensor, "r m"]:
        """A root of the whole norm."""
        return torch.linalg.qr(self.norm.flatten(0, 1) / self.counts[:, 0].sum().sqrt(), "r").R

    def defect_root(self) -> Float[Tensor, "r n"]:
        """A root of the whole defect."""
        if self.averaged:
            return self.defect.sum(0) / self.counts[:, 1].sum()
        return torch.linalg.qr(self.defect.flatten(0, 1) / self.counts[:, 1].sum().sqrt(), "r").R

    def noise(self, fields: Float[Tensor, "k n"]) -> Float[Tensor, " k"]:
        """Standard error of an averaged defect, from its spread over groups; 0 for mean squares.

        Below it a value says nothing: as many equations of samples as unknowns have exact
        solutions, whatever the distribution.
        """
        if not self.averaged or len(self) < 2:
            return fields.new_zeros(len(fields))
        shares = self.counts[:, 1] / self.counts[:, 1].sum()
        seen = self.defect @ fields.mT / self.counts[:, 1].sum()  # "g q k"
        rest = seen - shares[:, None, None] * seen.sum(0)
        return (rest.square().sum((0, 1)) * len(self) / (len(self) - 1)).sqrt()

    def plus(self, penalty: Float[Tensor, "q n"], weight: float = 1.0) -> "Forms":
        r"""The forms with $\mu|Pc|^2$ added to the squared defect of every group.

        Args:
            penalty: P, a root of another quadratic form.
            weight: $\mu$, 0 or more.

        Raises:
            ValueError: for a negative weight, a defect that is averaged first, or a root that does
                not fit.
        """
        if weight < 0 or self.averaged or penalty.shape[-1] != self.defect.shape[-1]:
            raise ValueError(
                "a penalty is added to a mean of squares with a weight of at least 0 and a root "
                f"(q, {self.defect.shape[-1]}), got weight={weight}, averaged={self.averaged} and "
                f"shape {tuple(penalty.shape)}"
            )
        share = (weight * self.counts[:, 1]).sqrt()[:, None, None]
        return replace(self, defect=torch.cat([self.defect, share * penalty], dim=1))

    def only(self, penalty: Float[Tensor, "q n"]) -> "Forms":
        """The forms with the penalty in the place of the defect: what it finds without data."""
        bare = replace(self, defect=self.defect.new_zeros(len(self), 0, self.defect.shape[-1]))
        return replace(bare, averaged=False).plus(penalty)
