"""Every tabulated generator, checked symbolically: pr v (Delta) = 0 wherever Delta = 0."""

import pytest
import sympy
import torch

from symtutor import EQUATIONS, Heat, LibraryField, term_name

ALL = EQUATIONS | {"heat": Heat()}
ORDER = 5
x, t = sympy.symbols("x t")
U = {(i, j): sympy.Symbol("u" + ("_" + "x" * i + "t" * j if i + j else ""))
     for i in range(ORDER + 2) for j in range(3)}  # fmt: skip
u = U[0, 0]
SPEEDS = {  # u_t on solutions, written out anew
    "kdv": -u * U[1, 0] - U[3, 0],
    "ks": -u * U[1, 0] - U[2, 0] - U[4, 0],
    "burgers": -u * U[1, 0] + sympy.Rational(1, 100) * U[2, 0],
    "nkdv": sympy.exp(t / 50) * (-u * U[1, 0] - U[3, 0]),
    "ckdv": -u * U[1, 0] - U[3, 0] - u / (2 * (t + 1)),
    "heat": sympy.Rational(1, 100) * U[2, 0],
}


def total(expression, axis):
    """The total derivative along x (0) or t (1)."""
    result = sympy.diff(expression, (x, t)[axis])
    for (i, j), symbol in U.items():
        slope = sympy.diff(expression, symbol)
        if slope != 0:
            result += slope * U[(i + 1, j) if axis == 0 else (i, j + 1)]
    return result


def prolonged(generator, delta):
    """pr v (Delta): phi^J = D_J Q + xi u_{J,x} + tau u_{J,t}, Q = phi - xi u_x - tau u_t."""
    xi, tau, phi = generator
    result = xi * sympy.diff(delta, x) + tau * sympy.diff(delta, t)
    for (i, j), symbol in U.items():
        slope = sympy.diff(delta, symbol)
        if slope != 0:
            part = phi - xi * U[1, 0] - tau * U[0, 1]
            for axis in [0] * i + [1] * j:
                part = total(part, axis)
            result += slope * (part + xi * U[i + 1, j] + tau * U[i, j + 1])
    return result


def expression(term):
    """A term of the table as SymPy writes it."""
    functions = {
        "power": lambda z, p: z**p,
        "exp": lambda z, p: sympy.exp(p * z),
        "sqrt": lambda z, p: sympy.sqrt(z + p),
        "rsqrt": lambda z, p: 1 / sympy.sqrt(z + p),
    }
    exact = [(f, c, sympy.nsimplify(p)) for f, c, p in term]
    return sympy.prod([functions[f]((x, t, u)[c], p) for f, c, p in exact])


def components(parts):
    out = [sympy.Integer(0)] * 3
    for component, coefficient, term in parts:
        out[component] += sympy.nsimplify(coefficient) * expression(term)
    return out


def defect(name, parts):
    """What is left of pr v (Delta) on solutions."""
    left = prolonged(components(parts), U[0, 1] - SPEEDS[name])
    return sympy.simplify(left.subs(U[0, 1], SPEEDS[name]))


EXACT = [(name, label) for name, equation in ALL.items() for label in equation.algebra]
CLOSE = [(name, label) for name, equation in ALL.items() for label in equation.approximate]


@pytest.mark.parametrize(("name", "label"), EXACT)
def test_generators_leave_the_equation_as_it_is(name, label):
    assert defect(name, ALL[name].algebra[label]) == 0


@pytest.mark.parametrize(("name", "label"), CLOSE)
def test_approximate_generators_do_not(name, label):
    assert defect(name, ALL[name].approximate[label]) != 0


def test_what_remains_of_the_approximate_ones():
    assert sympy.expand(defect("burgers", ALL["burgers"].approximate["u-scaling"])) == u * U[1, 0]
    left = defect("ckdv", ALL["ckdv"].approximate["t-translation"])
    assert sympy.simplify(left + u / (2 * (t + 1) ** 2)) == 0


def test_the_published_sign_error_would_be_found():
    growing = ((1, 1.0, (("exp", 1, 1 / 50),)),)
    assert defect("nkdv", growing) != 0


@pytest.mark.parametrize("name", ALL)
def test_the_package_computes_the_equations_written_out_here(name, generator):
    keys = {symbol: str(symbol) for symbol in SPEEDS[name].free_symbols}
    jet = {key: torch.rand(9, generator=generator, dtype=torch.float64) for key in keys.values()}
    jet |= {"t": jet.get("t", torch.zeros(9, dtype=torch.float64))}
    compute = sympy.lambdify(list(keys), SPEEDS[name], "numpy")
    right = torch.as_tensor(compute(*(jet[key].numpy() for key in keys.values())))
    assert torch.allclose(ALL[name].evolution(jet), right, rtol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_tables_become_fields_with_their_names(name, generator):
    equation = ALL[name]
    table = dict(equation.algebra) | dict(equation.approximate)
    field = LibraryField.from_generators(table).double()
    assert field.labels == tuple(table)
    points = torch.rand(5, 3, generator=generator, dtype=torch.float64)
    for index, parts in enumerate(table.values()):
        compute = sympy.lambdify((x, t, u), components(parts), "numpy")
        right = [compute(*point) for point in points.tolist()]
        assert torch.allclose(field(points)[:, index], torch.tensor(right, dtype=torch.float64))


def test_a_component_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match=r"'down'.*component 3.*x, t, u"):
        LibraryField.from_generators({"down": ((3, 1.0, ()),)})
    with pytest.raises(ValueError, match="at least one generator"):
        LibraryField.from_generators({})


def test_roots_are_written_as_roots():
    boost = LibraryField.from_generators({"galilean": EQUATIONS["ckdv"].algebra["galilean"]})
    names = [term_name(term, boost.names) for term in boost.terms]
    assert names == ["sqrt(t + 1)", "1/sqrt(t + 1)"]
    assert term_name((("sqrt", 0, 0.0),), ("x",)) == "sqrt(x)"
