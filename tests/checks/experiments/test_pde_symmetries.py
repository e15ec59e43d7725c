from itertools import pairwise

import pytest
import torch

import symtutor as st
from symtutor.checks import check


def parts(xi, tau, phi, u_x, u_t, length):
    """The terms of the first prolongation."""
    xi_x, tau_x, phi_x = (st.derivative(v, 1, length) for v in (xi, tau, phi))
    return phi_x, -u_x * xi_x, -u_t * tau_x


def combined(*signs):
    return lambda *given: sum(s * part for s, part in zip(signs, parts(*given), strict=True))


def over_a_fixed_place(xi, tau, phi, u_x, u_t, length):
    return st.derivative(phi - xi * u_x - tau * u_t, 1, length)


def following(xi, tau, phi, u_x, u_t, length):
    u_xx, u_xt = (st.derivative(v, 1, length) for v in (u_x, u_t))
    return over_a_fixed_place(xi, tau, phi, u_x, u_t, length) + xi * u_xx + tau * u_xt


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (combined(1, 0, 1), "stretching x flattens"),
        (combined(1, 1, 0), "u_t D_x tau is missing"),
        (combined(1, 0, 0), "no point moves sideways"),
        (combined(1, -1, -1), "both terms are subtracted"),
        (over_a_fixed_place, "over a fixed place"),
        (lambda *given: combined(1, 1, 1)(*given[:-1], 1.0), "pass the length on"),
        (combined(2, 1, 1), "compare with"),
        (lambda *given: given[0][0], "shape (3, 32)"),
        (3.0, "must be a function"),
    ],
)
def test_prolong_hints(answer, hint, refused):
    refused("ex-prolong-once", answer, hint)


def test_prolong_right():
    assert check("ex-prolong-once", combined(1, 1, 1)).passed
    assert check("ex-prolong-once", following).passed


def raised(values):
    return values.clamp(min=1e-8 * values[-1])


def position(values):
    return int((values[1:] / values[:-1]).argmax())


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda v: position(raised(v)), "argmax counts from 0"),
        (lambda v: position(v) + 1, "gaps of its own"),
        (lambda v: int(raised(v).diff().argmax()) + 1, "not differences"),
        (lambda v: len(v) - position(raised(v)) - 1, "after the gap"),
        (lambda v: 3, "return i + 1"),
        (lambda v: v, "one number"),
    ],
)
def test_gap_hints(answer, hint, refused):
    refused("ex-spectral-gap", answer, hint)


def by_search(values):
    values = raised(values).tolist()
    ratios = [b / a for a, b in pairwise(values)]
    return 1 + max(range(len(ratios)), key=ratios.__getitem__)


def test_gap_right():
    assert check("ex-spectral-gap", by_search).passed
    assert check("ex-spectral-gap", lambda v: torch.tensor(position(raised(v)) + 1)).passed
