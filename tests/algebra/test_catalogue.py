import pytest
import torch

from symtutor.algebra import (
    CATALOGUE,
    Algebra,
    abelian,
    catalogue_rows,
    invariants,
    jacobi_defect,
    known_algebra,
    structure_constants,
    vector_field,
)
from symtutor.algebra.catalogue import candidates
from symtutor.numerics.quadrature import Quadrature

NAMES = [known.name for known in CATALOGUE]


def cloud(dim, count=200):
    points = torch.rand(count, dim, generator=torch.Generator().manual_seed(0)).double()
    return Quadrature(2 * points - 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_of_an_entry_have_its_brackets(name):
    known = known_algebra(name)
    measured = structure_constants(known.realisation(), cloud(len(known.coordinates)))
    assert measured.closure_defect < 1e-12
    assert torch.allclose(measured.constants, known.algebra.constants, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_brackets_of_an_entry_are_antisymmetric_and_obey_jacobi(name):
    c = known_algebra(name).algebra.constants
    assert torch.equal(c, -c.transpose(0, 1))
    assert jacobi_defect(Algebra(c, 0.0)) == 0


def test_jacobi_defect_sees_brackets_of_no_algebra():
    c = torch.zeros(3, 3, 3)
    c[0, 1, 0], c[1, 0, 0] = 1.0, -1.0
    c[0, 2, 1], c[2, 0, 1] = 1.0, -1.0
    assert jacobi_defect(Algebra(c, 0.0)) > 0.1
    assert jacobi_defect(Algebra(torch.zeros(3, 3, 3), 0.0)) == 0


def test_names_are_unique_and_rows_list_them_all():
    assert len(set(NAMES)) == len(NAMES)
    assert catalogue_rows() == [(k.name, k.dimension, k.description) for k in CATALOGUE]
    assert all(known.description for known in CATALOGUE)


# invariants from the textbook tables: Killing signature (+, -, 0), derivations, centre
@pytest.mark.parametrize(
    ("name", "killing", "derivations", "centre"),
    [
        ("R^3", (0, 0, 3), 9, 3),
        ("h(3)", (0, 0, 3), 6, 1),
        ("so(3)", (0, 3, 0), 3, 0),
        ("sl(2,R)", (2, 1, 0), 3, 0),
        ("e(2)", (0, 1, 2), 4, 0),
        ("e(1,1)", (1, 0, 2), 4, 0),
        ("gl(2,R)", (2, 1, 1), 4, 1),
        ("sl(2,R) ⋉ R^2", (2, 1, 2), 6, 0),
        ("aff(2)", (3, 1, 2), 6, 0),
        ("so(3,1)", (3, 3, 0), 6, 0),
    ],
)
def test_invariants_of_known_algebras(name, killing, derivations, centre):
    found = invariants(known_algebra(name).algebra)
    assert (found.killing, found.derivations, found.centre) == (killing, derivations, centre)


def test_series_tell_nilpotent_solvable_and_perfect_algebras_apart():
    def series(name):
        found = invariants(known_algebra(name).algebra)
        return found.derived, found.lower

    assert series("h(3)") == ((3, 1, 0), (3, 1, 0))
    assert series("e(2)") == ((3, 2, 0), (3, 2))
    assert series("h(3) ⋊ R (3:-2)") == ((4, 3, 1, 0), (4, 3))
    assert series("so(3)") == ((3,), (3,))
    assert invariants(known_algebra("e(1,1)").algebra).unimodular
    assert not invariants(known_algebra("R^2 ⋊ R (1:2)").algebra).unimodular


def test_invariants_decide_at_the_stated_size():
    c = known_algebra("h(3)").algebra.constants.clone()
    c[0, 2, 1], c[2, 0, 1] = 1e-3, -1e-3  # a third direction of brackets, of relative size 7e-4
    assert invariants(Algebra(c, 0.0), rtol=1e-2).derived == (3, 1, 0)
    assert invariants(Algebra(c, 0.0), rtol=1e-5).derived == (3, 2, 0)


def test_a_vector_field_is_read_as_it_is_written():
    parts = vector_field("4 t x d_x - t^2 d_t + d_u", ("x", "t", "u"))
    assert parts == (
        (0, 4.0, (("power", 1, 1.0), ("power", 0, 1.0))),
        (1, -1.0, (("power", 1, 2.0),)),
        (2, 1.0, ()),
    )


@pytest.mark.parametrize("text", ["", "x", "d_v", "x d_x t d_t", "sin x d_x", "x d_x +", "x^a d_x"])
def test_what_is_no_vector_field_is_refused(text):
    with pytest.raises(ValueError, match="cannot read"):
        vector_field(text, ("x", "t", "u"))


@pytest.mark.parametrize("dimension", [1, 3, 5, 8])
def test_commuting_fields_exist_in_every_dimension(dimension):
    known = abelian(dimension)
    measured = structure_constants(known.realisation(), cloud(len(known.coordinates)))
    assert known.dimension == dimension and measured.constants.norm() < 1e-10
    assert candidates(dimension)[0] == known


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'so\(5\)'.*h\(3\)"):
        known_algebra("so(5)")
    with pytest.raises(ValueError, match="at least one generator"):
        abelian(0)
    with pytest.raises(ValueError, match="in \\(0, 1\\)"):
        invariants(known_algebra("h(3)").algebra, rtol=0.0)
