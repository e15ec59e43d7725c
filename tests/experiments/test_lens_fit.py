"""Lenses for one's own vectors, and what they cannot be fitted to."""

from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import LensTraining, fit_lens, signals
from symtutor.experiments.lens_fit import LensFit
from symtutor.training import MismatchError, Runtime, StoppedError

TINY = LensTraining(runs=2, batch=42, steps=3, hidden=8, snapshots=1)


def test_the_data_are_not_changed_and_their_scale_does_not_matter():
    x = signals("gaussian-7", 84, seed=1)
    before = x.clone()
    one, other = fit_lens(x, TINY), fit_lens(4 * x.double(), TINY)
    assert torch.equal(x, before)
    assert torch.allclose(one.filters, other.filters, atol=1e-6)
    assert one.antisymmetric.shape == (2, 21, 21) and one.snapshots.shape == (2, 2, 7, 7)
    assert not torch.allclose(one.filters[0], one.filters[1], atol=1e-2)


def test_the_adapter_is_that_of_the_smallest_loss():
    fit = fit_lens(signals("gaussian-7", 84, seed=1), TINY)
    for best in (0, 1):
        losses = torch.tensor([1.0, 1.0])
        losses[best] = 0.5
        chosen = LensFit(*fit[:2], losses, *fit[3:]).adapter()
        assert torch.equal(chosen.antisymmetric, fit.antisymmetric[best])
    assert torch.equal(fit.adapter(0).antisymmetric, fit.antisymmetric[0])


def test_a_fit_goes_on_where_it_stopped(tmp_path):
    x, longer = signals("gaussian-7", 84, seed=1), replace(TINY, steps=6)
    whole = fit_lens(x, longer)
    stops = 0
    while stops < 100:
        try:
            fit = fit_lens(x, longer, Runtime(tmp_path, max_seconds=0.0, checkpoint_seconds=0.0))
            break
        except StoppedError:
            stops += 1
    assert 0 < stops < 100
    assert torch.equal(fit.antisymmetric, whole.antisymmetric)
    assert torch.equal(fit.losses, whole.losses)
    with pytest.raises(MismatchError):  # the folder holds a fit of other data
        fit_lens(x + 1, longer, Runtime(tmp_path))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.rand(84, 8), "odd dimension of at least 3.* got d=8; pass d=7 or d=9"),
        (torch.rand(84, 1), "odd dimension of at least 3.* got d=1"),
        (torch.rand(84, 5), "multiple of 5, got 42; take 40"),
        (torch.rand(40, 7), "40 samples do not fill a batch of 42"),
        (torch.full((84, 7), 2.5), "all entries are 2.5: constant vectors"),
        (torch.rand(84, 7).index_fill(1, torch.tensor(2), torch.inf), "84 of 588 .*not finite"),
        (torch.rand(84, 7).index_fill(0, torch.tensor(2), torch.nan), "7 of 588 .*not finite"),
    ],
)
def test_data_that_hold_no_translation_are_refused(x, message, tmp_path, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=message):
        fit_lens(x, TINY, Runtime(tmp_path))
    assert not list(tmp_path.iterdir())
