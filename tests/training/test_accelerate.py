"""The switch for torch.compile: it changes nothing but the speed, and says when it fails."""

import inspect
import warnings

import jaxtyping
import pytest
import torch
from small_trainings import Small

from symtutor import NonFiniteError, experiments, fan_out
from symtutor.experiments import toy_problem as problem
from symtutor.experiments import toy_symmetry as toy
from symtutor.training import accelerate


def quiet(small, **runtime):
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        return small.go(**runtime)


def test_a_compiled_training_is_the_plain_one_up_to_rounding():
    """Doubled gradients or drawn random numbers of the trial would show at once."""
    compiled, plain = Small(), Small()
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "torch.compile failed")
        trained = compiled.go(compile=True)
    drawn = torch.rand(1)
    torch.manual_seed(3)
    reference = plain.go()
    assert trained.compiled and not reference.compiled
    assert torch.allclose(trained.history.values, reference.history.values, rtol=1e-4)
    assert drawn.equal(torch.rand(1))
    assert compiled.draws.get_state().equal(plain.draws.get_state())
    for p, q in zip(compiled.net.parameters(), plain.net.parameters(), strict=True):
        assert torch.allclose(p, q, atol=1e-5)


def broken_compiler(monkeypatch, after):
    """A compiler that fails, at once or after it has computed and left gradients behind."""

    def compile_(function, mode):
        def compiled(*batch):
            torch.rand(7)
            if after:
                function(*batch).total.backward()
            raise RuntimeError("no C++ compiler\nand much more")

        return compiled

    monkeypatch.setattr(accelerate.torch, "compile", compile_)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", ["dropout", "clipped"])
def test_a_failing_compiler_is_named_and_changes_nothing(monkeypatch, kind, after):
    broken_compiler(monkeypatch, after)
    small, plain = Small(kind), Small(kind)
    torch.manual_seed(3)
    told = r"torch.compile failed \(RuntimeError: no C\+\+ compiler\); the run goes on uncompiled"
    with pytest.warns(RuntimeWarning, match=told) as warned:
        assert not small.go(compile=True).compiled
    assert len([w for w in warned if "torch.compile failed" in str(w.message)]) == 1
    torch.manual_seed(3)
    plain.go()
    assert small.state() == plain.state()


def test_the_trial_of_a_working_compiler_leaves_no_gradients_and_no_draws(monkeypatch):
    monkeypatch.setattr(accelerate.torch, "compile", lambda function, mode: function)
    small, plain = Small("dropout"), Small("dropout")
    torch.manual_seed(3)
    assert quiet(small, compile=True).compiled
    torch.manual_seed(3)
    plain.go()
    assert small.state() == plain.state()


def test_an_error_of_the_loss_itself_is_not_blamed_on_the_compiler(monkeypatch):
    monkeypatch.setattr(accelerate.torch, "compile", lambda function, mode: function)
    small = Small()
    small.loss = lambda x: 1 / 0
    with pytest.warns(RuntimeWarning, match="ZeroDivisionError"), pytest.raises(ZeroDivisionError):
        small.go(compile=True)


def test_the_guard_watches_compiled_losses(monkeypatch):
    monkeypatch.setattr(accelerate.torch, "compile", lambda function, mode: function)
    small = Small()
    small.batch = lambda step: (torch.full((2, 3), float("nan")),)
    with pytest.raises(NonFiniteError, match="step 0"):
        small.go(compile=True)


@pytest.mark.parametrize("invariant", ["circle", "hyperbola", "sphere"])
def test_the_loss_of_the_toy_symmetry_is_one_graph(invariant, monkeypatch):
    """Without the checks of shapes, which only the tests switch on."""
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    config = experiments.get("toy-symmetry").config(
        "laptop", invariant=invariant, width=8, head=4, circles=8, points=8
    )
    function, truth = problem.KNOWN[invariant]
    dim = len(truth[0])
    circles = toy.sample_circles(config, dim)
    field = toy.network(config, circles, len(truth), 0)
    loss = toy.objective(config, field, circles, function)
    compiled = torch.compile(loss, backend="eager", fullgraph=True)
    z = problem.ball(16, dim, torch.Generator().manual_seed(fan_out(0, "z")))
    rest = [torch.ones(())] * (len(inspect.signature(loss).parameters) - 2)
    batch, other = (z, torch.tensor(0.2), *rest), (z, torch.tensor(-0.4), *rest)
    expected, found = loss(*batch), compiled(*batch)
    assert torch.allclose(found.total, expected.total)
    assert found.terms.keys() == expected.terms.keys()
    assert torch.allclose(compiled(*other).total, loss(*other).total)
    torch._dynamo.reset()
