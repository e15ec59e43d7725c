import pytest
import torch

from symtutor import (
    EQUATIONS,
    AffineField,
    Combined,
    LibraryField,
    MatrixField,
    Quadrature,
    grid_quadrature,
    load_solution_field,
    monomials,
    structure_constants,
)
from symtutor.algebra import (
    CATALOGUE,
    Algebra,
    carried,
    identify,
    isomorphism,
    known_algebra,
    orthonormal,
)
from symtutor.fields import Field

SIX = ("L1", "L2", "L3", "L4", "L5", "L6")
BOX = grid_quadrature([(-1, 1), (0, 1), (-1, 1)], [4, 6, 4], dtype=torch.float64)
PHYSICAL = grid_quadrature([(0, 128), (0, 100), (-1, 1)], [4, 9, 4], dtype=torch.float64)
SQUARE = grid_quadrature([(-1, 1)] * 2, [8, 8], dtype=torch.float64)
NOT_ABELIAN = [known.name for known in CATALOGUE if known.brackets]


def mixture(n, generator, spread=1.0):
    """A random invertible matrix, singular values between exp(-spread) and exp(spread)."""
    left, _, right = torch.linalg.svd(torch.randn(n, n, generator=generator).double())
    sizes = torch.exp(spread * (torch.rand(n, generator=generator).double() * 2 - 1))
    return left * sizes @ right


def disturbed(c, noise, generator):
    """Constants with an antisymmetric error of that relative norm."""
    error = torch.randn(c.shape, generator=generator).double()
    error = error - error.transpose(0, 1)
    return c + noise * c.norm() * error / error.norm()


def proved(found, constants):
    """Largest error of the brackets in the basis that was found."""
    truth = known_algebra(found.name).algebra.constants
    return (carried(constants, found.basis) - truth).abs().max()


@pytest.mark.parametrize("name", NOT_ABELIAN)
def test_every_algebra_is_found_in_a_random_basis(name, generator):
    truth = known_algebra(name).algebra.constants
    c = disturbed(carried(truth, mixture(len(truth), generator)), 1e-9, generator)
    found = identify(Algebra(c, 1e-9), tolerance=1e-6)
    assert found.name == name and found.defect < 2e-9
    assert proved(found, c) < 1e-4


@pytest.mark.parametrize("name", ["h(3)", "so(3)", "sl(2,R)", "e(2)", "sim(2)", "sl(2,R) ⋉ R^2"])
def test_algebras_are_found_through_two_per_cent_of_noise(name, generator):
    truth = known_algebra(name).algebra.constants
    for _ in range(3):
        c = carried(truth, mixture(len(truth), generator, spread=0.5))
        found = identify(Algebra(disturbed(c, 0.02, generator), 0.02))
        assert found.name == name and found.defect < 0.021


@pytest.mark.parametrize(("noise", "tolerance"), [(0, 1e-9), (1e-9, 1e-6), (0.01, 0.05)])
def test_mixtures_of_the_affine_generators_are_aff2(noise, tolerance, generator):
    mixed = Combined(AffineField.named(*SIX, dtype=torch.float64), mixture(6, generator))
    measured = structure_constants(mixed, SQUARE).constants
    c = disturbed(measured, noise, generator)
    found = identify(Algebra(c, noise), tolerance=tolerance)
    assert found.name == "aff(2)" and found.defect <= 1.01 * noise + 1e-10


@pytest.mark.parametrize(
    ("equation", "name"), [("ks", "h(3)"), ("kdv", "h(3)"), ("nkdv", "h(3)"), ("ckdv", "R^2")]
)
def test_the_algebras_of_the_equations_with_fixed_period(equation, name):
    field = LibraryField.from_generators(EQUATIONS[equation].algebra).double()
    algebra = structure_constants(orthonormal(field, PHYSICAL), PHYSICAL)
    found = identify(algebra, tolerance=1e-5)
    assert found.name == name and found.defect < 1e-6


@pytest.mark.parametrize("name", ["h(3) ⋊ R (3:-2)", "sl(2,R) ⋉ R^2", "sl(2,R) ⋉ h(3)"])
def test_the_full_algebras_of_kdv_burgers_and_heat(name):
    field = orthonormal(known_algebra(name).realisation(), BOX)
    found = identify(structure_constants(field, BOX), tolerance=1e-6)
    assert found.name == name
    # the basis makes fields with the brackets of the catalogue
    standard = structure_constants(Combined(field, found.basis), BOX)
    assert torch.allclose(standard.constants, known_algebra(name).algebra.constants, atol=1e-6)


class Disturbed(Field):
    """A field with smooth errors of a given relative size, as a learned one has."""

    def __init__(self, field, size, quadrature):
        super().__init__(field.dim, field.n)
        terms = monomials(field.dim, 3)
        random = torch.Generator().manual_seed(0)
        error = torch.randn(field.n, len(terms), field.dim, generator=random).double()
        self.field, self.size = field, size
        self.error = LibraryField(terms, error, quadrature=quadrature)
        self.to(field._one)

    def raw(self, points):
        return self.field(points) + self.size * self.error(points)

    def raw_own(self, points):
        raise NotImplementedError


def test_learned_fields_are_identified_up_to_their_error():
    exact = orthonormal(LibraryField.from_generators(EQUATIONS["ks"].algebra).double(), BOX)
    algebra = structure_constants(orthonormal(Disturbed(exact, 0.01, BOX), BOX), BOX)
    assert 1e-3 < algebra.closure_defect < 0.2  # they are no algebra exactly
    assert identify(algebra, tolerance=0.2).name == "h(3)"
    refused = identify(algebra, tolerance=1e-3)
    assert refused.name is None and "span no algebra" in refused.why


def test_a_smaller_defect_than_the_closure_of_the_span_is_no_argument():
    """The network for nKdV: algebras that contract to h(3) fit its constants better, by noise."""
    network = load_solution_field("nkdv")[0]
    g = torch.Generator().manual_seed(0)
    points = torch.rand(1024, 3, generator=g).double() - torch.tensor([0.0, 0.0, 0.5]).double()
    first = Combined(network.double(), torch.eye(4)[:3].double())
    found = structure_constants(first, Quadrature(points))
    answer = identify(found)
    assert answer.name == "h(3)"
    assert answer.alternatives[0].defect < answer.defect < found.closure_defect
    assert answer.alternatives[0].condition > 100


def test_translations_with_rotation_and_rotations_of_space():
    euclid = AffineField.named("L1", "L2", "L5-L6", dtype=torch.float64)
    assert identify(structure_constants(euclid, SQUARE)).name == "e(2)"
    e = torch.zeros(3, 3, 3, dtype=torch.float64)
    e[0, 1, 2] = e[1, 2, 0] = e[2, 0, 1] = 1.0
    turns = identify(structure_constants(MatrixField(e - e.mT), BOX))
    assert turns.name == "so(3)" and turns.alternatives[0].name == "so(3)"


def test_so3_is_no_basis_change_of_sl2():
    so3, sl2 = (known_algebra(name).algebra.constants for name in ("so(3)", "sl(2,R)"))
    match = isomorphism(so3, sl2, condition=100.0)
    assert match is None or match.defect > 0.1


def test_noisy_heisenberg_is_not_taken_for_an_algebra_that_contracts_to_it(generator):
    h3 = known_algebra("h(3)").algebra.constants
    for _ in range(3):
        found = identify(Algebra(disturbed(h3, 0.02, generator), 0.02))
        assert found.name == "h(3)"
        assert len(found.alternatives) > 1  # others were tried, and fit with noise as well


def test_small_brackets_commute_where_the_caller_says_so(generator):
    c = disturbed(known_algebra("aff(1)").algebra.constants * 1e-2, 0.0, generator)
    assert identify(Algebra(c, 0.0)).name == "aff(1)"
    found = identify(Algebra(c, 0.0), negligible=0.05)
    assert found.name == "R^2" and "negligible" in found.why
    # most of a negligible bracket may lie outside of the span, but not all of one of unknown size
    assert identify(Algebra(c, 0.9), negligible=0.05).name == "R^2"
    assert identify(Algebra(torch.zeros(2, 2, 2), 1.0), negligible=0.05).name is None


def test_an_algebra_that_is_not_in_the_catalogue_has_no_name(generator):
    rest = known_algebra("R^2 ⋊ R (1:3)").algebra.constants.clone()
    rest[1, 2, 1], rest[2, 1, 1] = 0.6, -0.6  # scalings 1 : 0.6
    found = identify(Algebra(rest, 0.0), tolerance=0.01)
    assert found.name is None and found.basis is None and found.defect > 0.01
    assert "nearest" in found.why and found.alternatives
    seven = torch.zeros(7, 7, 7, dtype=torch.float64)
    seven[:3, :3, :3] = known_algebra("so(3)").algebra.constants
    large = identify(Algebra(seven, 0.0))
    assert large.name is None and "no algebra of the catalogue" in large.why


def test_random_brackets_are_no_algebra(generator):
    c = torch.randn(4, 4, 4, generator=generator).double()
    assert identify(Algebra(c - c.transpose(0, 1), 0.0)).name is None


def test_the_same_seed_gives_the_same_basis():
    algebra = known_algebra("sl(2,R)").algebra
    torch.manual_seed(1)
    first = identify(algebra)
    torch.manual_seed(2)
    assert torch.equal(first.basis, identify(algebra).basis)


def test_bad_arguments_are_refused():
    algebra = known_algebra("h(3)").algebra
    with pytest.raises(ValueError, match="tolerance is relative"):
        identify(algebra, tolerance=1.5)
    with pytest.raises(ValueError, match="not finite"):
        identify(Algebra(algebra.constants * torch.nan, 0.0))
    with pytest.raises(ValueError, match="do not commute"):
        isomorphism(algebra.constants, torch.zeros(3, 3, 3).double())
