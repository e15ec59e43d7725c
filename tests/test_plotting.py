import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib import rcParams
from matplotlib.colors import to_rgb
from matplotlib.quiver import Quiver

from symtutor import AffineField, LibraryField, MatrixField, MLPField, flow, monomials
from symtutor.plotting import (
    COLOURS,
    MARKERS,
    image_strip,
    orbits,
    quiver,
    style,
    warped_grid,
)

ROTATION = AffineField.named("L5-L6")
SHEAR = AffineField.named("L1", "L5")


@pytest.fixture(autouse=True)
def figures():
    yield
    plt.close("all")


def arrows(ax):
    return next(c for c in ax.collections if isinstance(c, Quiver))


def test_style_sets_a_light_legible_page():
    with plt.rc_context():
        style()
        width, _ = rcParams["figure.figsize"]
        assert rcParams["font.size"] / 72 / width * 720 >= 14  # px in a column of 720
        assert rcParams["figure.facecolor"] == rcParams["savefig.facecolor"] == "white"


def luminance(colour):
    channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return np.dot([0.2126, 0.7152, 0.0722], channels)


def test_every_name_has_a_colour_and_a_marker_that_show_on_white():
    assert set(COLOURS) == set(MARKERS)
    assert all(1.05 / (luminance(colour) + 0.05) > 2 for colour in COLOURS.values())


@pytest.mark.parametrize(
    "names",
    [
        ["translation", "scaling", "shear", "rotation"],
        ["exact", "rk4", "dopri5", "adjoint", "euler"],
        ["learned", "true", "floor", "contrast", "control"],
    ],
)
def test_names_that_meet_in_a_figure_differ(names):
    assert len({COLOURS[name] for name in names}) == len(names)
    assert len({MARKERS[name] for name in names}) == len(names)


def test_quiver_draws_the_field():
    ax = quiver(SHEAR, index=1, density=5, extent=(-2, 2))
    drawn = arrows(ax)
    points = torch.tensor(np.stack([drawn.X, drawn.Y], axis=1)).float()
    expected = SHEAR(points)[:, 1].numpy()
    np.testing.assert_allclose(np.stack([drawn.U, drawn.V], axis=1), expected, atol=1e-6)
    assert points.abs().max() == 2
    longest = np.hypot(drawn.U, drawn.V).max() / drawn.scale
    assert longest == pytest.approx(1.0)  # the spacing of the grid
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x1", "x2")
    assert to_rgb(COLOURS["shear"]) == pytest.approx(tuple(drawn.get_facecolor()[0][:3]))


def test_no_arrow_leaves_the_axes():
    ax = quiver(ROTATION, density=9)
    drawn = arrows(ax)
    tips = np.stack([drawn.X + drawn.U / drawn.scale, drawn.Y + drawn.V / drawn.scale])
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < tips[0].min() and tips[0].max() < right
    assert bottom < tips[1].min() and tips[1].max() < top


def test_arrows_on_a_picture_leave_its_frame_alone():
    ax = image_strip(torch.rand(1, 8, 8))[0]
    before = ax.get_xlim(), ax.get_ylim()
    quiver(ROTATION, ax, density=5)
    assert (ax.get_xlim(), ax.get_ylim()) == before


def test_quiver_of_a_field_that_vanishes():
    assert not arrows(quiver(MatrixField(torch.zeros(1, 2, 2)))).U.any()


def test_quiver_follows_dtype_and_needs_no_gradient():
    network = MLPField(2, 3, width=8, head=4).double()
    assert arrows(quiver(network, index=2, colour="red")).N == 225


def test_quiver_refuses_a_field_that_is_not_finite():
    reciprocal = LibraryField((((("power", 0, -1.0)),),), torch.ones(1, 1, 2))
    with pytest.raises(ValueError, match="not finite"):
        quiver(reciprocal, density=3)


@pytest.mark.parametrize("draw", [quiver, lambda f, **o: warped_grid(f, 0.1, **o)])
def test_image_coordinates_point_down(draw):
    assert not draw(ROTATION).yaxis_inverted()
    ax = draw(ROTATION, x2_down=True)
    assert ax.yaxis_inverted()
    draw(ROTATION, ax=ax)
    assert ax.yaxis_inverted()


def test_orbits_are_the_flow_and_start_at_their_dots():
    starts = torch.tensor([[0.5, 0.0], [0.0, 0.25]])
    ax = orbits(ROTATION, starts, -2.0, samples=9, colour="black")
    paths = [line for line in ax.lines if len(line.get_xdata()) > 1]
    dots = [line for line in ax.lines if len(line.get_xdata()) == 1]
    exact = flow(ROTATION, starts, torch.linspace(0, -2, 9), method="exact")[:, :, 0]
    for path, dot, expected, start in zip(paths, dots, exact.unbind(1), starts, strict=True):
        np.testing.assert_allclose(path.get_xydata(), expected.numpy(), atol=1e-5)
        np.testing.assert_array_equal(dot.get_xydata()[0], start.numpy())
    assert len(ax.texts) == 2  # arrow heads


def test_a_fixed_point_has_no_arrow_and_dots_are_optional():
    ax = orbits(ROTATION, torch.zeros(1, 2), 1.0, mark_start=False)
    assert len(ax.lines) == 1
    assert not ax.texts


def test_warped_grid_moves_every_line():
    ax = warped_grid(SHEAR, 0.5, index=1, lines=3)
    before, after = ax.lines[:6], ax.lines[6:]
    for line, moved in zip(before, after, strict=True):
        x, y = line.get_xydata().T
        np.testing.assert_allclose(moved.get_xydata(), np.stack([x + 0.5 * y, y], 1), atol=1e-6)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: quiver(ROTATION, density=1), "density=1"),
        (lambda: quiver(ROTATION, extent=(1, -1)), r"extent=\(1, -1\)"),
        (lambda: quiver(ROTATION, index=1), "generators 0 to 0, got index=1"),
        (lambda: quiver(ROTATION, index=-1), "got index=-1"),
        (lambda: quiver(MatrixField(torch.zeros(1, 3, 3))), "2 coordinates, got 3"),
        (lambda: orbits(ROTATION, torch.zeros(1, 2), 1.0, samples=1), "samples=1"),
        (lambda: orbits(ROTATION, torch.zeros(1, 3), 1.0), "2 coordinates"),
        (lambda: warped_grid(ROTATION, 0.5, lines=1), "lines=1"),
        (lambda: warped_grid(ROTATION, float("nan")), "finite"),
    ],
)
def test_planes_refuse_bad_input(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
    assert not plt.get_fignums()


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_image_strip_shows_the_pixels(generator):
    images = torch.rand(3, 3, 4, 6, generator=generator)
    axes = image_strip(images, titles=["a", "b", "c"])
    assert [ax.get_title() for ax in axes] == ["a", "b", "c"]
    for ax, image in zip(axes, images, strict=True):
        np.testing.assert_allclose(shown(ax), image.permute(1, 2, 0).numpy())
        assert ax.images[0].get_interpolation() == "nearest"
        assert not ax.axison


def test_image_strip_takes_bytes_grey_values_single_images_and_rounding():
    bytes_ = torch.tensor([0, 51, 255, 102], dtype=torch.uint8).reshape(1, 2, 2)
    np.testing.assert_allclose(shown(image_strip(bytes_)[0])[..., 1], [[0, 0.2], [1, 0.4]])
    above = shown(image_strip(torch.full((1, 1, 2, 2), 1 + 1e-6))[0])
    assert above.max() == 1


def test_untrusted_pixels_are_grey_and_the_input_stays():
    images, mask = torch.ones(2, 3, 2, 2), torch.tensor([[True, False], [True, True]])
    for given in (mask, mask.expand(2, 2, 2), mask.expand(2, 1, 2, 2)):
        first = shown(image_strip(images, mask=given)[1])
        assert len(set(first[0, 1])) == 1
        assert 0.5 < first[0, 1, 0] < 0.9
        assert first[mask.numpy()].min() == 1
    assert images.min() == 1


def test_pictures_lie_in_image_coordinates_with_square_pixels():
    ax = image_strip(torch.rand(1, 1, 3, 5))[0]
    left, right, bottom, top = ax.images[0].get_extent()
    assert (left + 0.25, right - 0.25) == (-1, 1)  # centres of the outer columns
    assert (top + 0.5, bottom - 0.5) == (-1, 1)  # row 0 is at x2 = -1, above
    quiver(ROTATION, ax=ax, x2_down=True)
    ax.figure.canvas.draw()
    x, y = (ax.transData.transform([[0.5, 1.0]]) - ax.transData.transform([[0, 0]]))[0]
    assert x == pytest.approx(-y)  # one pixel is 0.5 by 1, and x2 points down


def test_image_strip_draws_on_given_axes():
    _, axes = plt.subplots(1, 2)
    assert list(image_strip(torch.rand(2, 1, 4, 4), axes=axes)) == list(axes)
    assert image_strip(torch.rand(1, 4, 4), axes=axes[0])[0] is axes[0]


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (torch.zeros(2, 2, 4, 4), {}, r"got \(2, 2, 4, 4\)"),
        (torch.zeros(0, 3, 4, 4), {}, r"got \(0, 3, 4, 4\)"),
        (torch.zeros(1, 1, 3, 4, 4), {}, r"got \(1, 1, 3, 4, 4\)"),
        (torch.full((1, 4, 4), 2.0), {}, "got 2 to 2; undo"),
        (torch.full((1, 4, 4), -0.1), {}, "values in"),
        (torch.full((1, 4, 4), float("nan")), {}, "got nan"),
        (torch.zeros(2, 1, 4, 4), {"titles": ["one"]}, "need 2 titles, got 1"),
        (torch.zeros(2, 1, 4, 4), {"mask": torch.ones(3, 4, 4).bool()}, r"got torch.bool of"),
    ],
)
def test_image_strip_refuses_bad_input(images, options, message):
    with pytest.raises(ValueError, match=message):
        image_strip(images, **options)
    assert not plt.get_fignums()


def test_image_strip_refuses_too_few_axes():
    ax = plt.subplots()[1]
    with pytest.raises(ValueError, match="2 images need 2 axes, got 1"):
        image_strip(torch.zeros(2, 1, 4, 4), axes=ax)


def test_monomial_fields_are_planar_fields_too():
    field = LibraryField(monomials(2, 1), torch.eye(3)[:, :2][None])
    assert quiver(field, density=3).get_ylabel() == "x2"
