import math

import pytest
import torch

from symtutor import (
    AffineField,
    LibraryField,
    MatrixField,
    MLPField,
    Quadrature,
    field_angles,
    flow,
    gram,
    grid_quadrature,
    inner,
    lie_bracket,
    monomials,
    project,
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


def test_gram_of_normalised_fields_has_unit_diagonal_and_known_overlap():
    quadrature = square(41)
    g = gram(
        AffineField.named("L5", "L5-L6", dtype=torch.float64, quadrature=quadrature), quadrature
    )
    assert torch.allclose(g.diagonal(), torch.ones(2, dtype=torch.float64), atol=1e-12)
    assert g[0, 1].item() == pytest.approx(1 / math.sqrt(2), abs=1e-12)


def test_weighted_inner_product_by_hand():
    v = torch.tensor([[[1.0, 2.0]], [[3.0, 0.0]]])
    w = torch.tensor([[[1.0, 1.0]], [[0.0, 5.0]]])
    assert inner(v, w, torch.tensor([2.0, 2.0])).item() == pytest.approx(1.5)
    with pytest.raises(ValueError, match="sum to zero"):
        inner(v, w, torch.zeros(2))


def test_affineness_is_one_inside_zero_outside_and_between_elsewhere():
    quadrature = square(41)
    basis = affine(quadrature=quadrature)
    # components: affine, odd cubic orthogonal to x1 on this grid, and their sum with equal norms
    x = quadrature.points[:, 0]
    ratio = ((quadrature.omega @ x**4) / (quadrature.omega @ x**2)).item()
    cubic = ((("power", 0, 3.0),), (("power", 0, 1.0),))
    coefficients = torch.zeros(3, 2, 2, dtype=torch.float64)
    coefficients[0, 1, 0] = 1.0
    coefficients[1, 0, 0], coefficients[1, 1, 0] = 1.0, -ratio
    norm = (quadrature.omega @ (x**3 - ratio * x) ** 2).sqrt() / (quadrature.omega @ x**2).sqrt()
    coefficients[2] = coefficients[1]
    coefficients[2, 1, 0] += norm
    values = project(LibraryField(cubic, coefficients), basis, quadrature).affineness
    assert values.tolist() == pytest.approx([1, 0, 1 / math.sqrt(2)], abs=1e-7)


def test_affineness_stays_in_the_unit_interval_whatever_the_basis():
    weights = torch.rand(144, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    quadrature = Quadrature(square().points, weights)  # makes the six fields far from orthogonal
    values = project(MLPField(2, 10).double(), affine(quadrature=quadrature), quadrature).affineness
    assert ((values >= 0) & (values <= 1)).all()
    dependent = AffineField.named("L5", "L6", "L5-L6", dtype=torch.float64)
    rotation = AffineField.named("L5-L6", dtype=torch.float64)
    assert project(rotation, dependent, quadrature).affineness.item() == pytest.approx(1)


def test_projection_coefficients_recover_a_combination():
    matrix = torch.tensor([[[0.3, -1.0], [2.0, 0.5]]], dtype=torch.float64)
    shift = torch.tensor([[0.7, -0.2]], dtype=torch.float64)
    coefficients = project(AffineField(matrix, shift), affine(), square()).coefficients
    assert coefficients[0].tolist() == pytest.approx([0.7, -0.2, 0.3, 0.5, -1.0, 2.0])


def test_angles_between_spans_ignore_bases_and_see_a_rotation():
    quadrature = square(31)
    same = AffineField.named("L3+L4", "L3", dtype=torch.float64)
    assert field_angles(same, AffineField.named("L3", "L4").double(), quadrature).max() < 1e-7
    right = field_angles(
        AffineField.named("L1").double(), AffineField.named("L2").double(), quadrature
    )
    assert right.item() == pytest.approx(math.pi / 2)


def test_fields_on_different_coordinates_cannot_be_compared():
    plane, space = AffineField.named("L1"), MatrixField(torch.eye(3)[None])
    for compare in (
        lambda: lie_bracket(plane, space, torch.rand(4, 2)),
        lambda: project(plane, space, square(dtype=torch.float32)),
        lambda: field_angles(plane, space, square(dtype=torch.float32)),
    ):
        with pytest.raises(ValueError, match="2 and 3"):
            compare()
