"""Tables of terms taken apart by the powers of one coordinate."""

from collections.abc import Sequence

import torch

from ..data.evolution import Factor, Term
from .library import LibraryField


def split_powers(terms: Sequence[Term], coordinate: int) -> list[tuple[int, Term]]:
    """Every term as a whole power of one coordinate times the rest, which is periodic in it.

    Raises:
        ValueError: for a factor of that coordinate that is neither a whole power nor a sine or
            cosine.

    Example:
        >>> split_powers([(("power", 0, 2.0), ("power", 1, 1.0)), ()], 0)
        [(2, (('power', 1, 1.0),)), (0, ())]
    """
    found = []
    for term in terms:
        power = 0
        rest: list[Factor] = []
        for function, i, parameter in term:
            if i != coordinate or function in ("sin", "cos"):
                rest.append((function, i, parameter))
            elif function == "power" and parameter >= 0 and parameter == int(parameter):
                power += int(parameter)
            else:
                raise ValueError(
                    f"the factor {(function, i, parameter)} of coordinate {coordinate} cannot be "
                    "differentiated along a period; use whole powers, and sin or cos of whole "
                    "numbers of periods"
                )
        found.append((power, tuple(rest)))
    return found


def by_powers(
    terms: Sequence[Term], coordinate: int
) -> dict[int, tuple[list[int], tuple[Term, ...]]]:
    r"""The terms as $x^ph$ with h periodic in the coordinate x: for every p, which they are, and h.

    Raises:
        ValueError: as `split_powers`.

    Example:
        >>> x, t = ("power", 0, 1.0), ("power", 1, 1.0)
        >>> by_powers([(), (x,), (x, t)], 0)
        {0: ([0], ((),)), 1: ([1, 2], ((), (('power', 1, 1.0),)))}
    """
    split = split_powers(terms, coordinate)
    found = {}
    for power in sorted({p for p, _ in split}):
        chosen = [j for j, (p, _) in enumerate(split) if p == power]
        found[power] = (chosen, tuple(split[j][1] for j in chosen))
    return found


def functions(terms: Sequence[Term], names: Sequence[str]) -> LibraryField:
    """A field that has the terms as its basis, and no coefficients of its own yet.

    Example:
        >>> functions([(), (("power", 0, 2.0),)], "x").basis(torch.tensor([3.0]).double()).tolist()
        [1.0, 9.0]
    """
    return LibraryField(terms, torch.zeros(1, len(terms), len(names)).double(), names=names)
