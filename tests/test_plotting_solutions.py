import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from symtutor.plotting import spacetime, waterfall

X = torch.arange(16) / 4
T = torch.linspace(10, 20, 6)
U = torch.sin(X)[None] * torch.arange(1, 7)[:, None]


@pytest.fixture(autouse=True)
def figures():
    yield
    plt.close("all")


def test_spacetime_shows_the_values_where_they_are():
    ax = spacetime(U, T, X)
    picture = ax.images[0]
    assert np.allclose(picture.get_array(), U)
    left, right, bottom, top = picture.get_extent()
    assert (left, right, bottom, top) == pytest.approx((-0.125, 3.875, 9, 21))
    assert picture.origin == "lower"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x", "t")


def test_colours_are_symmetric_about_zero():
    picture = spacetime(U + 100, T, X).images[0]
    largest = (U + 100).max().item()
    assert picture.get_clim() == pytest.approx((-largest, largest))
    assert np.allclose(picture.cmap(0.5)[:3], 0.97, atol=0.03)  # zero is nearly white
    assert spacetime(U, T, X, limit=3.0).images[0].get_clim() == (-3, 3)
    assert spacetime(0 * U, T, X).images[0].get_clim() == (-1, 1)


def test_the_colour_bar_is_labelled_and_axes_are_reused():
    _, ax = plt.subplots()
    assert spacetime(U, T, X, ax, label="error") is ax
    assert ax.images[0].colorbar.ax.get_ylabel() == "error"


def test_a_waterfall_stands_its_profiles_on_their_times():
    ax = waterfall(U, T, X, lines=6, height=3)
    assert len(ax.lines) == 6
    for line, time, row in zip(ax.lines[::-1], T, U, strict=True):
        heights = line.get_ydata()
        above = (row - U.min()) / (U.max() - U.min()) * 3 * 2  # profiles are 2 apart
        assert np.allclose(heights, time + above, atol=1e-5)
    order = [line.get_zorder() for line in ax.lines[::-1]]
    assert order == sorted(order, reverse=True)  # earlier ones in front


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="choose one trajectory"):
        spacetime(U[:1], T[:1], X)
    with pytest.raises(ValueError, match="more substeps"):
        waterfall(U / 0, T, X)
    with pytest.raises(ValueError, match="lines=1"):
        waterfall(U, T, X, lines=1)
    with pytest.raises(ValueError, match="got -1"):
        spacetime(U, T, X, limit=-1.0)
