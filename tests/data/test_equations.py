import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from symtutor import EQUATIONS, KS, Burgers, CKdV, Equation, Heat, KdV, LibraryField, NKdV, flow
from symtutor import initial_condition as draw
from symtutor.numerics.spectral import derivatives

JET = ("u", "u_x", "u_xx", "u_xxx", "u_xxxx")
NAMES = sorted(EQUATIONS)


def time(*values):
    return torch.tensor(values, dtype=torch.float64)


def grid(equation, points=None):
    points = points or equation.points
    return torch.arange(points, dtype=torch.float64) * equation.length / points


def smooth(equation, n, points):
    """Initial conditions that a coarse grid resolves for a while."""
    return draw(equation, n, torch.Generator().manual_seed(3), points)


def jet(equation, u, t):
    values = dict(zip(JET, derivatives(u, range(5), equation.length), strict=True))
    return values | {"t": t, "x": grid(equation, u.shape[-1])}


def distance(a, b):
    return ((a - b).norm() / b.norm()).item()


def test_one_soliton_travels_unchanged():
    equation, speed = KdV(), 0.6

    def soliton(t):
        y = (grid(equation) - 40 - speed * t) * math.sqrt(speed) / 2
        return 3 * speed / torch.cosh(y).square()

    u = equation.solve(soliton(0), time(0, 10, 20))
    for got, t in zip(u, (0, 10, 20), strict=True):
        assert (got - soliton(t)).abs().max() < 1e-8


def test_kdv_keeps_its_mass_and_its_energy():
    equation = KdV()
    u0 = smooth(equation, 3, 256) + 0.1
    u = equation.solve(u0, time(0, 10, 20), substeps=32)
    mass, energy = u.mean(-1), u.square().mean(-1)
    assert (mass / mass[:, :1] - 1).abs().max() < 1e-10
    assert (energy / energy[:, :1] - 1).abs().max() < 1e-10
    assert distance(u[:, 2], u[:, 0]) > 0.1  # while the solution itself has changed


def test_error_on_kdv_falls_with_the_fourth_power_of_the_step():
    equation = KdV()
    u0 = smooth(equation, 2, 256)
    truth = equation.solve(u0, time(10), substeps=64)
    errors = [distance(equation.solve(u0, time(10), substeps=n), truth) for n in (4, 8, 16)]
    assert 3.7 < math.log2(errors[0] / errors[1]) < 4.6, errors
    assert 3.7 < math.log2(errors[1] / errors[2]) < 4.6, errors


RIGHT_SIDES = {  # in the published form, from mode coefficients d(p) of the p-th derivative
    "kdv": lambda d, uux, t: -uux - d(3),
    "ks": lambda d, uux, t: -uux - d(2) - d(4),
    "burgers": lambda d, uux, t: -uux + 0.01 * d(2),
    "nkdv": lambda d, uux, t: math.exp(t / 50) * (-uux - d(3)),
    "ckdv": lambda d, uux, t: -uux - d(3) - d(0) / (2 * t + 2),
}


def scipy_solution(name, length, u0, start, end):
    """DOP853 on the modes below N/2, with products formed on twice the points."""
    points = len(u0)
    kept = (points - 1) // 2 + 1
    ik = 2j * np.pi / length * np.arange(kept)

    def speed(t, packed):
        v = packed.view(complex)
        u = np.fft.irfft(v, 2 * points) * 2
        uux = ik / 2 * np.fft.rfft(u * u)[:kept] / 2
        return RIGHT_SIDES[name](lambda p: ik**p * v, uux, t).view(float)

    v0 = np.fft.rfft(u0)[:kept]
    out = solve_ivp(speed, (start, end), v0.view(float), "DOP853", rtol=1e-9, atol=1e-9)
    return torch.from_numpy(np.fft.irfft(out.y[:, -1].copy().view(complex), points))


@pytest.mark.parametrize("name", NAMES)
def test_scipy_agrees(name):
    equation = EQUATIONS[name]
    start, end, points = {"ks": (0.0, 3.0, 64), "burgers": (1.0, 3.0, 256)}.get(
        name, (0.0, 8.0, 128)
    )
    u0 = smooth(equation, 1, 256)
    u0 = equation.solve(u0, time(start))[:, 0, :: 256 // points]
    u0 = draw(equation, 1, torch.Generator().manual_seed(3), points) if start == 0 else u0
    got = equation.solve(u0, time(end), start=start)[0, 0]
    right = scipy_solution(name, equation.length, u0[0].numpy(), start, end)
    assert distance(got, right) < 1e-6
    assert distance(u0[0], right) > 1e-2  # something has happened


@pytest.mark.parametrize("name", [*NAMES, "heat"])
def test_solutions_satisfy_the_equation_to_spectral_accuracy(name):
    equation = (EQUATIONS | {"heat": Heat()})[name]
    u0 = smooth(equation, 2, 256)
    t, h = 6.0, 0.01
    weights = torch.tensor([-1 / 60, 3 / 20, -3 / 4, 0, 3 / 4, -3 / 20, 1 / 60]) / h
    instants = t + h * torch.arange(-3, 4, dtype=torch.float64)
    u = equation.solve(u0, instants, substeps=64)
    u_t = (weights.double()[:, None] * u).sum(1)
    values = jet(equation, u[:, 3], time(t)) | {"u_t": u_t}
    assert equation.residual(values).norm() / u_t.norm() < 1e-7
    wrong = jet(equation, 1.1 * u[:, 3], time(t)) | {"u_t": 1.05 * u_t}
    assert equation.residual(wrong).norm() / u_t.norm() > 1e-2


def test_the_factor_multiplies_the_time_derivative():
    values = jet(NKdV(), smooth(NKdV(), 1, 256), time(30.0))
    values["u_t"] = torch.zeros(256, dtype=torch.float64)
    assert torch.allclose(NKdV().residual(values), values["u"] * values["u_x"] + values["u_xxx"])
    values["u_t"] = torch.ones(256, dtype=torch.float64)
    grown = NKdV().residual(values) - values["u"] * values["u_x"] - values["u_xxx"]
    assert torch.allclose(grown, torch.tensor(math.exp(-30 / 50), dtype=torch.float64))


def test_nkdv_is_kdv_read_at_another_time():
    u0 = smooth(NKdV(), 2, 128)
    t = time(3.0, 8.0)
    kdv_time = 50 * (torch.exp(t / 50) - 1)
    nkdv = NKdV().solve(u0, t)
    assert distance(nkdv, KdV().solve(u0, kdv_time)) < 1e-6
    assert distance(nkdv, KdV().solve(u0, t)) > 1e-3


def test_the_energy_of_ckdv_falls_as_one_over_time():
    u = CKdV().solve(smooth(CKdV(), 3, 256), time(0, 1, 7, 40))
    energy = u.square().sum(-1) * torch.tensor([1.0, 2.0, 8.0, 41.0])
    assert (energy / energy[:, :1] - 1).abs().max() < 1e-10


BOOSTS = {  # shift of x and of u at time t, for the group parameter 1
    "kdv": lambda t: (t, 1.0),
    "ks": lambda t: (t, 1.0),
    "burgers": lambda t: (t, 1.0),
    "nkdv": lambda t: (50 * (math.exp(t / 50) - 1), 1.0),
    "ckdv": lambda t: (2 * math.sqrt(t + 1), 1 / math.sqrt(t + 1)),
}


def boosted(equation, u, t, s):
    """A solution at time t moved by the Galilean flow, x along the band-limited interpolant."""
    shift, rise = BOOSTS[equation.name](t)
    k = 2 * math.pi / equation.length * torch.arange(u.shape[-1] // 2 + 1)
    return torch.fft.irfft(torch.fft.rfft(u) * torch.exp(-1j * k * s * shift), n=256) + s * rise


@pytest.mark.parametrize("name", NAMES)
def test_boosted_initial_conditions_have_boosted_solutions(name):
    equation, t, s = EQUATIONS[name], 5.0, 0.3
    u0 = smooth(equation, 2, 256)
    u = equation.solve(u0, time(t))[:, 0]
    moved = equation.solve(boosted(equation, u0, 0.0, s), time(t))[:, 0]
    assert distance(moved, boosted(equation, u, t, s)) < 1e-7
    assert distance(moved, u) > 0.1


@pytest.mark.parametrize("name", NAMES)
def test_the_galilean_generator_flows_as_these_boosts(name):
    field = LibraryField.from_generators(EQUATIONS[name].algebra).double()
    point = torch.tensor([1.0, 7.0, 0.2], dtype=torch.float64)
    end = flow(field, point, 0.3, steps=8)[field.labels.index("galilean")]
    shift, rise = BOOSTS[name](7.0)
    right = point + 0.3 * torch.tensor([shift, 0.0, rise])
    assert torch.allclose(end, right, atol=1e-9)


def test_burgers_keeps_its_mean_and_matches_the_heat_kernel():
    """One wave psi = 2 + e^{-nu t} cos x has u = 2 nu e^{-nu t} sin x / psi."""
    equation = Burgers()
    x = grid(equation)

    def u(t):
        decay = math.exp(-equation.nu * t)
        return 2 * equation.nu * decay * torch.sin(x) / (2 + decay * torch.cos(x))

    got = equation.solve(u(1.0) + 0.5, time(1.0, 9.0), start=1.0)
    still = equation.solve(u(1.0), time(1.0, 9.0), start=1.0)
    assert torch.allclose(still, torch.stack([u(1.0), u(9.0)]), atol=1e-13)
    assert torch.allclose(got.mean(-1), time(0.5, 0.5))


def test_without_dealiasing_a_coarse_grid_makes_energy():
    equation = replace(KdV(), wavenumbers=(2, 3))
    u0 = 2 * smooth(equation, 1, 64)

    def gain(equation):
        u = equation.solve(u0, time(0, 10))[0]
        return (u[1].square().mean() / u[0].square().mean() - 1).abs().item()

    assert gain(equation) < 1e-7
    assert gain(replace(equation, degree=1)) > 1e-4


class Kawahara(Equation):
    """A user's equation: KdV with a fifth derivative."""

    name = "kawahara"
    order = 5

    def linear_symbol(self, k):
        return 1j * (k**3 + k**5)

    def evolution(self, jet):
        return -jet["u"] * jet["u_x"] - jet["u_xxx"] + jet["u_xxxxx"]


def test_an_equation_of_ones_own_needs_few_lines():
    equation = Kawahara(length=64.0)
    u0 = smooth(equation, 1, 128)
    u = equation.solve(u0, 3 + 0.01 * torch.arange(-1, 2, dtype=torch.float64), substeps=64)
    values = jet(equation, u[:, 1], time(3.0))
    values["u_xxxxx"] = derivatives(u[:, 1], [5], equation.length)[0]
    values["u_t"] = (u[:, 2] - u[:, 0]) / 0.02
    assert equation.residual(values).norm() / values["u_t"].norm() < 1e-4
    with pytest.raises(TypeError, match="abstract"):
        Equation()


def test_bad_input_is_named():
    u0 = smooth(KdV(), 1, 64)
    with pytest.raises(ValueError, match="one step per frame, got 0"):
        KdV().solve(u0, time(1.0), substeps=0)
    with pytest.raises(ValueError, match="rise"):
        KS().solve(u0, time(1.0), start=2.0)
    with pytest.raises(FloatingPointError, match="more substeps"):
        KdV().solve(1e4 * u0, time(100.0), substeps=1)
