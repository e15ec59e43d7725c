"""The algebras of the catalogue with five and six dimensions."""

from .known import KnownAlgebra

LARGER: tuple[KnownAlgebra, ...] = (
    KnownAlgebra(
        "sl(2,R) ⋉ R^2",
        "Burgers: translations, boost, scaling and the projective generator; also the affine "
        "maps of the plane that keep areas",
        (
            "d_x",
            "d_t",
            "t d_x + d_u",
            "x d_x + 2 t d_t - u d_u",
            "t x d_x + t^2 d_t + x d_u - t u d_u",
        ),
        {
            (0, 3): {0: 1},
            (0, 4): {2: 1},
            (1, 2): {0: 1},
            (1, 3): {1: 2},
            (1, 4): {3: 1},
            (2, 3): {2: -1},
            (3, 4): {4: 2},
        },
    ),
    KnownAlgebra(
        "aff(2)",
        "affine maps of the plane: translations, scalings and shears",
        ("d_x", "d_y", "x d_x", "y d_y", "y d_x", "x d_y"),
        {
            (0, 2): {0: 1},
            (0, 5): {1: 1},
            (1, 3): {1: 1},
            (1, 4): {0: 1},
            (2, 4): {4: -1},
            (2, 5): {5: 1},
            (3, 4): {4: 1},
            (3, 5): {5: -1},
            (4, 5): {3: 1, 2: -1},
        },
    ),
    KnownAlgebra(
        "sl(2,R) ⋉ h(3)",
        "heat: translations, boost, both scalings and the projective generator, without the "
        "superposition of solutions",
        (
            "d_x",
            "d_t",
            "u d_u",
            "2 t d_x - x u d_u",
            "x d_x + 2 t d_t",
            "4 t x d_x + 4 t^2 d_t - x^2 u d_u - 2 t u d_u",
        ),
        {
            (0, 3): {2: -1},
            (0, 4): {0: 1},
            (0, 5): {3: 2},
            (1, 3): {0: 2},
            (1, 4): {1: 2},
            (1, 5): {4: 4, 2: -2},
            (3, 4): {3: -1},
            (4, 5): {5: 2},
        },
    ),
    KnownAlgebra(
        "e(3)",
        "translations and rotations of space",
        ("d_x", "d_y", "d_z", "z d_y - y d_z", "x d_z - z d_x", "y d_x - x d_y"),
        {
            (0, 4): {2: 1},
            (0, 5): {1: -1},
            (1, 3): {2: -1},
            (1, 5): {0: 1},
            (2, 3): {1: 1},
            (2, 4): {0: -1},
            (3, 4): {5: 1},
            (3, 5): {4: -1},
            (4, 5): {3: 1},
        },
    ),
    KnownAlgebra(
        "so(3,1)",
        "conformal maps of the plane: similarities and inversions; also the Lorentz group",
        (
            "d_x",
            "d_y",
            "y d_x - x d_y",
            "x d_x + y d_y",
            "x^2 d_x - y^2 d_x + 2 x y d_y",
            "2 x y d_x + y^2 d_y - x^2 d_y",
        ),
        {
            (0, 2): {1: -1},
            (0, 3): {0: 1},
            (0, 4): {3: 2},
            (0, 5): {2: 2},
            (1, 2): {0: 1},
            (1, 3): {1: 1},
            (1, 4): {2: -2},
            (1, 5): {3: 2},
            (2, 4): {5: 1},
            (2, 5): {4: -1},
            (3, 4): {4: 1},
            (3, 5): {5: 1},
        },
    ),
)
