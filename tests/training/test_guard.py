"""A number that is none stops the training, by name, and the last good checkpoint stays."""

import math

import pytest
import torch
from faults import content
from small_trainings import STEPS, Small

from symtutor import Loss, NonFiniteError, StoppedError
from symtutor.training.guard import Guard


class Bad(torch.autograd.Function):
    """The identity, with a gradient that is none."""

    @staticmethod
    def forward(ctx, x, value):
        ctx.value = value
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        return gradient * ctx.value, None


def spoilt(kind, where, at, value=math.nan):
    """A training in which a number turns bad at one step."""
    small = Small(kind)
    step = [0]
    batch, loss = small.batch, small.loss

    def spoilt_batch(number):
        step[0] = number
        (x,) = batch(number)
        return (x * value if where == "data" and number == at else x,)

    def spoilt_loss(x):
        found = loss(x)
        if step[0] != at:
            return found
        if where == "term":
            return Loss(found.total, {**found.terms, "size": found.terms["size"] * value})
        if where == "total":
            return Loss(found.total * value, found.terms)
        if where == "gradient":
            return Loss(found.total + Bad.apply(small.net[0].weight, value).sum(), found.terms)
        return found

    small.batch, small.loss = spoilt_batch, spoilt_loss
    return small


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("term", r"not finite: size\. "),
        ("total", r"not finite: loss, gradient_norm; gradients of net\.0\.weight, net\.0\.bias"),
        ("gradient", r"not finite: gradient_norm; gradients of net\.0\.weight\. "),
    ],
)
@pytest.mark.parametrize("kind", ["adam", "clipped"])
def test_the_step_the_term_and_the_parameter_are_named(kind, where, told, value):
    small = spoilt(kind, where, 5, value)
    with pytest.raises(NonFiniteError, match=rf"step 5: {told}.*no checkpoint has been written"):
        small.go()
    assert all(p.isfinite().all() for p in small.net.parameters())


@pytest.mark.parametrize("where", ["data", "term", "gradient"])
def test_the_last_good_checkpoint_stays_and_running_again_hits_the_same(where, tmp_path):
    good = spoilt("adam", where, 5)
    for _ in range(4):
        with pytest.raises(StoppedError):
            good.go(tmp_path, max_seconds=0.0)
    before = content(tmp_path)
    for _ in range(2):
        small = spoilt("adam", where, 5)
        with pytest.raises(NonFiniteError, match=r"the checkpoint of step 4 in .* is intact"):
            small.go(tmp_path)
        assert content(tmp_path) == before
        assert all(p.isfinite().all() for p in small.net.parameters())
    whole, mended = Small(), Small()
    whole.go(), mended.go(tmp_path)
    assert mended.state() == whole.state()


def test_a_bad_number_in_the_last_step_is_found(tmp_path):
    with pytest.raises(NonFiniteError, match=f"step {STEPS - 1}"):
        spoilt("adam", "term", STEPS - 1).go(tmp_path)
    assert content(tmp_path) == {}


@pytest.mark.parametrize("step", [1, STEPS - 1])
def test_weights_that_overflowed_are_not_saved(step, tmp_path):
    """Loss and gradient of a step are finite, and the step leads out of all numbers."""
    small = Small("plain")
    small.options["schedule"] = lambda number: 1e38 if number == step else 1e-9
    loss = small.loss
    small.loss = lambda x: Loss(1e4 * loss(x).total, {})
    with pytest.raises(NonFiniteError, match=rf"after step {step} .*not finite: net\.\d\.weight"):
        small.go(tmp_path, checkpoint_seconds=0.0)
    names = [name for name in content(tmp_path) if name.endswith("safetensors")]
    assert [name.split("-")[1] for name in names] == [str(step)]


@pytest.mark.parametrize("where", ["term", "total"])
def test_in_half_precision_the_terms_are_watched(where):
    told = "size" if where == "term" else "loss"
    with pytest.raises(NonFiniteError, match=f"step 5: not finite: {told}"):
        spoilt("float16", where, 5).go()


def test_in_half_precision_a_gradient_that_no_scale_mends_stops_the_training():
    small = Small("float16", steps=40)
    loss = small.loss
    small.loss = lambda x: Loss(
        loss(x).total + Bad.apply(small.net[0].weight, math.nan).sum(), loss(x).terms
    )
    with pytest.raises(NonFiniteError, match=r"step 17: not finite: gradient_norm; .*net\.0\.weig"):
        small.go()


def watched(guard, *steps):
    for step, values in enumerate(steps):
        guard.watch(step, torch.tensor(values))


def test_a_guard_that_looks_seldom_remembers_the_first_bad_step():
    guard = Guard(torch.device("meta"), patience=3)
    guard.first = torch.full((), -1)
    assert [guard.due(step) for step in range(6)] == [False, False, True] * 2
    nan, inf = math.nan, math.inf
    watched(guard, [1.0, 2.0], [1.0, inf], [nan, nan], [1.0, 1.0])
    with pytest.raises(NonFiniteError, match=r"step 1: not finite: b\. kept"):
        guard.verdict(["a", "b"], {}, "kept")


def test_a_guard_on_the_cpu_looks_at_every_step_and_is_content_with_numbers():
    guard = Guard(torch.device("cpu"), patience=50)
    assert all(guard.due(step) for step in range(5))
    guard.verdict([], {}, "")
    watched(guard, [1.0], [3e38], [-1.0])
    guard.verdict(["a"], {}, "")


def test_many_culprits_are_counted():
    net = torch.nn.Sequential(*(torch.nn.Linear(1, 1) for _ in range(5)))
    for p in net.parameters():
        p.grad = torch.full_like(p, math.nan)
    guard = Guard(torch.device("cpu"))
    watched(guard, [math.nan])
    with pytest.raises(NonFiniteError, match=r"net\.2\.bias and 4 more\. kept"):
        guard.verdict(["loss"], {"net": net}, "kept")
