"""Batches on a device: only flips and crops, every picture once, the same again at any step."""

import jaxtyping
import pytest
import torch
from torchvision.transforms import functional as transforms

from symtutor import Images
from symtutor.data.loader import Batches, shifted_crops

N, SIDE = 23, 6


@pytest.fixture
def images(generator):
    """Random pictures without black pixels; the label of each is its place."""
    pixels = torch.randint(1, 256, (N, 3, SIDE, SIDE), dtype=torch.uint8, generator=generator)
    return Images(pixels, torch.arange(N), tuple(map(str, range(N))), "tree")


def bytes_of(pixels):
    """Pixels in [0, 1] as the bytes they were."""
    return (pixels * 255).round().to(torch.uint8)


def epoch(batches, number=0):
    """All pixels, as bytes, and labels of an epoch."""
    steps = range(number * len(batches), (number + 1) * len(batches))
    pixels, labels = zip(*(batches(step) for step in steps), strict=True)
    return bytes_of(torch.cat(pixels)), torch.cat(labels)


def crops(picture, reach):
    """Every cut out of a picture padded with black, by torchvision, by (down, right)."""
    padded, side = transforms.pad(picture, [reach] * 4), picture.shape[-1]
    places = range(2 * reach + 1)
    return {
        (reach - top, reach - left): transforms.crop(padded, top, left, side, side)
        for top in places
        for left in places
    }


@pytest.mark.parametrize("shape", [(3, 6, 6), (1, 4, 7)])
def test_shifted_crops_are_cuts_out_of_a_padded_picture(shape, generator):
    picture = torch.randint(256, shape, dtype=torch.uint8, generator=generator)
    reach = 3
    padded = transforms.pad(picture, [reach] * 4)
    shifts = torch.cartesian_prod(*[torch.arange(-reach, reach + 1)] * 2)
    found = shifted_crops(picture.expand(len(shifts), *shape), shifts, reach)
    assert found.dtype == torch.uint8
    for (down, right), crop in zip(shifts.tolist(), found, strict=True):
        known = transforms.crop(padded, reach - down, reach - right, *shape[1:])
        assert crop.equal(known), (down, right)


def test_every_picture_comes_once_in_an_epoch_with_its_own_label(images):
    batches = Batches(images, 1, flip=False)
    pixels, labels = epoch(batches)
    assert labels.sort().values.equal(images.labels)
    assert pixels.equal(images.pixels[labels]) and not labels.equal(images.labels)


def test_an_incomplete_last_batch_is_left_out(images):
    batches = Batches(images, 5)
    _, labels = epoch(batches)
    assert len(batches) == N // 5 and len(labels) == len(labels.unique()) == N // 5 * 5
    left = [set(range(N)) - set(epoch(batches, number)[1].tolist()) for number in range(8)]
    assert len(set.union(*left)) > N - 5 * (N // 5)  # others next time


def test_the_order_is_another_in_every_epoch(images):
    batches = Batches(images, 1)
    assert not epoch(batches, 0)[1].equal(epoch(batches, 1)[1])


def test_bytes_go_to_numbers_from_0_to_1(images):
    pixels, labels = Batches(images, 7, flip=False)(0)
    assert pixels.dtype == torch.float32 and labels.dtype == torch.int64
    assert pixels.equal(images.float()[labels])


def test_flips_only_mirror_and_mirror_one_half(images):
    batches, flipped = Batches(images, 1, seed=1), []
    for number in range(40):
        pixels, labels = epoch(batches, number)
        straight = images.pixels[labels]
        same = (pixels == straight).flatten(1).all(1)
        mirrored = (pixels == straight.flip(-1)).flatten(1).all(1)
        assert (same ^ mirrored).all()
        flipped.append(mirrored[labels.argsort()])
    shares = torch.stack(flipped).double().mean(0)
    assert shares.mean().item() == pytest.approx(0.5, abs=0.07)  # 4 standard deviations
    assert shares.min() > 0.1 and shares.max() < 0.9  # every picture now and then


def test_crops_equal_cuts_out_of_a_padded_picture_and_reach_every_place(images):
    batches, seen = Batches(images, 1, flip=False, crop=2), []
    for number in range(12):
        pixels, labels = epoch(batches, number)
        for picture, label in zip(pixels, labels.tolist(), strict=True):
            cuts = crops(images.pixels[label], 2)
            places = [place for place, cut in cuts.items() if cut.equal(picture)]
            assert len(places) == 1
            seen += places
    assert set(seen) == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


def test_flips_and_crops_together_are_crops_of_flipped_pictures(images):
    pixels, labels = epoch(Batches(images, 1, flip=True, crop=1))
    kinds = set()
    for picture, label in zip(pixels, labels.tolist(), strict=True):
        straight = images.pixels[label]
        found = {
            (name, place)
            for name, start in (("straight", straight), ("mirrored", straight.flip(-1)))
            for place, cut in crops(start, 1).items()
            if cut.equal(picture)
        }
        assert len(found) == 1
        kinds |= {name for name, _ in found}
    assert kinds == {"straight", "mirrored"}


def test_a_training_taken_up_at_any_step_sees_what_it_would_have_seen(images):
    options = {"seed": 4, "flip": True, "crop": 2}
    whole = Batches(images, 4, **options)
    known = [whole(step) for step in range(3 * len(whole))]
    for step in (0, 3, len(whole) - 1, len(whole), 2 * len(whole) + 1):
        torch.manual_seed(step)
        for found in (Batches(images, 4, **options)(step), whole(step)):  # also going back
            assert all(a.equal(b) for a, b in zip(found, known[step], strict=True))


def test_batches_follow_from_the_seed(images):
    first = epoch(Batches(images, 1, seed=0, flip=False))[1]
    assert not first.equal(epoch(Batches(images, 1, seed=1, flip=False))[1])
    order = epoch(Batches(images, 1, seed=0, flip=True, crop=2))[1]
    assert first.equal(order)  # what is done to the pictures does not change their order


def test_bytes_stay_bytes_on_the_device_and_the_pictures_as_they_were(images):
    before = images.pixels.clone()
    batches = Batches(images, 4, crop=2)
    for step in range(len(batches)):
        batches(step)
    assert batches.pixels.dtype == torch.uint8
    assert batches.pixels.equal(before) and images.pixels.equal(before)
    assert Batches(images, 4, device="meta").pixels.device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_batches(images):
    for step in (0, 7):
        here = Batches(images, 4, crop=2)(step)
        there = Batches(images, 4, crop=2, device="cuda")(step)
        assert all(b.device.type == "cuda" for b in there)
        assert here[1].equal(there[1].cpu()) and torch.allclose(here[0], there[0].cpu())


@pytest.mark.parametrize("size", [0, -1, N + 1])
def test_a_batch_that_cannot_be_drawn_is_refused(images, size):
    with pytest.raises(ValueError, match=f"a batch of {size} .* choose a size from 1 to {N}"):
        Batches(images, size)
    assert len(Batches(images, N)) == 1


@pytest.mark.parametrize("crop", [-1, SIDE + 1])
def test_a_crop_out_of_range_is_refused(images, crop):
    with pytest.raises(ValueError, match=f"from 0 to the pictures' size, got {crop}"):
        Batches(images, 4, crop=crop)


def test_labels_outside_the_classes_do_not_get_this_far(images, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    for wrong in (-1, N):
        labels = images.labels.clone()
        labels[3] = wrong
        with pytest.raises(ValueError, match=f"labels must index the {N} classes"):
            Images(images.pixels, labels, images.classes, "tree")
