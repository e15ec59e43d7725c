"""The colour experiment: its parts in closed form, a quick run, and a run taken up again."""

import math
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
    feature_angle,
    generator,
    load_images,
)
from symtutor.colours import IMAGENET, act_on_colours
from symtutor.experiments import colour_objective as objective
from symtutor.experiments import colour_symmetry as colour
from symtutor.models.extractors import untrained

COLOUR = experiments.get("colour-symmetry")
TINY = replace(
    COLOUR.presets["quick"],
    colours=64,
    width=16,
    head=4,
    steps=6,
    batch=4,
    sensitivity=16,
    judged=8,
    lattice=5,
)


@pytest.fixture(scope="module")
def pictures():
    return load_images("cifar10", "train", source="sample")


@pytest.fixture(scope="module")
def model(pictures):
    return untrained("small", pictures.pixels[:256])


@pytest.fixture
def ready(monkeypatch, model):
    """Runs that need no file of weights."""
    monkeypatch.setattr(colour, "extractor_for", lambda *_: model)


@pytest.fixture(scope="module")
def grey():
    """Colours spread equally in all directions about the mean."""
    points = torch.randn(4000, 3, generator=generator(0, "colours"))
    return Quadrature(torch.cat([points, -points]))


# --- colours and names


def test_sampled_colours_are_those_of_pixels(pictures):
    pixels = pictures.pixels[:20]
    colours = objective.sample_colours(pixels, 300, generator(0, "colours"))
    back = IMAGENET.outward(colours) * 255
    noise = objective.JITTER / torch.tensor(IMAGENET.scale) * 255
    assert ((back - back.round()).abs() < 5 * noise).all() and (noise < 0.1).all()
    known = set(map(tuple, pixels.movedim(1, -1).reshape(-1, 3).tolist()))
    assert all(tuple(row) in known for row in back.round().int().tolist())
    assert len(set(map(tuple, back.round().int().tolist()))) > 200


def test_named_fields_are_what_they_are_called(grey):
    named = objective.named_fields(grey)
    assert named.labels == objective.NAMED and named.n == 9
    picture = torch.tensor([0.7, 0.4, 0.2]).reshape(1, 3, 1, 1)
    moved = act_on_colours(named, picture, 0.2, chart=IMAGENET, method="exact").data
    rgb = dict(zip(objective.NAMED, moved.reshape(9, 3), strict=True))
    seen = {name: IMAGENET.inward(row) for name, row in rgb.items()}
    start = IMAGENET.inward(picture.flatten())
    for name, channel in (("red", 0), ("green", 1), ("blue", 2)):
        change = seen[name] - start
        assert change[channel].item() == pytest.approx(0.2, abs=1e-5)
        assert change.abs().sum().item() == pytest.approx(0.2, abs=1e-4)
    assert (seen["brightness"] - start).std() < 1e-5 and (seen["brightness"] - start).mean() > 0.1
    assert torch.allclose(rgb["exposure"] / picture.flatten(), rgb["exposure"][:1] / 0.7)
    assert torch.allclose(seen["contrast"] / start, (seen["contrast"] / start)[:1].expand(3))
    assert seen["saturation"].mean() == pytest.approx(start.mean().item(), abs=1e-5)
    spread = (seen["saturation"] - seen["saturation"].mean()) / (start - start.mean())
    assert spread.min() > 1.1 and torch.allclose(spread, spread[:1].expand(3), rtol=1e-4)
    assert seen["hue"].norm().item() == pytest.approx(start.norm().item(), rel=1e-5)
    yellow = seen["blue-yellow"] - start
    assert yellow.sum().abs() < 1e-5 and yellow[0] == pytest.approx(yellow[1].item(), abs=1e-6)


# --- the judge


def test_brightness_and_contrast_are_recognised_and_a_wave_is_not_affine(grey):
    both = AffineField(
        torch.stack([torch.zeros(3, 3), torch.eye(3)]),
        torch.stack([-torch.ones(3), torch.zeros(3)]),
        quadrature=grey,
    )
    found = objective.judged(both, grey)
    overlap = torch.tensor(found["overlap"].value)
    names = objective.NAMED
    assert overlap[0, names.index("brightness")].item() == pytest.approx(1, abs=1e-5)
    assert overlap[1, names.index("contrast")].item() == pytest.approx(1, abs=1e-5)
    assert overlap[0, names.index("red")].item() == pytest.approx(1 / math.sqrt(3), abs=1e-5)
    assert overlap[0, names.index("blue-yellow")] < 1e-5
    assert overlap[1, names.index("saturation")].item() == pytest.approx(math.sqrt(2 / 3), abs=0.02)
    captured = dict(zip(names, found["captured"].value, strict=True))
    exposure = overlap[:, names.index("exposure")].norm().item()
    assert captured["exposure"] == pytest.approx(exposure, abs=1e-3) and captured["hue"] < 0.05
    assert found["affineness"].value == pytest.approx([1.0, 1.0], abs=1e-4)
    wave = objective.judged(objective.stirring(grey), grey)
    assert wave["affineness"].value[0] < 0.5


def test_a_field_is_scored_like_the_named_field_it_is(grey, model, pictures, monkeypatch):
    """Chart, sign of s and averages over parts: the slot is brightness, at +s and -s."""
    slot = AffineField(torch.zeros(1, 3, 3), torch.ones(1, 3), quadrature=grey)
    monkeypatch.setattr(objective, "PART", 4)
    pixels = pictures.pixels[:6]
    found = objective.scores(TINY, slot, grey, model, pixels)
    assert found["score"].value[0] == pytest.approx(found["score_named"].value[0], rel=1e-4)
    bright = pixels.float() / 255
    shift = 0.5 / math.sqrt(3) / torch.tensor(IMAGENET.scale).reshape(3, 1, 1)
    with torch.no_grad():
        still = model.features(bright)
        angles = [feature_angle(model.features(bright + d), still).mean() for d in (shift, -shift)]
    assert found["score"].value[0] == pytest.approx(sum(a.item() for a in angles) / 2, rel=1e-3)
    assert found["floor"].value == pytest.approx(0, abs=1e-6)
    assert found["contrast"].value > 0 and found["contrast"].unit == "radian"


# --- the objective


def test_each_term_sees_its_own_fault(grey, model, pictures):
    images = pictures.float()[:3]
    config = replace(TINY, precision="float32", tau=1.0)
    colours = Quadrature(grey.points[:200])

    def terms(matrix, shift, s=0.5, **change):
        field = AffineField(matrix, shift, quadrature=colours)
        loss = objective.objective(replace(config, **change), field, model, colours)
        return loss(images, torch.full((len(matrix),), s))

    flat = torch.zeros(2, 3, 3), torch.eye(3)[:2]
    good = terms(*flat)
    assert good.terms["orthonormality"] < 1e-5
    assert good.terms["lipschitz"] == 0 and good.terms["lipschitz_active"] == 0
    assert good.terms["validity"] > 0.01
    assert terms(*flat, s=0.0).terms["validity"] < 1e-3
    assert "validity" not in terms(*flat, control="no-validity").terms
    same = terms(torch.zeros(2, 3, 3), torch.eye(3)[[0, 0]])
    assert same.terms["orthonormality"] == pytest.approx(3 * math.pi / 2, rel=0.01)
    steep = terms(torch.eye(3).expand(2, 3, 3), flat[1], tau=0.01)
    assert steep.terms["lipschitz"] > 0 and steep.terms["lipschitz_active"] == 1
    parts = ("validity", "orthonormality", "lipschitz")
    assert steep.total.item() == pytest.approx(sum(steep.terms[p].item() for p in parts), rel=1e-5)


def test_the_lipschitz_term_is_the_published_one_where_neighbours_are_equally_far(
    model, monkeypatch
):
    """On the corners of a tetrahedron, with three neighbours each."""
    monkeypatch.setattr(objective, "NEIGHBOURS", 3)
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    quadrature = Quadrature(corners)
    field = AffineField(torch.eye(3)[None], torch.zeros(1, 3), quadrature=quadrature)
    settings = replace(TINY, control="no-validity", tau=0.25, w_lipschitz=2.0)
    loss = objective.objective(settings, field, model, quadrature)
    found = loss(torch.rand(1, 3, 32, 32), torch.zeros(1)).terms["lipschitz"].item()
    published = 4 * 3 * (math.sqrt(8) / math.sqrt(3) - 0.25) / 4
    assert found == pytest.approx(2 * published, rel=1e-5)


def test_the_angles_are_those_of_the_recoloured_pictures(grey, model, pictures):
    field = AffineField(torch.zeros(2, 3, 3), torch.eye(3)[1:], quadrature=grey)
    images, s = pictures.float()[:3], torch.tensor([0.4, -0.7])
    found = objective.turned(replace(TINY, precision="float32"), field, model, images, s)
    for slot in range(2):
        moved = act_on_colours(field, images, s[slot].item(), chart=IMAGENET).data[slot]
        expected = feature_angle(model.features(moved), model.features(images))
        assert torch.allclose(found[slot], expected, atol=1e-4)


# --- the run


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("control", "placebo", "control is one of none, untrained, shuffled-labels, no-validity"),
        ("architecture", "vgg", "architecture is one of"),
        ("data", "imagenet", "data is one of"),
        ("precision", "int8", "precision is one of"),
        ("seed", -1, "seed must be finite and at least 0"),
        ("lattice", 1, "lattice must be finite and at least 2"),
        ("colours", 19, "colours must be finite and at least 20"),
        ("sigma", 0.0, "sigma must be finite and positive"),
        ("w_ortho", math.nan, "w_ortho must be finite and at least 0"),
    ],
)
def test_a_configuration_out_of_range_cannot_be_made(field, value, told, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=told):
        COLOUR.config("quick", **{field: value})


def test_a_quick_run_measures_everything(ready):
    result = COLOUR.run(TINY, Runtime())
    metrics = {key: metric.value for key, metric in result.metrics.items()}
    shape = torch.tensor(metrics["overlap"]).shape
    assert shape == (3, len(objective.NAMED)) == torch.tensor(metrics["overlap_before"]).shape
    for name in ("overlap", "captured", "affineness"):
        values = torch.tensor(metrics[name])
        assert values.min() >= 0 and values.max() <= 1
    gram = torch.tensor(metrics["gram"])
    assert torch.allclose(gram.diagonal(), torch.ones(3), atol=1e-5)
    assert len(metrics["score"]) == 3 and 0 <= metrics["lipschitz_active"] <= 1
    field = MLPField(3, 3, width=16, head=4, quadrature=Quadrature(torch.zeros(64, 3)))
    stored = {k.removeprefix("field/"): v for k, v in result.tensors.items() if "field/" in k}
    field.load_state_dict(stored)
    again = objective.judged(field, Quadrature(result.tensors["colours"], result.tensors["omega"]))
    assert torch.allclose(torch.tensor(again["gram"].value), gram, atol=1e-5)
    assert result.tensors["omega"].sum().item() == pytest.approx(1, abs=1e-5)
    assert result.tensors["omega"].min() >= 0
    assert list(result.data) == ["train (sample)", "test (sample)"]


def test_a_run_depends_on_its_seed_alone(ready):
    config = replace(TINY, steps=2)
    torch.manual_seed(1)
    first = COLOUR.run(config, Runtime())
    torch.manual_seed(2)
    again = COLOUR.run(config, Runtime())
    other = COLOUR.run(replace(config, seed=1), Runtime())
    assert first.metrics == again.metrics
    assert all(tensor.equal(again.tensors[key]) for key, tensor in first.tensors.items())
    assert not other.tensors["colours"].equal(first.tensors["colours"])


def test_a_run_that_was_stopped_ends_like_an_unbroken_one(ready, tmp_path):
    whole = COLOUR.run(TINY, Runtime())
    with pytest.raises(StoppedError):
        COLOUR.run(TINY, Runtime(folder=tmp_path, max_seconds=0.0))
    taken_up = COLOUR.run(TINY, Runtime(folder=tmp_path))
    assert taken_up.trainings["field"].sessions == (0, 1)
    assert all(tensor.equal(taken_up.tensors[key]) for key, tensor in whole.tensors.items())
    assert taken_up.metrics == whole.metrics


def test_training_lowers_the_angles_and_takes_the_slots_apart(ready):
    """With random features too: what is learned here is to move colours that they ignore."""
    config = replace(TINY, steps=60, batch=16, width=32, learning_rate=5e-3, lattice=5)
    history = COLOUR.run(config, Runtime()).trainings["field"].history
    first, last = history.values[:10].mean(0), history.values[-10:].mean(0)
    before, after = (dict(zip(history.names, row.tolist(), strict=True)) for row in (first, last))
    assert after["orthonormality"] < 0.5 * before["orthonormality"]
    assert after["loss"] < 0.7 * before["loss"]


def test_without_validity_no_picture_is_looked_at(ready, monkeypatch):
    monkeypatch.setattr(objective, "turned", lambda *_: pytest.fail("looked at pictures"))
    result = COLOUR.run(replace(TINY, control="no-validity", steps=2), Runtime())
    assert "validity" not in result.trainings["field"].history.names
    assert len(result.metrics["score"].value) == 3
