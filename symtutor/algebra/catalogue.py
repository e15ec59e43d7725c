r"""Real Lie algebras of up to six dimensions that symmetries of data are likely to form.

Brackets are $[V,W]=(V\cdot\nabla)W-(W\cdot\nabla)V$. The three-dimensional algebras are those of
Bianchi 1898, of his families VI and VII only members that are known symmetries of equations; those
of heat, Burgers and KdV are in Olver 1993, section 2.4.
"""

from .known import KnownAlgebra, abelian
from .larger import LARGER

CATALOGUE: tuple[KnownAlgebra, ...] = (
    *(abelian(n) for n in range(1, 7)),
    KnownAlgebra(
        "aff(1)",
        "affine maps of the line: a translation and a scaling",
        ("d_x", "x d_x"),
        {(0, 1): {0: 1}},
    ),
    KnownAlgebra(
        "h(3)",
        "Heisenberg: translations and the Galilean boost of KS, and of KdV, nKdV and Burgers "
        "with a fixed period",
        ("d_x", "d_t", "t d_x + d_u"),
        {(1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "aff(1) + R",
        "a translation and its scaling, and a generator that commutes with both",
        ("d_x", "x d_x", "d_y"),
        {(0, 1): {0: 1}},
    ),
    KnownAlgebra(
        "R^2 ⋊ R (Jordan)",
        "translations of the plane with a scaling that also shears (Bianchi IV)",
        ("d_x", "d_y", "x d_x + y d_x + y d_y"),
        {(0, 2): {0: 1}, (1, 2): {0: 1, 1: 1}},
    ),
    KnownAlgebra(
        "R^2 ⋊ R (1:1)",
        "translations and uniform scaling of the plane (Bianchi V)",
        ("d_x", "d_y", "x d_x + y d_y"),
        {(0, 2): {0: 1}, (1, 2): {1: 1}},
    ),
    KnownAlgebra(
        "R^2 ⋊ R (1:2)",
        "translations in x and t and the scaling of heat and Burgers, t as x^2",
        ("d_x", "d_t", "x d_x + 2 t d_t - u d_u"),
        {(0, 2): {0: 1}, (1, 2): {1: 2}},
    ),
    KnownAlgebra(
        "R^2 ⋊ R (1:3)",
        "translations in x and t and the scaling of KdV, t as x^3",
        ("d_x", "d_t", "x d_x + 3 t d_t - 2 u d_u"),
        {(0, 2): {0: 1}, (1, 2): {1: 3}},
    ),
    KnownAlgebra(
        "e(1,1)",
        "translations and the Lorentz boost of the plane, or translations and a squeeze "
        "(Bianchi VI_0)",
        ("d_x", "d_t", "t d_x + x d_t"),
        {(0, 2): {1: 1}, (1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "e(2)",
        "translations and rotation of the plane (Bianchi VII_0)",
        ("d_x", "d_y", "y d_x - x d_y"),
        {(0, 2): {1: -1}, (1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "so(3)",
        "rotations of space, or of a sphere; also su(2)",
        ("z d_y - y d_z", "x d_z - z d_x", "y d_x - x d_y"),
        {(0, 1): {2: 1}, (1, 2): {0: 1}, (0, 2): {1: -1}},
    ),
    KnownAlgebra(
        "sl(2,R)",
        "projective maps of the line, or maps of the plane that keep areas and the origin; "
        "also so(2,1)",
        ("d_x", "x d_x", "x^2 d_x"),
        {(0, 1): {0: 1}, (0, 2): {1: 2}, (1, 2): {2: 1}},
    ),
    KnownAlgebra(
        "aff(1) + R^2",
        "a translation and its scaling, and two generators that commute with all: translations "
        "in x, t and u and the scaling of u of a linear equation such as heat, period fixed",
        ("d_u", "u d_u", "d_x", "d_t"),
        {(0, 1): {0: 1}},
    ),
    KnownAlgebra(
        "aff(1) + aff(1)",
        "translation and scaling of each axis; also translations, Lorentz boost and uniform "
        "scaling of the plane",
        ("d_x", "x d_x", "d_y", "y d_y"),
        {(0, 1): {0: 1}, (2, 3): {2: 1}},
    ),
    KnownAlgebra(
        "sim(2)",
        "similarities of the plane: translations, rotation and uniform scaling; also the affine "
        "maps of the complex line",
        ("d_x", "d_y", "y d_x - x d_y", "x d_x + y d_y"),
        {(0, 2): {1: -1}, (1, 2): {0: 1}, (0, 3): {0: 1}, (1, 3): {1: 1}},
    ),
    KnownAlgebra(
        "gl(2,R)",
        "linear maps of the plane; sl(2,R) + R",
        ("x d_x", "y d_x", "x d_y", "y d_y"),
        {
            (0, 1): {1: -1},
            (0, 2): {2: 1},
            (1, 2): {3: 1, 0: -1},
            (1, 3): {1: -1},
            (2, 3): {2: 1},
        },
    ),
    KnownAlgebra(
        "so(3) + R",
        "rotations and uniform scaling of space; also u(2)",
        ("z d_y - y d_z", "x d_z - z d_x", "y d_x - x d_y", "x d_x + y d_y + z d_z"),
        {(0, 1): {2: 1}, (1, 2): {0: 1}, (0, 2): {1: -1}},
    ),
    KnownAlgebra(
        "h(3) + R",
        "Heisenberg and a generator that commutes with it",
        ("d_x", "d_t", "t d_x + d_u", "d_y"),
        {(1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "e(2) + R",
        "translations and rotation of the plane, and a translation in time",
        ("d_x", "d_y", "y d_x - x d_y", "d_t"),
        {(0, 2): {1: -1}, (1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "e(1,1) + R",
        "translations and Lorentz boost of the plane, and a generator that commutes with them",
        ("d_x", "d_t", "t d_x + x d_t", "d_u"),
        {(0, 2): {1: 1}, (1, 2): {0: 1}},
    ),
    KnownAlgebra(
        "h(3) ⋊ R (2:-1)",
        "Burgers without its projective generator: translations, boost and scaling",
        ("d_x", "d_t", "t d_x + d_u", "x d_x + 2 t d_t - u d_u"),
        {(1, 2): {0: 1}, (0, 3): {0: 1}, (1, 3): {1: 2}, (2, 3): {2: -1}},
    ),
    KnownAlgebra(
        "h(3) ⋊ R (3:-2)",
        "KdV: translations, boost and scaling",
        ("d_x", "d_t", "t d_x + d_u", "x d_x + 3 t d_t - 2 u d_u"),
        {(1, 2): {0: 1}, (0, 3): {0: 1}, (1, 3): {1: 3}, (2, 3): {2: -2}},
    ),
    *LARGER,
)


def candidates(dimension: int) -> tuple[KnownAlgebra, ...]:
    """All algebras of the catalogue with that dimension, the commuting one first.

    Raises:
        ValueError: for a dimension below 1.

    Example:
        >>> [known.name for known in candidates(2)]
        ['R^2', 'aff(1)']
    """
    commuting = abelian(dimension)
    others = (known for known in CATALOGUE if known.dimension == dimension and known.brackets)
    return commuting, *others


def known_algebra(name: str) -> KnownAlgebra:
    """The algebra of that name.

    Raises:
        ValueError: for a name that is not in the catalogue.

    Example:
        >>> known_algebra("e(2)").fields
        ('d_x', 'd_y', 'y d_x - x d_y')
    """
    for known in CATALOGUE:
        if known.name == name:
            return known
    raise ValueError(
        f"no algebra of the catalogue is called {name!r}; "
        f"the names are {', '.join(known.name for known in CATALOGUE)}"
    )


def catalogue_rows() -> list[tuple[str, int, str]]:
    """Name, dimension and description of every algebra, for a table.

    Example:
        >>> catalogue_rows()[1]
        ('R^2', 2, 'commuting generators, such as translations')
    """
    return [known.row for known in CATALOGUE]
