"""The committed records of the image experiments, and the weights that come with the package."""

import pytest
import torch

from symtutor import Quadrature, load_extractor, load_field, record, restored
from symtutor.experiments import colour_objective
from symtutor.experiments.augment_config import SEARCHED
from symtutor.models.extractors import place, read_extractor
from symtutor.records import library, store


def made(name):
    """The records of an experiment that are there."""
    return [path for _, path in library.wanted([name]) if path.exists()]


def shown(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", made("colour-symmetry"), ids=shown)
def test_the_metrics_of_a_colour_record_follow_from_its_weights(path):
    found = store.read(path)
    weights = Quadrature(found.tensors["colours"], found.tensors["omega"])
    for name, metric in colour_objective.judged(restored(found.weights("field")), weights).items():
        expected = torch.tensor(found.metrics[name])
        assert torch.allclose(torch.tensor(metric.value), expected, atol=1e-4), name
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40


@pytest.mark.parametrize("path", made("cifar-augment"), ids=shown)
def test_the_scales_of_an_augmentation_record_are_the_best_on_held_out_pictures(path):
    found = store.read(path)
    for arm in SEARCHED:
        accuracies = found.metrics[f"validation_{arm}"]
        best = accuracies.index(max(accuracies))
        assert found.metrics[f"scale_{arm}"] == found.content["config"]["scales"][best]
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40


@pytest.mark.parametrize(
    ("name", "fields"), [("small", {}), ("small-shuffled", {"labels": "shuffled"})]
)
def test_the_extractors_of_the_package_are_those_of_the_records(name, fields):
    (found,) = record("cifar-extractor", seeds=[0], **fields)
    own = read_extractor(place(name), "small").state_dict()
    recorded = found.weights("model")
    assert own.keys() == recorded.keys()
    assert all(torch.equal(own[key], value.to(own[key].dtype)) for key, value in recorded.items())
    assert not any(parameter.requires_grad for parameter in load_extractor(name).parameters())
    assert place(name).stat().st_size < 1.5e6


def test_the_field_of_the_package_is_that_of_the_record():
    (found,) = record("cifar-symmetry", seeds=[0])
    own, recorded = load_field().state_dict(), found.weights("field")
    assert own.keys() == recorded.keys()
    assert all(torch.equal(own[key], value) for key, value in recorded.items())
