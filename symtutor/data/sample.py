"""The bundled CIFAR-10 sample: a lossless mosaic of real pictures and its description."""

import hashlib
import io
import json
from importlib import resources
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def read_sample(name: str, split: str, folder: Path | None = None) -> tuple[Tensor, Tensor] | None:
    """Pixels and labels of one split, or None if no sample of this data set is bundled.

    Raises:
        ValueError: if the files do not match their recorded checksum.
    """
    place = folder or resources.files("symtutor.data") / "sample"
    picture, description = place / f"{name}.webp", place / f"{name}.json"
    if not description.is_file():
        return None
    meta = json.loads(description.read_text())
    content = picture.read_bytes()
    if hashlib.sha256(content).hexdigest() != meta["sha256"]:
        raise ValueError(
            f"the bundled sample {picture} is damaged ({len(content)} bytes do not match the "
            "recorded SHA-256); reinstall symtutor"
        )
    mosaic = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    columns = meta["columns"]
    tiles = mosaic.reshape(-1, 32, columns, 32, 3).transpose(0, 2, 4, 1, 3).reshape(-1, 3, 32, 32)
    train = len(meta["train"]["labels"])
    chosen = tiles[:train] if split == "train" else tiles[train:]
    return torch.from_numpy(chosen.copy()), torch.tensor(meta[split]["labels"])
