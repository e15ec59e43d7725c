"""Copy the weights that come with the package from the records that vouch for them.

The two small extractors (cifar-extractor, preset laptop) and the ten generators of the plane
(cifar-symmetry, preset laptop), seed 0 each.
"""

from pathlib import Path

import symtutor as st
from symtutor.files import tensor_bytes, write_bytes
from symtutor.models.extractors import place, save_extractor

WEIGHTS = Path(st.models.__file__).parent / "weights"
LABELS = {"small": {}, "small-shuffled": {"labels": "shuffled"}}


def main() -> None:
    """Write the three files; equal weights give equal tensors."""
    for name, fields in LABELS.items():
        (record,) = st.record("cifar-extractor", seeds=[0], **fields)
        model = st.ResNet.named("small")
        model.load_state_dict({k: v.float() for k, v in record.weights("model").items()})
        about = {
            "labels": record.content["config"]["labels"],
            "test_accuracy": record.metrics["test_accuracy"],
        }
        save_extractor(model, "small", place(name), **about)
    (record,) = st.record("cifar-symmetry", seeds=[0])
    write_bytes(WEIGHTS / "cifar-field.safetensors", tensor_bytes(record.weights("field")))


if __name__ == "__main__":
    main()
