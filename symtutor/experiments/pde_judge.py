"""The judge of learned PDE symmetries: knows the algebra, and uses data that training never saw."""

import torch

from ..algebra import field_angles, inner, orthonormal
from ..data.equations import Equation, Generator
from ..data.trajectories import Trajectories
from ..fields import Charted, Field, LibraryField, MLPField
from ..numerics.chart import Chart
from ..numerics.quadrature import Quadrature
from ..validity import solution_validity
from ..validity.solutions import Method
from .base import Metric

SAMPLE = 8192  # points of a quadrature on which fields have unit norm
U_TRANSLATION: dict[str, Generator] = {"u-translation": ((2, 1.0, ()),)}


def cloud(data: Trajectories, chart: Chart, random: torch.Generator) -> Quadrature:
    """Random points of the solutions' graphs, in the chart."""
    which, when, where = (
        torch.randint(size, (SAMPLE,), generator=random).to(data.u.device) for size in data.u.shape
    )
    u = data.u[which, when, where]
    return Quadrature(chart.inward(torch.stack([data.x[where], data.times[when], u], dim=-1)))


def known_field(
    generators: dict[str, Generator], chart: Chart, judge: Quadrature | None = None
) -> Field:
    """A table of generators in the coordinates of the chart, of unit norm on the judge's points."""
    return Charted(LibraryField.from_generators(generators).double(), chart, judge)


def first(field: MLPField, count: int) -> Field:
    """The first slots of a network as a field of their own."""
    slots = MLPField(
        field.dim, count, periods=field.periods, width=len(field.w1), head=field.head
    ).to(field._one)
    names = dict(slots.named_parameters())
    with torch.no_grad():
        for name, value in field.named_parameters():
            names[name].copy_(value[:count] if name.startswith("head") else value)
    return slots.requires_grad_(False)


def angles(field: MLPField, equation: Equation, chart: Chart, judge: Quadrature) -> list[float]:
    """Principal angles, in degrees, between the first k slots and the algebra of dimension k."""
    answer = known_field(dict(equation.algebra), chart).to(judge.points)
    count = min(field.n, answer.n)
    return torch.rad2deg(field_angles(first(field, count), answer, judge)).tolist()


def judged(
    field: MLPField, equation: Equation, chart: Chart, judge: Quadrature
) -> dict[str, Metric]:
    """How far the learned fields are from the true algebra."""
    found = angles(field, equation, chart, judge)
    table = {**equation.algebra, **equation.approximate}
    with torch.no_grad():
        truth = orthonormal(known_field(table, chart).to(judge.points), judge)
        components = inner(field(judge.points), truth(judge.points), judge.omega)
    return {
        "angle": Metric(max(found), "degree"),
        "angles": Metric(found, "degree"),
        "inner_products": Metric(components.tolist()),
    }


def scores(
    field: Field,
    data: Trajectories,
    chart: Chart,
    judge: Quadrature,
    s: float,
    methods: tuple[Method, ...] = ("total", "weno", "infinitesimal"),
) -> dict[str, Metric]:
    """Scores of every slot by several methods, with floors and contrasts, in nats."""
    wrong = known_field(U_TRANSLATION, chart, judge).to(judge.points)
    metrics: dict[str, Metric] = {}
    with torch.no_grad():
        for method in methods:
            distance = None if method == "infinitesimal" else s
            found = solution_validity(field, data, wrong, distance, method=method, chart=chart)
            metrics[f"score_{method}"] = Metric(found.value.tolist(), "nat")
            metrics[f"floor_{method}"] = Metric(found.floor, "nat")
            metrics[f"contrast_{method}"] = Metric(found.contrast, "nat")
    return metrics
