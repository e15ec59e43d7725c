"""Torch code run on symbols: the right side of an equation as a SymPy expression."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any

import torch

from ..data.equations import Equation
from ..data.evolution import Generator, Term
from ..jets import x_names

if TYPE_CHECKING:
    import sympy

DENOMINATOR = 10**6
PI_DENOMINATOR = 10**3
SAME = ("abs", "exp", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")
SAME += ("asinh", "acosh", "atanh", "log", "sqrt", "erf")
UNCHANGED = ("positive", "clone", "detach", "contiguous", "double", "float", "to")


def exact(number: float) -> "sympy.Expr":
    r"""The simplest exact number that a float can stand for.

    A fraction with a denominator up to a million if its float is the same, or else such a multiple
    of $\pi$ (denominators up to a thousand), or else the decimal fraction that is written out.

    Raises:
        ValueError: for a number that is not finite.

    Example:
        >>> import math
        >>> exact(0.01), exact(1 / 3), exact(2 * math.pi / 128)
        (1/100, 1/3, pi/64)
    """
    import sympy

    if not math.isfinite(number):
        raise ValueError(f"an exact expression needs finite numbers, got {number}")
    simple = Fraction(number).limit_denominator(DENOMINATOR)
    if float(simple) == number:
        return sympy.Rational(simple.numerator, simple.denominator)
    turns = Fraction(number / math.pi).limit_denominator(PI_DENOMINATOR)
    if turns and math.isclose(float(turns) * math.pi, number, rel_tol=4e-16):
        return sympy.Rational(turns.numerator, turns.denominator) * sympy.pi
    return sympy.Rational(repr(float(number)))


@cache
def _counterparts() -> dict[str, Callable[..., Any]]:
    """For the name of each torch function, stripped of underscores, what it does to expressions."""
    import sympy

    def add(a: Any, b: Any, alpha: Any = 1) -> Any:
        return a + alpha * b

    table: dict[str, Callable[..., Any]] = {
        "add": add,
        "sub": lambda a, b, alpha=1: a - alpha * b,
        "rsub": lambda a, b: b - a,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "rdiv": lambda a, b: b / a,
        "pow": lambda a, b: a**b,
        "rpow": lambda a, b: b**a,
        "neg": lambda a: -a,
        "square": lambda a: a**2,
        "reciprocal": lambda a: 1 / a,
        "rsqrt": lambda a: 1 / sympy.sqrt(a),
        "exp2": lambda a: 2**a,
        "expm1": lambda a: sympy.exp(a) - 1,
        "log1p": lambda a: sympy.log(1 + a),
        "log2": lambda a: sympy.log(a) / sympy.log(2),
        "log10": lambda a: sympy.log(a) / sympy.log(10),
        "sigmoid": lambda a: 1 / (1 + sympy.exp(-a)),
        "zeros_like": lambda a: sympy.Integer(0),
        "ones_like": lambda a: sympy.Integer(1),
    }
    table |= {name: lambda a, *_: a for name in UNCHANGED}
    table |= {name: getattr(sympy, name.capitalize() if name == "abs" else name) for name in SAME}
    same = {"subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div"}
    same |= {"truediv": "div", "rtruediv": "rdiv", "negative": "neg", "absolute": "abs"}
    same |= {"iadd": "add", "isub": "sub", "imul": "mul", "idiv": "div", "itruediv": "div"}
    same |= {"special_expit": "sigmoid", "arctan": "atan", "special_erf": "erf", "radd": "add"}
    return table | {name: table[other] for name, other in same.items()}


class Expression(torch.Tensor):
    """A tensor without axes that stands for a SymPy expression: torch code can be run on it.

    Arithmetic and torch's elementary functions act on `value`, and numbers become exact (`exact`).

    Attributes:
        value: the expression.

    Raises:
        ValueError: where torch code asks for something that has no counterpart.

    Example:
        >>> import sympy
        >>> u = Expression.of(sympy.Symbol("u"))
        >>> (torch.exp(-u / 50) * u.square() + 0.25).value
        u**2*exp(-u/50) + 1/4
    """

    value: "sympy.Expr"

    @classmethod
    def of(cls, value: "sympy.Expr") -> "Expression":
        """The tensor that stands for an expression."""
        made = torch.empty((), dtype=torch.float64).as_subclass(cls)
        made.value = value
        return made

    @classmethod
    def __torch_function__(
        cls,
        func: Callable,
        types: Sequence[type],
        args: tuple = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """The counterpart of a torch function, applied to expressions."""
        name = func.__name__
        if name == "__get__":  # attributes such as dtype, device, shape
            return super().__torch_function__(func, types, args, kwargs)
        if name in ("new_tensor", "new_full", "full_like"):
            return cls.of(symbolic_value(args[1 if name != "new_full" else 2]))
        counterpart = _counterparts().get(name.strip("_"))
        kwargs = {k: v for k, v in (kwargs or {}).items() if k == "alpha"}
        if counterpart is None or any(isinstance(a, list | tuple) for a in args):
            raise ValueError(
                f"torch's {name} has no counterpart for expressions; write the equation's "
                "evolution with + - * / ** and elementary functions such as torch.exp or torch.sin"
            )
        if name.strip("_") in UNCHANGED:
            return args[0]
        kwargs = {k: symbolic_value(v) for k, v in kwargs.items()}
        return cls.of(counterpart(*map(symbolic_value, args), **kwargs))


def symbolic_value(value: Any) -> "sympy.Expr":
    """The SymPy expression of an `Expression`, a number, or a tensor that holds one number.

    Raises:
        ValueError: for anything else.

    Example:
        >>> symbolic_value(torch.tensor(0.5))
        1/2
    """
    import sympy

    if isinstance(value, Expression):
        return value.value
    if isinstance(value, sympy.Expr):
        return value
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = _decimal(value)
    if isinstance(value, int | float):
        return exact(value)
    raise ValueError(
        f"an expression is made of expressions and single numbers, got {type(value).__name__}; "
        "write arrays of constants as numbers"
    )


def _decimal(number: torch.Tensor) -> float:
    """A tensor's number; in single precision the shortest decimal fraction that gives it."""
    value = number.item()
    if number.dtype != torch.float32:
        return value
    tries = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return next((v for v in tries if number.new_tensor(v) == number), value)


def symbolic_evolution(equation: Equation) -> "sympy.Expr":
    r"""The F of $u_t=F$ in the symbols x, t, u, u_x, u_xx, ..., by running `evolution` on them.

    Raises:
        ValueError: if the evolution uses something that has no counterpart in SymPy.

    Example:
        >>> from ..data.equations import EQUATIONS
        >>> symbolic_evolution(EQUATIONS["burgers"])
        -u*u_x + u_xx/100
    """
    import sympy

    names = ("x", "t", *x_names(equation.order))
    return symbolic_value(
        equation.evolution({name: Expression.of(sympy.Symbol(name)) for name in names})
    )


def symbolic_term(term: Term, names: Sequence[str] = ("x", "t", "u")) -> "sympy.Expr":
    """A product of library factors, in symbols of the given names (see `LibraryField`).

    Raises:
        ValueError: for an unknown function or a coordinate out of range.

    Example:
        >>> symbolic_term((("power", 0, 2.0), ("rsqrt", 1, 1.0)))
        x**2/sqrt(t + 1)
    """
    import sympy

    functions: dict[str, Callable[[Any, Any], Any]] = {
        "power": lambda z, p: z**p,
        "cos": lambda z, p: sympy.cos(p * z),
        "sin": lambda z, p: sympy.sin(p * z),
        "exp": lambda z, p: sympy.exp(p * z),
        "sqrt": lambda z, p: sympy.sqrt(z + p),
        "rsqrt": lambda z, p: 1 / sympy.sqrt(z + p),
    }
    for factor in term:
        if factor[0] not in functions or not 0 <= factor[1] < len(names):
            raise ValueError(
                f"cannot write the factor {factor} as an expression: functions are "
                f"{', '.join(functions)} and coordinates run from 0 to {len(names) - 1}"
            )
    factors = [functions[f](sympy.Symbol(names[i]), exact(p)) for f, i, p in term]
    return math.prod(factors, start=sympy.Integer(1))


def symbolic_generator(
    parts: Generator, names: Sequence[str] = ("x", "t", "u")
) -> "tuple[sympy.Expr, ...]":
    """The components of a generator that is given as parts, as in `Equation.algebra`.

    Example:
        >>> from ..data.equations import EQUATIONS
        >>> symbolic_generator(EQUATIONS["ckdv"].algebra["galilean"])
        (2*sqrt(t + 1), 0, 1/sqrt(t + 1))
    """
    import sympy

    components: list[sympy.Expr] = [sympy.Integer(0) for _ in names]
    for component, coefficient, term in parts:
        components[component] += exact(coefficient) * symbolic_term(term, names)
    return tuple(components)
