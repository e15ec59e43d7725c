import math
from dataclasses import dataclass
from typing import ClassVar

import pytest
import torch

from symtutor import (
    EQUATIONS,
    Charted,
    KdV,
    LibraryField,
    infinitesimal_residual,
    simulate,
    snapshots,
    symmetry_spectrum,
)
from symtutor.spectrum import solutions


@pytest.fixture(scope="module", params=sorted(EQUATIONS))
def case(request):
    data = simulate(EQUATIONS[request.param], 4)
    return data.equation, drawn(data), data.chart()


def drawn(data, count=12):
    g = torch.Generator().manual_seed(0)
    which = torch.randint(len(data), (count,), generator=g)
    when = torch.randint(len(data.times), (count,), generator=g)
    return snapshots(data.equation, data.u[which, when], data.times[when])


def library(equation, chart):
    """Functions of t and u that hold the true generators of all five equations."""

    def basis(z):
        x, t, u = chart.outward(z).unbind(-1)
        one = torch.ones_like(t)
        special = {
            "nkdv": [torch.exp(t / 50), torch.exp(-t / 50)],
            "ckdv": [(t + 1).sqrt(), (t + 1).rsqrt()],
        }
        wave = 2 * math.pi / equation.length * x
        return torch.stack(
            [one, t / 50, u, u**2, wave.sin(), wave.cos(), *special.get(equation.name, [])], -1
        )

    return basis


def test_finds_the_whole_algebra_and_nothing_else(case):
    equation, rows, chart = case
    found = symmetry_spectrum(library(equation, chart), rows, chart)
    known = len(equation.algebra)
    scale = rows.jet["u_t"].square().mean().sqrt()
    assert (found.values[:known] < 1e-7 * scale).all()
    assert found.values[known] > 1e-3 * scale
    assert (found.values.diff() >= 0).all()


def test_fields_are_orthonormal_and_have_the_residuals_claimed(case):
    equation, rows, chart = case
    basis = library(equation, chart)
    found = symmetry_spectrum(basis, rows, chart)
    points = chart.inward(rows.points)
    fields = torch.einsum("rsm,kmd->krsd", basis(points), found.coefficients).flatten(1)
    gram = fields @ fields.mT / points[..., 0].numel()
    assert torch.allclose(gram, torch.eye(len(gram), dtype=gram.dtype), atol=1e-8)

    class Solved(LibraryField):
        def raw(self, z):
            return torch.einsum("...m,kmd->...kd", basis(z), found.coefficients)

    field = Solved(((),), torch.zeros(len(gram), 1, 3, dtype=torch.float64))
    residual = infinitesimal_residual(field, rows, chart).square().mean((-2, -1)).sqrt()
    assert torch.allclose(residual, found.values, rtol=1e-4, atol=1e-9)


def test_true_generators_have_no_residual_and_wrong_ones_do(case):
    equation, rows, chart = case
    true = Charted(LibraryField.from_generators(equation.algebra).double(), chart)
    wrong = {
        "u-translation": ((2, 1.0, ()),),
        "u-scaling": ((2, 1.0, (("power", 2, 1.0),)),),
        "t-scaling": ((1, 1.0, (("power", 1, 1.0),)),),
        "x-warp": ((0, 1.0, (("sin", 0, 2 * math.pi / equation.length),)),),
    }
    false = Charted(LibraryField.from_generators(wrong).double(), chart)
    good = infinitesimal_residual(true, rows, chart).square().mean((-2, -1)).sqrt()
    bad = infinitesimal_residual(false, rows, chart).square().mean((-2, -1)).sqrt()
    assert good.max() < 1e-6 * bad.min()


def test_the_residual_is_formed_in_blocks(monkeypatch):
    data = simulate(EQUATIONS["burgers"], 2)
    rows, chart = drawn(data, 8), data.chart()
    basis = library(data.equation, chart)
    whole = symmetry_spectrum(basis, rows, chart)
    sizes, single = [], solutions.characteristic_residual

    def watched(part, *rest):
        sizes.append(len(part.jet["u"]))
        return single(part, *rest)

    monkeypatch.setattr(solutions, "characteristic_residual", watched)
    monkeypatch.setattr(solutions, "BLOCK", 3 * 6 * 512 * 2)
    blocks = symmetry_spectrum(basis, rows, chart)
    assert sizes == [2] * 12
    assert torch.allclose(whole.values, blocks.values, rtol=1e-6, atol=1e-12)


def test_functions_that_say_the_same_are_counted_once():
    data = simulate(KdV(), 2)
    rows, chart = drawn(data), data.chart()

    def basis(z):
        one = torch.ones_like(z[..., 0])
        return torch.stack([one, z[..., 1], 2 * z[..., 1] - 3 * one, z[..., 2]], -1)

    found = symmetry_spectrum(basis, rows, chart)
    assert found.rank == 3
    assert found.coefficients.shape == (9, 4, 3)
    assert (found.values < 1e-7).sum() == 3


@dataclass(frozen=True, kw_only=True)
class Forced(KdV):
    """KdV pushed by a standing wave: it names x, so only the translation in t is left."""

    name: ClassVar[str] = "forced-kdv"

    def evolution(self, jet):
        return super().evolution(jet) + 0.1 * torch.sin(2 * math.pi * jet["x"] / self.length)


def test_control_a_forced_equation_has_lost_two_symmetries():
    data = simulate(KdV(), 2)
    rows = drawn(data)
    forced = snapshots(Forced(), rows.jet["u"], rows.jet["t"][:, 0], fine=1)
    found = symmetry_spectrum(library(KdV(), data.chart()), forced, data.chart())
    assert found.values[0] < 1e-7 < 1e-3 < found.values[1]


def test_refuses_more_unknowns_than_points_and_a_senseless_tolerance():
    data = simulate(EQUATIONS["burgers"], 1)
    rows, chart = drawn(data, 1), data.chart()
    with pytest.raises(ValueError, match="take more rows"):
        symmetry_spectrum(lambda z: z[..., :1] ** torch.arange(200), rows, chart)
    with pytest.raises(ValueError, match="between 0 and 1"):
        symmetry_spectrum(lambda z: z, rows, chart, rtol=0.0)
