"""The image experiment: its parts in closed form, its controls, a run taken up, its records."""

from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import (
    AffineField,
    MLPField,
    Quadrature,
    Runtime,
    StoppedError,
    experiments,
    flow,
    generator,
    grid_quadrature,
    load_extractor,
    load_images,
    pixel_grid,
    restored,
)
from symtutor.experiments import cifar_objective as objective
from symtutor.experiments import cifar_symmetry as cifar
from symtutor.experiments.cifar_data import CONTROLS, extractor_for
from symtutor.models.extractors import untrained
from symtutor.records import library, store

CIFAR = experiments.get("cifar-symmetry")
TINY = replace(
    CIFAR.presets["quick"],
    slots=3,
    width=16,
    head=4,
    steps=6,
    batch=4,
    sensitivity=16,
    judged=8,
    nodes=8,
)
MADE = [path for _, path in library.wanted(["cifar-symmetry"]) if path.exists()]
SQUARE = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])


@pytest.fixture(scope="module")
def model():
    return untrained("small", load_images("cifar10", source="sample").pixels[:256])


@pytest.fixture
def ready(monkeypatch, model):
    """Runs that need no file of weights."""
    monkeypatch.setattr(cifar, "extractor_for", lambda *_: model)


def test_the_neighbours_are_the_published_edges():
    table = objective.four_neighbours(32)
    own = torch.arange(1024)[:, None]
    assert table.shape == (1024, 4)
    assert (table != own).sum() == 2 * 1984  # every edge from both ends
    rows, columns = table // 32 - own // 32, table % 32 - own % 32
    assert (rows.abs() + columns.abs()).max() == 1


def test_the_lipschitz_term_is_the_published_sum(model):
    config = replace(TINY, control="no-validity", tau=0.02 / (2 / 31), w_lipschitz=1.0)
    field = AffineField.named("L1", "L3", "L5-L6", quadrature=SQUARE)
    values = field(SQUARE.points).unflatten(0, (32, 32))
    across = (values[:, 1:] - values[:, :-1]).norm(dim=-1)
    down = (values[1:] - values[:-1]).norm(dim=-1)
    published = sum((steps - 0.02).clamp(min=0).sum() for steps in (across, down))
    terms = objective.objective(config, field, model, SQUARE)(torch.zeros(1), torch.zeros(3)).terms
    assert published > 0.1
    assert torch.allclose(terms["lipschitz"], published, rtol=1e-4)
    assert set(terms) == {"orthonormality", "lipschitz"}


@pytest.mark.parametrize("nodes", [0, 8])
def test_every_slot_goes_along_its_own_flow_by_its_own_s(nodes):
    field, s = AffineField.named("L1", "L3", "L5-L6"), torch.tensor([0.4, -0.3, 0.2])
    moved = objective.moved_grid(field, s, nodes, 4)
    grid = pixel_grid(32, 32)
    for slot in range(3):
        exact = flow(field, grid, s[slot].item(), method="exact")[..., slot, :]
        assert torch.allclose(moved[slot], exact, atol=1e-4)


def test_nodes_agree_with_moving_every_pixel():
    field, s = MLPField(2, 4, width=32, quadrature=SQUARE), torch.tensor([0.4, -0.4, 0.1, 0.0])
    apart = objective.moved_grid(field, s, 16, 4) - objective.moved_grid(field, s, 0, 4)
    assert apart.abs().max() < 2e-5


def test_a_slot_at_s_0_turns_nothing_and_others_do(model):
    field = AffineField.named("L1", "L2", "L3", quadrature=SQUARE)
    images = load_images("cifar10", source="sample").float()[:4]
    config = replace(TINY, precision="float32", nodes=0)
    angles = objective.turned(config, field, model, images, torch.tensor([0.0, 0.3, 0.3]))
    assert angles.shape == (3, 4)
    assert angles[0].max() < 1e-3 < angles[1:].min()


def test_affine_fields_are_affine_and_waves_are_not():
    affine = AffineField.named("L2", "L1", "L4", "L3", "L6", "L5", quadrature=SQUARE)
    found = {name: metric.value for name, metric in objective.judged(affine, SQUARE).items()}
    assert found["affineness"] == pytest.approx([1.0] * 6)
    assert max(found["angles"]) < 0.1
    assert torch.tensor(found["components"])[0, 1] == pytest.approx(1.0)
    waves = objective.judged(objective.Wavy(SQUARE), SQUARE)
    assert waves["affineness"].value[0] < 0.2
    assert waves["gram"].value == [[pytest.approx(1.0)]]


def test_two_equal_slots_do_not_pass_for_two_generators():
    """Their affine-ness is 1 each; the angles between the spans tell."""
    field = AffineField.named("L1", "L1", "L2", "L3", "L4", "L5", quadrature=SQUARE)
    found = objective.judged(field, SQUARE)
    assert found["affineness"].value == pytest.approx([1.0] * 6)
    assert found["gram"].value[0][1] == pytest.approx(1.0)


def test_scores_have_a_floor_near_zero_and_a_contrast_above():
    test = load_images("cifar10", "test", source="sample").pixels[:8]
    still = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2))
    found = objective.scores(still, SQUARE, load_extractor(), test, 0.2)
    assert found["score"].value[0] < 1e-5 and found["floor"].value < 1e-5
    assert found["contrast"].value > max(found["score_affine"].value) > 0.01


def test_the_pixel_weights_sum_to_one_and_favour_the_middle():
    pictures = load_images("cifar10", source="sample").pixels[:128]
    model = extractor_for("small", "none", load_images("cifar10", source="sample"), 0)
    weights = objective.pixel_weights(pictures, model, generator(0, "w"))
    omega = weights.omega.reshape(32, 32)
    assert omega.sum() == pytest.approx(1.0, rel=1e-5)
    assert omega[8:24, 8:24].mean() > 2 * omega[:, 0].mean()


def test_the_controls_have_other_extractors():
    pictures = load_images("cifar10", source="sample")
    f = pictures.float()[:2]
    none, bare, dealt, same = (
        extractor_for("small", control, pictures, 0).features(f) for control in CONTROLS
    )
    assert torch.equal(none, same)
    assert not torch.allclose(none, bare) and not torch.allclose(none, dealt)


def test_a_quick_run_finds_numbers_for_every_slot(ready):
    found = CIFAR.run(TINY, Runtime())
    assert len(found.metrics["affineness"].value) == 3
    assert all(0 <= value <= 1 for value in found.metrics["affineness"].value)
    assert found.tensors["omega"].shape == (32, 32)
    again = restored({k[6:]: v for k, v in found.tensors.items() if k.startswith("field/")})
    weights = Quadrature(pixel_grid(32, 32).reshape(-1, 2), found.tensors["omega"].flatten())
    affineness = objective.judged(again, weights)["affineness"].value
    assert affineness == pytest.approx(found.metrics["affineness"].value, abs=1e-5)
    columns = found.trainings["field"].history.names
    assert columns[:4] == ("loss", "validity", "orthonormality", "lipschitz")


def test_a_run_broken_off_ends_where_an_unbroken_one_does(ready, tmp_path):
    whole = CIFAR.run(TINY, Runtime())
    with pytest.raises(StoppedError):
        CIFAR.run(TINY, Runtime(folder=tmp_path, max_seconds=0))
    broken = CIFAR.run(TINY, Runtime(folder=tmp_path))
    assert broken.trainings["field"].sessions[-1] > 0
    for name, tensor in whole.tensors.items():
        assert torch.equal(tensor, broken.tensors[name]), name


@pytest.mark.parametrize(
    "wrong",
    [
        {"control": "nothing"},
        {"architecture": "vgg"},
        {"nodes": 1},
        {"slots": 0},
        {"sigma": 0.0},
        {"precision": "float64"},
        {"learning_rate": float("nan")},
    ],
)
def test_senseless_settings_are_refused_by_name(wrong, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        replace(TINY, **wrong)


@pytest.mark.parametrize("path", MADE, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_metrics_of_a_committed_record_follow_from_its_weights(path):
    found = store.read(path)
    field = restored(found.weights("field"))
    weights = Quadrature(pixel_grid(32, 32).reshape(-1, 2), found.tensors["omega"].flatten())
    for name, metric in objective.judged(field, weights).items():
        tolerance = 0.1 if name == "angles" else 1e-4
        expected = torch.tensor(found.metrics[name])
        assert torch.allclose(torch.tensor(metric.value), expected, atol=tolerance), name
    active = (found.history("field").column("lipschitz") > 0).double().mean().item()
    assert active == pytest.approx(found.metrics["lipschitz_active"])
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40
