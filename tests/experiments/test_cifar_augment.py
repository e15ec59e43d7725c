"""The four arms: equal but for their augmentation, and the test pictures untouched."""

from dataclasses import replace

import pytest
import torch

from symtutor import (
    History,
    MismatchError,
    MLPField,
    Quadrature,
    Runtime,
    StoppedError,
    Trained,
    experiments,
    grid_quadrature,
)
from symtutor.experiments import cifar_augment as augment
from symtutor.experiments.augment_config import ARMS
from symtutor.experiments.cifar_data import cifar10

AUGMENT = experiments.get("cifar-augment")
TINY = replace(
    AUGMENT.presets["quick"],
    pictures=48,
    held_out=40,
    batch=16,
    epochs=1,
    scales=(0.1, 0.4),
    precision="float32",
)
SQUARE = grid_quadrature([(-1, 1), (-1, 1)], [16, 16])
CENTRE = Quadrature(SQUARE.points, torch.exp(-2.5 * SQUARE.points.square().sum(-1)))
FIELD = MLPField(2, 10, width=16, quadrature=CENTRE)


@pytest.fixture(autouse=True)
def field(monkeypatch):
    """A field that is there whatever the package ships."""
    monkeypatch.setattr(augment, "load_field", lambda: FIELD)


@pytest.fixture
def few(monkeypatch):
    """A hundred training and forty test pictures."""
    found = {split: cifar10("sample", split) for split in ("train", "test")}
    count = {"train": 100, "test": 40}
    few = {s: augment.taken(found[s], torch.arange(n) * 10) for s, n in count.items()}
    monkeypatch.setattr(augment, "cifar10", lambda data, split: few[split])
    return few


@pytest.fixture
def watched(monkeypatch):
    """What each training starts from and sees first, by name, without training."""
    seen = {}

    def look(loss, batch, optimizer, modules, *, name, **options):
        weights = {k: v.clone() for k, v in modules["model"].state_dict().items()}
        seen[name] = (weights, *batch(0), options)
        return Trained(History(("loss",), torch.zeros(1, 1), 1), 0.0, 0.0, (0,), None, False)

    monkeypatch.setattr(augment, "train", look)
    return seen


def rows(images):
    return {picture.numpy().tobytes() for picture in images.pixels}


def test_quick_learns_in_every_arm():
    result = AUGMENT.run(AUGMENT.presets["quick"], Runtime())
    for arm in ARMS:
        assert result.metrics[f"train_accuracy_{arm}"].value > 15  # chance is 10
        assert 10 < result.metrics[f"test_accuracy_{arm}"].value < 60
    for training in result.trainings.values():
        history = training.history.column("cross_entropy")
        assert history[-4:].mean() < history[:4].mean()


def test_a_run_says_what_was_searched_chosen_and_reached(few):
    result = AUGMENT.run(TINY, Runtime())
    metrics = {name: metric.value for name, metric in result.metrics.items()}
    for arm in ("affine", "learned"):
        found = metrics[f"validation_{arm}"]
        assert len(found) == 2
        assert metrics[f"scale_{arm}"] == TINY.scales[found.index(max(found))]
    search = {f"{arm}-{s}" for arm in ("affine", "learned") for s in ("0.1", "0.4")}
    assert result.trainings.keys() == search | {"none", "crop"}
    assert result.data.keys() == {"train (sample)", "test (sample)", "field"}
    again = AUGMENT.run(TINY, Runtime()).metrics
    assert again == result.metrics
    assert AUGMENT.run(replace(TINY, seed=1), Runtime()).metrics != result.metrics


def test_of_equally_good_scales_the_smallest_is_taken(few, watched, monkeypatch):
    monkeypatch.setattr(augment, "accuracy", lambda *_: 0.5)
    assert AUGMENT.run(TINY, Runtime()).metrics["scale_affine"].value == 0.1


@pytest.mark.parametrize("pictures", [48, 0])
def test_the_best_scale_counts_and_is_trained_again_only_on_more_pictures(
    pictures, few, watched, monkeypatch
):
    reached, seen = iter([0.2, 0.3, 0.4, 0.1]), {}
    config = replace(TINY, pictures=pictures, held_out=36)

    def judged(model, images):
        seen.setdefault(len(images), []).append(model)
        return next(reached) if len(images) == 36 else 0.5

    monkeypatch.setattr(augment, "accuracy", judged)
    found = AUGMENT.run(config, Runtime()).metrics
    assert (found["scale_affine"].value, found["scale_learned"].value) == (0.4, 0.1)
    assert found["validation_affine"].value == pytest.approx([20, 30])
    tried, tested = seen[36], seen[40]
    assert len(tried) == len(tested) == 4
    if pictures:
        assert tested[2] is tried[1] and tested[3] is tried[2]
        assert len(watched) == 6
    else:
        assert all(model is not other for model in tested for other in tried)
        assert len(watched) == 8 and set(ARMS) <= watched.keys()


def test_a_single_scale_is_not_searched(few, watched, monkeypatch):
    monkeypatch.setattr(augment, "accuracy", lambda *_: 0.5)
    found = AUGMENT.run(replace(TINY, scales=(0.2,)), Runtime()).metrics
    assert watched.keys() == set(ARMS)
    assert found["scale_learned"].value == 0.2
    assert not any(name.startswith("validation") for name in found)


def test_scales_are_judged_on_held_out_pictures_and_test_pictures_only_at_the_end(
    few, watched, monkeypatch
):
    judged = []

    def look(model, images):
        judged.append(images)
        return 0.5

    monkeypatch.setattr(augment, "accuracy", look)
    AUGMENT.run(TINY, Runtime())
    parts = augment.split(TINY, few["train"])
    ends = [rows(few["test"]), rows(parts.train)]
    search = [rows(parts.held_out)] * 2
    assert [rows(images) for images in judged] == [*ends, *ends, *search, *ends, *search, *ends]


@pytest.mark.parametrize("pictures", [0, 300])
def test_held_out_training_and_test_pictures_are_disjoint(pictures):
    images = cifar10("sample", "train")
    config = replace(TINY, pictures=pictures, held_out=200)
    search, held_out, train = augment.split(config, images)
    assert len(held_out) == len(rows(held_out)) == 200
    assert not rows(search) & rows(held_out)
    test = rows(cifar10("sample", "test"))
    assert not (rows(search) | rows(held_out) | rows(train)) & test
    if pictures:
        assert len(search) == 300 and rows(train) == rows(search)
    else:
        assert len(search) == len(images) - 200 and rows(train) == rows(images)
    other = augment.split(replace(config, seed=1), images)
    assert rows(other.held_out) != rows(held_out)
    known = labelled(images)
    assert labelled(held_out).items() <= known.items()


def labelled(images):
    named = zip(images.pixels, images.labels.tolist(), strict=True)
    return {picture.numpy().tobytes(): label for picture, label in named}


def test_arms_start_equal_and_see_the_same_pictures_in_their_own_way(few, watched, monkeypatch):
    monkeypatch.setattr(augment, "accuracy", lambda *_: 0.5)
    AUGMENT.run(TINY, Runtime())
    weights, plain, labels, _ = watched["none"]
    assert len(watched) == 6
    for other, pixels, same, _ in watched.values():
        assert all(torch.equal(other[key], value) for key, value in weights.items())
        assert torch.equal(same, labels)
        assert pixels.shape == plain.shape and pixels.min() >= 0 and pixels.max() <= 1
    arms = [found[1] for found in watched.values()]
    assert all(not torch.equal(a, b) for i, a in enumerate(arms) for b in arms[:i])
    known = rows(few["train"])
    pictures = (255 * plain).round().to(torch.uint8)
    as_they_are = [picture.numpy().tobytes() in known for picture in pictures]
    mirrored = [picture.numpy().tobytes() in known for picture in pictures.flip(-1)]
    assert all(a or b for a, b in zip(as_they_are, mirrored, strict=True))
    assert any(as_they_are) and any(mirrored)


def test_both_arms_have_unit_norm_on_the_quadrature_of_the_learned_one():
    setting = augment.Setting(TINY, Runtime(), FIELD)
    random = torch.Generator()
    for arm in ("affine", "learned"):
        moves = augment.augmentation(setting, arm, 0.3, random)
        assert moves.generator is random and moves.scale == 0.3 and moves.n == 6
        matrices = getattr(moves, "matrices", None)
        if matrices is not None:
            z = CENTRE.points
            values = torch.einsum("nde,qe->qnd", matrices[:, :2, :2], z) + matrices[:, :2, 2]
            norms = (CENTRE.omega @ values.square().sum(-1)).sqrt()
            assert torch.allclose(norms, torch.ones(6), atol=1e-5)
    assert augment.augmentation(setting, "none", 0.3, random) is None
    assert augment.augmentation(setting, "crop", 0.3, random) is None


def test_a_run_stopped_after_every_step_ends_like_an_unbroken_one(few, tmp_path):
    whole = AUGMENT.run(TINY, Runtime()).metrics
    stops = 0
    while True:
        try:
            with torch.random.fork_rng():
                torch.manual_seed(stops)
                found = AUGMENT.run(TINY, Runtime(folder=tmp_path, max_seconds=0)).metrics
            break
        except StoppedError:
            stops += 1
    assert stops == 6 * 2  # trainings of three steps
    assert found == whole


def test_a_checkpoint_of_another_field_is_not_taken_up(few, tmp_path, monkeypatch):
    with pytest.raises(StoppedError):
        AUGMENT.run(TINY, Runtime(folder=tmp_path, max_seconds=0))
    monkeypatch.setattr(augment, "load_field", lambda: MLPField(2, 10, width=16, seed=1))
    with pytest.raises(MismatchError, match="field"):
        AUGMENT.run(TINY, Runtime(folder=tmp_path, max_seconds=0))


def test_too_few_pictures_or_generators_are_refused(few):
    with pytest.raises(ValueError, match="80 held-out pictures and 48 others cannot be chosen"):
        AUGMENT.run(replace(TINY, held_out=80), Runtime())
    with pytest.raises(ValueError, match="slots is 11, but there are 10 learned generators"):
        AUGMENT.run(replace(TINY, slots=11), Runtime())
