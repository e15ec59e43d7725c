import pytest
import torch

from symtutor import (
    AffineField,
    MatrixField,
    act_on_images,
    as_pixels,
    load_images,
    pixel_grid,
    pull_back_images,
    warp,
)


@pytest.fixture(scope="module")
def pictures():
    return load_images("cifar10", "test", source="sample").float()[:4]


def test_identity_returns_the_pictures_and_trusts_every_pixel(pictures):
    acted = act_on_images(AffineField.named(), pictures, 0.0)
    assert acted.data.shape == (8, 4, 3, 32, 32)
    assert torch.allclose(acted.data, pictures.expand(8, -1, -1, -1, -1), atol=1e-6)
    assert acted.mask.shape == (8, 32, 32)
    assert acted.mask.all()


def test_content_moves_along_the_field_and_against_it_under_the_pull_back(pictures):
    pixel = 2 / 31  # one pixel in the coordinates of the square
    along = act_on_images(AffineField.named("L1", "L2"), pictures, 3 * pixel)
    right, down = along.data
    assert torch.allclose(right[..., 3:], pictures[..., :-3], atol=1e-4)
    assert torch.allclose(down[..., 3:, :], pictures[..., :-3, :], atol=1e-4)
    back = pull_back_images(AffineField.named("L1"), pictures, 3 * pixel).data[0]
    assert torch.allclose(back[..., :-3], pictures[..., 3:], atol=1e-4)


def test_the_mask_marks_what_came_from_outside(pictures):
    acted = act_on_images(AffineField.named("L1"), pictures, 3.5 * 2 / 31)
    assert not acted.mask[0, :, :3].any()
    assert acted.mask[0, :, 4:].all()
    assert acted.data[0, ..., :3].abs().max() == 0


def test_quarter_turn_is_a_permutation_of_pixels(pictures):
    # L5 - L6 = (x2, -x1) turns (1, 0) towards (0, -1): anticlockwise on screen, since x2 is down
    acted = act_on_images(
        AffineField.named("L5-L6", dtype=torch.float64), pictures, torch.pi / 2, method="exact"
    )
    turned = torch.rot90(pictures, k=1, dims=(-2, -1)).double()
    assert torch.allclose(acted.data[0], turned, atol=1e-6)


def test_a_vector_of_parameters_adds_an_axis(pictures):
    s = torch.tensor([-0.2, 0.0, 0.2])
    acted = act_on_images(AffineField.named("L1", "L5-L6"), pictures, s)
    assert acted.data.shape == (3, 2, 4, 3, 32, 32)
    assert acted.mask.shape == (3, 2, 32, 32)
    single = act_on_images(AffineField.named("L1", "L5-L6"), pictures, 0.2, steps=12)
    assert torch.allclose(acted.data[2], single.data, atol=1e-4)


def test_bytes_and_reals_give_the_same_pictures():
    images = load_images("cifar10", "test", source="sample")
    field = AffineField.named("L5-L6")
    from_bytes = act_on_images(field, images.pixels[:2], 0.3).data
    assert torch.equal(from_bytes, act_on_images(field, images.float()[:2], 0.3).data)


def test_action_is_differentiable_in_the_generator(pictures):
    field = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2), trainable=True)
    act_on_images(field, pictures, 0.3).data.square().sum().backward()
    assert field.matrix.grad is not None
    assert field.matrix.grad.abs().max() > 0


def test_warp_takes_normalised_images():
    images = torch.randn(2, 3, 8, 8)
    assert torch.allclose(warp(images, pixel_grid(8, 8)).data, images, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.full((1, 1, 4, 4), 1.2), "0, 1.*1.2"),
        (torch.full((1, 1, 4, 4), -0.1), "-0.1"),
        (torch.full((1, 1, 4, 4), float("nan")), "nan"),
        (torch.zeros(1, 1, 4, 4, dtype=torch.int64), "int64"),
    ],
)
def test_images_out_of_range_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        as_pixels(images)
    with pytest.raises(ValueError, match=message):
        act_on_images(AffineField.named("L1"), images, 0.1)


def test_a_field_in_space_cannot_move_a_picture(pictures):
    with pytest.raises(ValueError, match="2 coordinates"):
        act_on_images(MatrixField(torch.eye(3)[None]), pictures, 0.1)
