"""Cut the bundled CIFAR-10 sample: the first 160 train and 40 test pictures of every class.

Input: an .npz with exact pixels (train_images, train_labels, train_index, test_images, test_labels,
classes), train_index being positions in the official training order. Output, next to the package's
data module: one lossless WebP mosaic and a JSON file with labels, official positions and checksum.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

TARGET = Path(__file__).resolve().parent.parent / "symtutor" / "data" / "sample"
COLUMNS = 50


def first_of_each(labels: np.ndarray, count: int) -> np.ndarray:
    """Positions of the first `count` entries of every class, in rising order."""
    picks = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(picks))


def main(source: str) -> None:
    archive = np.load(source)
    train = first_of_each(archive["train_labels"], 160)
    test = first_of_each(archive["test_labels"], 40)
    images = np.concatenate([archive["train_images"][train], archive["test_images"][test]])
    rows = len(images) // COLUMNS
    mosaic = images.reshape(rows, COLUMNS, 32, 32, 3).transpose(0, 2, 1, 3, 4)
    TARGET.mkdir(exist_ok=True)
    picture = TARGET / "cifar10.webp"
    Image.fromarray(mosaic.reshape(rows * 32, COLUMNS * 32, 3)).save(
        picture, lossless=True, quality=100, method=6
    )
    meta = {
        "classes": [str(name) for name in archive["classes"]],
        "columns": COLUMNS,
        "sha256": hashlib.sha256(picture.read_bytes()).hexdigest(),
        "train": {
            "labels": archive["train_labels"][train].tolist(),
            "official_index": archive["train_index"][train].tolist(),
        },
        "test": {
            "labels": archive["test_labels"][test].tolist(),
            "official_index": test.tolist(),
        },
    }
    (TARGET / "cifar10.json").write_text(json.dumps(meta, separators=(",", ":")) + "\n")
    print(f"wrote {len(images)} images, {picture.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: cut_sample.py EXACT_PIXELS.npz")
    main(sys.argv[1])
