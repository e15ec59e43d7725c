"""CIFAR-10 for experiments: the sample, a tree, labels dealt out at random, checksums."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from symtutor import Images, load_images
from symtutor.experiments import cifar_data
from symtutor.experiments.cifar_data import (
    CONTROLS,
    checksums,
    cifar10,
    draw,
    extractor_for,
    shuffled,
)
from symtutor.models import ResNet, folded


@pytest.fixture(scope="module")
def sample():
    return load_images("cifar10", "train", source="sample")


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A data root with nothing in it."""
    monkeypatch.setenv("SYMTUTOR_DATA", str(tmp_path))
    return tmp_path


def write_tree(root: Path, split: str, images: Images) -> None:
    for index, (picture, label) in enumerate(zip(images.pixels, images.labels, strict=True)):
        folder = root / "cifar10" / split / images.classes[int(label)]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / f"{index:05d}.png")


def test_the_sample_is_taken_where_it_is_asked_for_whatever_else_is_there(sample, empty):
    write_tree(
        empty, "train", replace(sample, pixels=sample.pixels[:50], labels=sample.labels[:50])
    )
    found = cifar10("sample", "train")
    assert found.source == "sample" and found.pixels.equal(sample.pixels)
    assert len(cifar10("sample", "test")) == 400


def test_the_full_data_come_from_a_tree_below_the_data_root(sample, empty, monkeypatch):
    monkeypatch.setattr(cifar_data, "load_images", guarded := Watched())
    parts = {}
    for split, part in (("train", slice(0, 200)), ("test", slice(200, 300))):
        parts[split] = replace(sample, pixels=sample.pixels[part], labels=sample.labels[part])
        write_tree(empty, split, parts[split])
    for split, known in parts.items():
        found = cifar10("full", split)
        assert found.source == "tree" and found.pixels.equal(known.pixels)
        assert found.labels.equal(known.labels)
    assert guarded.downloads == []


class Watched:
    """`load_images`, which notes what shall be downloaded instead of doing it."""

    def __init__(self):
        self.downloads = []

    def __call__(self, name, split, *, source, download=False):
        if download:
            self.downloads.append((name, split, source))
            raise ConnectionError("no network in tests")
        return load_images(name, split, source=source)


@pytest.mark.parametrize("split", ["train", "test"])
def test_without_a_tree_the_official_files_are_fetched_and_never_the_sample(
    empty, monkeypatch, split
):
    monkeypatch.setattr(cifar_data, "load_images", guarded := Watched())
    with pytest.raises(ConnectionError, match="no network"):
        cifar10("full", split)
    assert guarded.downloads == [("cifar10", split, "official")]


def test_a_damaged_tree_is_not_replaced_by_something_else(sample, empty):
    write_tree(
        empty, "train", replace(sample, pixels=sample.pixels[:90], labels=sample.labels[:90])
    )
    victim = next((empty / "cifar10" / "train" / "cat").iterdir())
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(ValueError, match=rf"cannot read the picture .*{victim.name}"):
        cifar10("full", "train")


def test_shuffling_keeps_the_pictures_and_the_number_of_each_class(sample):
    before = sample.labels.clone()
    found = shuffled(sample, 0)
    assert found.pixels.equal(sample.pixels) and sample.labels.equal(before)
    assert (found.classes, found.source) == (sample.classes, sample.source)
    assert found.labels.bincount().equal(sample.labels.bincount())


def test_shuffled_labels_say_nothing_about_the_true_ones(sample):
    """Every pair of classes is about as frequent as chance has it: 16 of 1,600 pictures."""
    found = shuffled(sample, 0)
    pairs = (10 * sample.labels + found.labels).bincount(minlength=100).double()
    chi_square = ((pairs - 16).square() / 16).sum().item()
    assert 81 - 4 * 12.7 < chi_square < 81 + 4 * 12.7  # 81 degrees of freedom
    assert (found.labels == sample.labels).double().mean() < 0.15


def test_shuffling_follows_from_the_seed_alone(sample):
    torch.manual_seed(1)
    first = shuffled(sample, 3).labels
    torch.manual_seed(2)
    assert shuffled(sample, 3).labels.equal(first)
    assert not shuffled(sample, 4).labels.equal(first)


def test_checksums_have_the_names_of_the_data_and_where_they_came_from(sample):
    found = checksums(train=sample, test=replace(sample, source="tree"))
    assert list(found) == ["train (sample)", "test (tree)"]
    first, second = found.values()
    assert first == second and len(first) == 64
    assert checksums(train=sample)["train (sample)"] == first


def test_checksums_change_with_one_pixel_one_label_and_the_order(sample):
    few = replace(sample, pixels=sample.pixels[:20].clone(), labels=sample.labels[:20].clone())
    assert few.labels[0] != few.labels[1]
    pixel, label = few.pixels.clone(), few.labels.clone()
    pixel[3, 1, 4, 1] ^= 1
    label[3] = (label[3] + 1) % 10
    others = [
        replace(few, pixels=pixel),
        replace(few, labels=label),
        replace(few, pixels=few.pixels.flip(0), labels=few.labels.flip(0)),
        replace(few, pixels=few.pixels[:19], labels=few.labels[:19]),
        shuffled(few, 0),
    ]
    sums = {next(iter(checksums(train=images).values())) for images in (few, *others)}
    assert len(sums) == 6


@pytest.mark.parametrize("architecture", ["small", "resnet18"])
@pytest.mark.parametrize("control", CONTROLS)
def test_every_control_has_its_extractor(sample, architecture, control, monkeypatch):
    """Only "untrained" is made here, and without a file; only "shuffled-labels" loads another."""
    asked, known = [], folded(ResNet((4,), 1).eval())

    def load(name):
        asked.append(name)
        return known

    monkeypatch.setattr(cifar_data, "load_extractor", load)
    few = replace(sample, pixels=sample.pixels[:20], labels=sample.labels[:20])
    found = extractor_for(architecture, control, few, 0)
    if control == "untrained":
        assert asked == [] and found.widths[-1] == {"small": 128, "resnet18": 512}[architecture]
    else:
        suffix = "-shuffled" if control == "shuffled-labels" else ""
        assert asked == [architecture + suffix] and found is known


def test_the_untrained_extractor_follows_from_pictures_and_seed_but_not_from_labels(sample):
    few = replace(sample, pixels=sample.pixels[:20], labels=sample.labels[:20])
    images = few.float()[:2]
    first = extractor_for("small", "untrained", few, 0).features(images)
    same = extractor_for("small", "untrained", shuffled(few, 0), 0).features(images)
    assert same.equal(first)
    dark = replace(few, pixels=few.pixels // 4)
    for other in ((few, 1), (dark, 0)):
        assert not extractor_for("small", "untrained", *other).features(images).equal(first)


def test_pictures_are_drawn_without_repetition_by_seed_and_name(sample):
    few = replace(sample, pixels=sample.pixels[:50], labels=sample.labels[:50])
    found = draw(few, 20, 0, "judge")
    places = [(few.pixels == picture).flatten(1).all(1).nonzero().flatten() for picture in found]
    assert found.dtype == torch.uint8 and [len(place) for place in places] == [1] * 20
    assert len({int(place) for place in places}) == 20
    assert draw(few, 20, 0, "judge").equal(found)
    for other in ((1, "judge"), (0, "sensitivity")):
        assert not draw(few, 20, *other).equal(found)
    assert len(draw(few, 90, 0, "judge")) == 50
