from fractions import Fraction

import pytest

from symtutor.readout import simplest
from symtutor.readout.rounding import library_constants


@pytest.mark.parametrize(
    ("value", "room", "expected"),
    [
        (-1.98, 0.05, -2),
        (0.3334, 1e-3, Fraction(1, 3)),
        (0.6662, 1e-3, Fraction(2, 3)),
        (11 / 12 + 1e-9, 1e-8, Fraction(11, 12)),
        (11 / 13, 1e-8, None),
        (0.437, 0.02, None),
        (1.4142, 1e-4, None),
        (50.3, 0.4, 50),
        (50.3, 4.0, None),
        (0.02, 1e-9, None),
        (0.95, 0.2, 1),
        (0.85, 0.2, None),
    ],
)
def test_only_fractions_that_are_believable(value, room, expected):
    assert simplest(value, value - room, value + room) == expected


def test_constants_of_the_library_count_as_simple():
    terms = [(("exp", 1, 1 / 50), ("power", 0, 3.0)), (("sqrt", 1, 1.0),), (("sin", 0, 0.049087),)]
    constants = library_constants(terms)
    assert constants == (Fraction(1, 50), Fraction(50))
    assert simplest(50.3, 46.3, 54.3, constants) == 50
    assert simplest(-0.0401, -0.0403, -0.0399, constants) == Fraction(-1, 25)


def test_a_value_outside_its_bounds_is_refused():
    with pytest.raises(ValueError, match="outside its bounds"):
        simplest(1.0, 2.0, 3.0)
