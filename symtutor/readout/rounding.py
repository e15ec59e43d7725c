"""The simplest fraction that a measured number can be."""

import math
from collections.abc import Iterable
from fractions import Fraction

from ..data.evolution import Term

LARGEST_DENOMINATOR = 12
FARTHEST = 0.1
"""No number is moved by more than this part of itself."""


def library_constants(terms: Iterable[Term]) -> tuple[Fraction, ...]:
    """Parameters of a library's functions and their inverses, where these are simple fractions.

    Example:
        >>> [str(c) for c in library_constants([(("exp", 1, 0.02),), (("power", 1, 2.0),)])]
        ['1/50', '50']
    """
    found: dict[Fraction, None] = {}
    for function, _, parameter in (factor for term in terms for factor in term):
        value = Fraction(abs(parameter)).limit_denominator(1000)
        if function != "power" and value not in (0, 1) and float(value) == abs(parameter):
            found |= {value: None, 1 / value: None}
    return tuple(found)


def simplest(
    value: float, low: float, high: float, constants: Iterable[Fraction] = ()
) -> Fraction | None:
    """The simplest fraction between two bounds, or None if none is simple enough to be believed.

    Simple is p/q with a small |p| + q, and such a multiple of a constant; q is at most 12. To be
    believed the bounds have to lie within 1/q² of one another, for elsewhere a fraction with this
    denominator fits by chance; and the number may be moved by a tenth of itself at most.

    Args:
        value: as measured, between the bounds.
        low: smallest value allowed.
        high: largest value allowed.
        constants: numbers whose multiples count as simple too (`library_constants`).

    Raises:
        ValueError: if the value does not lie between the bounds.

    Example:
        >>> print(simplest(0.4999, 0.497, 0.502), simplest(0.437, 0.42, 0.46))
        1/2 None
        >>> print(simplest(49.6, 47.0, 52.0), simplest(49.6, 47.0, 52.0, [Fraction(50)]))
        None 50
    """
    if not low <= value <= high:
        raise ValueError(f"a number cannot be rounded outside its bounds: {value} [{low}, {high}]")
    reach = FARTHEST * abs(value)
    low, high = max(low, value - reach), min(high, value + reach)
    found: list[tuple[int, float, Fraction]] = []
    for unit, extra in [(Fraction(1), 0), *((c, 1) for c in constants)]:
        for q in range(1, LARGEST_DENOMINATOR + 1):
            p = round(value / unit * q)
            candidate = Fraction(p, q) * unit
            believable = (high - low) / float(unit) * q * q <= 1
            if p and math.gcd(p, q) == 1 and believable and low <= candidate <= high:
                found.append((abs(p) + q + extra, abs(float(candidate) - value), candidate))
    return min(found)[2] if found else None
