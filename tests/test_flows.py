import math
import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as strategy

from symtutor import (
    AffineField,
    LibraryField,
    MatrixField,
    MLPField,
    flow,
    grid_quadrature,
    group_law_defect,
    inverse,
)
from symtutor import flows as flows_module

# closed forms of the eight affine flows
CLOSED_FORMS = {
    "L1": lambda x, y, s: (x + s, y),
    "L2": lambda x, y, s: (x, y + s),
    "L3": lambda x, y, s: (math.exp(s) * x, y),
    "L4": lambda x, y, s: (x, math.exp(s) * y),
    "L5": lambda x, y, s: (x + s * y, y),
    "L6": lambda x, y, s: (x, y + s * x),
    "L3+L4": lambda x, y, s: (math.exp(s) * x, math.exp(s) * y),
    "L5-L6": lambda x, y, s: (
        math.cos(s) * x + math.sin(s) * y,
        -math.sin(s) * x + math.cos(s) * y,
    ),
}


def points(dtype, count=40):
    generator = torch.Generator().manual_seed(3)
    return 2 * torch.rand(count, 2, dtype=dtype, generator=generator) - 1


def lipschitz_three(seed=0):
    """Random networks of unit norm whose largest Lipschitz constant over the square is about 3."""
    square = grid_quadrature([(-1, 1), (-1, 1)], [21, 21])
    field = MLPField(2, 4, seed=seed, quadrature=square)
    with torch.no_grad():
        field.w1 *= 2
        field.w2 *= 2
    jacobians = torch.func.vmap(torch.func.jacfwd(field))(square.points)
    assert 3 < torch.linalg.matrix_norm(jacobians, ord=2).max() < 3.5
    return field


def closed_forms(start, s):
    forms = [torch.stack(f(start[:, 0], start[:, 1], s), dim=-1) for f in CLOSED_FORMS.values()]
    return torch.stack(forms, dim=1)


@pytest.mark.parametrize("s", [-0.5, -0.21, 0.5])
@pytest.mark.parametrize("method", ["exact", "rk4"])
def test_affine_flows_equal_their_closed_forms(method, s, dtype, tolerance):
    steps = 8 if dtype == torch.float32 else 160  # enough for each precision
    start = points(dtype)
    moved = flow(AffineField.named(dtype=dtype), start, s, method=method, steps=steps)
    assert (moved - closed_forms(start, s)).abs().max() < tolerance


def test_adaptive_solver_reaches_its_tolerance():
    start = points(torch.float64)
    field = AffineField.named(dtype=torch.float64)
    moved = flow(field, start, -0.5, method="dopri5", rtol=1e-13, atol=1e-13)
    assert (moved - closed_forms(start, -0.5)).abs().max() < 1e-12


def test_the_default_four_steps_err_by_a_few_millionths():
    start = points(torch.float64)
    field = AffineField.named(dtype=torch.float64)
    error = (flow(field, start, 0.5) - flow(field, start, 0.5, method="exact")).abs().max()
    assert 1e-7 < error < 2e-6


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("s", "t"), [(0.2, 0.2), (0.4, -0.15), (-0.3, 0.3)])
def test_group_law_of_a_random_network(s, t, seed):
    start = points(torch.float32, 500)
    assert group_law_defect(lipschitz_three(seed), start, s, t, steps=8) < 1e-5


def test_group_law_defect_is_the_solvers_error_and_falls_with_the_fourth_power():
    field, start = lipschitz_three().double(), points(torch.float64, 60)
    coarse, fine = (group_law_defect(field, start, 0.2, 0.2, steps=n) for n in (16, 32))
    assert 12 < coarse / fine < 20


@given(s=strategy.floats(-0.5, 0.5), t=strategy.floats(-0.5, 0.5), seed=strategy.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_group_law_of_any_affine_field_in_closed_form(s, t, seed):
    g = torch.Generator().manual_seed(seed)
    matrix = torch.randn(2, 3, 3, dtype=torch.float64, generator=g)
    shift = torch.randn(2, 3, dtype=torch.float64, generator=g)
    start = torch.randn(5, 3, dtype=torch.float64, generator=g)
    defect = group_law_defect(AffineField(matrix, shift), start, s, t, method="exact")
    assert defect < 1e-11 * flow(AffineField(matrix, shift), start, 1.0, method="exact").abs().max()


def test_zero_is_the_identity_and_minus_s_the_inverse():
    field, start = lipschitz_three(), points(torch.float32)
    copies = start[:, None].expand(-1, 4, -1)
    assert torch.equal(flow(field, start, 0.0), copies)
    there = flow(field, start, 0.3, steps=8)
    assert torch.allclose(inverse(field, there, 0.3, steps=8, copies=True), copies, atol=1e-5)


def test_every_requested_parameter_is_reached_exactly():
    field, start = AffineField.named("L1", "L3", dtype=torch.float64), points(torch.float64)
    values = torch.tensor([-0.3, 0.1, 0.1, 0.45], dtype=torch.float64)
    path = flow(field, start, values, steps=40)
    assert path.shape == (4, 40, 2, 2)
    for s, moved in zip(values, path, strict=True):
        assert torch.allclose(moved, flow(field, start, s.item(), method="exact"), atol=1e-10)


def test_each_generator_may_have_its_own_parameter():
    field, start = AffineField.named("L1", "L2"), points(torch.float32)
    moved = flow(field, start, torch.tensor([[0.25, -0.5]]))[0]
    assert torch.allclose(moved[:, 0], start + torch.tensor([0.25, 0.0]), atol=1e-6)
    assert torch.allclose(moved[:, 1], start + torch.tensor([0.0, -0.5]), atol=1e-6)


def test_a_point_moves_the_same_in_any_company():
    square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
    field = MLPField(2, 3, quadrature=square).double()
    start = points(torch.float64, 64)
    assert torch.allclose(flow(field, start, 0.4)[:5], flow(field, start[:5], 0.4), atol=1e-14)


def test_normalised_field_is_the_plain_one_with_a_rescaled_parameter():
    square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
    plain, normalised = MLPField(2, 2), MLPField(2, 2, quadrature=square)
    table = 0.2 * normalised.scale().detach()[None]
    start = points(torch.float32)
    assert torch.allclose(flow(normalised, start, 0.2), flow(plain, start, table)[0], atol=1e-6)


def test_linear_fields_move_by_the_matrix_exponential():
    a = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=torch.float64)
    moved = flow(MatrixField(a[None]), points(torch.float64), 0.7, method="exact")[:, 0]
    expected = points(torch.float64) @ torch.linalg.matrix_exp(0.7 * a).T
    assert torch.allclose(moved, expected, atol=1e-13)


def test_finite_time_blow_up_follows_the_closed_form_before_it():
    # V = x^2 has the flow x / (1 - s x): a local one-parameter group only
    field = LibraryField([(("power", 0, 2.0),)], torch.ones(1, 1, 1, dtype=torch.float64))
    start = torch.tensor([[1.0]], dtype=torch.float64)
    assert flow(field, start, 0.5, steps=200).item() == pytest.approx(2.0, abs=1e-8)


def test_adaptive_solver_past_the_blow_up_says_so():
    field = LibraryField([(("power", 0, 2.0),)], torch.ones(1, 1, 1, dtype=torch.float64))
    start = torch.tensor([[1.0]], dtype=torch.float64)
    with pytest.raises(ValueError, match=r"dopri5 found no step.*smaller s"):
        flow(field, start, 1.5, method="dopri5")


@pytest.mark.parametrize("steps", [1, 4, 9])
def test_work_is_four_own_head_evaluations_per_step_and_one_norm(steps, monkeypatch):
    square = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])
    field = MLPField(2, 3, quadrature=square)
    rows = {"own": [], "all": []}
    own, everything = field.raw_own, field.raw
    monkeypatch.setattr(field, "raw_own", lambda p: (rows["own"].append(p.shape), own(p))[1])
    monkeypatch.setattr(field, "raw", lambda p: (rows["all"].append(p.shape), everything(p))[1])
    flow(field, points(torch.float32), torch.tensor([0.1, 0.2]), steps=steps)
    assert rows["own"] == [(40, 3, 2)] * (4 * steps * 2)
    assert rows["all"] == [(64, 2)]


def test_adjoint_gradients_converge_to_those_of_the_steps():
    field = MLPField(2, 2, quadrature=grid_quadrature([(-1, 1)] * 2, [8, 8])).double()
    start = points(torch.float64)

    def gradient(**options):
        loss = flow(field, start, 0.3, **options).square().sum()
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*field.parameters()])])

    direct = gradient(steps=32)
    assert torch.allclose(gradient(steps=32, adjoint=True), direct, rtol=1e-5, atol=1e-8)
    tight = gradient(method="dopri5", adjoint=True, rtol=1e-10, atol=1e-12)
    assert torch.allclose(tight, direct, rtol=1e-5, atol=1e-8)


def test_gradient_in_s_is_the_field_at_the_end_point():
    field, start = lipschitz_three(), points(torch.float32)
    s = torch.tensor(0.3)
    _, slope = torch.func.jvp(lambda t: flow(field, start, t, steps=16), (s,), (torch.ones(()),))
    ends = flow(field, start, 0.3, steps=16)
    own = field.raw_own(ends) * field.scale()[:, None]
    assert torch.allclose(slope, own, atol=1e-4)


def test_the_flow_is_one_graph():
    # in a process of its own: the suite's run-time shape checks would break the graph
    code = """
import torch, symtutor as st
field = st.MLPField(2, 3, width=16, head=8, quadrature=st.grid_quadrature([(-1, 1)] * 2, [4, 4]))
move = lambda p: st.flow(field, p, torch.tensor([0.1, 0.2]))
print("breaks:", torch._dynamo.explain(move)(torch.rand(5, 2)).graph_break_count)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "breaks: 0"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.rand(4, 3), 0.1), r"2 coordinates \(x1, x2\).*\(4, 3\)"),
        ((torch.rand(4, 2), float("nan")), "finite.*nan"),
        ((torch.rand(4, 2), float("inf")), "finite.*inf"),
        ((torch.rand(4, 2), torch.tensor([0.1, float("inf")])), "finite"),
        ((torch.rand(4, 2), torch.zeros(2, 5)), r"\(landings, 2\)"),
        ((torch.rand(4, 2), torch.zeros(2, 2, 2)), r"\(2, 2, 2\)"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        flow(AffineField.named("L1", "L2"), *arguments)


def test_method_that_does_not_apply_is_refused():
    with pytest.raises(ValueError, match="MLPField"):
        flow(MLPField(2, 1), torch.rand(3, 2), 0.1, method="exact")
    with pytest.raises(ValueError, match="'rk4', 'exact' or 'dopri5'"):
        flow(MLPField(2, 1), torch.rand(3, 2), 0.1, method="euler")
    with pytest.raises(ValueError, match="2 copies"):
        flow(AffineField.named("L1", "L2"), torch.rand(4, 3, 2), 0.1, copies=True)


def test_many_points_move_in_blocks_as_they_do_alone(monkeypatch):
    field = MLPField(2, 3)
    z = points(torch.float32, 50)
    s = torch.tensor([0.1, 0.3])
    whole = flow(field, z, s)
    monkeypatch.setattr(flows_module, "BLOCK", 8 * field.n)
    calls = []
    own = field.raw_own
    monkeypatch.setattr(field, "raw_own", lambda y: (calls.append(y.shape), own(y))[1])
    assert torch.allclose(flow(field, z, s), whole, atol=1e-6)
    assert calls == [(8, field.n, 2)] * 6 * 32 + [(2, field.n, 2)] * 32


def test_recomputed_steps_give_the_same_gradient_and_keep_less(monkeypatch):
    field = MLPField(2, 3).double()
    z = points(torch.float64).requires_grad_()
    monkeypatch.setattr(flows_module, "BLOCK", 16 * field.n)
    gradients, kept = [], []
    for recompute in (False, True):
        saved = []
        hooks = torch.autograd.graph.saved_tensors_hooks(
            lambda v, saved=saved: (saved.append(v.numel()), v)[1], lambda v: v
        )
        with hooks:
            moved = flow(field, z, 0.4, recompute=recompute)
        loss = (moved**3).sum()
        gradients.append(torch.autograd.grad(loss, [z, *field.parameters()]))
        kept.append(sum(saved))
    for plain, again in zip(*gradients, strict=True):
        assert torch.allclose(plain, again, rtol=1e-12, atol=1e-14)
    assert kept[1] < kept[0] / 20
