"""Generators as text, as LaTeX and as SymPy expressions."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from ..data.evolution import Term
from .expression import symbolic_term

if TYPE_CHECKING:
    import sympy


class Part(NamedTuple):
    """One term of a generator.

    Attributes:
        component: index of the coordinate along which it points.
        term: the library term.
        value: its coefficient.
        fraction: the coefficient exactly, if it was rounded.
        interval: of the coefficient.
    """

    component: int
    term: Term
    value: float
    fraction: Fraction | None
    interval: tuple[float, float]


def decimals(value: float, interval: tuple[float, float]) -> int:
    """Digits behind the point that show a coefficient and its interval with two uncertain ones.

    Example:
        >>> decimals(0.52345, (0.501, 0.545)), decimals(321.0, (300.0, 340.0))
        (3, 0)
    """
    width = max(interval[1] - interval[0], abs(value) * 1e-8, 1e-300)
    return max(0, 1 - math.floor(math.log10(width / 2)))


def expression(part: Part, names: Sequence[str]) -> "sympy.Expr":
    """Coefficient times term; a coefficient that was not rounded becomes a decimal.

    Example:
        >>> expression(Part(0, (("sqrt", 1, 1.0),), 2.0, Fraction(2), (2.0, 2.0)), ("x", "t"))
        2*sqrt(t + 1)
    """
    import sympy

    if part.fraction is not None:
        number = sympy.Rational(part.fraction.numerator, part.fraction.denominator)
    else:
        digits = decimals(part.value, part.interval)
        whole = 1 + max(0, math.floor(math.log10(abs(part.value))))
        number = sympy.Float(round(part.value, digits), max(2, digits + whole))
    return number * symbolic_term(part.term, names)


def components(parts: Sequence[Part], names: Sequence[str]) -> "tuple[sympy.Expr, ...]":
    """The components of a generator.

    Example:
        >>> one = Fraction(1)
        >>> boost = [Part(0, (("power", 1, 1.0),), 1.0, one, (1, 1)), Part(2, (), 1.0, one, (1, 1))]
        >>> components(boost, ("x", "t", "u"))
        (t, 0, 1)
    """
    import sympy

    result: list[sympy.Expr] = [sympy.Integer(0) for _ in names]
    for part in parts:
        result[part.component] += expression(part, names)
    return tuple(result)


def _signed(part: Part, names: Sequence[str]) -> tuple[bool, str]:
    """Whether a part is negative, and its absolute value as text."""
    import sympy

    negative = part.value < 0
    if part.fraction is not None:
        positive = part._replace(value=abs(part.value), fraction=abs(part.fraction))
        words = sympy.sstr(expression(positive, names), order="none")
    else:
        ends = sorted(abs(end) for end in part.interval) if negative else part.interval
        digits = decimals(part.value, part.interval)
        number = f"{abs(part.value):.{digits}f} [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]"
        term = sympy.sstr(symbolic_term(part.term, names)) if part.term else ""
        words = f"{number} {term}".strip()
    return negative, words.replace("**", "^").replace("*", " ")


def _joined(pieces: Sequence[tuple[bool, str]]) -> str:
    """Pieces with their signs as one sum."""
    words = " ".join(f"{'-' if negative else '+'} {piece}" for negative, piece in pieces)
    return words.removeprefix("+ ").replace("- ", "-", 1) if pieces[0][0] else words[2:]


def text(parts: Sequence[Part], names: Sequence[str]) -> str:
    """A generator as one line of text; coefficients that were not rounded show their interval.

    Example:
        >>> one = Fraction(1)
        >>> boost = [Part(0, (("power", 1, 1.0),), 1.0, one, (1, 1)), Part(2, (), 1.0, one, (1, 1))]
        >>> text(boost, ("x", "t", "u"))
        't ∂x + ∂u'
    """
    pieces: list[tuple[bool, str]] = []
    for component, name in enumerate(names):
        inner = [_signed(part, names) for part in parts if part.component == component]
        if len(inner) > 1:
            pieces.append((False, f"({_joined(inner)}) ∂{name}"))
        elif inner:
            negative, words = inner[0]
            pieces.append((negative, f"∂{name}" if words == "1" else f"{words} ∂{name}"))
    return _joined(pieces) if pieces else "0"


def latex(parts: Sequence[Part], names: Sequence[str]) -> str:
    r"""A generator in LaTeX.

    Example:
        >>> one = Fraction(1)
        >>> boost = [Part(0, (("power", 1, 1.0),), 1.0, one, (1, 1)), Part(2, (), 1.0, one, (1, 1))]
        >>> print(latex(boost, ("x", "t", "u")))
        t\,\partial_x+\partial_u
    """
    import sympy

    words = ""
    for name, component in zip(names, components(parts, names), strict=True):
        if component == 0:
            continue
        symbol = sympy.latex(sympy.Symbol(name))
        direction = rf"\partial_{symbol}" if len(symbol) == 1 else rf"\partial_{{{symbol}}}"
        if len(sympy.Add.make_args(component)) > 1:
            piece = rf"\left({sympy.latex(component)}\right)\,{direction}"
        elif component in (1, -1):
            piece = f"-{direction}" if component == -1 else direction
        else:
            piece = rf"{sympy.latex(component)}\,{direction}"
        words += piece if not words or piece.startswith("-") else f"+{piece}"
    return words or "0"
