"""A field given in one set of coordinates, seen in another, and back."""

from jaxtyping import Float
from torch import Tensor

from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from .base import Field


class Charted(Field):
    """A field on coordinates with units, seen in the coordinates of a chart.

    Args:
        field: acts on the coordinates outside the chart; its own normalisation is left out.
        chart: the coordinates wanted.
        quadrature: if given, points of the chart on which generators are normalised (see `Field`).

    Raises:
        ValueError: if the chart has another number of coordinates than the field.

    Example:
        >>> from . import LibraryField
        >>> parts = ((0, 1.0, (("power", 1, 1.0),)), (2, 1.0, ()))
        >>> boost = LibraryField.from_generators({"galilean": parts})
        >>> seen = Charted(boost, Chart((0.5, 1.0, 4.0), (0.0, 10.0, 0.0)))
        >>> seen(seen._one.new_tensor([0.0, 1.0, 0.0])).tolist()  # t = 11
        [[5.5, 0.0, 4.0]]
    """

    def __init__(self, field: Field, chart: Chart, quadrature: Quadrature | None = None) -> None:
        if len(chart.scale) != field.dim:
            raise ValueError(
                f"a chart of {len(chart.scale)} coordinates cannot hold a field on {field.dim} "
                f"({', '.join(field.names)})"
            )
        super().__init__(
            field.dim, field.n, names=field.names, labels=field.labels, quadrature=quadrature
        )
        self.field, self.chart = field, chart
        self.to(field._one)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All generators at every point of the chart."""
        return self.chart.push(self.field.raw(self.chart.outward(points)))

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Generator i on copy i."""
        return self.chart.push(self.field.raw_own(self.chart.outward(points)))


class Uncharted(Field):
    """A field on the coordinates of a chart, seen in the coordinates with units: `Charted` undone.

    Args:
        field: acts on the chart's coordinates; its own normalisation is left out.
        chart: those coordinates.
        quadrature: if given, points with units on which generators are normalised (see `Field`).

    Raises:
        ValueError: if the chart has another number of coordinates than the field.

    Example:
        >>> from . import LibraryField
        >>> parts = ((0, 1.0, (("power", 1, 1.0),)), (2, 1.0, ()))
        >>> chart = Chart((0.5, 1.0, 4.0), (0.0, 10.0, 0.0))
        >>> learned = LibraryField.from_generators({"boost": parts})  # t' d/dx' + d/du'
        >>> Uncharted(learned, chart)(learned._one.new_tensor([0.0, 11.0, 0.0])).tolist()
        [[2.0, 0.0, 0.25]]
    """

    def __init__(self, field: Field, chart: Chart, quadrature: Quadrature | None = None) -> None:
        if len(chart.scale) != field.dim:
            raise ValueError(
                f"a field on {field.dim} coordinates ({', '.join(field.names)}) cannot be taken "
                f"out of a chart of {len(chart.scale)}; pass the chart that it lives in"
            )
        super().__init__(
            field.dim, field.n, names=field.names, labels=field.labels, quadrature=quadrature
        )
        self.field, self.chart = field, chart
        self.to(field._one)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All generators at every point."""
        return self.chart.pull(self.field.raw(self.chart.inward(points)))

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Generator i on copy i."""
        return self.chart.pull(self.field.raw_own(self.chart.inward(points)))
