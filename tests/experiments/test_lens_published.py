import pytest
import torch

from symtutor.experiments.lens_morris import FACTORS, LensMorris, effects
from symtutor.experiments.lens_published import published_morris

PRINTED = {  # mean size and deviation of the effects, Table 5 of Efe and Ozakin (2025)
    "rate_estimator": (0.09123, 0.10771),
    "rate_model": (0.04060, 0.06588),
    "decay": (0.03682, 0.06890),
    "alignment": (0.05384, 0.08922),
    "uniformity": (0.05619, 0.10371),
    "resolution": (0.04938, 0.08628),
    "information": (0.07909, 0.11925),
    "data_noise": (0.01124, 0.01424),
}


def test_every_trajectory_changes_one_factor_at_a_time_by_two_thirds_and_each_once():
    units, _ = published_morris()
    steps = units.view(4, 9, 8).diff(dim=1)
    changed = steps.abs() > 1e-9
    assert changed.sum(2).eq(1).all() and changed.sum(1).eq(1).all()
    torch.testing.assert_close(steps[changed].abs(), torch.full((32,), 2 / 3).double())


def test_effects_are_the_published_ones_but_for_two_rows_that_disagree_in_the_paper():
    units, cosine = published_morris()
    found = effects(LensMorris(), units.numpy(), cosine)
    rows = zip(FACTORS, found["mu_star"], found["sigma"], strict=True)
    for name, mu_star, sigma in rows:
        size, deviation = PRINTED[name]
        close = {"abs": 0.0012}  # cosines are printed with three digits
        if name == "information":
            assert mu_star > size + 0.04  # the ninth cosine
        elif name == "decay":
            assert close["abs"] < abs(mu_star - size) < 0.004
        else:
            assert mu_star == pytest.approx(size, **close)
            assert sigma == pytest.approx(deviation, **close)


def test_the_ninth_cosine_that_fits_the_printed_effect_of_information():
    units, cosine = published_morris()
    cosine[8] = 0.884
    found = effects(LensMorris(), units.numpy(), cosine)
    place = list(FACTORS).index("information")
    assert found["mu_star"][place] == pytest.approx(PRINTED["information"][0], abs=2e-4)
