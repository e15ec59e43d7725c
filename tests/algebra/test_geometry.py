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
    gram,
    grid_quadrature,
    inner,
    project,
)

SIX = ("L1", "L2", "L3", "L4", "L5", "L6")


def square(size=12, dtype=torch.float64):
    return grid_quadrature([(-1, 1), (-1, 1)], [size, size], dtype=dtype)


def affine(dtype=torch.float64, quadrature=None):
    return AffineField.named(*SIX, dtype=dtype, quadrature=quadrature)


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
    for compare in (project, field_angles):
        with pytest.raises(ValueError, match="2 and 3"):
            compare(plane, space, square(dtype=torch.float32))
