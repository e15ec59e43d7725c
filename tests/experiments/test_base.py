from dataclasses import FrozenInstanceError, dataclass, fields, is_dataclass

import pytest

from symtutor import experiments
from symtutor.experiments import Experiment, Metric, UnknownNameError, known
from symtutor.experiments.base import PRESETS, above_zero, at_least


@dataclass(frozen=True)
class Config:
    seed: int = 0
    rate: float = 0.5
    limit: float | None = None
    count: int = 3
    sizes: tuple[int, ...] = (1, 2)


PROBE = Experiment("probe", "a probe", {"quick": Config(), "laptop": Config(count=5)}, run=print)


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_is_what_the_command_line_expects(name):
    experiment = experiments.get(name)
    assert experiment.name == name and experiment.summary and "\n" not in experiment.summary
    assert "quick" in experiment.presets and experiment.presets.keys() <= PRESETS.keys()
    assert len({type(config) for config in experiment.presets.values()}) == 1
    for config in experiment.presets.values():
        assert is_dataclass(config) and config.seed == 0
        with pytest.raises(FrozenInstanceError):
            config.seed = 1
    text = "".join(kind.__doc__ for kind in type(config).__mro__ if is_dataclass(kind))
    for field in fields(config):
        assert f"\n        {field.name}: " in text, f"{field.name} is not explained"
    for wanted in experiment.wanted:
        changed = experiment.config(wanted.preset, **wanted.overrides)
        assert experiment.overrides(changed, wanted.preset) == wanted.overrides
        assert len(set(wanted.seeds)) == len(wanted.seeds) > 0


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda: experiments.get("toy-symetry"), "no experiment is called 'toy-symetry'; nearest: "
         "toy-symmetry"),
        (lambda: PROBE.config("labtop"), "no preset of probe is called 'labtop'; nearest: laptop"),
        (lambda: PROBE.config("quick", conut=1), "no field of probe is called 'conut'; nearest"),
        (lambda: PROBE.config("quick", zzz=1), "there are: seed, rate, limit, count, sizes"),
        (lambda: PROBE.overrides(Config(), "paper"), "no preset of probe is called 'paper'"),
        (lambda: known("x", "", []), "no x is called ''"),
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_the_nearest(ask, told):
    with pytest.raises(UnknownNameError, match=told):
        ask()


def test_a_configuration_is_a_preset_with_fields_replaced():
    assert PROBE.config("laptop", seed=3, rate=0.25) == Config(seed=3, rate=0.25, count=5)
    assert PROBE.fields == ("seed", "rate", "limit", "count", "sizes")


def test_overrides_are_what_differs_without_the_seed():
    assert PROBE.overrides(PROBE.config("laptop", seed=3), "laptop") == {}
    assert PROBE.overrides(PROBE.config("laptop", seed=3), "quick") == {"count": 5}


def test_a_whole_number_for_a_real_field_is_the_same_configuration():
    """Else w=0 and w=0.0 would be looked for in two places."""
    config = PROBE.config("quick", rate=1, limit=2, count=7)
    assert repr(config) == repr(Config(rate=1.0, limit=2.0, count=7))
    assert str(PROBE.overrides(PROBE.config("quick", rate=0), "quick")) == "{'rate': 0.0}"
    assert PROBE.config("quick", sizes=[3, 4]).sizes == (3, 4)  # as records hold them


def test_the_identity_is_plain_and_names_version_and_configuration():
    identity = PROBE.identity(Config(sizes=(4,)))
    assert identity["config"]["sizes"] == [4]
    assert (identity["experiment"], identity["version"]) == ("probe", 1)
    assert identity == PROBE.identity_of(identity["config"], 1)
    assert identity != PROBE.identity(Config(sizes=(5,)))
    assert identity != PROBE.identity_of(identity["config"], 2)


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), float("-inf")])
def test_numbers_out_of_range_are_named(value):
    with pytest.raises(ValueError, match=f"rate must be finite and at least 0, got {value}"):
        at_least(Config(rate=value), 0, "count", "rate")
    with pytest.raises(ValueError, match=f"rate must be finite and positive, got {value}"):
        above_zero(Config(rate=value), "count", "rate")


def test_the_bounds_themselves():
    at_least(Config(rate=0.0), 0, "rate")
    with pytest.raises(ValueError, match="positive, got 0"):
        above_zero(Config(rate=0.0), "rate")


def test_a_metric_is_a_pure_number_unless_said():
    assert Metric(1.5) == (1.5, "1") and Metric(2.0, "degree").unit == "degree"
