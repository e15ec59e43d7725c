import math

import pytest
import torch

from symtutor import (
    AFFINE_GENERATORS,
    AffineField,
    LibraryField,
    MatrixField,
    MLPField,
    Quadrature,
    grid_quadrature,
    monomials,
)

SQUARE = grid_quadrature([(-1, 1), (-1, 1)], [16, 16])

# the fields of the affine table as functions, written out independently of the matrices
FORMULAE = {
    "L1": lambda x, y: (1 + 0 * x, 0 * y),
    "L2": lambda x, y: (0 * x, 1 + 0 * y),
    "L3": lambda x, y: (x, 0 * y),
    "L4": lambda x, y: (0 * x, y),
    "L5": lambda x, y: (y, 0 * x),
    "L6": lambda x, y: (0 * y, x),
    "L3+L4": lambda x, y: (x, y),
    "L5-L6": lambda x, y: (y, -x),
}


def every_kind(dtype=torch.float32, quadrature=None):
    coefficients = torch.randn(3, 6, 2, generator=torch.Generator().manual_seed(1))
    mlp = MLPField(2, 3, quadrature=quadrature)
    return [
        AffineField.named("L1", "L5", "L5-L6", quadrature=quadrature).to(dtype),
        MatrixField(coefficients[:, :2], quadrature=quadrature).to(dtype),
        LibraryField(monomials(2, 2), coefficients, quadrature=quadrature).to(dtype),
        mlp.to(dtype),
        MLPField(2, 3, periods=(2.0, None), quadrature=quadrature).to(dtype),
    ]


@pytest.mark.parametrize("name", AFFINE_GENERATORS)
def test_the_eight_named_generators(name, dtype):
    points = torch.rand(20, 2, dtype=dtype) * 2 - 1
    expected = torch.stack(FORMULAE[name](points[:, 0], points[:, 1]), dim=-1)
    assert torch.equal(AffineField.named(name, dtype=dtype)(points)[:, 0], expected)


def test_without_names_all_eight_come_in_the_order_of_the_table():
    assert AffineField.named().labels == tuple(FORMULAE)


@pytest.mark.parametrize("quadrature", [None, SQUARE], ids=["plain", "normalised"])
@pytest.mark.parametrize("kind", range(5))
def test_own_copies_agree_with_the_diagonal_of_all(kind, quadrature, generator):
    field = every_kind(quadrature=quadrature)[kind]
    points = torch.rand(7, 4, 3, 2, generator=generator)
    everything = field.raw(points)  # 7 4 3(copies) 3(generators) 2
    diagonal = everything.diagonal(dim1=-3, dim2=-2).movedim(-1, -2)
    assert torch.allclose(field.raw_own(points), diagonal, atol=1e-6)


@pytest.mark.parametrize("kind", range(5))
def test_norm_is_one_on_the_quadrature_and_a_constant_factor_elsewhere(kind):
    weights = torch.rand(256, generator=torch.Generator().manual_seed(2))
    quadrature = Quadrature(SQUARE.points, weights)
    plain = every_kind()[kind]
    normalised = every_kind(quadrature=quadrature)[kind]
    norms = quadrature.omega @ normalised(quadrature.points).square().sum(-1)
    assert torch.allclose(norms, torch.ones(3), atol=1e-5)
    few = torch.rand(2, 2)
    assert torch.allclose(
        normalised(few), plain(few) * normalised.scale()[:, None], atol=1e-5, rtol=1e-4
    )


@pytest.mark.parametrize("kind", range(5))
def test_the_vector_at_a_point_does_not_depend_on_other_points(kind):
    field = every_kind(torch.float64, quadrature=SQUARE)[kind]
    points = torch.rand(64, 2, dtype=torch.float64)
    assert torch.allclose(field(points)[:5], field(points[:5]), atol=1e-14)


def test_parameter_counts_of_the_published_networks():
    def count(field):
        return sum(p.numel() for p in field.parameters())

    assert count(MLPField(2, 10)) == 149_460
    assert count(MLPField(3, 4)) == 100_108
    assert count(MLPField(3, 3)) == 91_785


def test_mlp_equals_the_network_written_with_linear_layers():
    field = MLPField(2, 2, width=8, head=4)
    z = torch.randn(5, 2)
    silu = torch.nn.functional.silu
    e = silu(silu(z @ field.w1.T + field.b1) @ field.w2.T + field.b2)
    for i in range(2):
        hidden = silu(e @ field.head_in[i] + field.head_in_bias[i])
        value = hidden @ field.head_out[i] + field.head_out_bias[i]
        assert torch.allclose(field(z)[:, i], value, atol=1e-6)


def test_initial_weights_fill_the_default_interval_and_depend_on_the_seed_alone():
    first, again, other = MLPField(2, 3, seed=5), MLPField(2, 3, seed=5), MLPField(2, 3, seed=6)
    assert torch.equal(first.head_in, again.head_in)
    assert not torch.equal(first.head_in, other.head_in)
    bound = 1 / math.sqrt(256)
    assert 0.95 * bound < first.w2.abs().max() <= bound
    assert abs(first.w2.std().item() - bound / math.sqrt(3)) < 0.02 * bound


def test_periodic_coordinates_close_with_all_derivatives():
    field = MLPField(2, 2, periods=(3.0, None)).double()
    jacobian = torch.func.jacfwd(field)
    hessian = torch.func.jacfwd(jacobian)
    here = torch.tensor([0.4, 0.2], dtype=torch.float64)
    there = here + torch.tensor([3.0, 0.0], dtype=torch.float64)
    for function in (field, jacobian, hessian):
        assert torch.allclose(function(here), function(there), atol=1e-12)
    assert not torch.allclose(field(here), field(here.flip(0)), atol=1e-3)


def test_library_terms_by_hand():
    terms = ((), (("power", 0, 2.0), ("exp", 1, -1.0)), (("cos", 1, 3.0),), (("sin", 0, 2.0),))
    coefficients = torch.zeros(1, 4, 2, dtype=torch.float64)
    coefficients[0, :, 0] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    x, y = 0.7, -0.3
    expected = 1 + 2 * x**2 * math.exp(-y) + 3 * math.cos(3 * y) + 4 * math.sin(2 * x)
    value = LibraryField(terms, coefficients)(torch.tensor([x, y], dtype=torch.float64))
    assert value[0].tolist() == pytest.approx([expected, 0.0])


def test_trainable_means_trainable():
    fixed = AffineField.named("L1")
    learned = AffineField(torch.zeros(1, 2, 2), torch.ones(1, 2), trainable=True)
    assert not any(p.requires_grad for p in fixed.parameters())
    learned(torch.rand(3, 2)).sum().backward()
    assert learned.shift.grad is not None
    assert learned.shift.grad.tolist() == [[3.0, 3.0]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AffineField.named("L7"), "the names are L1"),
        (lambda: AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 3)), r"\(1, 2, 2\) and \(1, 3\)"),
        (lambda: MatrixField(torch.zeros(1, 2, 3)), "square"),
        (lambda: LibraryField(monomials(2, 1), torch.zeros(1, 4, 2)), "3 terms"),
        (lambda: LibraryField([(("tan", 0, 1.0),)], torch.zeros(1, 1, 2)), "power, cos, sin, exp"),
        (lambda: LibraryField([(("cos", 2, 1.0),)], torch.zeros(1, 1, 2)), "from 0 to 1"),
        (lambda: MLPField(2, 1, periods=(1.0,)), "2 periods"),
        (lambda: MLPField(2, 1, periods=(0.0, None)), "positive"),
        (lambda: MLPField(2, 1, names=("x",)), "names"),
        (lambda: MLPField(3, 1, quadrature=SQUARE), "3 coordinates"),
    ],
)
def test_bad_construction_says_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_points_of_another_dimension_or_precision_are_refused():
    field = AffineField.named("L1")
    with pytest.raises(ValueError, match=r"2 coordinates \(x1, x2\).*\(5, 3\)"):
        field(torch.rand(5, 3))
    with pytest.raises(ValueError, match="float64"):
        field(torch.rand(5, 2).double())
