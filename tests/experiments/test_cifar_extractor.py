"""The extractor's training: what it sees, what it judges, what it keeps; stopped and taken up."""

from dataclasses import replace

import jaxtyping
import pytest
import torch
from faults import content

from symtutor import Runtime, StoppedError, execute, experiments
from symtutor.data import load_images
from symtutor.experiments import cifar_extractor as extractor
from symtutor.experiments.cifar_data import shuffled
from symtutor.models import ResNet, extractors, load_extractor
from symtutor.models import resnet as networks

CIFAR = experiments.get("cifar-extractor")
QUICK = CIFAR.presets["quick"]
TINY = ((4, 8), 1)
N = {"train": 60, "test": 30}


def part(split):
    images = load_images("cifar10", split, source="sample")
    return replace(images, pixels=images.pixels[: N[split]], labels=images.labels[: N[split]])


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Few pictures, tiny networks, an empty data root; gives the configuration for them."""
    monkeypatch.setattr(extractor, "cifar10", lambda data, split: part(split))
    monkeypatch.setitem(networks.ARCHITECTURES, "small", TINY)
    monkeypatch.setitem(networks.ARCHITECTURES, "resnet18", ((6, 8), 1))
    monkeypatch.setenv("SYMTUTOR_DATA", str(tmp_path / "data"))
    return replace(QUICK, batch=16, epochs=2)


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """The package's own weights are looked for in an empty folder."""
    place = extractors.place

    def elsewhere(name):
        return tmp_path / "package" / f"{name}.safetensors" if "small" in name else place(name)

    monkeypatch.setattr(extractors, "place", elsewhere)
    return tmp_path


def test_the_quick_preset_runs_and_learns_something():
    result = CIFAR.run(QUICK, Runtime())
    accuracy = {key: metric.value for key, metric in result.metrics.items()}
    assert accuracy.keys() == {"test_accuracy", "train_accuracy"}
    assert 15 < accuracy["test_accuracy"] < accuracy["train_accuracy"] + 10 < 70
    assert all(metric.unit == "percent" for metric in result.metrics.values())
    history = result.trainings["extractor"].history
    assert len(history.values) == 2 * (1600 // 128)
    losses = history.column("cross_entropy")
    assert losses[:5].mean() > losses[-5:].mean() + 0.1
    assert list(result.data) == ["train (sample)", "test (sample)"]


def test_a_run_that_was_stopped_ends_as_an_unbroken_one(few, tmp_path):
    config = replace(few, crop=2)
    whole = extractor.run(config, Runtime())
    folder = tmp_path / "run"
    stops = 0
    for _ in range(3):
        with pytest.raises(StoppedError):
            extractor.run(config, Runtime(folder=folder, max_seconds=1e-9))
        stops += 1
    resumed = extractor.run(config, Runtime(folder=folder))
    assert len(resumed.trainings["extractor"].sessions) == stops + 1
    assert resumed.metrics == whole.metrics and resumed.tensors.keys() == whole.tensors.keys()
    assert all(whole.tensors[key].equal(value) for key, value in resumed.tensors.items())


def test_a_run_depends_on_its_seed_alone(few):
    torch.manual_seed(1)
    first = extractor.run(few, Runtime())
    torch.manual_seed(2)
    again, other = extractor.run(few, Runtime()), extractor.run(replace(few, seed=1), Runtime())
    assert first.metrics == again.metrics and first.data == again.data == other.data
    assert all(value.equal(again.tensors[key]) for key, value in first.tensors.items())
    assert not first.tensors["model/stem.weight"].equal(other.tensors["model/stem.weight"])


def test_test_pictures_are_judged_as_they_are(few, monkeypatch):
    """In the published code they were flipped and cropped at random like the others."""
    seen, real = [], ResNet.named

    def watched(name, **options):
        model = real(name, **options)
        model.register_forward_pre_hook(
            lambda m, given: seen.append((m.training, given[0].detach().clone()))
        )
        return model

    monkeypatch.setattr(extractor.ResNet, "named", watched)
    extractor.run(replace(few, flip=True, crop=4), Runtime())
    modes = [training for training, _ in seen]
    assert modes == sorted(modes, reverse=True)  # no test picture before the last step
    trained = torch.cat([images for training, images in seen if training])
    judged = torch.cat([images for training, images in seen if not training])
    assert len(trained) == 2 * (60 // 16) * 16
    assert judged.equal(torch.cat([part("test").float(), part("train").float()]))
    originals = part("train").float().flatten(1)
    unchanged = (torch.cdist(trained.flatten(1), originals).amin(1) < 1e-3).sum()
    assert unchanged < 20  # while those of the training are flipped and cropped


@pytest.mark.parametrize("labels", ["true", "shuffled"])
def test_the_control_is_trained_on_shuffled_labels_and_judged_on_true_test_labels(
    few, labels, monkeypatch
):
    given = []
    learn, accuracy = extractor.learn, extractor.accuracy

    def watched(config, runtime, model, images):
        given.append(images.labels)
        return learn(config, runtime, model, images)

    def judged(model, images):
        given.append(images.labels)
        return accuracy(model, images)

    monkeypatch.setattr(extractor, "learn", watched)
    monkeypatch.setattr(extractor, "accuracy", judged)
    found = extractor.run(replace(few, labels=labels), Runtime())
    seen = shuffled(part("train"), 0) if labels == "shuffled" else part("train")
    assert not shuffled(part("train"), 0).labels.equal(part("train").labels)
    known = [seen.labels, part("test").labels, seen.labels]
    assert [a.equal(b) for a, b in zip(given, known, strict=True)] == [True] * 3
    assert found.data == extractor.checksums(train=part("train"), test=part("test"))


@pytest.mark.parametrize("labels", ["true", "shuffled"])
@pytest.mark.parametrize("architecture", ["small", "resnet18"])
def test_the_weights_are_kept_where_they_are_looked_for(few, kept, architecture, labels):
    config = replace(few, data="full", architecture=architecture, labels=labels, epochs=1)
    result = extractor.run(config, Runtime())
    name = architecture + ("-shuffled" if labels == "shuffled" else "")
    assert list(content(kept / "data")) == [f"extractors/{name}.safetensors"]
    if architecture == "small":  # those of the package are copied by hand
        (kept / "package").mkdir()
        extractor.kept_at(config).rename(kept / "package" / f"{name}.safetensors")
    model = load_extractor(name)
    metric = result.metrics["test_accuracy"].value
    assert 100 * extractor.accuracy(model, part("test")) == pytest.approx(
        metric, abs=100 / 30 + 0.1
    )
    keys = {f"model/{key}" for key in ResNet.named(architecture).state_dict()}
    assert result.tensors.keys() == (keys if architecture == "small" else set())


def test_the_metrics_are_those_of_the_weights_that_are_kept(few):
    """In half precision, as stored."""
    result = extractor.run(few, Runtime())
    weights = {key.removeprefix("model/"): v for key, v in result.tensors.items()}
    assert all(v.dtype in (torch.float16, torch.int64) for v in weights.values())
    model = ResNet.named("small")
    model.load_state_dict({key: v.to(model.state_dict()[key].dtype) for key, v in weights.items()})
    for name, split in (("test_accuracy", "test"), ("train_accuracy", "train")):
        assert result.metrics[name].value == 100 * extractor.accuracy(model, part(split))


def test_a_run_on_the_sample_keeps_no_extractor(few, kept):
    extractor.run(replace(few, epochs=1), Runtime())
    assert not (kept / "data").exists()


def test_a_run_that_was_stopped_keeps_no_extractor(few, kept):
    with pytest.raises(StoppedError):
        extractor.run(replace(few, data="full"), Runtime(folder=kept / "run", max_seconds=1e-9))
    assert not (kept / "data").exists()


def test_labels_outside_the_classes_are_refused_before_anything_is_written(few, kept, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks

    def wrong(data, split):
        images = part(split)
        return replace(images, labels=images.labels + 1)

    monkeypatch.setattr(extractor, "cifar10", wrong)
    with pytest.raises(
        ValueError, match="labels must index the 10 classes, got values from 1 to 10"
    ):
        execute(CIFAR, replace(few, data="full"), "quick", Runtime(folder=kept / "run"))
    assert not content(kept)


def test_more_pictures_in_a_batch_than_there_are_is_refused(few):
    with pytest.raises(ValueError, match="a batch of 61 cannot be drawn from 60 pictures"):
        extractor.run(replace(few, batch=61), Runtime())
