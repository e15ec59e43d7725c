"""Trained feature extractors: files of weights that say what they are, and where they lie."""

import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from jaxtyping import UInt8
from torch import Tensor

from .. import files
from ..data.images import data_root
from .resnet import ARCHITECTURES, ResNet, folded

FORMAT = "symtutor-extractor"
EXTRACTORS = ("small", "small-shuffled")
"""The extractors that come with the package."""


def save_extractor(model: ResNet, architecture: str, path: Path, **about: Any) -> None:
    """Write weights, in half precision, with their architecture; atomically.

    Args:
        model: a network of that architecture.
        architecture: "small" or "resnet18".
        path: a .safetensors file.
        about: what else the file shall say, as JSON.
    """
    half = {key: value.detach().cpu() for key, value in model.state_dict().items()}
    half = {key: v.half() if v.is_floating_point() else v for key, v in half.items()}
    metadata = {"format": FORMAT, "architecture": architecture, "about": json.dumps(about)}
    data = safetensors.torch.save({k: v.contiguous() for k, v in half.items()}, metadata)
    files.write_bytes(path, data)


def read_extractor(path: str | Path, architecture: str | None = None) -> ResNet:
    """The network of a file, in eval mode.

    Args:
        path: as written by the experiment cifar-extractor.
        architecture: if given, the only one that will do.

    Raises:
        ValueError: if the file is no extractor, is truncated, or is of another architecture.
    """
    path = Path(path)
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            weights = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, safetensors.SafetensorError) as error:
        raise ValueError(
            f"{path} cannot be read as an extractor ({error}); make it again with "
            "symtutor run cifar-extractor"
        ) from error
    found = metadata.get("architecture")
    if metadata.get("format") != FORMAT or found not in ARCHITECTURES:
        raise ValueError(
            f"{path} is no extractor: it does not say of which architecture it is; make one with "
            "symtutor run cifar-extractor"
        )
    if architecture not in (None, found):
        raise ValueError(
            f"{path} holds a network of architecture {found!r}, asked for was {architecture!r}; "
            f"choose another file, or pass architecture={found!r}"
        )
    return _filled(ResNet.named(found), weights, path)


def _filled(model: ResNet, weights: Mapping[str, Tensor], path: Path) -> ResNet:
    own = model.state_dict()
    names = own.keys() | weights.keys()
    wrong = sorted(key for key in names if _shape(own, key) != _shape(weights, key))
    if wrong:
        raise ValueError(
            f"{path} does not fit its architecture: {', '.join(wrong[:3])} "
            f"({len(wrong)} of {len(own)} tensors) are missing or of another shape"
        )
    model.load_state_dict({key: value.to(own[key].dtype) for key, value in weights.items()})
    return model.eval()


def _shape(tensors: Mapping[str, Tensor], key: str) -> tuple[int, ...] | None:
    return tuple(tensors[key].shape) if key in tensors else None


def place(name: str) -> Path:
    """Where the extractor of that name lies or would lie: in the package, or the data root."""
    if name in EXTRACTORS:
        return Path(str(resources.files("symtutor.models") / "weights" / f"{name}.safetensors"))
    return data_root() / "extractors" / f"{name}.safetensors"


def load_extractor(name: str = "small") -> ResNet:
    """A trained extractor, ready for use: eval mode, frozen, batch norms folded.

    Args:
        name: "small" or "small-shuffled" (trained on shuffled labels) come with the package;
            "resnet18" and "resnet18-shuffled" are there once cifar-extractor has made them.

    Raises:
        ValueError: if there is no such file, or it is damaged.

    Example:
        >>> load_extractor().features(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 128])
    """
    architecture = name.removesuffix("-shuffled")
    if architecture not in ARCHITECTURES:
        known = [f"{a}{s}" for a in ARCHITECTURES for s in ("", "-shuffled")]
        raise ValueError(f"no extractor is called {name!r}; there are {', '.join(known)}")
    path = place(name)
    if not path.exists():
        shuffled = " --labels shuffled" if name != architecture else ""
        preset = "paper" if architecture == "resnet18" else "laptop"
        raise ValueError(
            f"the extractor {name!r} has not been trained here ({path} does not exist); make it "
            f"with symtutor run cifar-extractor --preset {preset}{shuffled}"
        )
    return folded(read_extractor(path, architecture))


@torch.no_grad()
def untrained(architecture: str, images: UInt8[Tensor, "n 3 h w"], seed: int = 0) -> ResNet:
    """An extractor with random weights, ready for use.

    Its batch norms take means and variances from pictures, without labels: otherwise the scale of
    its layers, and with it every angle, would be an accident.

    Example:
        >>> noise = torch.randint(256, (64, 3, 32, 32), dtype=torch.uint8)
        >>> untrained("small", noise).features(torch.rand(2, 3, 32, 32)).shape
        torch.Size([2, 128])
    """
    model = ResNet.named(architecture, seed=seed).to(images.device).train()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None  # plain averages
    for part in images.split(256):
        model(part.float() / 255)
    return folded(model.eval())
