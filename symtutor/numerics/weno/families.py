"""The sub-stencils of Ko, Kim and Lee (2024, appendix E) on a window of 3 rows and 5 columns."""

import math
from dataclasses import dataclass
from functools import cached_property

ROWS, COLUMNS = 3, 5  # time, space
SLOTS, CENTRE = ROWS * COLUMNS, 7


@dataclass(frozen=True)
class Family:
    r"""All sub-stencils for one order of derivative in x.

    A sub-stencil has two rows, the centre's and one beside it, of m+1 neighbouring columns, and
    carries a polynomial $\sum_{i\le m}(a_i+\tau b_i)\,\xi^i$ through its 2m+2 values. The centre
    fixes $a_0$; the unknowns left are, in this order, $b_0,\dots,b_m,a_1,\dots,a_m$.

    Attributes:
        degree: m.
        starts: the first column of each sub-stencil, counted from the centre.
        targets: derivatives read from the polynomial, and which unknown each one is.
    """

    degree: int
    starts: tuple[int, ...]
    targets: tuple[tuple[str, int], ...]

    @property
    def unknowns(self) -> int:
        return 2 * self.degree + 1

    @cached_property
    def nodes(self) -> tuple[tuple[int, ...], ...]:
        """Window slots of each sub-stencil but the centre: the other row, then the centre's."""

        def slots(row: int, start: int) -> tuple[int, ...]:
            columns = range(start, start + self.degree + 1)
            beside = [CENTRE + COLUMNS * row + a for a in columns]
            return (*beside, *(CENTRE + a for a in columns if a))

        return tuple(slots(row, start) for start in self.starts for row in (-1, 1))

    @cached_property
    def exponents(self) -> tuple[tuple[int, int], ...]:
        """Powers (i, j) of x and t that belong to the unknowns."""
        m = self.degree
        return (*((i, 1) for i in range(m + 1)), *((i, 0) for i in range(1, m + 1)))

    def derivative_scales(self, dt: float, dx: float) -> list[float]:
        """What turns the unknowns, in units of the spacings, into derivatives in physical units."""
        return [math.factorial(i) / (dx**i * dt**j) for i, j in self.exponents]


FAMILIES = {
    1: Family(1, (-1, 0), (("u_x", 2), ("u_t", 0))),
    2: Family(2, (-2, -1, 0), (("u_xx", 4),)),
    3: Family(3, (-2, -1), (("u_xxx", 6),)),
    4: Family(4, (-2,), (("u_xxxx", 8),)),
}
