import math
from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import EQUATIONS, Runtime, experiments
from symtutor.experiments import spectrum_pde as pde
from symtutor.experiments.spectrum_pde import PDESpectrum, special_functions, terms_of

SPECTRUM = experiments.get("spectrum-pde")
QUICK = SPECTRUM.presets["quick"]


@pytest.fixture(scope="module")
def result():
    return pde.run(QUICK, Runtime())


def value(result, name):
    return result.metrics[name].value


def test_the_algebra_is_found_with_a_gap_an_angle_and_intervals(result):
    assert value(result, "count") == 3
    assert value(result, "gap") > 1e3
    assert value(result, "angle_deg") < 1e-6
    assert value(result, "count_share") >= 0.8  # of four trajectories few samples draw all
    assert value(result, "closure_defect") < 1e-6
    values, intervals = value(result, "sqrt_eigenvalues"), value(result, "intervals")
    assert len(values) == len(intervals) == pde.SHOWN
    assert values == sorted(values)
    assert all(low <= high for low, high in intervals)
    assert max(value(result, "defects_found")) < 1e-9 * min(value(result, "defects_approximate"))
    assert result.tensors["fields"].shape == (pde.SHOWN, 27, 3)
    assert value(result, "seconds_spectrum") > 0


def test_powers_find_what_changes_the_period():
    found = pde.run(replace(QUICK, library="powers"), Runtime())
    assert value(found, "count") == 5
    assert len(value(found, "angles_deg")) == 5
    assert value(found, "angle_deg") < 1e-6
    assert max(value(found, "defects_true")) < 1e-9


def test_the_same_seed_gives_the_same_numbers_and_another_one_others(result):
    again = pde.run(QUICK, Runtime())
    other = pde.run(replace(QUICK, seed=1), Runtime())
    assert value(again, "sqrt_eigenvalues") == value(result, "sqrt_eigenvalues")
    assert torch.equal(again.tensors["fields"], result.tensors["fields"])
    assert value(other, "sqrt_eigenvalues")[4:] != value(result, "sqrt_eigenvalues")[4:]
    assert again.data == result.data != other.data


@pytest.mark.parametrize("name", EQUATIONS)
@pytest.mark.parametrize("library", ["waves", "powers"])
def test_the_library_holds_the_generators(name, library):
    config = PDESpectrum(equation=name, library=library)
    needed = {term for parts in config.target.values() for _, _, term in parts}
    assert needed <= set(terms_of(config))
    assert len(set(terms_of(config))) == len(terms_of(config))
    plain = terms_of(replace(config, special=False))
    assert (needed <= set(plain)) == (not special_functions(EQUATIONS[name]))
    assert all(factor[0] in ("power", "sin", "cos") for term in plain for factor in term)


def test_degrees_and_wavenumbers():
    terms = terms_of(PDESpectrum(equation="ks", degree=1))
    assert len(terms) == 3 * 2 * 2
    waves = {factor for term in terms for factor in term if factor[0] != "power"}
    assert waves == {(f, 0, 2 * math.pi / 64) for f in ("sin", "cos")}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"equation": "heat"}, "equation is one of"),
        ({"library": "splines"}, "library is one of waves, powers"),
        ({"trajectories": 1}, "trajectories must be finite and at least 2"),
        ({"points": 8}, "points must be finite and at least 16"),
        ({"degree": -1}, "degree"),
    ],
)
def test_refusals(changes, message, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # the tests' own type checks
    with pytest.raises(ValueError, match=message):
        PDESpectrum(**changes)
