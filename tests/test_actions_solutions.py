"""Flows acting on solutions: exact solutions, simulated ones, shapes, trust, gradients."""

import pytest
import torch

import symtutor as st
from symtutor.numerics.chart import Chart

LENGTH = 80.0
TIMES = torch.arange(60, dtype=torch.float64) * 0.1 + 2
X = torch.arange(256, dtype=torch.float64) * LENGTH / 256


def soliton(x, t, c=1.0, start=20.0):
    """The periodic soliton of height 3c and speed c."""
    z = x - c * t - start
    z = z - LENGTH * (z / LENGTH).round()
    return 3 * c / torch.cosh(c**0.5 / 2 * z) ** 2


def kdv_field(dtype=torch.float64):
    return st.LibraryField.from_generators(st.KdV().algebra).to(dtype)


def act(field, u, s, **options):
    return st.act_on_solutions(field, u, s, times=TIMES, length=LENGTH, **options)


def test_a_moved_soliton_is_the_soliton_of_the_moved_formula():
    field, s = kdv_field(), 0.37
    labels = field.labels
    t = TIMES[:, None]
    data, rows = act(field, soliton(X, t), s)
    assert data.shape == (3, 60, 256)
    assert rows.shape == (3, 60)
    exact = {
        "x-translation": soliton(X - s, t),
        "t-translation": soliton(X, t - s),
        "galilean": soliton(X - s * t, t) + s,
    }
    assert set(labels) == set(exact)
    for i, label in enumerate(labels):
        error = (data[i] - exact[label])[rows[i]].abs().max()
        assert error < (1e-6 if label == "t-translation" else 1e-11), label
        late = 4 if label == "t-translation" else 0  # 3.7 steps
        assert torch.equal(rows[i], torch.arange(60) >= late)
        assert (data[i][~rows[i]] == 0).all()


def test_a_stretching_that_breaks_the_period_is_not_trusted():
    # KdV's scaling (x, 3t, -2u) is a symmetry on the line; on the circle it tears or overlaps
    scaling = st.AffineField(
        torch.diag(torch.tensor([1.0, 3.0, -2.0]))[None].double(), torch.zeros(1, 3).double()
    )
    for s in (-0.02, 0.02):
        data, rows = act(scaling, soliton(X, TIMES[:, None]), s)
        assert not rows.any()
        assert (data == 0).all()


def test_boost_time_and_space_of_a_simulated_solution_agree_with_the_equation():
    coarse = st.simulate(st.KS(), 2, frames=500)
    field = st.LibraryField.from_generators(st.KS().algebra).double()
    step = (coarse.times[1] - coarse.times[0]).item()
    later = st.act_on_solutions(field, coarse, 3 * step).data[field.labels.index("t-translation")]
    assert torch.allclose(later[:, 3:], coarse.u[:, :-3], atol=1e-10)
    there, ok = st.act_on_solutions(field, coarse, 0.2)
    boost = field.labels.index("galilean")
    assert ok[boost].all()
    assert torch.allclose(there[boost].mean(-1), coarse.u.mean(-1) + 0.2, atol=1e-10)
    back, ok = st.act_on_solutions(
        field, there[boost], -0.2, times=coarse.times, length=coarse.equation.length
    )
    assert torch.allclose(back[boost], coarse.u, atol=1e-10)


def test_a_field_that_depends_on_u_moves_the_graph():
    # (u, 0, 0) is the flow of inviscid Burgers: points travel with their own value
    matrix = torch.zeros(1, 3, 3, dtype=torch.float64)
    matrix[0, 0, 2] = 1
    field = st.AffineField(matrix, torch.zeros(1, 3, dtype=torch.float64))
    k = 2 * torch.pi / LENGTH

    def start(x):
        return 1 + torch.sin(k * x)

    u = start(X).expand(60, -1)
    s = 0.4 / k
    data, rows = act(field, u, s)
    assert rows.all()
    implicit = data[0, 0]
    assert torch.allclose(implicit, start(X - s * implicit), atol=1e-12)
    assert not act(field, u, 1.2 / k)[1].any()  # a fold: the wave has broken


def test_a_chart_changes_the_coordinates_and_nothing_else():
    chart = Chart((1 / LENGTH, 0.2, 0.5), (0.0, 2.0, 0.0))
    physical = kdv_field()
    x_shift = st.AffineField(torch.zeros(1, 3, 3).double(), torch.tensor([[1.0, 0, 0]]).double())
    u = soliton(X, TIMES[:, None])
    seen = act(x_shift, u, 0.25, chart=chart)
    i = physical.labels.index("x-translation")
    direct = act(physical, u, 0.25 * LENGTH)
    assert torch.allclose(seen.data[0], direct.data[i], atol=1e-12)
    assert torch.equal(seen.mask[0], direct.mask[i])


def test_axes_of_parameters_generators_and_trajectories():
    u = soliton(X, TIMES[:, None]).expand(2, 5, -1, -1)
    s = torch.tensor([0.0, 0.2], dtype=torch.float64)
    data, rows = act(kdv_field(), u, s)
    assert data.shape == (2, 3, 2, 5, 60, 256)
    assert rows.shape == (2, 3, 2, 5, 60)
    assert torch.allclose(data[0], u.expand(3, -1, -1, -1, -1), atol=1e-12)
    single = act(kdv_field(), u[0, 0], 0.2).data
    assert torch.allclose(data[1, :, 1, 4], single, atol=1e-12)


def test_trajectories_are_moved_in_portions_with_the_same_result(monkeypatch):
    u = torch.stack([soliton(X, TIMES[:, None], start=s) for s in (10.0, 20.0, 30.0)])
    whole = act(kdv_field(), u, 0.3)
    portions = []
    resample = st.actions.resample

    def counted(moved, *args, **options):
        portions.append(moved.shape[1])
        return resample(moved, *args, **options)

    monkeypatch.setattr(st.actions, "resample", counted)
    monkeypatch.setattr(st.actions, "POINTS", 2 * 60 * 256)
    parts = act(kdv_field(), u, 0.3)
    assert portions == [2, 1]
    assert torch.allclose(parts.data, whole.data, atol=1e-13)
    assert torch.equal(parts.mask, whole.mask)


def test_single_precision_and_networks():
    u = soliton(X, TIMES[:, None])[None]
    exact = act(kdv_field(), u, 0.3)
    single = act(kdv_field(torch.float32), u, 0.3)
    assert single.data.dtype == torch.float32
    assert torch.equal(single.mask, exact.mask)
    assert (single.data - exact.data).abs().max() < 1e-3
    field = st.MLPField(3, 2, periods=[1.0, None, None])
    chart = Chart((1 / LENGTH, 1 / 6, 0.3), (0.0, 2.0, 0.0))
    acted = act(field, u, 0.02, chart=chart)
    acted.data.sum().backward()
    assert acted.mask.any()
    assert all(p.grad is None or p.grad.isfinite().all() for p in field.parameters())
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in field.parameters())


def test_refusals_name_the_remedy():
    field, u = kdv_field(), soliton(X, TIMES[:, None])
    with pytest.raises(ValueError, match=r"graph has 3 coordinates .* acts on 2"):
        act(st.AffineField.named("L1"), u, 0.1)
    with pytest.raises(ValueError, match=r"pass times=\.\.\. and length=\.\.\."):
        st.act_on_solutions(field, u, 0.1)
    with pytest.raises(ValueError, match="leave both out"):
        st.act_on_solutions(field, st.simulate(st.Burgers(), 1), 0.1, times=TIMES)
    with pytest.raises(ValueError, match=r"with 59 times, got \(60, 256\)"):
        st.act_on_solutions(field, u, 0.1, times=TIMES[:-1], length=LENGTH)
    with pytest.raises(ValueError, match="no method is called 'linear'"):
        act(field, u, 0.1, resampling="linear")
