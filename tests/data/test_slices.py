import numpy as np
import pytest
import torch

from symtutor.data import Images, load_images, signals
from symtutor.data.slices import crop, middle_rows, random_slices


def pictures(*shape, generator):
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def test_even_pictures_give_the_mean_of_their_two_middle_rows(generator):
    pixels = pictures(5, 1, 28, 28, generator=generator)
    expected = (pixels[:, 0, 13].double() + pixels[:, 0, 14].double()) / 2
    assert torch.equal(middle_rows(pixels), expected)
    assert torch.equal(middle_rows(pixels[:, 0]), expected)
    labelled = Images(pixels, torch.zeros(5, dtype=torch.int64), ("0",), "tree")
    assert torch.equal(middle_rows(labelled), expected)


def test_odd_pictures_give_their_middle_row_and_black_ones_drop_out(generator):
    pixels = pictures(4, 5, 6, generator=generator)
    pixels[1, 2] = 0
    assert torch.equal(middle_rows(pixels), pixels[[0, 2, 3], 2].double())


@pytest.mark.parametrize(("w", "d"), [(28, 27), (28, 7), (5, 15), (1, 3)])
def test_a_crop_interpolates_the_padded_row_linearly(w, d, generator):
    rows = torch.rand(20, w, generator=generator, dtype=torch.float64)
    start = torch.rand(20, generator=generator, dtype=torch.float64) * (1 - d / (3 * w))
    start[0], start[1] = 0, 1 - d / (3 * w)
    found = crop(rows, start, d)
    for row, s, values in zip(rows.numpy(), start.numpy(), found.numpy(), strict=True):
        places = np.linspace(s, s + d / (3 * w), d) * (3 * w - 1)
        expected = np.interp(places, np.arange(3 * w), np.pad(row, w))
        np.testing.assert_allclose(values, expected, atol=1e-12)


def test_the_published_distance_is_a_little_more_than_a_pixel():
    """A ramp shows the distance between neighbouring values, and the range of the left edge."""
    ramp = torch.arange(28, dtype=torch.float64)[None]
    first = crop(ramp, torch.tensor([28 / 83], dtype=torch.float64), 27)[0]
    assert first[0].item() == pytest.approx(0, abs=1e-12)
    steps = first.diff()
    assert steps[:25].tolist() == pytest.approx([1.0261] * 25, abs=5e-5)
    last = crop(torch.ones(1, 28, dtype=torch.float64), torch.tensor([57 / 84]).double(), 27)
    assert (last == 0).all()


def test_crops_are_uniform_over_the_padded_row(generator):
    """One bright pixel in the middle is the brightest value of a crop at any of its places.

    An inner place sees the pixel from left edges within half a distance on both sides, 1.0261
    pixels in all; the two outer ones from half a distance on one side and one pixel on the other.
    """
    d, n = 27, 54_000
    row = torch.zeros(1, 28, dtype=torch.float64)
    row[0, 14] = 1
    x = random_slices(row, n, d, generator)
    assert x.shape == (n, d) and (x.amax(1) > 0).all()
    stride = 27 / 84 * 83 / 26
    lengths = torch.full((d,), stride, dtype=torch.float64)
    lengths[[0, -1]] = stride / 2 + 1
    expected = n * lengths / lengths.sum()
    counts = x.argmax(1).bincount(minlength=d)
    assert ((counts - expected).abs() < 5 * expected.sqrt()).all()


def test_every_picture_is_taken_equally_often(generator):
    """Ten grey levels; in one crop of a hundred only the blurred edge is seen, and is darker."""
    rows = torch.arange(1, 11, dtype=torch.float64)[:, None].expand(10, 28)
    x = random_slices(rows, 20_000, 27, generator)
    counts = x.amax(1).round().long().bincount(minlength=11)[1:]
    assert counts.sum() > 0.98 * 20_000
    assert ((counts - 2000).abs() < 5 * 2000**0.5).all()


def test_slices_of_given_pictures_have_unit_deviation_no_noise_and_keep_their_mean(generator):
    pixels = pictures(30, 28, 28, generator=generator)
    x = signals("mnist-27", 5000, images=pixels)
    assert x.shape == (5000, 27) and x.dtype == torch.float32
    assert x.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert x.amin() == 0 and x.mean() > 0.5
    assert (x.amax(1) > 0).all()
    assert torch.equal(x, signals("mnist-27", 5000, images=pixels))
    assert not torch.equal(x, signals("mnist-27", 5000, images=pixels, seed=1))
    noisy = signals("mnist-27", 5000, images=pixels, noise=0.1) - x
    assert noisy.std().item() == pytest.approx(0.1, rel=0.02)
    assert signals("mnist-27", 100, images=pixels, d=7).shape == (100, 7)


def test_slices_of_mnist():
    try:
        load_images("mnist")
    except ValueError as error:
        pytest.skip(f"needs the files of MNIST: {error}")
    x = signals("mnist-27", 30_000)
    assert x.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert x.amin() == 0
    assert (x.amax(1) > 0).all() and len(x.unique(dim=0)) == len(x)
    C = torch.cov(x.T.double())
    assert (C.diagonal() / C.diagonal().mean() - 1).abs().max() < 0.06
    lags = [C.diagonal(lag).mean().item() for lag in range(4)]
    assert lags[0] > lags[1] > lags[2] > lags[3] > 0


@pytest.mark.parametrize(
    ("images", "d", "message"),
    [
        (torch.zeros(3, 28, 28, dtype=torch.uint8), 27, "black in all 3 pictures"),
        (torch.zeros(0, 28, 28, dtype=torch.uint8), 27, "at least one picture"),
        (torch.ones(3, 28, 28), 27, r"uint8 \(n, h, w\).*got torch.float32"),
        (torch.ones(3, 3, 28, 28, dtype=torch.uint8), 27, "one channel"),
        (torch.ones(3, 28, 28, dtype=torch.uint8), 85, "at most 84 values, got d=85"),
        (torch.ones(3, 28, 28, dtype=torch.uint8), 26, "d=25 or d=27"),
    ],
)
def test_pictures_that_cannot_be_sliced_are_refused(images, d, message):
    with pytest.raises(ValueError, match=message):
        signals("mnist-27", 10, images=images, d=d)


def test_without_the_files_of_mnist_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("SYMTUTOR_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=r"MNIST; call load_images.*found no mnist data"):
        signals("mnist-27", 10)
