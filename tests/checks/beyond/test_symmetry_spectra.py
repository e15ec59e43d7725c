import pytest
import torch

import symtutor as st
from symtutor.checks import check


def lean(norm, defect):
    root = torch.linalg.qr(norm, mode="r").R
    return torch.linalg.solve_triangular(root, defect, upper=True, left=False)


def by_roots(norm, defect):
    return torch.linalg.svdvals(lean(norm, defect)).flip(0)


def by_squares(norm, defect):
    lower = torch.linalg.cholesky(norm.mT @ norm)
    half = torch.linalg.solve_triangular(lower, defect.mT @ defect, upper=False)
    return torch.linalg.eigvalsh(torch.linalg.solve_triangular(lower, half.mT, upper=False))


def by_pseudo_inverse(norm, defect):
    _, sizes, right = torch.linalg.svd(norm, full_matrices=False)
    return torch.linalg.svdvals(defect @ (right.mT / sizes)).flip(0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda n, d: by_squares(n, d).abs().sqrt().sort().values, "Do not square"),
        (lambda n, d: -by_roots(n, d), "not positive"),
        (lambda n, d: by_roots(n, d).flip(0), "this falls"),
        (lambda n, d: by_roots(n, d) ** 2, "these are the squares"),
        (lambda n, d: torch.linalg.svdvals(d).flip(0), "the norm is missing"),
        (
            lambda n, d: torch.linalg.svdvals(torch.linalg.solve(torch.linalg.qr(n).R, d.mT)).flip(
                0
            ),
            "not D R^-T",
        ),
        (lambda n, d: 3 * by_roots(n, d), "where R is the triangle"),
        (lambda n, d: by_roots(n, d)[0], "shape (6,)"),
        (2.0, "must be a function"),
    ],
)
def test_hints_on_roots(answer, hint, refused):
    refused("ex-roots-not-squares", answer, hint)


@pytest.mark.parametrize("answer", [by_roots, by_pseudo_inverse])
def test_right_roots(answer):
    assert check("ex-roots-not-squares", answer).passed


def leibniz(second, third):
    """x^2 D^m q + second(m) x D^(m-1) q + third(m) D^(m-2) q."""

    def rule(q, x, m, length):
        high, middle, low = (st.derivative(q, m - j, length) if m > j else q for j in range(3))
        return x**2 * high + second(m) * x * middle + third(m) * low

    return rule


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda q, x, m, length: st.derivative(x**2 * q, m, length), "jump at the seam"),
        (leibniz(lambda m: 0, lambda m: 0), "x^2 changes, too"),
        (leibniz(lambda m: 2 * m, lambda m: 0), "2, not 0"),
        (leibniz(lambda m: m, lambda m: m * (m - 1)), "derivative 2 x"),
        (leibniz(lambda m: 2, lambda m: 2), "binomial"),
        (leibniz(lambda m: 2 * m, lambda m: m * (m - 1) / 2), "cancels the 1/2"),
        (leibniz(lambda m: 3 * m, lambda m: 0), "compare with"),
        (lambda q, x, m, length: q[0], "shape (3, 32)"),
        (1.0, "must be a function"),
    ],
)
def test_hints_on_leibniz(answer, hint, refused):
    refused("ex-leibniz-square", answer, hint)


def once_and_again(q, x, m, length):
    """D^m (x y) = x D^m y + m D^(m-1) y, with y = x q."""

    def once(order):
        lower = st.derivative(q, order - 1, length) if order > 1 else q
        return x * st.derivative(q, order, length) + order * lower

    before = once(m - 1) if m > 1 else x * q
    return x * once(m) + m * before


def test_right_leibniz():
    assert check("ex-leibniz-square", leibniz(lambda m: 2 * m, lambda m: m * (m - 1))).passed
    assert check("ex-leibniz-square", once_and_again).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda p: 2 / p, "the sign"),
        (lambda p: -2, "KdV, only"),
        (lambda p: -2 * p, "divide by p"),
        (lambda p: -2 / (p + 1), "scale with c - 3"),
        (lambda p: 0.0, "three times as fast"),
        (lambda p: -3 / p, "scale alike"),
        (lambda p: [1.0, 2.0], "one number"),
        (-2.0, "must be a function"),
    ],
)
def test_hints_on_scaling(answer, hint, refused):
    refused("ex-power-scaling", answer, hint)


def test_right_scaling():
    assert check("ex-power-scaling", lambda p: -2 / p).passed
    assert check("ex-power-scaling", lambda p: torch.tensor(-2.0) / p).passed


@pytest.mark.parametrize("p", [1, 2, 3])
def test_the_scaling_is_a_symmetry(p):
    """What the check of ex-power-scaling calls right leaves no defect, and a wrong weight does."""

    class Power(st.KdV):
        def evolution(self, jet):
            return -(jet["u"] ** p) * jet["u_x"] - jet["u_xxx"]

    x = torch.arange(64).double() * 128 / 64
    waves = 0.3 + torch.cos(2 * torch.pi * x / 128) + 0.5 * torch.sin(6 * torch.pi * x / 128)
    rows = st.snapshots(Power(), waves[None], torch.ones(1), fine=4)
    jet = rows.jet
    for c, defect in ((-2 / p, 0), (-2 / p + 1, 1)):
        q0 = c * jet["u"] - 3 * jet["t"] * jet["u_t"]
        q0_t = (c - 3) * jet["u_t"] - 3 * jet["t"] * jet["u_tt"]
        left = q0_t - jet["x"] * jet["u_xt"]
        right = rows.linearised(q0) + rows.linearised(-jet["u_x"], power=1)
        relative = (left - right).abs().max() / jet["u_t"].abs().max()
        assert relative > 0.1 if defect else relative < 1e-9
