import gc

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as strategy
from published_weno import published_derivatives
from sample_fields import REAL, near, noise

from symtutor import deformed_derivatives
from symtutor.numerics.weno import deformed

SPACING = (0.4, 0.5)
DEGREE = {"u_x": 1, "u_t": 1, "u_xx": 2, "u_xxx": 3, "u_xxxx": 4}
ORDERS = (1, 2, 3, 4)


def moved_grid(rows=6, columns=8, *, batch=(), shear=(0.0, 0.0), jitter=0.1, seed=0, dtype=REAL):
    """A grid with the given spacing, sheared in units of it and then disturbed at random."""
    j, i = torch.arange(rows, dtype=REAL)[:, None], torch.arange(columns, dtype=REAL)
    x, t = i + shear[0] * j + 0 * j, j + shear[1] * i
    x = x + jitter * noise(*batch, rows, columns, seed=seed).clamp(-2, 2)
    t = t + jitter * noise(*batch, rows, columns, seed=seed + 1).clamp(-2, 2)
    return (SPACING[1] * x).to(dtype), (SPACING[0] * t).to(dtype)


def wave(x, t):
    return torch.sin(x / 3) * torch.cos(t / 2) + 0.2 * x


def polynomial(coefficients, x, t):
    """Values and pure x- and t-derivatives of the sum of c_ij x^i t^j, j = 0, 1."""
    terms = [(c, i, j) for i, pair in enumerate(coefficients.tolist()) for j, c in enumerate(pair)]

    def derivative(r, s):
        total = torch.zeros_like(x)
        for c, i, j in terms:
            if i >= r and j >= s:
                falling = torch.tensor([*range(i - r + 1, i + 1)], dtype=REAL).prod()
                total = total + c * falling * x ** (i - r) * t ** (j - s)
        return total

    names = {"u": (0, 0), "u_t": (0, 1)}
    return derivative(0, 0), {**{"u_" + "x" * r: (r, 0) for r in range(1, 5)}, **names}, derivative


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("weights", ["published", "normalised", "uniform"])
@settings(max_examples=15, deadline=None)
@given(
    shears=strategy.tuples(strategy.floats(-1.5, 1.5), strategy.floats(-0.4, 0.4)),
    jitter=strategy.floats(0, 0.08),
    seed=strategy.integers(0, 99),
)
def test_exact_on_its_polynomials_on_any_grid(order, weights, shears, jitter, seed):
    x, t = moved_grid(4, 7, shear=shears, jitter=jitter, seed=seed)
    x, t = x - x.mean(), t - t.mean()
    scale = torch.tensor([[2.0**-i, 2.0**-i] for i in range(order + 1)], dtype=REAL)
    u, derivatives, exact = polynomial(0.3 * scale * noise(order + 1, 2, seed=seed), x, t)
    jet = deformed_derivatives(x, t, u, (order,), spacing=SPACING, weights=weights)
    for name in set(jet) - {"x", "t"}:
        expected = exact(*derivatives[name])[1:-1, 2:-2]
        torch.testing.assert_close(jet[name], expected, atol=1e-7, rtol=1e-7)


@pytest.mark.parametrize("order", ORDERS)
def test_one_degree_more_is_not_exact(order):
    x, t = moved_grid(4, 7)
    x, t = x - x.mean(), t - t.mean()
    u, derivatives, exact = polynomial(0.1 * noise(order + 2, 2), x, t)
    jet = deformed_derivatives(x, t, u, (order,), spacing=SPACING)
    name = "u_" + "x" * order
    assert (jet[name] - exact(*derivatives[name])[1:-1, 2:-2]).abs().max() > 1e-3


@pytest.mark.parametrize("orders", [(1, 3), (1, 2, 4), (1, 2), (4, 3, 2, 1)])
@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("jitter", [0.0, 0.1, 0.3])
def test_agrees_with_the_published_formula_and_its_gradient(orders, uniform, jitter):
    ours = [z.requires_grad_() for z in moved_grid(batch=(2,), jitter=jitter)]
    theirs = [z.detach().clone().requires_grad_() for z in ours]
    values, gradients = [], []
    for leaves, function, options in (
        (ours, deformed_derivatives, {"weights": "uniform" if uniform else "published"}),
        (theirs, published_derivatives, {"uniform": uniform}),
    ):
        u = wave(*leaves)
        jet = function(*leaves, u, orders, spacing=SPACING, **options)
        values.append(jet)
        loss = sum(
            (jet[name] * noise(*jet[name].shape, seed=i)).sum() for i, name in enumerate(jet)
        )
        gradients.append(torch.autograd.grad(loss, leaves))
    assert list(values[0]) == list(values[1])
    for name, expected in values[1].items():
        torch.testing.assert_close(values[0][name], expected, atol=1e-9, rtol=1e-9)
    for ours_by, theirs_by in zip(*gradients, strict=True):
        torch.testing.assert_close(ours_by, theirs_by, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("order", ORDERS)
def test_gradcheck_in_x_t_and_u(order):
    x, t = moved_grid(3, 6, shear=(0.3, 0.2))
    leaves = [z.requires_grad_() for z in (x, t, wave(x, t))]

    def function(*grid):
        return tuple(
            deformed_derivatives(*grid, (order,), spacing=SPACING, weights="uniform").values()
        )

    assert torch.autograd.gradcheck(function, leaves)


def test_gradients_of_broadcast_and_constant_inputs():
    x, t = moved_grid(5, 7, jitter=0.0)
    u = torch.stack([wave(x, t), wave(2 * x, t)]).requires_grad_()
    jet = deformed_derivatives(x, t, u, (1, 2), spacing=SPACING)
    assert jet["u_xx"].shape == jet["x"].shape == (2, 3, 3) and not jet["x"].is_leaf
    (by_u,) = torch.autograd.grad(jet["u_xx"][0].sum(), u)
    assert by_u[0].abs().sum() > 0 and by_u[1].abs().sum() == 0


def test_gradients_cannot_be_differentiated_again():
    x, t = moved_grid()
    u = wave(x, t).requires_grad_()
    value = deformed_derivatives(x, t, u, (1,), spacing=SPACING)["u_x"].sum()
    with pytest.raises(RuntimeError, match="differentiated again"):
        torch.autograd.grad(value, u, create_graph=True)


def test_single_precision():
    x, t = moved_grid(8, 10, shear=(0.5, 0.1))
    u = wave(x, t)
    single = deformed_derivatives(x.float(), t.float(), u.float(), (1, 2, 3), spacing=SPACING)
    double = deformed_derivatives(x, t, u, (1, 2, 3), spacing=SPACING)
    for name, value in single.items():
        assert value.dtype == torch.float32
        near(value.double(), double[name], 2e-5 if name == "u_xxx" else 5e-6)


@pytest.mark.parametrize("shift", [4, 7, 11])
def test_differences_wrap_around_the_period(shift):
    length = 16 * SPACING[1]
    x, t = moved_grid(4, 16)
    u = torch.sin(2 * torch.pi * x / length) + t
    plain = deformed_derivatives(x, t, u, (1, 3), length=length, spacing=SPACING)
    seam = (x + shift * SPACING[1]).remainder(length)
    wrapped = deformed_derivatives(seam, t, u, (1, 3), length=length, spacing=SPACING)
    cut = deformed_derivatives(seam, t, u, (1, 3), spacing=SPACING)
    for name in ("u_x", "u_t", "u_xxx"):
        near(wrapped[name], plain[name], 1e-9)
        assert (cut[name] - plain[name]).abs().max() > 1e-3
    seam[0, 0] = torch.nan
    torn = deformed_derivatives(seam, t, u, (1, 3), length=length, spacing=SPACING)
    for name in ("u_x", "u_t", "u_xxx"):  # points that still have a stencil; all wrap
        near(torn[name][:, 4:], plain[name][:, 4:], 1e-9)


def test_indices_are_not_periodic():
    x, t = moved_grid(5, 9)
    jet = deformed_derivatives(x, t, wave(x, t), (1,), length=9 * SPACING[1], spacing=SPACING)
    assert jet["u"].shape == (3, 5)
    near(jet["x"], x[1:-1, 2:-2], 0)


@pytest.mark.parametrize(("slope", "total"), [(0.5, 1.0), (20.0, 4 / (20.0**4 + 1e-6) ** 2 / 1e-6)])
def test_published_weights_lose_their_sum_on_steep_data(slope, total):
    x, t = moved_grid(jitter=0.0)

    def u_x(weights):
        return deformed_derivatives(x, t, slope * x, (1,), spacing=SPACING, weights=weights)["u_x"]

    near(u_x("published"), slope * total, 1e-9)
    near(u_x("normalised"), slope, 1e-9)
    near(u_x("uniform"), slope, 1e-9)


def test_a_jump_is_avoided_by_the_weights_only():
    x, t = moved_grid(3, 8, jitter=0.0)
    u = 0.1 * x + 2.0 * (x > 3.9 * SPACING[1])  # between columns 3 and 4
    shape = {"spacing": SPACING}
    smart = deformed_derivatives(x, t, u, (1,), **shape, weights="normalised")["u_x"][0]
    plain = deformed_derivatives(x, t, u, (1,), **shape, weights="uniform")["u_x"][0]
    near(smart, 0.1, 1e-3)
    near(plain[[0, 3]], 0.1, 1e-9)
    near(plain[[1, 2]], 0.1 + 2.0 / (2 * SPACING[1]), 1e-9)


def smooth_move_error(order, count, tilt):
    """Largest error on a grid of count x count that is moved smoothly, along x or up and down t."""
    i = torch.arange(count, dtype=REAL) / count
    t, x = torch.meshgrid(i, i, indexing="ij")
    x, t = x + 0.05 * torch.sin(3 * x + 2 * t), t + tilt * torch.sin(3 * x) + 0.1 * t**2
    spacing = (1 / count, 1 / count)
    jet = deformed_derivatives(x, t, torch.sin(x + t), (order,), spacing=spacing, weights="uniform")
    phase = jet["x"] + jet["t"] + order * torch.pi / 2
    return (jet["u_" + "x" * order] - torch.sin(phase)).abs().max()


@pytest.mark.parametrize("order", ORDERS)
def test_second_order_where_rows_stay_level(order):
    errors = [smooth_move_error(order, count, 0.0) for count in (24, 48)]
    assert torch.log2(errors[0] / errors[1]) > 1.8


@pytest.mark.parametrize("order", ORDERS)
def test_on_tilted_rows_only_the_first_derivative_converges(order):
    errors = [smooth_move_error(order, count, 0.05) for count in (24, 48)]
    rate = torch.log2(errors[0] / errors[1])
    assert rate > 1.8 if order == 1 else rate.abs() < 0.3


def test_a_stencil_that_needs_row_exchanges():
    x, t = moved_grid(3, 5, jitter=0.05)
    t[0, 1] = t[1, 2]  # the first pivot of one sub-stencil vanishes
    u, derivatives, exact = polynomial(0.1 * noise(4, 2), x, t)
    jet = deformed_derivatives(x, t, u, (3,), spacing=SPACING, weights="uniform")
    near(jet["u_xxx"], exact(*derivatives["u_xxx"])[1:2, 2:3], 1e-8)


@pytest.mark.parametrize("device_block", [1, 7, 10_000])
def test_the_size_of_the_blocks_changes_nothing(monkeypatch, device_block):
    x, t = moved_grid(7, 9, batch=(3, 2))
    leaves = [z.requires_grad_() for z in (x, t)]
    results = []
    for block in (deformed.BLOCK, device_block):
        monkeypatch.setattr(deformed, "BLOCK", block)
        jet = deformed_derivatives(*leaves, wave(x, t), (1, 3), spacing=SPACING)
        loss = sum(value.square().sum() for value in jet.values())
        results.append([*jet.values(), *torch.autograd.grad(loss, leaves)])
    for one, other in zip(*results, strict=True):
        near(one, other.detach(), 1e-10)


class TestFoldedGrids:
    """K3: published, one singular matrix changes a whole batch, and a nan becomes a 1."""

    def grid(self):
        x, t = moved_grid(8, 12, jitter=0.02)
        x[:, :6] = x[0, 0]  # six columns fall on one line
        return x, t, wave(x, t)

    def test_points_without_a_polynomial_are_nan_and_leave_the_others_alone(self):
        x, t, u = self.grid()
        jet = deformed_derivatives(x, t, u, (1, 2), spacing=SPACING)
        alone = deformed_derivatives(x[:, 4:], t[:, 4:], u[:, 4:], (1, 2), spacing=SPACING)
        assert jet["u_x"][:, :3].isnan().all() and jet["u_x"][:, 4:].isfinite().all()
        for name, value in alone.items():
            near(value, jet[name][:, 4:], 1e-12)

    @pytest.mark.parametrize("bad", [torch.nan, torch.inf])
    def test_numbers_that_are_not_finite_stay_where_they_are(self, bad):
        x, t = moved_grid(7, 11)
        u = wave(x, t)
        u[3, 5] = bad
        jet = deformed_derivatives(x, t, u, (1, 3), spacing=SPACING)
        missing = ~jet["u_xxx"].isfinite()
        assert missing[2, 3] and not missing[[0, 4]].any() and not missing[:, [0, 6]].any()

    def test_one_usable_sub_stencil_is_enough(self):
        x, t = moved_grid(3, 5, jitter=0.0)
        u = 2 * x
        u[0, 1] = u[0, 3] = u[2, 1] = torch.nan
        jet = deformed_derivatives(x, t, u, (1,), spacing=SPACING, weights="uniform")
        near(jet["u_x"], 2.0, 1e-12)

    @pytest.mark.parametrize("mask_first", [True, False])
    def test_gradients_are_finite_where_the_result_is_masked(self, mask_first):
        leaves = [z.requires_grad_() for z in self.grid()]
        jet = deformed_derivatives(*leaves, (1, 2), length=6.0, spacing=SPACING)
        if mask_first:
            good = jet["u_xx"].isfinite() & jet["u_x"].isfinite()
            jet = {name: value[good] for name, value in jet.items()}
        residual = jet["u_t"] + jet["u"] * jet["u_x"] - jet["u_xx"]
        score = residual[residual.isfinite()].square().log().mean()
        gradients = torch.autograd.grad(score, leaves)
        assert all(g.isfinite().all() for g in gradients)
        assert all(g[:, :4].abs().max() == 0 for g in gradients[2:])

    def test_grids_that_turn_over_have_derivatives(self):
        x, t = moved_grid(6, 16, jitter=0.02)
        x = x + 1.5 * torch.sin(2 * x)  # the Jacobian changes its sign
        jet = deformed_derivatives(x, t, x + t, (1, 3), spacing=SPACING, weights="normalised")
        assert jet["u_x"].isfinite().all()
        near(jet["u_x"], 1.0, 1e-6)


def test_k2_no_sub_stencil_is_preferred():
    """The published linear weight 100 of a central cell is never reached: all are equal."""
    x, t = moved_grid(3, 5, jitter=0.0)
    u = 1e-4 * noise(3, 5)  # indicators far below epsilon
    jet = deformed_derivatives(x, t, u, (1, 2, 3, 4), spacing=SPACING)
    mean = deformed_derivatives(x, t, u, (1, 2, 3, 4), spacing=SPACING, weights="uniform")
    torch.testing.assert_close(jet["u_x"], mean["u_x"], rtol=1e-4, atol=0)
    near(mean["u_x"], (u[1:2, 3:4] - u[1:2, 1:2]) / (2 * SPACING[1]), 1e-12)


def test_k4_garbage_is_not_collected(monkeypatch):
    monkeypatch.setattr(gc, "collect", lambda *_: pytest.fail("gc.collect"))
    x, t = moved_grid()
    u = wave(x, t).requires_grad_()
    deformed_derivatives(x, t, u, (1, 3), spacing=SPACING)["u_xxx"].sum().backward()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"orders": ()}, "orders"),
        ({"orders": (1, 1)}, "orders"),
        ({"orders": (5,)}, "orders"),
        ({"spacing": (0.0, 1.0)}, "positive"),
        ({"length": -1.0}, "positive"),
        ({"rows": 2}, "3 times"),
        ({"columns": 4}, "5 places"),
    ],
)
def test_errors_say_what_is_wrong(changes, message):
    given = {"orders": (1,), "spacing": SPACING, "length": None, "rows": 4, "columns": 6, **changes}
    x, t = moved_grid(given.pop("rows"), given.pop("columns"))
    with pytest.raises(ValueError, match=message):
        deformed_derivatives(x, t, wave(x, t), given.pop("orders"), **given)
