import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.quiver import Quiver

from symtutor import AffineField, MatrixField
from symtutor.plotting import COLOURS, field_grid, image_grid

THREE = AffineField.named("L1", "L5", "L5-L6")


@pytest.fixture(autouse=True)
def figures():
    yield
    plt.close("all")


def arrows(ax):
    return next(c for c in ax.collections if isinstance(c, Quiver))


def ink(drawn):
    return tuple(np.asarray(drawn.get_facecolor())[0, :3].tolist())


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_image_grid_shows_every_picture_in_its_place():
    images = torch.rand(2, 3, 3, 4, 6, generator=torch.Generator().manual_seed(0))
    axes = image_grid(images, rows=["up", "down"], columns=["a", "b", "c"])
    assert axes.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            shown = np.asarray(axes[i, j].images[0].get_array())
            np.testing.assert_allclose(shown, images[i, j].permute(1, 2, 0).numpy())
    assert [ax.get_title() for ax in axes[0]] == ["a", "b", "c"]
    assert not any(ax.get_title() for ax in axes[1])
    assert [words(line[0]) for line in axes] == [["up"], ["down"]]


def test_image_grid_without_labels():
    axes = image_grid(torch.zeros(1, 2, 1, 4, 4, dtype=torch.uint8))
    assert not axes[0, 0].texts and not axes[0, 0].get_title()


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((3, 3, 4, 4), {}, "stack the pictures"),
        ((2, 0, 3, 4, 4), {}, "stack the pictures"),
        ((2, 2, 3, 4, 4), {"rows": ["a"]}, "2 rows need 2 labels, got 1; pass one per row"),
        ((2, 2, 3, 4, 4), {"columns": "abc"}, "2 columns need 2 labels, got 3"),
        ((2, 2, 2, 4, 4), {}, "1 or 3"),
    ],
)
def test_image_grid_refuses_bad_input(shape, options, message):
    with pytest.raises(ValueError, match=message):
        image_grid(torch.zeros(shape), **options)


def test_field_grid_draws_each_generator_downwards():
    axes = field_grid(THREE, columns=2, density=5)
    assert len(axes) == 3
    for index, ax in enumerate(axes):
        drawn = arrows(ax)
        points = torch.tensor(np.stack([drawn.X, drawn.Y], axis=1)).float()
        expected = THREE(points)[:, index].numpy()
        np.testing.assert_allclose(np.stack([drawn.U, drawn.V], axis=1), expected, atol=1e-6)
        assert ax.yaxis_inverted()
        assert not ax.get_xlabel() and not len(ax.get_xticks())
        assert to_rgb(COLOURS["learned"]) == pytest.approx(ink(drawn))
    assert [words(ax)[0] for ax in axes] == list(THREE.labels)
    everything = axes[0].figure.axes
    assert len(everything) == 4 and not everything[3].axison  # the place left over is empty


def test_field_grid_shows_the_middle_alone():
    (ax,) = field_grid(AffineField.named("L1"), extent=(-0.5, 0.5), density=3)
    assert sorted(set(np.asarray(arrows(ax).X).tolist())) == [-0.5, 0, 0.5]


def test_field_grid_puts_a_faint_picture_behind():
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    axes = field_grid(THREE, picture, density=5, titles="abc", colour="black")
    for ax, title in zip(axes, "abc", strict=True):
        np.testing.assert_allclose(ax.images[0].get_array(), picture.permute(1, 2, 0).numpy())
        assert 0 < ax.images[0].get_alpha() < 1
        assert words(ax) == [title]
        assert ink(arrows(ax)) == (0, 0, 0)


@pytest.mark.parametrize(
    ("field", "options", "message"),
    [
        (THREE, {"columns": 0}, "at least one column"),
        (THREE, {"titles": ["a"]}, "3 generators need 3 labels, got 1; pass one per generator"),
        (MatrixField(torch.zeros(1, 3, 3)), {}, "2 coordinates"),
    ],
)
def test_field_grid_refuses_bad_input(field, options, message):
    with pytest.raises(ValueError, match=message):
        field_grid(field, **options)
