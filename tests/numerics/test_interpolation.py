import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.functional import grid_sample

from symtutor.numerics.interpolation import bilinear, inside, pixel_grid


def test_agrees_with_grid_sample_inside_and_outside(dtype, tolerance, generator):
    images = torch.rand(3, 2, 7, 9, dtype=dtype, generator=generator)
    points = 3 * torch.rand(50, 2, dtype=dtype, generator=generator) - 1.5
    grid = points.expand(3, 1, 50, 2)
    oracle = grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=True)
    values, mask = bilinear(images, points)
    assert torch.allclose(values, oracle[:, :, 0], atol=10 * tolerance)
    assert 0 < mask.sum() < 50  # the points really lie on both sides of the border


def test_pixel_centres_return_the_image_exactly(dtype):
    image = torch.rand(1, 1, 5, 8, dtype=dtype)
    values, mask = bilinear(image, pixel_grid(5, 8, dtype=dtype))
    assert torch.allclose(values[0, 0], image[0, 0], atol=1e-6)
    assert mask.all()


def test_x1_runs_along_columns_and_x2_down_the_rows():
    image = torch.arange(6.0).reshape(1, 1, 2, 3)  # rows [0 1 2], [3 4 5]
    right_top, left_bottom = torch.tensor([[1.0, -1.0], [-1.0, 1.0]])
    assert bilinear(image, right_top)[0].item() == 2
    assert bilinear(image, left_bottom)[0].item() == 3


def test_exact_on_bilinear_functions(generator):
    grid = pixel_grid(6, 6, dtype=torch.float64)

    def f(p):
        return 1 + 2 * p[..., 0] - 3 * p[..., 1] + 0.5 * p[..., 0] * p[..., 1]

    points = 2 * torch.rand(100, 2, dtype=torch.float64, generator=generator) - 1
    assert torch.allclose(bilinear(f(grid)[None, None], points)[0][0, 0], f(points), atol=1e-14)


def test_first_and_second_derivatives_in_points_and_image(generator):
    image = torch.rand(1, 2, 4, 4, dtype=torch.float64, generator=generator, requires_grad=True)
    points = 1.6 * torch.rand(6, 2, dtype=torch.float64, generator=generator) - 0.8
    points.requires_grad_()

    def values(i, p):
        return bilinear(i, p)[0]

    assert gradcheck(values, (image, points))
    assert gradgradcheck(values, (image, points))


def test_forward_mode_derivative(generator):
    image = torch.rand(1, 1, 8, 8, dtype=torch.float64, generator=generator)
    point = torch.tensor([0.11, -0.37], dtype=torch.float64)
    tangent = torch.tensor([1.0, 0.0], dtype=torch.float64)

    def value(p):
        return bilinear(image, p)[0].squeeze()

    _, slope = torch.func.jvp(value, (point,), (tangent,))
    h = 1e-6
    difference = (value(point + h * tangent) - value(point - h * tangent)) / (2 * h)
    assert slope.item() == pytest.approx(difference.item(), abs=1e-8)


def test_second_derivative_point_by_point_under_vmap(generator):
    image = torch.rand(1, 1, 5, 5, dtype=torch.float64, generator=generator)
    points = 1.6 * torch.rand(7, 2, dtype=torch.float64, generator=generator) - 0.8

    def value(p):
        return bilinear(image, p)[0].squeeze()

    hessians = torch.func.vmap(torch.func.hessian(value))(points)
    assert hessians.diagonal(dim1=-2, dim2=-1).abs().max() == 0  # linear along each axis
    assert hessians[:, 0, 1].abs().min() > 0


def test_trust_ends_exactly_at_the_border():
    points = torch.tensor([[1.0, -1.0], [1.0001, 0.0], [0.0, -1.0001]])
    assert inside(points).tolist() == [True, False, False]


def test_one_pixel_has_no_aligned_corners():
    with pytest.raises(ValueError, match="2 x 2"):
        pixel_grid(1, 5)
