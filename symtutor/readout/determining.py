r"""The determining equation of symmetries, exactly: $D_tQ=F_*[Q]$ in symbols.

On solutions of $u_t=F$ every derivative in t is one in x: $D_t u_m=D_x^mF$. A generator
$\xi\partial_x+\tau\partial_t+\phi\partial_u$ has the characteristic
$Q=\phi-\xi u_x-\tau u_t$, and it generates symmetries if and only if
$D_tQ=\sum_m\frac{\partial F}{\partial u_m}D_x^mQ$ holds identically in x, t and the
x-derivatives of u (Olver 1993, sec. 5.1).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..data.equations import Equation
from ..data.evolution import Generator
from .expression import symbolic_evolution, symbolic_generator, symbolic_value

if TYPE_CHECKING:
    import sympy

COORDINATES = ("x", "t", "u")


def _jet(m: int) -> "sympy.Symbol":
    """The symbol of the m-th x-derivative of u."""
    import sympy

    return sympy.Symbol("u_" + "x" * m if m else "u")


def _order(expression: "sympy.Expr") -> int:
    """The highest m whose symbol the expression names; -1 if it names none."""
    names = {str(symbol) for symbol in expression.free_symbols}
    orders = [len(name) - 2 for name in names if name.startswith("u_")]
    return max(orders, default=0 if "u" in names else -1)


def _total(
    expression: "sympy.Expr", coordinate: str, rates: "Sequence[sympy.Expr]"
) -> "sympy.Expr":
    """Total derivative in a coordinate, along which u_m changes at `rates[m]`."""
    import sympy

    parts = [sympy.diff(expression, sympy.Symbol(coordinate))]
    for m in range(_order(expression) + 1):
        parts.append(sympy.diff(expression, _jet(m)) * rates[m])
    return sympy.Add(*parts).expand()


def _in_x(expression: "sympy.Expr", times: int) -> "list[sympy.Expr]":
    """The expression and its total x-derivatives."""
    result = [expression]
    for _ in range(times):
        rates = [_jet(m + 1) for m in range(_order(result[-1]) + 1)]
        result.append(_total(result[-1], "x", rates))
    return result


def _components(generator: "Generator | Sequence[Any]") -> "tuple[sympy.Expr, ...]":
    """xi, tau and phi of a generator given either way, in the symbols used here."""
    import sympy

    if len(generator) and all(isinstance(part, tuple) for part in generator):
        return symbolic_generator(tuple(generator))
    if len(generator) != len(COORDINATES):
        raise ValueError(
            "a generator is a tuple of three SymPy expressions (xi, tau, phi) or a table of parts "
            f"(component, coefficient, term), got {len(generator)} item(s): {generator}"
        )
    given = [sympy.sympify(symbolic_value(part)) for part in generator]
    own = {s: sympy.Symbol(str(s)) for part in given for s in part.free_symbols}
    strange = sorted(str(s) for s in own if str(s) not in COORDINATES)
    if strange:
        raise ValueError(
            f"a generator on (x, t, u) cannot name {', '.join(strange)}; put numbers for "
            "parameters, and leave derivatives of u out"
        )
    return tuple(sympy.nsimplify(part.xreplace(own), rational=True) for part in given)


def _simplified(expression: "sympy.Expr") -> "sympy.Expr":
    """The expression with each coefficient of the derivatives of u in its simplest form."""
    import sympy

    expression = expression.expand()
    if expression.is_polynomial():
        return expression
    derivatives = [_jet(m) for m in range(1, _order(expression) + 1)]
    if not derivatives or not expression.is_polynomial(*derivatives):
        return sympy.simplify(expression)
    parts = sympy.Poly(expression, *derivatives).terms()
    return sympy.Add(
        *(
            sympy.factor(sympy.simplify(sympy.powsimp(sympy.expand(factor))))
            * sympy.Mul(*(s**p for s, p in zip(derivatives, powers, strict=True)))
            for powers, factor in parts
        )
    )


def determining_defect(equation: Equation, generator: "Generator | Sequence[Any]") -> "sympy.Expr":
    r"""What is left of $D_tQ-F_*[Q]$ on solutions: 0 if and only if symmetries are generated.

    Args:
        equation: $u_t=F$, its evolution written with elementary functions.
        generator: $(\xi,\tau,\phi)$ as SymPy expressions in x, t and u (numbers count too), or
            parts (component, coefficient, term) as in `Equation.algebra`. Floats become exact.

    Returns:
        An expression in x, t, u, u_x, u_xx, ...; no t-derivative is left in it.

    Raises:
        ValueError: if the generator has not three components, or names anything but x, t and u, or
            if the evolution has no counterpart in SymPy.

    Example:
        >>> from ..data.equations import EQUATIONS
        >>> u_scaling = ((2, 1.0, (("power", 2, 1.0),)),)
        >>> determining_defect(EQUATIONS["burgers"], u_scaling)
        u*u_x
        >>> determining_defect(EQUATIONS["burgers"], EQUATIONS["burgers"].algebra["galilean"])
        0
    """
    import sympy

    speed = symbolic_evolution(equation)
    xi, tau, phi = _components(generator)
    q = sympy.expand(phi - xi * _jet(1) - tau * speed)
    in_time = _in_x(sympy.expand(speed), max(_order(q), 0))
    order = _order(speed)
    linearised = sum(
        (sympy.diff(speed, _jet(m)) * slope for m, slope in enumerate(_in_x(q, max(order, 0)))),
        sympy.Integer(0),
    )
    return _simplified(_total(q, "t", in_time) - linearised)


def is_symmetry(equation: Equation, generator: "Generator | Sequence[Any]") -> bool:
    """Whether a generator is exactly one of symmetries: its `determining_defect` vanishes.

    Raises:
        ValueError: as `determining_defect`.

    Example:
        >>> import sympy
        >>> from ..data.equations import EQUATIONS
        >>> x, t, u = sympy.symbols("x t u")
        >>> [is_symmetry(EQUATIONS["kdv"], (x, 3 * t, factor * u)) for factor in (-2, -1)]
        [True, False]
    """
    defect = determining_defect(equation, generator)
    return bool(defect == 0 or (_vanishes_somewhere(defect) and defect.equals(0)))


def _vanishes_somewhere(expression: "sympy.Expr") -> bool:
    """Whether the expression is 0 to 30 digits at a point without any structure."""
    import sympy

    symbols = sorted(expression.free_symbols, key=str)
    point = [(s, sympy.sqrt(sympy.prime(i + 2)) / 2) for i, s in enumerate(symbols)]
    return bool(abs(sympy.N(expression.subs(point), 30)) < 1e-20)
