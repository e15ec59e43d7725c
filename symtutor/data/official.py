"""The official CIFAR-10 and MNIST files through torchvision, verified by their MD5 sums."""

import shutil
import tempfile
from pathlib import Path

import torch
from torch import Tensor
from torchvision import datasets
from torchvision.datasets.utils import check_integrity

PLACES = {"cifar10": Path("cifar-10-batches-py"), "mnist": Path("MNIST") / "raw"}
# torchvision checks MNIST's archives only; these are the sums of the unpacked files
MNIST_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def checksums(name: str) -> dict[str, str]:
    """File name -> MD5 of every file that makes up a data set."""
    if name == "mnist":
        return MNIST_MD5
    cifar = datasets.CIFAR10
    return {**dict(cifar.train_list), **dict(cifar.test_list), "batches.meta": cifar.meta["md5"]}


def damaged(name: str, folder: Path) -> list[str]:
    """Files of the data set that are missing or differ from the official ones."""
    place = folder / PLACES[name]
    sums = checksums(name).items()
    return [file for file, md5 in sums if not check_integrity(str(place / file), md5)]


def read(name: str, split: str, folder: Path) -> tuple[Tensor, Tensor] | None:
    """Pixels and labels in the official order, or None if the data set's folder does not exist.

    Raises:
        ValueError: if files are missing or damaged.
    """
    place = folder / PLACES[name]
    if not place.is_dir():
        return None
    bad = damaged(name, folder)
    if bad:
        raise ValueError(
            f"the {name} files {', '.join(bad)} in {place} are missing or do not match their "
            f"official MD5 sums; delete {place} and load again with download=True"
        )
    if name == "mnist":
        mnist = datasets.MNIST(folder, train=split == "train")
        return mnist.data[:, None], mnist.targets
    cifar = datasets.CIFAR10(folder, train=split == "train")
    pixels = torch.from_numpy(cifar.data).permute(0, 3, 1, 2).contiguous()
    return pixels, torch.tensor(cifar.targets)


def fetch(name: str, folder: Path) -> None:
    """Download a data set unless its folder is there; all or nothing.

    Raises:
        ConnectionError: if the download fails or is incomplete.
        ValueError: if what arrived is not the official data.
    """
    place = folder / PLACES[name]
    if place.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    maker = datasets.MNIST if name == "mnist" else datasets.CIFAR10
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        try:
            maker(temporary, download=True)
        except (OSError, RuntimeError) as error:
            raise ConnectionError(
                f"downloading {name} failed ({error}); nothing was kept. Try again, or put the "
                f"official files into {place}"
            ) from error
        bad = damaged(name, Path(temporary))
        if bad:
            raise ValueError(
                f"the downloaded {name} files {', '.join(bad)} are not the official ones"
            )
        for archive in Path(temporary).rglob("*.gz"):
            archive.unlink()
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            (Path(temporary) / PLACES[name]).replace(place)
        except OSError:  # another process finished first
            if not place.exists():
                raise
            shutil.rmtree(Path(temporary) / PLACES[name], ignore_errors=True)
