"""What `snapshots` asks of an equation, and rows that remember their trajectories."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from symtutor import (
    Charted,
    KdV,
    LibraryField,
    derivative,
    draw_snapshots,
    generator,
    infinitesimal_residual,
    simulate,
    snapshots,
)

WAVE = torch.sin(torch.arange(32).double() * torch.pi / 16)[None]


@dataclass(frozen=True, kw_only=True)
class Odd(KdV):
    name: ClassVar[str] = "odd"


class TooDeep(Odd):
    def evolution(self, jet):
        return -jet["u_xxxx"]


class OutOfTorch(Odd):
    def evolution(self, jet):
        return torch.from_numpy(jet["u"].detach().numpy() ** 2)


class Nonlocal(Odd):
    def evolution(self, jet):
        return derivative(jet["u"], 4, self.length)


class Broken(Odd):
    def evolution(self, jet):
        return jet["u"] * float("nan")


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        (
            TooDeep(),
            "asks for 'u_xxxx', but an equation of order 3 has .*set its class",
        ),
        (OutOfTorch(), "cannot be linearised: torch sees no way"),
        (Nonlocal(), "mixes grid points; let it take derivatives from the jet"),
    ],
)
def test_evolutions_that_cannot_be_linearised_are_refused(equation, message):
    with pytest.raises(ValueError, match=message):
        snapshots(equation, WAVE, torch.zeros(1))


def test_a_value_that_is_no_number_is_not_taken_for_a_neighbour():
    assert snapshots(Broken(), WAVE, torch.zeros(1)).jet["u_t"].isnan().all()


@pytest.fixture(scope="module")
def data():
    return simulate(KdV(), 3, frames=40, substeps=200)


def test_drawn_rows_know_where_they_are_from(data):
    rows = draw_snapshots(data, 10, 4, fine=1)
    assert rows.trajectory.unique().tolist() == [0, 1, 2]
    times = {round(t, 9): i for i, t in enumerate(data.times.tolist())}
    for row, which, t in zip(rows.jet["u"], rows.trajectory, rows.jet["t"][:, 0], strict=True):
        assert torch.allclose(row, data.u[which, times[round(t.item(), 9)]])
    again = draw_snapshots(data, 10, generator(4, "snapshots"), fine=1)
    assert torch.equal(again.jet["u"], rows.jet["u"])
    assert torch.equal(rows.take(torch.tensor([2, 5])).trajectory, rows.trajectory[[2, 5]])
    with pytest.raises(ValueError, match="count=0"):
        draw_snapshots(data, 0)


def test_fields_with_powers_of_x_have_a_residual(data):
    """The scaling of KdV is a symmetry, in units and in a chart, and no other weights are."""
    rows, chart = draw_snapshots(data, 6), data.chart()
    right = LibraryField.from_generators({"scaling": KdV().local_algebra["scaling"]}).double()
    x, t, u = ((0, (("power", 0, 1.0),)), (1, (("power", 1, 1.0),)), (2, (("power", 2, 1.0),)))
    parts = tuple(
        (i, weight, term) for (i, term), weight in zip((x, t, u), (1.0, 2.0, -1.0), strict=True)
    )
    wrong = LibraryField.from_generators({"heat's": parts}).double()
    size = rows.jet["u_t"].square().mean().sqrt() * 100
    assert infinitesimal_residual(right, rows).abs().max() < 1e-9 * size
    assert infinitesimal_residual(wrong, rows).square().mean().sqrt() > 1e-2 * size
    for field in (right, wrong):
        seen = infinitesimal_residual(Charted(field, chart), rows, chart)
        assert torch.allclose(seen, infinitesimal_residual(field, rows), atol=1e-9)


def test_the_residual_of_a_table_is_differentiable_in_its_coefficients(data):
    rows = draw_snapshots(data, 4)
    terms = ((("power", 0, 1.0),), (("power", 1, 1.0),), (("power", 2, 1.0),))
    start = torch.zeros(1, 3, 3).double()
    start[0, 0, 0], start[0, 1, 1], start[0, 2, 2] = 1, 2, -2
    field = LibraryField(terms, start, names="xtu", trainable=True)
    infinitesimal_residual(field, rows).square().mean().backward()
    slope = field.coefficients.grad
    assert slope is not None
    assert slope[0, 1, 1] < -1e-6  # towards 3 t
    assert slope[0, 0, 1].isfinite()
