import math

import jaxtyping
import pytest
import torch

from symtutor import (
    EQUATIONS,
    Chart,
    Charted,
    KdV,
    LibraryField,
    MLPField,
    characteristic_residual,
    derivative,
    moved_jet,
    prolong,
    simulate,
    snapshots,
)
from symtutor.jets import along, refine, x_names

L, SPEED = 64.0, 0.8


def waves(rows, points, modes=5, seed=0, length=L):
    g = torch.Generator().manual_seed(seed)
    x = torch.arange(points, dtype=torch.float64) * 2 * math.pi / points
    a, phase = torch.randn(2, rows, modes, 1, generator=g, dtype=torch.float64)
    k = torch.arange(1, modes + 1, dtype=torch.float64)[:, None]
    return (a * torch.sin(k * x + phase)).sum(1) / k.sum()


def soliton(x, t):
    """3c sech^2(sqrt(c)/2 (x - ct)) and its x-derivatives up to the second."""
    a = math.sqrt(SPEED) / 2
    z = a * (x - 32 - SPEED * t)
    sech, tanh = 1 / torch.cosh(z), torch.tanh(z)
    u = 3 * SPEED * sech**2
    return u, -2 * a * u * tanh, u * a**2 * (4 * tanh**2 - 2 * sech**2)


@pytest.fixture(scope="module")
def network():
    """A smooth random field on (x, t, u), of period L in x, in physical units."""
    chart = Chart((1 / L, 0.2, 0.5), (0.0, 0.0, 0.0))
    inner = MLPField(3, 2, periods=(1.0, None, None), width=16, head=4, seed=3).double()
    outward = Chart(tuple(1 / c for c in chart.scale), (0.0, 0.0, 0.0))
    return Charted(inner, outward).requires_grad_(False)


@pytest.fixture(scope="module", params=sorted(EQUATIONS))
def rows(request):
    equation = type(EQUATIONS[request.param])(length=L)
    return snapshots(equation, waves(3, 64), torch.tensor([1.0, 2.0, 5.0]), fine=3)


@pytest.mark.parametrize("points", [16, 15])
@pytest.mark.parametrize("factor", [1, 2, 3])
def test_refining_is_exact_below_the_nyquist_mode(points, factor):
    fine = refine(waves(2, points), factor)
    assert torch.allclose(fine, waves(2, points * factor), atol=1e-14)


def test_refining_keeps_the_samples_of_the_nyquist_mode():
    u = torch.tensor([1.0, -1.0] * 4, dtype=torch.float64)
    assert torch.allclose(refine(u, 3)[::3], u, atol=1e-14)


def test_expansion_of_a_soliton():
    x = torch.arange(256, dtype=torch.float64) * L / 256
    u, u_x, u_xx = soliton(x, 0.0)
    jet = snapshots(KdV(length=L), u[None], torch.zeros(1), fine=1).jet
    for name, wanted in {
        "u_x": u_x,
        "u_t": -SPEED * u_x,
        "u_xt": -SPEED * u_xx,
        "u_tt": SPEED**2 * u_xx,
    }.items():
        assert torch.allclose(jet[name][0], wanted, atol=1e-6), name


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_expansion_in_time_agrees_with_the_solver(name):
    equation, start = EQUATIONS[name], 5.0
    first = waves(1, 64) * (0.02 if name == "burgers" else 0.5)
    h = 0.02 * equation.frame_time
    later = equation.solve(
        first, start + h * torch.arange(1, 5).double(), start=start, substeps=200
    )[0]
    u = torch.cat([first, later])
    u_t = torch.tensor([-25, 48, -36, 16, -3.0]).double() @ u / (12 * h)
    u_tt = torch.tensor([35, -104, 114, -56, 11.0]).double() @ u / (12 * h**2)
    jet = snapshots(equation, first, torch.tensor([start]), fine=2).jet
    for name, wanted in {"u_t": u_t, "u_tt": u_tt}.items():
        assert (jet[name][0, ::2] - wanted).norm() < 1e-3 * wanted.norm(), name


def test_linearisation_is_the_derivative_of_the_evolution(rows):
    q = waves(3, rows.jet["u"].shape[-1], seed=1)
    names = x_names(rows.equation.order)
    slopes = [derivative(q, m, L) for m in range(len(names))]

    def evolution(*values):
        return rows.equation.evolution(rows.jet | dict(zip(names, values, strict=True)))

    primal = tuple(rows.jet[name] for name in names)
    _, wanted = torch.func.jvp(evolution, primal, tuple(slopes))
    assert torch.allclose(rows.linearised(q), wanted, rtol=1e-9, atol=1e-11)


def test_rows_are_taken_with_all_they_imply(rows):
    some = rows.take(torch.tensor([2, 0]))
    q = waves(3, rows.jet["u"].shape[-1], seed=1)
    assert torch.equal(some.linearised(q[[2, 0]]), rows.linearised(q)[[2, 0]])
    assert torch.equal(some.points, rows.points[[2, 0]])


def test_prolongations_known_in_closed_form(rows):
    table = {
        "boost": ((0, 1.0, (("power", 1, 1.0),)), (2, 1.0, ())),
        "u-scaling": ((2, 1.0, (("power", 2, 1.0),)),),
        "warp": ((0, 1.0, (("sin", 0, 2 * math.pi / L),)),),
    }
    found = prolong(LibraryField.from_generators(table).double(), rows, 3)
    jet, slope = rows.jet, 2 * math.pi / L * torch.cos(2 * math.pi / L * rows.jet["x"])
    close = {"rtol": 1e-8, "atol": 1e-10}
    for name in ("u_x", "u_xx", "u_xxx"):
        assert torch.allclose(found[name][..., 0], torch.zeros_like(slope), **close)
        wanted = derivative(jet["u"], len(name) - 2, L)
        assert torch.allclose(found[name][..., 1], wanted, **close)
    assert torch.allclose(found["u_t"][..., 0], -jet["u_x"], **close)
    assert torch.allclose(found["u_t"][..., 1], jet["u_t"], **close)
    assert torch.allclose(found["u_x"][..., 2], -slope * jet["u_x"], **close)
    assert torch.allclose(found["u_t"][..., 2], torch.zeros_like(slope), **close)


def test_recursion_agrees_with_the_characteristic(rows, network):
    """phi^J = D_J Q + xi u_{J,x} + tau u_{J,t} (Olver 1993, eq. 2.50)."""
    found = prolong(network, rows, 3)
    xi, tau, phi = (found[name].movedim(-1, 0) for name in ("x", "t", "u"))
    q = phi - xi * rows.jet["u_x"] - tau * rows.jet["u_t"]
    for m, name in enumerate(x_names(3)):
        u_mx = derivative(rows.jet["u"], m + 1, L)
        u_mt = derivative(rows.jet["u_t"], m, L)
        wanted = (derivative(q, m, L) + xi * u_mx + tau * u_mt).movedim(0, -1)
        assert torch.allclose(found[name], wanted, rtol=1e-6, atol=1e-8), name


def test_prolonged_field_on_the_residual_is_the_characteristic_residual(rows, network):
    equation, jet = rows.equation, rows.jet
    names = [*x_names(equation.order), "u_t", "x", "t"]
    chart = Chart((1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    values, rates = along(network, rows.points, rows.velocity)
    wanted = characteristic_residual(rows, values.movedim(-2, 0), rates.movedim(-2, 0), chart)
    found = prolong(network, rows, equation.order)
    for i in range(network.n):
        tangents = tuple(found[name][..., i] for name in names)
        _, change = torch.func.jvp(
            lambda *v: equation.residual(dict(zip(names, v, strict=True))),
            tuple(jet[name] for name in names),
            tangents,
        )
        assert torch.allclose(change, wanted[i], rtol=1e-6, atol=1e-9)


def test_prolongation_needs_three_coordinates(rows):
    with pytest.raises(ValueError, match=r"\(x, t, u\)"):
        prolong(MLPField(2, 1).double(), rows, 2)


def test_snapshots_are_rows(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match="one time per row"):
        snapshots(KdV(), torch.zeros(2, 16), torch.zeros(3))


class TestMovedJet:
    """A function f(x', t') in closed form, on points moved by a map that mixes all coordinates."""

    K, W = 2 * math.pi / L * 3, 0.7

    def graph(self, dt, rows=48, columns=128):
        t = dt * torch.arange(rows, dtype=torch.float64)[:, None]
        x = torch.arange(columns, dtype=torch.float64) * L / columns
        a = 2 * math.pi / L
        moved_x = x + 1.5 * torch.sin(a * x + 0.3 * t) + 0.2 * t
        moved_t = t + 0.4 * torch.cos(a * x) * torch.sin(0.5 * t) + 0.1 * t
        return moved_x, moved_t, torch.sin(self.K * moved_x) * torch.cos(self.W * moved_t)

    def errors(self, dt, order=4):
        jet = moved_jet(*self.graph(dt), order, length=L, dt=dt)
        x, t = jet["x"], jet["t"]
        s, c = torch.sin(self.K * x), torch.cos(self.K * x)
        decays = torch.cos(self.W * t)
        wanted = {
            "u": s * decays,
            "u_t": -self.W * s * torch.sin(self.W * t),
            "u_x": self.K * c * decays,
            "u_xx": -(self.K**2) * s * decays,
            "u_xxx": -(self.K**3) * c * decays,
            "u_xxxx": self.K**4 * s * decays,
        }
        return {
            name: ((jet[name] - value).abs().max() / value.abs().max()).item()
            for name, value in wanted.items()
        }

    def test_all_derivatives_on_a_grid_that_is_warped_in_x_and_t(self):
        errors = self.errors(0.05)
        assert errors.pop("u") == 0
        assert max(errors.values()) < 1e-6

    def test_the_error_is_of_sixth_order_in_the_time_step(self):
        coarse, fine = self.errors(0.4), self.errors(0.2)
        for name in ("u_t", "u_x", "u_xxxx"):
            assert 5.5 < math.log2(coarse[name] / fine[name]) < 6.8, name

    def test_rows_are_lost_at_both_ends_only(self):
        x, t, u = self.graph(0.1)
        jet = moved_jet(x, t, u, 2, length=L, dt=0.1)
        assert torch.equal(jet["u"], u[6:-6])
        assert all(value.shape == (36, 128) for value in jet.values())

    def test_a_fold_has_a_negative_jacobian(self):
        x, t, u = self.graph(0.1)
        folded = x + 20 * torch.sin(2 * math.pi * x / L)
        assert moved_jet(folded, t, u, 1, length=L, dt=0.1)["jacobian"].min() < 0
        assert moved_jet(x, t, u, 1, length=L, dt=0.1)["jacobian"].min() > 0

    def test_gradients(self):
        x, t, u = (v[:, ::16].requires_grad_() for v in self.graph(0.1, rows=8))
        assert torch.autograd.gradcheck(
            lambda *v: moved_jet(*v, 1, length=L, dt=0.1)["u_x"], (x, t, u)
        )

    def test_too_few_rows(self):
        with pytest.raises(ValueError, match="more than 24 rows"):
            moved_jet(*self.graph(0.1, rows=24), 4, length=L, dt=0.1)


def test_a_boosted_solution_solves_on_as_well_as_before():
    data = simulate(KdV(), 1)
    x, t, u = data.points()[0].unbind(-1)
    options = {"length": 128.0, "dt": data.equation.frame_time}
    before = KdV().residual(moved_jet(x, t, u, 3, **options))
    after = KdV().residual(moved_jet(x + 0.4 * t, t, u + 0.4, 3, **options))
    wrong = KdV().residual(moved_jet(x, t, 1.01 * u, 3, **options))
    rms = [r.square().mean().sqrt().item() for r in (before, after, wrong)]
    assert rms[1] == pytest.approx(rms[0], rel=1e-3)
    assert rms[2] > 3 * rms[0]
