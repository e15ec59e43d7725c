"""The recorded spectra of equations: angles and defects computed anew from their fields."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from symtutor import (
    EQUATIONS,
    LibraryField,
    Quadrature,
    draw_snapshots,
    experiments,
    field_angles,
    infinitesimal_residual,
    simulate,
)
from symtutor.experiments.spectrum_pde import size_of, terms_of
from symtutor.fields import Charted
from symtutor.records.library import results_root

SPECTRUM = experiments.get("spectrum-pde")
RECORDS = sorted((results_root() / "spectrum-pde").rglob("*.json"))


def restored(path):
    content = json.loads(path.read_text())
    config = replace(SPECTRUM.presets["laptop"], **content["config"])
    weights = load_file(path.with_suffix(".safetensors"))
    return config, content["metrics"], weights


def fields(config, weights, count):
    return LibraryField(terms_of(config), weights["fields"][:count], names="xtu").double()


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: "/".join(path.parts[-2:]))
def test_the_recorded_fields_span_the_algebra_recorded(path):
    config, metrics, weights = restored(path)
    data_like = torch.rand(4096, 3, generator=torch.Generator().manual_seed(0)).double()
    equation = EQUATIONS[config.equation]
    late = equation.duration * (0.4 + 0.6 * data_like[:, 1])
    points = torch.stack([equation.length * data_like[:, 0], late, data_like[:, 2] - 0.5], dim=1)
    truth = LibraryField.from_generators(config.target).double()
    found = fields(config, weights, len(config.target))
    angle = field_angles(found, truth, Quadrature(points)).max().rad2deg().item()
    if config.special or config.equation not in ("nkdv", "ckdv"):
        assert metrics["count"]["value"] == len(config.target)
        assert metrics["gap"]["value"] > 1e3
        assert metrics["angle_deg"]["value"] < 0.1
        assert angle < 1e-3  # other points than the record's: another norm, the same span
    else:
        assert metrics["angle_deg"]["value"] > 1e-3
        assert angle > 1e-3


def test_recorded_values_are_those_of_the_recorded_fields():
    paths = [p for p in RECORDS if "equation=burgers/" in p.as_posix()]
    assert paths or not RECORDS
    for path in paths:
        config, metrics, weights = restored(path)
        data = simulate(EQUATIONS["burgers"], config.trajectories, seed=config.seed)
        rows, chart = draw_snapshots(data, config.snapshots, config.seed), data.chart()
        found = Charted(fields(config, weights, 12), chart)
        left = infinitesimal_residual(found, rows, chart).square().mean((1, 2)).sqrt()
        values = torch.tensor(metrics["sqrt_eigenvalues"]["value"], dtype=torch.float64)
        assert torch.allclose(left / size_of(rows), values, rtol=1e-3, atol=1e-9)
