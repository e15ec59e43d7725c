"""The configuration's bounds, and arms compared seed by seed."""

import jaxtyping
import pytest
import torch
from scipy import stats

from symtutor import UnknownNameError
from symtutor.experiments.augment_config import ARMS, CIFARAugment
from symtutor.experiments.augment_judge import compared


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"architecture": "vgg"}, "architecture is one of small, resnet18, got 'vgg'"),
        ({"data": "half"}, "data is one of full, sample"),
        ({"schedule": "linear"}, "schedule is one of cosine, steps"),
        ({"precision": "float8"}, "precision is one of float32, bfloat16"),
        ({"seed": -1}, "seed must be finite and at least 0"),
        ({"held_out": 0}, "held_out must be finite and at least 1"),
        ({"epochs": 0}, "epochs must be"),
        ({"learning_rate": 0.0}, "learning_rate must be finite and positive"),
        ({"scales": ()}, r"scales are positive numbers, one or more, got \(\)"),
        ({"scales": (0.1, -0.2)}, "scales are positive numbers"),
        ({"scales": (0.1, float("nan"))}, "scales are positive numbers"),
        ({"scales": (0.1, 0.1)}, "scales must differ"),
        ({"pictures": 100, "batch": 128}, "a batch of 128 cannot be drawn from 100 pictures"),
    ],
)
def test_settings_out_of_range_are_refused(fields, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=message):
        CIFARAugment(**fields)


class Five:
    """Records of five seeds, without a run."""

    def __init__(self, generator):
        noise = 3 * torch.randn(5, generator=generator)  # of the pictures, common to all arms
        self.values = {
            f"test_accuracy_{arm}": 55 + gain + noise + 0.2 * torch.randn(5, generator=generator)
            for arm, gain in zip(ARMS, (0, 2, 3, 4), strict=True)
        }

    def metric(self, name):
        return self.values[name].double()


def test_arms_are_compared_seed_by_seed(generator):
    records = Five(generator)
    found = compared(records)
    assert found.accuracies.keys() == set(ARMS)
    assert found.gains.keys() == {"crop", "affine", "learned"}
    a, b = records.metric("test_accuracy_learned"), records.metric("test_accuracy_none")
    interval = stats.ttest_rel(a.numpy(), b.numpy()).confidence_interval(0.95)
    assert tuple(found.gains["learned"][1:]) == pytest.approx(tuple(interval), rel=1e-6)
    assert found.gains["learned"].excludes(0)
    assert found.accuracies["learned"].low < found.accuracies["none"].high  # unpaired: no claim
    turned = compared(records, baseline="learned").gains["none"]
    assert turned.mean == pytest.approx(-found.gains["learned"].mean)
    with pytest.raises(UnknownNameError, match="no arm is called 'nine'"):
        compared(records, "nine")
