"""The committed records of pde-symmetry: their angles follow from their weights and their data."""

from functools import cache

import pytest
import torch

from symtutor import Chart, Runtime, experiments, generator
from symtutor.experiments import pde_judge as judge
from symtutor.experiments import pde_symmetry as pde
from symtutor.records import library, store

PDE = experiments.get("pde-symmetry")
FIRST = [path for _, path in library.wanted(["pde-symmetry"]) if path.stem == "seed0"]
MADE = [path for path in FIRST if path.exists()]


@cache
def judging_solutions(equation):
    """The same up to rounding, which differs by processor."""
    return pde.sample(PDE.config("laptop", equation=equation), "test", 16, Runtime())


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.parent.name[:40])
def test_angles_of_a_committed_record_follow_from_its_weights_and_solutions(path):
    found = store.read(path)
    config = PDE.config(found.content["preset"], **found.content["overrides"])
    data = judging_solutions(config.equation)
    chart = Chart(tuple(found.metrics["chart_scale"]), data.chart().origin)
    points = pde.cloud(data, chart, generator(config.seed, "judge"))
    field = pde.network(config, data, chart).double()  # its sample matters for the norms alone
    untrained = judge.angles(field, data.equation, chart, points)
    assert untrained == pytest.approx(found.metrics["angles_before"], abs=1e-4)
    field.load_state_dict(found.weights("field"))
    again = judge.judged(field, data.equation, chart, points)
    assert again["angles"].value == pytest.approx(found.metrics["angles"], rel=1e-3, abs=1e-6)
    components, recorded = again["inner_products"].value, found.metrics["inner_products"]
    assert torch.allclose(torch.tensor(components), torch.tensor(recorded), atol=1e-5)
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40
