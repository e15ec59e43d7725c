"""The ablations of the learning of PDE symmetries: what they want, change and count."""

from dataclasses import asdict, replace

import jaxtyping
import pytest
import torch

from symtutor import EQUATIONS, Quadrature, Runtime, experiments, generator
from symtutor.experiments import ablations, pde_objective
from symtutor.experiments import pde_symmetry as pde
from symtutor.experiments.ablation_config import Ablation
from symtutor.experiments.pde_judge import U_TRANSLATION, known_field, scores
from symtutor.fields import Combined

NAMES = ("derivative", "lipschitz", "scale", "weights")
ALL = {name: experiments.get(f"ablation-{name}") for name in NAMES}
AXES = {
    "derivative": {"method": {"weno", "bilinear", "total"}},
    "lipschitz": {"tau": {1, 2, 3, 4, 8, 16, 32}},
    "scale": {"sigma": {0.1, 0.2, 0.4, 0.6, 0.8}},
    "weights": {name: {1, 3, 10} for name in ("w_validity", "w_ortho", "w_lipschitz")},
}
KS = EQUATIONS["ks"]


@pytest.fixture(scope="module")
def data():
    return pde.sample(ALL["weights"].presets["quick"], "train", 2, Runtime())


@pytest.fixture(scope="module")
def judge(data):
    return Quadrature(torch.rand(1000, 3, generator=generator(0, "points")).double())


def fields_of(data, judge, extra=()):
    """The generators of KS, and others, of unit norm in the chart."""
    generators = dict(KS.algebra) | dict(extra)
    return known_field(generators, data.chart(), judge)


def mixed(field, rows):
    """Combinations of the fields of a table, in other proportions than those of any basis."""
    return Combined(field, torch.tensor(rows).double())


def test_a_rotated_basis_is_found_whole(data, judge):
    true = fields_of(data, judge)
    rows = [[1.0, 2.0, 0.5], [-1.0, 1.0, 2.0], [0.3, -1.0, 3.0], [1.0, 1.0, 1.0]]
    angles = ablations.span_angles(mixed(true, rows), true, judge)
    assert len(angles) == 3 and max(angles) < 1e-3 and ablations.found(angles) == 3


def test_a_missing_generator_is_missed_wherever_the_others_stand(data, judge):
    """Two of three, beside a warp and a shift of u that is 30 degrees from the boost."""
    warp = {"warp": ((0, 1.0, (("sin", 0, 2 * torch.pi / KS.length),)),)}
    table = fields_of(data, judge, {**warp, **U_TRANSLATION})
    true = fields_of(data, judge)
    assert list(KS.algebra)[:2] == ["x-translation", "t-translation"]
    rows = [[0, 0, 0, 1.0, 0], [1.0, 1.0, 0, 0, 0], [0, 0, 0, 0.5, 1.0], [1.0, -1.0, 0, 0, 0]]
    angles = ablations.span_angles(mixed(table, rows), true, judge)
    assert max(angles[:2]) < 1e-3 and 15 < angles[2] <= 90
    assert ablations.found(angles) == 2


def test_two_copies_of_a_field_are_one_direction(data, judge):
    """A difference of 1 %, scaled up, would be the boost."""
    true = fields_of(data, judge)
    rows = [[1.0, 0, 0], [1.0, 0, 0.01], [0, 1.0, 0], [0, 1.0, 0]]
    assert ablations.directions(mixed(true, rows), judge).shape[1] == 2
    angles = ablations.span_angles(mixed(true, rows), true, judge)
    assert ablations.found(angles) == 2 and angles[2] == 90
    apart = [[1.0, 0, 0], [1.0, 0, -0.9], [0, 1.0, 0], [0, 1.0, 0]]
    assert ablations.found(ablations.span_angles(mixed(true, apart), true, judge)) == 3


def test_the_threshold_lies_between_what_is_learned_and_what_is_not(data, judge):
    true, shift = fields_of(data, judge), known_field(U_TRANSLATION, data.chart(), judge)
    cloud = pde.cloud(data, data.chart(), generator(0, "judge"))
    angle = ablations.span_angles(shift, true, cloud)[0]
    assert 25 < angle < 35 and ablations.found([angle]) == 0
    assert ablations.found([9.9, 10.1]) == 1


@pytest.mark.parametrize("name", NAMES)
def test_every_wanted_point_is_valid_and_the_grid_is_whole(name):
    experiment, axes = ALL[name], AXES[name]
    size = 1
    for values in axes.values():
        size *= len(values)
    for preset in ("laptop", "paper"):
        points = [w for w in experiment.wanted if w.preset == preset]
        configs = [experiment.config(preset, **w.overrides) for w in points]
        assert len(configs) == size == len({tuple(asdict(c).values()) for c in configs})
        for axis, values in axes.items():
            assert {getattr(c, axis) for c in configs} == values
        for w, config in zip(points, configs, strict=True):
            assert experiment.overrides(config, preset) == dict(w.overrides)
            assert config.equation == "ks" and not config.solve and w.seeds


def test_the_paper_preset_is_the_published_training_with_penalties_on_whole_solutions():
    published = asdict(experiments.get("pde-symmetry").presets["paper"])
    for name, experiment in ALL.items():
        own = asdict(experiment.presets["paper"])
        differs = {key for key, value in published.items() if own[key] != value}
        assert differs - {"equation", "sigma_start"} == (
            {"precision"} if name == "derivative" else set()
        )
        assert (own["every_frame"], own["every_column"]) == (1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_quick_runs_and_counts(name, monkeypatch):
    methods = []

    def scored(*args):
        methods.append(args[-1])
        return {}

    monkeypatch.setattr(ablations, "scores", scored)
    config = ALL[name].presets["quick"]
    found = ALL[name].run(config, Runtime()).metrics
    assert len(found["span_angles"].value) == 3 and methods == [
        ("total", "weno", "bilinear", "infinitesimal")
    ]
    assert found["found"].value == ablations.found(found["span_angles"].value)
    assert found["found_first"].value == ablations.found(found["angles"].value)
    assert found["found"].value < 3  # two steps


@pytest.mark.parametrize("method", ["weno", "bilinear", "total"])
def test_a_step_of_every_derivative_moves_every_weight(data, method):
    config = replace(ALL["derivative"].presets["quick"], method=method, sobolev_part=1.0, tau=0.0)
    field = pde.network(config, data, data.chart())
    before = {name: p.detach().clone() for name, p in field.named_parameters()}
    pde.learn(config, Runtime(), field, data, data.chart())
    assert all(not torch.equal(p, before[name]) for name, p in field.named_parameters())


def test_the_chosen_derivative_judges_the_moved_patch(data, monkeypatch):
    seen, original = [], pde_objective.moved_residual

    def watched(*args, **options):
        seen.append(options["method"])
        return original(*args, **options)

    monkeypatch.setattr(pde_objective, "moved_residual", watched)
    for method in ("weno", "bilinear", "total"):
        config = replace(ALL["derivative"].presets["quick"], method=method, steps=1)
        pde.learn(config, Runtime(), pde.network(config, data, data.chart()), data, data.chart())
    assert seen == ["weno", "bilinear", "total"]


def test_scores_of_bilinear_resampling_are_told_too(data, judge):
    true = fields_of(data, judge)
    found = scores(true, data.take(1), data.chart(), judge, 0.1, ("bilinear",))
    assert set(found) == {"score_bilinear", "floor_bilinear", "contrast_bilinear"}
    assert max(found["score_bilinear"].value) < found["contrast_bilinear"].value - 2


def test_penalties_see_the_whole_solution_thinned(data):
    config = replace(ALL["weights"].presets["laptop"], batch=1, trajectories=2)
    grid = pde.draw_batch(config, data, data.chart(), 0, generator(0, "batch"))[2]
    assert grid.shape == (14, 64, 3) and grid.dtype == torch.float32
    assert torch.allclose(grid[0, :, 0], torch.arange(64) / 64)
    times = data.chart().inward(data.points()[0, ::10, 0])[:, 1].float()
    assert torch.allclose(grid[:, 0, 1], times) and times.max() - times.min() > 0.9
    u = data.points()[:, ::10, ::4, 2] * data.chart().scale[2]
    assert any(torch.allclose(grid[..., 2], v.float(), atol=1e-5) for v in u)


def test_a_scale_below_the_first_one_is_not_exceeded(data):
    config = replace(ALL["scale"].presets["laptop"], batch=1, sigma=0.1)
    assert config.first_sigma == 0.1 and replace(config, sigma_start=0.02).first_sigma == 0.02
    for k in range(30):
        s = pde.draw_batch(config, data, data.chart(), 0, generator(k, "batch"))[1]
        assert s.abs().max() <= 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"solve": True, "method": "infinitesimal", "head": 0, "precision": "float64"},
            "solve=False",
        ),
        ({"every_frame": 50}, "at least 4 frames"),
        ({"every_column": 3}, "divisor of 256"),
        ({"every_column": 0}, "every_column must be finite and at least 1"),
        ({"method": "total"}, "float64"),
    ],
)
def test_settings_that_mean_nothing_are_refused(change, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=message):
        replace(ALL["weights"].presets["laptop"], **change)
    assert isinstance(ALL["weights"].presets["laptop"], Ablation)
