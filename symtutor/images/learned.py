"""Augmentation by the flow of learned generators."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..fields import AffineField, Field
from ..fields.stored import restored
from ..models.resnet import MEAN
from ..numerics.interpolation import pixel_grid
from ..numerics.quadrature import Quadrature
from ..numerics.rk4 import rk4
from .flowing import FlowAugment


class LearnedAugment(FlowAugment):
    r"""Random elements of the group that learned generators span.

    The generators are tabulated once on a fine regular grid and looked up there bilinearly at the
    points that the flow has reached, so that a batch costs one matrix product and a few look-ups,
    whatever network they came from. Beyond the table a field goes on as at its border.

    Args:
        field: generators of the plane, normalised as it has been told to.
        scale: size of the displacements, see `FlowAugment`; published: 0.1 to 0.5.
        slots: which generators, counted from 0; by default the first six, or all if there are
            fewer.
        quadrature: if given, generators get unit norm on it.
        steps: Runge-Kutta steps of the flow.
        reach: the table covers the square from -reach to reach.
        table: points of the table in each direction.
        fill: colour outside of the picture; by default the mean colour of photographs, which is
            zero for a network that subtracts it.
        generator: of the coefficients; by default torch's global one.

    Raises:
        ValueError: if the field is not one of the plane or has no such slots, or a number is out of
            range.

    Example:
        >>> from symtutor.fields import MLPField
        >>> augment = LearnedAugment(MLPField(2, 10, width=16), scale=0.3)
        >>> augment(torch.zeros(3, 32, 32, dtype=torch.uint8)).shape
        torch.Size([3, 32, 32])
        >>> sorted(augment.state_dict())
        ['_extra_state', 'table']
    """

    SETTINGS = ("scale", "reach", "steps")

    def __init__(
        self,
        field: Field,
        scale: float = 0.1,
        *,
        slots: Sequence[int] | None = None,
        quadrature: Quadrature | None = None,
        steps: int = 2,
        reach: float = 1.5,
        table: int = 65,
        fill: float | Sequence[float] = MEAN,
        generator: torch.Generator | None = None,
    ) -> None:
        slots = tuple(range(min(6, field.n)) if slots is None else slots)
        if field.dim != 2 or not slots or not all(0 <= slot < field.n for slot in slots):
            raise ValueError(
                f"pictures are moved by generators of the plane, counted from 0; got slots "
                f"{slots} of a field with {field.n} generators on {field.dim} coordinates"
            )
        if steps < 1 or not 1 <= reach < float("inf") or table < 2:
            raise ValueError(
                f"a flow needs steps >= 1 and a table of at least 2 points with reach >= 1, got "
                f"steps={steps}, table={table}, reach={reach}"
            )
        super().__init__(len(slots), scale, fill, generator)
        self.steps, self.reach = steps, reach
        self.register_buffer("table", tabulated(field, slots, quadrature, reach, table))
        self.table: Tensor

    @classmethod
    def from_record(cls, record: Any, scale: float = 0.1, **options: Any) -> "LearnedAugment":
        """The generators of a record of cifar-symmetry; options as for the class itself.

        Args:
            record: one run of the experiment; only its method `weights` is used.
            scale: size of the displacements.
            options: of the class.
        """
        return cls(restored(record.weights("field")), scale, **options)

    @classmethod
    def from_state(cls, state: Mapping[str, Tensor], **options: Any) -> "LearnedAugment":
        """The transform of a state dictionary; fill and generator are no part of it.

        Raises:
            ValueError: if it is the state of something else.
        """
        table = state.get("table")
        if table is None or table.ndim != 4 or "_extra_state" not in state:
            raise ValueError(
                f"a LearnedAugment has the tensors table (n, 2, k, k) and _extra_state, got "
                f"{', '.join(state) or 'none'}; pass what its state_dict() has given"
            )
        blank = AffineField.named(*["L1"] * table.shape[0])
        slots = range(table.shape[0])
        augment = cls(blank, slots=slots, table=table.shape[-1], **options)
        augment.load_state_dict(dict(state))
        return augment

    def points(
        self, beta: Float[Tensor, "b n"], height: int, width: int
    ) -> Float[Tensor, "b h w 2"]:
        """The pixel grid carried backwards for unit time along every picture's own field."""
        # in units of the table's reach, where grid_sample's coordinates run from -1 to 1
        combined = torch.einsum("bn,nckl->bckl", beta / -self.reach, self.table)

        def field(points: Tensor) -> Tensor:
            found = F.grid_sample(combined, points, padding_mode="border", align_corners=True)
            return found.movedim(1, -1)

        start = (pixel_grid(height, width).to(beta) / self.reach).expand(len(beta), -1, -1, -1)
        return rk4(field, start, 1.0, steps=self.steps) * self.reach


@torch.no_grad()
def tabulated(
    field: Field, slots: Sequence[int], quadrature: Quadrature | None, reach: float, size: int
) -> Float[Tensor, "n 2 k k"]:
    """Generators on the regular grid of [-reach, reach]^2, rows along x2, in single precision."""
    grid = reach * pixel_grid(size, size).to(field._one)
    values = field(grid)[..., list(slots), :]
    if quadrature is not None:
        on = field(quadrature.points.to(field._one))[:, list(slots)]
        square = torch.einsum("q,qnd->n", quadrature.omega.to(on), on.square())
        values = values / square.sqrt().clamp(min=1e-8)[:, None]
    return values.movedim((2, 3), (0, 1)).float().contiguous()
