import hashlib
import json
import shutil
import struct
import warnings
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from symtutor import Images, load_images
from symtutor.data import images as images_module
from symtutor.data import official
from symtutor.data.sample import read_sample

CLASSES = images_module.CLASSES["cifar10"]


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A data root with nothing in it."""
    monkeypatch.setenv("SYMTUTOR_DATA", str(tmp_path))
    return tmp_path


def write_tree(root: Path, per_class: int = 2) -> torch.Tensor:
    sample = load_images("cifar10", "train", source="sample")
    chosen = [sample.of(name).pixels[:per_class] for name in CLASSES]
    for index in range(per_class):
        for label, name in enumerate(CLASSES):
            folder = root / "cifar10" / "train" / name
            folder.mkdir(parents=True, exist_ok=True)
            array = chosen[label][index].permute(1, 2, 0).numpy()
            Image.fromarray(array).save(folder / f"{index * 10 + label:05d}.png")
    return torch.stack([chosen[label][i] for i in range(per_class) for label in range(10)])


def test_the_sample_is_balanced_and_of_the_stated_size():
    train = load_images("cifar10", "train", source="sample")
    test = load_images("cifar10", "test", source="sample")
    assert train.labels.bincount().tolist() == [160] * 10
    assert test.labels.bincount().tolist() == [40] * 10
    assert train.pixels.shape == (1600, 3, 32, 32)
    folder = resources.files("symtutor.data") / "sample"
    size = sum(len((folder / name).read_bytes()) for name in ("cifar10.webp", "cifar10.json"))
    assert size <= 4_000_000


def test_sample_pixels_are_the_official_ones():
    """One picture known from the official set, at the official position the description names."""
    train = load_images("cifar10", "train", source="sample")
    # the first training picture of CIFAR-10 is a frog whose top left pixel is (59, 62, 63)
    first_frog = train.of("frog").pixels[0]
    assert first_frog[:, 0, 0].tolist() == [59, 62, 63]
    meta = json.loads((resources.files("symtutor.data") / "sample" / "cifar10.json").read_text())
    position = meta["train"]["official_index"].index(0)
    assert train.classes[int(train.labels[position])] == "frog"


def test_auto_says_when_it_falls_back_to_the_sample(empty):
    with pytest.warns(UserWarning, match="bundled sample of 1,600"):
        assert load_images().source == "sample"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_images(source="sample").source == "sample"


def test_a_damaged_sample_is_refused(tmp_path):
    folder = Path(str(resources.files("symtutor.data"))) / "sample"
    for name in ("cifar10.webp", "cifar10.json"):
        shutil.copy(folder / name, tmp_path / name)
    content = bytearray((tmp_path / "cifar10.webp").read_bytes())
    content[1000] ^= 1
    (tmp_path / "cifar10.webp").write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        read_sample("cifar10", "train", tmp_path)


def test_a_tree_comes_back_in_the_order_of_its_numbers(empty):
    expected = write_tree(empty)
    images = load_images("cifar10", "train")
    assert images.source == "tree"
    assert torch.equal(images.pixels, expected)
    assert images.labels.tolist() == list(range(10)) * 2


def test_a_tree_without_one_class_is_refused(empty):
    write_tree(empty)
    shutil.rmtree(empty / "cifar10" / "train" / "ship")
    with pytest.raises(ValueError, match="no pictures of ship"):
        load_images("cifar10", "train")


@pytest.mark.parametrize("keep", [0, 100])
def test_a_half_written_picture_is_named(empty, keep):
    write_tree(empty)
    victim = empty / "cifar10" / "train" / "cat" / "00003.png"
    victim.write_bytes(victim.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"00003\.png"):
        load_images("cifar10", "train")


def test_a_picture_of_another_size_is_named(empty):
    write_tree(empty)
    Image.new("RGB", (16, 16)).save(empty / "cifar10" / "train" / "cat" / "00003.png")
    with pytest.raises(ValueError, match=r"00003\.png has 16 x 16"):
        load_images("cifar10", "train")


def write_mnist(root: Path) -> dict[str, str]:
    """The four files in the official format, with 7 train and 3 test pictures; returns MD5 sums."""
    rng = np.random.default_rng(0)
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, count in (("train", 7), ("t10k", 3)):
        pixels = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        header = struct.pack(">IIII", 0x803, count, 28, 28)
        (raw / f"{prefix}-images-idx3-ubyte").write_bytes(header + pixels.tobytes())
        labels = struct.pack(">II", 0x801, count) + bytes(range(count))
        (raw / f"{prefix}-labels-idx1-ubyte").write_bytes(labels)
    return {f.name: hashlib.md5(f.read_bytes()).hexdigest() for f in raw.iterdir()}


def test_official_files_are_read_when_their_sums_agree(empty, monkeypatch):
    monkeypatch.setattr(official, "MNIST_MD5", write_mnist(empty))
    images = load_images("mnist", "test")
    assert images.source == "official"
    assert images.pixels.shape == (3, 1, 28, 28)
    assert images.labels.tolist() == [0, 1, 2]


@pytest.mark.parametrize("damage", ["cut", "missing"])
def test_damaged_official_files_are_refused_not_replaced_by_something_else(
    empty, monkeypatch, damage
):
    monkeypatch.setattr(official, "MNIST_MD5", write_mnist(empty))
    victim = empty / "MNIST" / "raw" / "train-images-idx3-ubyte"
    if damage == "cut":
        victim.write_bytes(victim.read_bytes()[:100])
    else:
        victim.unlink()
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.*MD5"):
        load_images("mnist", "train")


def test_a_broken_download_leaves_nothing_behind(empty, monkeypatch):
    class Broken:
        def __init__(self, root, download):
            (Path(root) / "cifar-10-python.tar.gz").write_bytes(b"half")
            raise RuntimeError("connection lost")

    monkeypatch.setattr(official.datasets, "MNIST", Broken)
    with pytest.raises(ConnectionError, match="connection lost"):
        load_images("mnist", download=True)
    assert list(empty.iterdir()) == []


def test_a_complete_download_arrives_and_is_not_repeated(empty, monkeypatch):
    calls = []
    reader = datasets.MNIST

    def download_or_read(root, train=True, download=False):
        if download:
            calls.append(root)
            monkeypatch.setattr(official, "MNIST_MD5", write_mnist(Path(root)))
            return None
        return reader(root, train=train)

    monkeypatch.setattr(official.datasets, "MNIST", download_or_read)
    for _ in range(2):
        assert len(load_images("mnist", "train", download=True)) == 7
    assert len(calls) == 1
    assert [entry.name for entry in empty.iterdir()] == ["MNIST"]


def test_a_download_of_something_else_is_refused(empty, monkeypatch):
    monkeypatch.setattr(
        official.datasets, "MNIST", lambda root, download: write_mnist(Path(root)) and None
    )
    with pytest.raises(ValueError, match="not the official ones"):
        load_images("mnist", download=True)
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "imagenet"}, "cifar10, mnist"),
        ({"split": "valid"}, "train, test"),
        ({"source": "web"}, "auto, official, tree, sample"),
        ({"name": "mnist"}, "download=True"),
        ({"source": "tree"}, "download=True"),
    ],
)
def test_bad_requests_name_the_choices(empty, arguments, message):
    with pytest.raises(ValueError, match=message):
        load_images(**arguments)


def test_one_class_and_an_unknown_class():
    images = load_images("cifar10", "test", source="sample")
    ships = images.of("ship")
    assert len(ships) == 40
    assert set(ships.labels.tolist()) == {8}
    with pytest.raises(ValueError, match="ocean"):
        images.of("ocean")


def test_labels_must_index_the_classes():
    with pytest.raises(ValueError, match="from 0 to 2"):
        Images(torch.zeros(2, 1, 2, 2, dtype=torch.uint8), torch.tensor([0, 2]), ("a", "b"), "tree")
