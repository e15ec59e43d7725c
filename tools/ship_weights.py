"""Copy the weights that come with the package from the records that vouch for them.

The two small extractors (cifar-extractor, preset laptop), the ten generators of the plane
(cifar-symmetry, preset laptop) and the generators of five equations (pde-symmetry, preset laptop),
seed 0 each.
"""

from pathlib import Path

import torch

import symtutor as st
from symtutor.files import tensor_bytes, write_bytes
from symtutor.models.extractors import place, save_extractor

WEIGHTS = Path(st.models.__file__).parent / "weights"
LABELS = {"small": {}, "small-shuffled": {"labels": "shuffled"}}


def main() -> None:
    """Write the files; equal weights give equal tensors."""
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
    for name, equation in st.EQUATIONS.items():
        fields = {} if name == "kdv" else {"equation": name}
        (record,) = st.record("pde-symmetry", seeds=[0], **fields)
        write_bytes(WEIGHTS / f"{name}-field.safetensors", tensor_bytes(solution(record, equation)))


def solution(record: st.Record, equation: st.Equation) -> dict[str, torch.Tensor]:
    """Weights in single precision, their normalisation in the heads, and the chart."""
    field = st.restored(record.weights("field"), periods=(1.0, None, None))
    factors = field.scale().detach()[:, None, None]
    weights = {k: v for k, v in field.state_dict().items() if k not in ("_points", "_weights")}
    for name in ("head_out", "head_out_bias"):
        weights[name] = weights[name] * factors
    start = equation.frame_time * (equation.frames - equation.kept)
    chart = torch.tensor([record.metrics["chart_scale"], [0.0, start, 0.0]], dtype=torch.float64)
    return {k: v.float() for k, v in weights.items()} | {"chart": chart}


if __name__ == "__main__":
    main()
