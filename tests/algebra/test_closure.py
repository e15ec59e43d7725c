import pytest
import torch

from symtutor import (
    AffineField,
    KdV,
    LibraryField,
    MatrixField,
    MLPField,
    field_angles,
    flow,
    grid_quadrature,
    lie_bracket,
)
from symtutor.algebra import (
    Bracket,
    bracket_closure,
    identify,
    structure_constants,
    vector_field,
)

BOX = grid_quadrature([(-1, 1)] * 3, [4, 4, 4], dtype=torch.float64)
SQUARE = grid_quadrature([(-1, 1)] * 2, [8, 8], dtype=torch.float64)
LINE = grid_quadrature([(-1, 1)], [16], dtype=torch.float64)


def fields(*texts, names=("x", "t", "u")):
    table = {text: vector_field(text, names) for text in texts}
    return LibraryField.from_generators(table, names).double()


def test_a_bracket_is_a_field_of_all_pairs():
    v, z = AffineField.named("L1", "L5", "L6").double(), SQUARE.points
    assert torch.equal(Bracket(v)(z), lie_bracket(v, v, z).flatten(1, 2))
    assert Bracket(v).labels[1] == "[L1, L5]"


def test_a_bracket_can_be_bracketed_again_and_obeys_jacobi():
    torch.manual_seed(0)
    v = MLPField(2, 3, width=8).double()
    z = SQUARE.points[:9]
    nested = Bracket(v, Bracket(v))(z).unflatten(1, (3, 3, 3))  # [V_i, [V_j, V_k]]
    cyclic = nested + nested.permute(0, 2, 3, 1, 4) + nested.permute(0, 3, 1, 2, 4)
    assert nested.abs().max() > 1e-4
    assert cyclic.abs().max() < 1e-12 * nested.abs().max()


def test_a_bracket_flows_like_the_field_it_equals():
    rotation = Bracket(AffineField.named("L5").double(), AffineField.named("L6").double())
    z = SQUARE.points[:5]
    squeeze = AffineField(torch.diag(torch.tensor([-1.0, 1.0]))[None].double(), torch.zeros(1, 2))
    expected = flow(squeeze.double(), z, 0.3, method="exact")
    assert torch.allclose(flow(rotation, z, 0.3, steps=16), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("texts", "dimensions", "name"),
    [
        (("d_x", "d_t", "t d_x + d_u"), (3,), "h(3)"),
        (("d_t", "t d_x + d_u"), (2, 3), "h(3)"),
        (("d_t", "t d_x + d_u", "x d_x + 3 t d_t - 2 u d_u"), (3, 4), "h(3) ⋊ R (3:-2)"),
        (("d_t", "d_x", "t x d_x + t^2 d_t + x d_u - t u d_u"), (3, 5), "sl(2,R) ⋉ R^2"),
    ],
)
def test_generators_of_evolution_equations_close(texts, dimensions, name):
    found = bracket_closure(fields(*texts), BOX)
    assert found.closed and found.dimensions == dimensions
    assert identify(structure_constants(found.field, BOX), tolerance=1e-6).name == name


def test_what_is_generated_contains_the_given_generators_and_is_orthonormal():
    given = fields("d_t", "t d_x + d_u")
    found = bracket_closure(given, BOX)
    assert field_angles(given, found.field, BOX).max() < 1e-7
    lost = fields("d_x")
    assert field_angles(lost, found.field, BOX).max() < 1e-7
    assert structure_constants(found.field, BOX).closure_defect < 1e-10


def test_two_shears_generate_sl2_and_two_rotations_so3():
    shears = bracket_closure(AffineField.named("L5", "L6").double(), SQUARE)
    assert shears.dimensions == (2, 3)
    assert identify(structure_constants(shears.field, SQUARE), tolerance=1e-6).name == "sl(2,R)"
    e = torch.zeros(2, 3, 3, dtype=torch.float64)
    e[0, 1, 2] = e[1, 2, 0] = 1.0
    turns = bracket_closure(MatrixField(e - e.mT), BOX)
    assert turns.dimensions == (2, 3)
    assert identify(structure_constants(turns.field, BOX), tolerance=1e-6).name == "so(3)"


def test_fields_that_generate_no_finite_algebra_reach_the_maximum():
    # [d_x, x^3 d_x] = 3 x^2 d_x, and so on: polynomials of every degree
    found = bracket_closure(fields("d_x", "x^3 d_x", names=("x",)), LINE, maximum=5)
    assert not found.closed and found.dimensions == (2, 3, 5)  # x^2 d_x; x d_x and x^4 d_x
    assert bracket_closure(fields("d_x", "x^2 d_x", names=("x",)), LINE).dimensions == (2, 3)


def test_arbitrary_slots_do_not_close():
    torch.manual_seed(0)
    slots = MLPField(3, 4, width=8).double()
    assert not bracket_closure(slots, BOX, maximum=6).closed


def test_closing_works_in_single_precision():
    box = grid_quadrature([(-1, 1)] * 3, [4, 4, 4])
    found = bracket_closure(LibraryField.from_generators(KdV().algebra), box)
    assert found.closed and found.dimensions == (3,)


def test_what_cannot_be_closed_is_refused():
    with pytest.raises(ValueError, match=r"got 2 and 0\.001"):
        bracket_closure(AffineField.named("L1", "L2", "L3").double(), SQUARE, maximum=2)
    with pytest.raises(ValueError, match="got 2 and 3"):
        Bracket(AffineField.named("L1"), MatrixField(torch.eye(3)[None]))
    with pytest.raises(ValueError, match="combination of those before"):
        bracket_closure(AffineField.named("L1", "L1").double(), SQUARE)
