"""Flows of colour space: closed forms, the lattice against the flow itself, bad input."""

import math

import pytest
import torch

from symtutor import AffineField, Chart, MLPField, Quadrature, flow, load_images
from symtutor.colours import (
    IMAGENET,
    act_on_colours,
    colour_table,
    displayed,
    recoloured,
    stirring,
    to_colours,
    to_pixels,
)
from symtutor.models.resnet import MEAN, STD

HUE = [[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]
BOTH = [None, 9]


def affine(matrix, shift, dtype=torch.float32):
    matrix = torch.tensor(matrix, dtype=dtype).reshape(-1, 3, 3)
    return AffineField(matrix, torch.tensor(shift, dtype=dtype).reshape(-1, 3))


BRIGHTNESS = ([[0.0] * 3] * 3, [1.0, 1.0, 1.0])
CONTRAST = (torch.eye(3).tolist(), [0.0, 0.0, 0.0])


@pytest.fixture
def pictures(generator, dtype):
    return torch.rand(2, 3, 6, 5, generator=generator, dtype=dtype)


@pytest.fixture(scope="module")
def photographs():
    return load_images("cifar10", "test", source="sample").pixels[:3]


@pytest.fixture(scope="module")
def wild():
    """A network with twice its initial weights: less smooth than any that was learned."""
    points = torch.randn(500, 3, generator=torch.Generator().manual_seed(1))
    field = MLPField(3, 2, width=64, quadrature=Quadrature(points), seed=0)
    with torch.no_grad():
        for parameter in field.parameters():
            parameter.mul_(2)
    return field


def test_the_chart_is_what_the_networks_subtract_and_divide_by():
    assert IMAGENET.origin == MEAN
    assert IMAGENET.scale == pytest.approx([1 / deviation for deviation in STD])


def test_colours_are_the_channels_of_a_pixel_and_come_back(pictures, tolerance):
    assert to_colours(pictures)[1, 4, 2].equal(pictures[1, :, 4, 2])
    seen = to_colours(pictures, IMAGENET)
    mean, deviation = pictures.new_tensor(MEAN), pictures.new_tensor(STD)
    assert torch.allclose(seen, (to_colours(pictures) - mean) / deviation, atol=10 * tolerance)
    assert torch.allclose(to_pixels(seen, IMAGENET), pictures, atol=tolerance)


@pytest.mark.parametrize("lattice", BOTH)
@pytest.mark.parametrize("s", [-0.6, 0.4])
def test_brightness_adds_s_and_contrast_multiplies_by_its_exponential(
    pictures, dtype, tolerance, lattice, s
):
    field = affine([BRIGHTNESS[0], CONTRAST[0]], [BRIGHTNESS[1], CONTRAST[1]], dtype)
    moved = act_on_colours(field, pictures, s, lattice=lattice, method="exact").data
    assert torch.allclose(moved[0], pictures + s, atol=10 * tolerance)
    assert torch.allclose(moved[1], pictures * math.exp(s), atol=10 * tolerance)


@pytest.mark.parametrize("lattice", BOTH)
def test_in_a_chart_contrast_turns_about_the_mean_colour(pictures, dtype, tolerance, lattice):
    field = affine(*CONTRAST, dtype)
    moved = act_on_colours(
        field, pictures, 0.5, chart=IMAGENET, lattice=lattice, method="exact"
    ).data[0]
    mean = pictures.new_tensor(MEAN).reshape(3, 1, 1)
    assert torch.allclose(moved, mean + (pictures - mean) * math.exp(0.5), atol=20 * tolerance)


def test_hue_turns_red_into_green_after_a_third(dtype, tolerance):
    red = torch.tensor([1.0, 0.0, 0.0], dtype=dtype).reshape(1, 3, 1, 1)
    field = affine(HUE, [0.0] * 3, dtype)
    third = 2 * math.pi / 3 / math.sqrt(3)
    moved = act_on_colours(field, red, third, method="exact").data.flatten()
    assert torch.allclose(moved, red.roll(1, 1).flatten(), atol=10 * tolerance)


def test_a_vector_of_parameters_adds_an_axis_and_agrees_with_single_ones(wild, photographs):
    values = torch.tensor([-0.4, 0.7])
    for lattice in BOTH:
        many = act_on_colours(wild, photographs, values, chart=IMAGENET, lattice=lattice, steps=3)
        assert many.data.shape == (2, 2, 3, 3, 32, 32) and many.mask.shape == (2, 2, 3, 32, 32)
        one = act_on_colours(wild, photographs, -0.4, chart=IMAGENET, lattice=lattice, steps=3)
        assert torch.allclose(many.data[0], one.data, atol=1e-6)


def test_the_direct_action_is_the_flow_of_every_pixel(wild, photographs):
    moved = act_on_colours(wild, photographs, 0.7, chart=IMAGENET, steps=3).data
    start = IMAGENET.inward(photographs[2, :, 5, 17].float() / 255)
    expected = IMAGENET.outward(flow(wild, start, 0.7, steps=3))
    assert torch.allclose(moved[:, 2, :, 5, 17], expected, atol=1e-5)


def test_the_lattice_is_as_good_as_its_bound_says_and_of_second_order(wild, photographs):
    """The bound: 3/8 h^2 times the largest pure second derivative, here by differences."""
    exact = act_on_colours(wild, photographs, 0.9, chart=IMAGENET, steps=4).data
    fine = colour_table(wild, 0.9, chart=IMAGENET, size=25, steps=4)
    bend = max(fine.diff(n=2, dim=axis).abs().max().item() for axis in (1, 2, 3)) * 24**2
    errors = []
    for size in (5, 9, 17):
        found = act_on_colours(wild, photographs, 0.9, chart=IMAGENET, lattice=size, steps=4).data
        error = (found - exact).abs()
        assert error.max() <= 3 / 8 * bend / (size - 1) ** 2
        errors.append(error.square().mean().sqrt().item())
    assert errors[0] / errors[1] > 3 and errors[1] / errors[2] > 3
    displaced = (exact - photographs.float() / 255).square().mean().sqrt().item()
    assert errors[1] < 0.05 * displaced


def test_the_table_is_indexed_by_red_green_and_blue():
    """A displacement that depends on one channel only, looked up at one colour."""
    for channel in range(3):
        table = torch.zeros(1, 3, 3, 3, 3)
        table.movedim(1 + channel, 0)[2, ..., 0] = 0.25  # where this channel is 1, more red
        picture = torch.zeros(1, 3, 1, 1)
        picture[0, channel] = 1.0
        assert (recoloured(table, picture) - picture).flatten().tolist() == [0.25, 0, 0]
        others = 1 - picture
        assert recoloured(table, others).equal(others[None])


def test_outside_the_gamut_the_boundary_goes_on():
    table = torch.full((2, 2, 2, 2, 3), 0.5)
    picture = torch.tensor([-1.0, 0.5, 3.0]).reshape(1, 3, 1, 1)
    assert torch.allclose(recoloured(table, picture), picture + 0.5)


@pytest.mark.parametrize("lattice", BOTH)
def test_the_gradient_reaches_the_field_and_is_right(lattice, generator):
    points = torch.randn(50, 3, generator=generator, dtype=torch.float64)
    field = MLPField(3, 1, width=8, head=4, quadrature=Quadrature(points)).double()
    picture = torch.rand(1, 3, 4, 4, generator=generator, dtype=torch.float64)
    direction = torch.randn(1, 1, 3, 4, 4, generator=generator, dtype=torch.float64)

    def value():
        moved = act_on_colours(field, picture, 0.6, chart=IMAGENET, lattice=lattice, steps=2)
        return (moved.data * direction).sum()

    gradients = torch.autograd.grad(value(), list(field.parameters()))
    with torch.no_grad():
        for parameter, gradient in zip(field.parameters(), gradients, strict=True):
            probe = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            ends = []
            for sign in (1e-5, -2e-5, 1e-5):
                parameter += sign * probe
                ends.append(value())
            slope = (ends[0] - ends[1]) / 2e-5
            assert slope.item() == pytest.approx((gradient * probe).sum().item(), rel=1e-5)
            assert gradient.abs().max() > 0


def test_the_mask_says_which_pixels_keep_within_the_gamut():
    picture = torch.tensor([0.2, 0.9]).expand(3, 1, 2)[None]
    acted = act_on_colours(affine(*BRIGHTNESS), picture, 0.3)
    assert acted.mask.tolist() == [[[[True, False]]]]
    shown = displayed(acted.data)
    assert shown.max() == 1 and shown[0, 0, 0, 0, 0].item() == pytest.approx(0.5)
    assert acted.data.max() == pytest.approx(1.2)


def test_bytes_are_colours_of_255ths(photographs):
    still = act_on_colours(affine(*BRIGHTNESS), photographs, 0.0)
    assert torch.allclose(still.data[0], photographs.float() / 255) and still.mask.all()


def test_stirring_is_free_of_divergence_and_of_unit_norm(generator):
    points = torch.randn(300, 3, generator=generator, dtype=torch.float64)
    field = stirring(Quadrature(points)).double()
    jacobian = torch.func.vmap(torch.func.jacrev(field))(points)[:, 0]
    assert jacobian.diagonal(dim1=1, dim2=2).abs().max() < 1e-12
    assert jacobian.abs().max() > 1
    assert field(points).square().sum(-1).mean().item() == pytest.approx(1)
    grey = torch.linspace(-1, 1, 9, dtype=torch.float64)
    expected = math.sqrt(2) * torch.sin(math.pi * (grey + 0.25))
    found = stirring().double()(grey[:, None].expand(-1, 3))[:, 0]
    assert torch.allclose(found, expected[:, None].expand(-1, 3), atol=1e-6)


@pytest.mark.parametrize(
    ("field", "pictures", "told"),
    [
        (AffineField.named("L1"), torch.rand(1, 3, 4, 4), "colour has 3 coordinates"),
        (affine(*BRIGHTNESS), torch.rand(2, 1, 4, 4), "repeat a grey channel"),
        (affine(*BRIGHTNESS), torch.rand(4, 4, 3)[None], "red, green and blue"),
        (affine(*BRIGHTNESS), 2 * torch.ones(1, 3, 4, 4), r"must lie in \[0, 1\]"),
        (affine(*BRIGHTNESS), torch.full((1, 3, 4, 4), math.nan), r"must lie in \[0, 1\]"),
        (affine(*BRIGHTNESS), torch.ones(1, 3, 4, 4, dtype=torch.int32), "must be uint8"),
    ],
)
def test_what_is_no_colour_is_refused(field, pictures, told):
    with pytest.raises(ValueError, match=told):
        act_on_colours(field, pictures, 0.1)


def test_a_lattice_of_one_colour_is_refused():
    with pytest.raises(ValueError, match="at least 2 points per channel, got 1"):
        act_on_colours(affine(*BRIGHTNESS), torch.rand(1, 3, 4, 4), 0.1, lattice=1)


def test_a_table_for_planes_is_refused():
    with pytest.raises(ValueError, match="3 coordinates"):
        colour_table(AffineField.named("L1"), 0.1, chart=Chart((1.0, 1.0), (0.0, 0.0)))
