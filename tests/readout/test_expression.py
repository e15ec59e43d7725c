import ast
import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import sympy
import torch

from symtutor import EQUATIONS, Heat, KdV, LibraryField, readout
from symtutor.readout import (
    Expression,
    exact,
    symbolic_evolution,
    symbolic_generator,
    symbolic_term,
)

x, t, u, u_x, u_xx, u_xxx = sympy.symbols("x t u u_x u_xx u_xxx")
WRITTEN = {
    "kdv": -u * u_x - u_xxx,
    "ks": -u * u_x - u_xx - sympy.Symbol("u_xxxx"),
    "burgers": -u * u_x + u_xx / 100,
    "nkdv": sympy.exp(t / 50) * (-u * u_x - u_xxx),
    "ckdv": -u * u_x - u_xxx - u / (2 * (t + 1)),
    "heat": u_xx / 100,
}


@pytest.mark.parametrize("name", WRITTEN)
def test_evolutions_are_those_written_out_here(name):
    equation = {**EQUATIONS, "heat": Heat()}[name]
    assert sympy.simplify(symbolic_evolution(equation) - WRITTEN[name]) == 0


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (lambda a, b: (2 - a) / (1 + b) - a / 4 + 2 / b, (2 - x) / (1 + t) - x / 4 + 2 / t),
        (lambda a, b: -(a**2) + 2**a - (+b) * abs(a), -(x**2) + 2**x - t * abs(x)),
        (lambda a, b: torch.add(a, b, alpha=3) - torch.sub(b, 1, alpha=2), x + 2 * t + 2),
        (lambda a, b: a.square().sqrt() * b.reciprocal(), sympy.sqrt(x**2) / t),
        (lambda a, b: torch.tanh(a) * torch.log(b.cos()), sympy.tanh(x) * sympy.log(sympy.cos(t))),
        (lambda a, b: torch.rsqrt(a + 1) + b.exp(), 1 / sympy.sqrt(x + 1) + sympy.exp(t)),
        (lambda a, b: torch.sigmoid(a) + b.expm1(), 1 / (1 + sympy.exp(-x)) + sympy.exp(t) - 1),
        (lambda a, b: torch.ones_like(a) * torch.tensor(0.3), sympy.Rational(3, 10)),
        (lambda a, b: torch.tensor(2.0) - a.to(a.dtype) + b.new_tensor(0.5), 2.5 - x),
    ],
)
def test_torch_code_means_the_same_on_symbols(code, expected):
    found = code(Expression.of(x), Expression.of(t)).value
    assert sympy.simplify(found - expected) == 0


@pytest.mark.parametrize("name", ["clamp", "relu", "cumsum", "where", "fft", "comparison"])
def test_what_has_no_counterpart_is_named(name):
    a = Expression.of(x)
    code = {
        "clamp": lambda: a.clamp(min=0),
        "relu": lambda: torch.relu(a),
        "cumsum": lambda: torch.cumsum(a, 0),
        "where": lambda: torch.where(torch.tensor(True), a, a),
        "fft": lambda: torch.fft.rfft(a),
        "comparison": lambda: a > 0,
    }[name]
    names = {"comparison": "gt", "fft": "fft_rfft"}
    with pytest.raises(
        ValueError, match=rf"torch's {names.get(name, name)} has no counterpart.*\*\*"
    ):
        code()


def test_arrays_of_constants_are_refused():
    with pytest.raises(ValueError, match="single numbers"):
        Expression.of(x) + torch.ones(3)


@dataclass(frozen=True, kw_only=True)
class Forced(KdV):
    name: ClassVar[str] = "forced-kdv"

    def evolution(self, jet):
        return super().evolution(jet) + 0.1 * torch.sin(2 * math.pi * jet["x"] / self.length)


@dataclass(frozen=True, kw_only=True)
class Still(KdV):
    name: ClassVar[str] = "still"

    def evolution(self, jet):
        return torch.zeros_like(jet["u"])


def test_equations_of_ones_own_with_their_exact_frequencies():
    difference = symbolic_evolution(Forced()) - WRITTEN["kdv"]
    assert difference == sympy.sin(sympy.pi * x / 64) / 10
    assert symbolic_evolution(Still()) == 0


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (3, sympy.Integer(3)),
        (-0.02, -sympy.Rational(1, 50)),
        (2 / 3, sympy.Rational(2, 3)),
        (2 * math.pi, 2 * sympy.pi),
        (0.1234567891, sympy.Rational(1234567891, 10**10)),
    ],
)
def test_floats_become_the_numbers_they_stand_for(number, expected):
    assert exact(number) == expected
    assert float(exact(number)) == pytest.approx(number, rel=1e-15)


def test_infinite_numbers_are_refused():
    with pytest.raises(ValueError, match="finite"):
        exact(math.inf)


def test_terms_are_the_functions_of_the_library():
    term = (
        ("power", 0, 3.0), ("cos", 0, 2.0), ("sin", 1, 0.5),
        ("exp", 1, -0.1), ("sqrt", 2, 2.0), ("rsqrt", 1, 1.0),
    )  # fmt: skip
    points = torch.rand(7, 3, generator=torch.Generator().manual_seed(0)).double()
    library = LibraryField((term,), torch.zeros(1, 1, 3).double())
    compute = sympy.lambdify((x, t, u), symbolic_term(term), "math")
    right = torch.tensor([compute(*point) for point in points.tolist()])
    assert torch.allclose(library.basis(points)[:, 0], right.double(), rtol=1e-12)
    with pytest.raises(ValueError, match="cannot write the factor"):
        symbolic_term((("log", 0, 1.0),))
    with pytest.raises(ValueError, match="from 0 to 1"):
        symbolic_term((("power", 2, 1.0),), ("x", "t"))


def test_generators_add_up_their_parts():
    boost = EQUATIONS["nkdv"].algebra["galilean"]
    assert symbolic_generator(boost) == (50 * sympy.exp(t / 50) - 50, 0, 1)


def imports_when_loaded(tree):
    """Names of the modules that are imported as soon as a module is."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_sympy_is_imported_only_when_it_is_needed():
    files = sorted(Path(readout.__file__).parent.glob("*.py"))
    loaded = {name for path in files for name in imports_when_loaded(ast.parse(path.read_text()))}
    assert "torch" in loaded and not any(name.split(".")[0] == "sympy" for name in loaded)
