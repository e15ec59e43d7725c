import pytest
import torch

from symtutor import (
    AffineField,
    LibraryField,
    MatrixField,
    MLPField,
    flow,
    grid_quadrature,
    lie_bracket,
    monomials,
    structure_constants,
)

SIX = ("L1", "L2", "L3", "L4", "L5", "L6")
# the brackets of the six affine generators that do not vanish: (i, j) -> {k: coefficient}
TABLE = {
    ("L1", "L3"): {"L1": 1},
    ("L2", "L4"): {"L2": 1},
    ("L2", "L5"): {"L1": 1},
    ("L1", "L6"): {"L2": 1},
    ("L3", "L5"): {"L5": -1},
    ("L4", "L5"): {"L5": 1},
    ("L3", "L6"): {"L6": 1},
    ("L4", "L6"): {"L6": -1},
    ("L5", "L6"): {"L4": 1, "L3": -1},
}


def square(size=12, dtype=torch.float64):
    return grid_quadrature([(-1, 1), (-1, 1)], [size, size], dtype=dtype)


def affine(dtype=torch.float64, quadrature=None):
    return AffineField.named(*SIX, dtype=dtype, quadrature=quadrature)


def expected_constants():
    constants = torch.zeros(6, 6, 6, dtype=torch.float64)
    for (i, j), terms in TABLE.items():
        for k, value in terms.items():
            constants[SIX.index(i), SIX.index(j), SIX.index(k)] = value
            constants[SIX.index(j), SIX.index(i), SIX.index(k)] = -value
    return constants


def test_bracket_table_of_the_affine_generators_pointwise(dtype, tolerance):
    points = torch.rand(9, 2, dtype=dtype) * 2 - 1
    field = affine(dtype)
    brackets = lie_bracket(field, field, points)
    expected = torch.einsum("ijk,bkd->bijd", expected_constants().to(dtype), field(points))
    assert (brackets - expected).abs().max() < tolerance


def test_structure_constants_of_the_affine_algebra():
    algebra = structure_constants(affine(), square())
    assert torch.allclose(algebra.constants, expected_constants(), atol=1e-12)
    assert algebra.closure_defect < 1e-12


def test_jacobi_identity_and_antisymmetry_of_so3():
    basis = torch.zeros(3, 3, 3, dtype=torch.float64)
    for i in range(3):
        j, k = (i + 1) % 3, (i + 2) % 3
        basis[i, j, k], basis[i, k, j] = -1, 1
    cube = grid_quadrature([(-1, 1)] * 3, [5] * 3, dtype=torch.float64)
    c = structure_constants(MatrixField(basis), cube).constants
    assert torch.allclose(c, -c.transpose(0, 1), atol=1e-12)
    jacobi = torch.einsum("ijl,lkm->ijkm", c, c)
    cyclic = jacobi + jacobi.permute(2, 0, 1, 3) + jacobi.permute(1, 2, 0, 3)
    assert cyclic.abs().max() < 1e-12
    # linear fields: [V_A, V_B] = V_{BA - AB}, so the constants are those of so(3) up to one sign
    assert c.abs().sum().item() == pytest.approx(6)
    assert c[0, 1, 2].item() == pytest.approx(-1)


def test_bracket_is_antisymmetric_for_a_network_and_matches_finite_differences():
    field = MLPField(2, 3).double()
    z = torch.tensor([[0.3, -0.4]], dtype=torch.float64)
    bracket = lie_bracket(field, field, z)[0]
    assert torch.allclose(bracket, -bracket.transpose(0, 1), atol=1e-14)
    h, v = 1e-5, field(z)[0]

    def derivative(direction):
        return (field(z + h * direction)[0] - field(z - h * direction)[0]) / (2 * h)

    expected = derivative(v[0])[1] - derivative(v[1])[0]
    assert torch.allclose(bracket[0, 1], expected, atol=1e-9)


def test_bracket_is_the_gap_of_the_flow_square():
    # flow_W(e) flow_V(e) flow_W(-e) flow_V(-e) moves a point by e^2 [V, W] + O(e^3)
    v, w = AffineField.named("L5").double(), AffineField.named("L6").double()
    start, e = torch.tensor([[0.4, 0.7]], dtype=torch.float64), 1e-3
    z = start
    for field, s in ((v, e), (w, e), (v, -e), (w, -e)):
        z = flow(field, z, s, method="exact")[:, 0]
    gap = (z - start) / e**2
    assert torch.allclose(gap, lie_bracket(v, w, start)[:, 0, 0], atol=3e-3)


def test_a_set_that_is_not_closed_says_so():
    # [L1, x1^2 d2] = 2 x1 d2 lies outside the span of the two
    coefficients = torch.zeros(2, 6, 2, dtype=torch.float64)
    coefficients[0, 0, 0] = 1
    coefficients[1, 3, 1] = 1
    open_set = LibraryField(monomials(2, 2), coefficients)
    assert structure_constants(open_set, square()).closure_defect > 0.9


def test_commuting_fields_close_trivially():
    algebra = structure_constants(AffineField.named("L1", "L2"), square(dtype=torch.float32))
    assert algebra.closure_defect == 0
    assert algebra.constants.abs().max() == 0


def test_fields_on_different_coordinates_have_no_bracket():
    plane, space = AffineField.named("L1"), MatrixField(torch.eye(3)[None])
    with pytest.raises(ValueError, match="2 and 3"):
        lie_bracket(plane, space, torch.rand(4, 2))
