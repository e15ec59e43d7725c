from dataclasses import dataclass
from typing import ClassVar

import pytest
import sympy
import torch

from symtutor import EQUATIONS, Heat, KdV, LibraryField, infinitesimal_residual, snapshots
from symtutor.readout import determining_defect, is_symmetry

x, t, u, u_x, u_xx, u_xxxx = sympy.symbols("x t u u_x u_xx u_xxxx")
ALL = {**EQUATIONS, "heat": Heat()}
KNOWN = [(name, label) for name, equation in ALL.items() for label in equation.algebra]
CLOCK = 50 * (sympy.exp(t / 50) - 1)
TRUE = [
    ("kdv", (x, 3 * t, -2 * u)),
    ("burgers", (x, 2 * t, -u)),
    ("burgers", (t * x, t**2, x - t * u)),
    ("nkdv", (x, 3 * CLOCK * sympy.exp(-t / 50), -2 * u)),
    ("nkdv", (CLOCK, 0, 1)),
    ("ckdv", (x, 3 * (t + 1), -2 * u)),
    ("heat", (2 * t, 0, -100 * x * u)),
    ("heat", (4 * t * x, 4 * t**2, -(100 * x**2 + 2 * t) * u)),
    ("heat", (0, 0, sympy.exp(-t / 25) * sympy.sin(2 * x))),
]
FALSE = [
    ("burgers", (0, 0, u), u * u_x),
    ("ckdv", (0, 1, 0), -u / (2 * (t + 1) ** 2)),
    ("kdv", (t, 0, -1), 2 * u_x * -1),
    ("ks", (x, 3 * t, -2 * u), u_xx - u_xxxx),
    ("nkdv", (0, sympy.exp(t / 50), 0), None),
    ("kdv", (sympy.sin(u), 0, 0), None),
]


@pytest.mark.parametrize(("name", "label"), KNOWN)
def test_known_algebras_are_exact(name, label):
    assert determining_defect(ALL[name], ALL[name].algebra[label]) == 0
    assert is_symmetry(ALL[name], ALL[name].algebra[label])


@pytest.mark.parametrize(("name", "generator"), TRUE)
def test_so_are_scalings_and_projective_generators(name, generator):
    assert determining_defect(ALL[name], generator) == 0
    assert is_symmetry(ALL[name], generator)


@pytest.mark.parametrize(("name", "generator", "left"), FALSE)
def test_wrong_ones_leave_a_remainder(name, generator, left):
    defect = determining_defect(ALL[name], generator)
    assert defect != 0 and not is_symmetry(ALL[name], generator)
    assert left is None or sympy.simplify(defect - left) == 0
    assert not any(str(symbol).startswith("u_t") for symbol in defect.free_symbols)


@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_the_defect_is_the_one_computed_on_snapshots(name):
    equation = EQUATIONS[name]
    parts = (
        (0, 0.5, (("power", 2, 2.0),)),
        (1, 0.25, (("power", 1, 1.0),)),
        (2, 2.0, (("power", 2, 1.0),)),
    )
    grid = torch.arange(64).double() / 64
    wave = torch.sin(2 * torch.pi * grid) + 0.5 * torch.cos(4 * torch.pi * grid)
    rows = snapshots(equation, wave[None], torch.tensor([0.7]).double())
    numeric = infinitesimal_residual(LibraryField.from_generators({"V": parts}).double(), rows)[0]
    defect = determining_defect(equation, parts)
    order = max(len(str(s)) - 2 for s in defect.free_symbols if str(s).startswith("u_"))
    names = ["u", *(f"u_{'x' * m}" for m in range(1, order + 1))]
    k = 2 * torch.pi / equation.length * torch.fft.rfftfreq(128, 1 / 128)
    modes = torch.fft.rfft(rows.jet["u"])
    jet = {n: torch.fft.irfft((1j * k) ** m * modes).numpy() for m, n in enumerate(names)}
    jet |= {n: rows.jet[n].numpy() for n in ("x", "t")}
    symbols = sorted(defect.free_symbols, key=str)
    exact = sympy.lambdify(symbols, defect, "numpy")(*(jet[str(s)] for s in symbols))
    exact = torch.as_tensor(exact).broadcast_to(numeric.shape) * equation.factor(rows.jet["t"])
    assert torch.allclose(numeric, exact, rtol=1e-6, atol=1e-8 * float(numeric.abs().max()))


@dataclass(frozen=True, kw_only=True)
class Fast(KdV):
    """u_t = sqrt(1 + u_x^2) - 1: not polynomial in the derivatives."""

    name: ClassVar[str] = "fast"
    order: ClassVar[int] = 1

    def evolution(self, jet):
        return (1 + jet["u_x"].square()).sqrt() - 1


def test_equations_that_are_not_polynomial():
    rotation = (u + t, 0, -x)  # of the graph u + t, which moves by its arc length
    assert is_symmetry(Fast(), (x, t, u))
    assert is_symmetry(Fast(), rotation)
    assert not is_symmetry(Fast(), (x, t, 2 * u))


def test_other_symbols_of_the_same_name_and_floats_are_understood():
    real_x, real_t, real_u = sympy.symbols("x t u", real=True)
    assert is_symmetry(EQUATIONS["burgers"], (0.5 * real_x, 1.0 * real_t, -0.5 * real_u))
    assert is_symmetry(EQUATIONS["kdv"], (1.0, 0, 0))


def test_generators_that_are_none_are_refused():
    with pytest.raises(ValueError, match="three SymPy expressions"):
        determining_defect(EQUATIONS["kdv"], (x, t))
    with pytest.raises(ValueError, match="cannot name c, u_x"):
        determining_defect(EQUATIONS["kdv"], (sympy.Symbol("c") * x, t, u_x))
