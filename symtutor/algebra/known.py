"""A Lie algebra with a name: a table of brackets together with vector fields that have them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import torch

from ..data.evolution import Generator, Part, Term
from ..fields import LibraryField
from .brackets import Algebra

# (i, j) with i < j -> {k: coefficient} of [E_i, E_j] = sum_k coefficient E_k
Brackets = dict[tuple[int, int], dict[int, float]]
SIGNED = re.compile(r"([+-])?\s*(\d+(?:\.\d+)?)?\s*(.*?)\s*\bd_(\w+)\s*")


@dataclass(frozen=True)
class KnownAlgebra:
    """A Lie algebra with a name.

    Attributes:
        name: such as "sl(2,R)"; + is a direct sum, ⋉ and ⋊ are semidirect ones.
        description: what it is and where it occurs.
        fields: vector fields that realise it, such as "t d_x + d_u", in the order of the basis.
        brackets: (i, j), i < j, to the coefficients of the bracket of fields i and j; the brackets
            that are not listed vanish.
    """

    name: str
    description: str
    fields: tuple[str, ...]
    brackets: Brackets

    @property
    def dimension(self) -> int:
        """Number of generators."""
        return len(self.fields)

    @property
    def row(self) -> tuple[str, int, str]:
        """Name, dimension and description, for a table."""
        return self.name, self.dimension, self.description

    @cached_property
    def algebra(self) -> Algebra:
        """The exact structure constants, float64."""
        constants = torch.zeros(*(self.dimension,) * 3, dtype=torch.float64)
        for (i, j), terms in self.brackets.items():
            for k, value in terms.items():
                constants[i, j, k], constants[j, i, k] = value, -value
        return Algebra(constants, 0.0)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Coordinates of the fields, in the order x, y, z, t, u."""
        letters = set("".join(re.findall(r"[a-z]", " ".join(self.fields).replace("d_", ""))))
        return tuple(letter for letter in "xyztu" if letter in letters)

    def realisation(self) -> LibraryField:
        """The vector fields themselves, float64.

        Example:
            >>> affine = KnownAlgebra("aff(1)", "", ("d_x", "x d_x"), {(0, 1): {0: 1}})
            >>> affine.realisation()(torch.tensor([7.0]).double()).tolist()
            [[1.0], [7.0]]
        """
        names = self.coordinates
        table = {text: vector_field(text, names) for text in self.fields}
        return LibraryField.from_generators(table, names).double()


def vector_field(text: str, names: Iterable[str]) -> Generator:
    """A polynomial vector field read from its notation: "x d_x + 3 t d_t - 2 u d_u".

    Args:
        text: a sum of terms, each an optional number, monomials such as "t x" or "t^2", and d_
            with a coordinate.
        names: the coordinates in order.

    Raises:
        ValueError: if the text is no such sum, or names another coordinate.

    Example:
        >>> vector_field("t d_x - d_u", ("x", "t", "u"))
        ((0, 1.0, (('power', 1, 1.0),)), (2, -1.0, ()))
    """
    order, parts, end = list(names), [], 0
    for match in SIGNED.finditer(text):
        sign, number, factors, component = match.groups()
        words = [word.partition("^") for word in factors.split()]
        known = all(word[0] in order and (word[2] or "1").isdigit() for word in words)
        if match.start() != end or not known or component not in order or (end and not sign):
            break
        end = match.end()
        term: Term = tuple(("power", order.index(x), float(power or 1)) for x, _, power in words)
        part: Part = (order.index(component), float(f"{sign or ''}{number or 1}"), term)
        parts.append(part)
    if end != len(text) or not parts:
        raise ValueError(
            f"cannot read the vector field {text!r}: a field is a sum such as 'x d_x + 3 t d_t' "
            f"in the coordinates {', '.join(order)}; correct it from {text[end:]!r} on"
        )
    return tuple(parts)


def abelian(dimension: int) -> KnownAlgebra:
    """The algebra of commuting generators, of any dimension.

    Raises:
        ValueError: for a dimension below 1.

    Example:
        >>> abelian(2).row
        ('R^2', 2, 'commuting generators, such as translations')
    """
    if dimension < 1:
        raise ValueError(f"an algebra has at least one generator, got dimension {dimension}")
    shifts = ("d_x", "d_y", "d_z", "d_t", "d_u")[:dimension]
    waves = ("d_u", "x d_u", *(f"x^{power} d_u" for power in range(2, dimension)))
    return KnownAlgebra(
        "R" if dimension == 1 else f"R^{dimension}",
        "one generator" if dimension == 1 else "commuting generators, such as translations",
        shifts if dimension <= len(shifts) else waves,
        {},
    )
