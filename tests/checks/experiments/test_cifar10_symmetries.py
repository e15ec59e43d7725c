import pytest
import torch

import symtutor as st
from symtutor.checks import check


def each(pulled, slopes):
    return pulled[..., None] * slopes


def turns(pulled, slopes):
    return torch.einsum("bchw,bchwa->bhwa", pulled, slopes)


def right_turns(pulled, slopes):
    return turns(pulled, slopes).square().sum(-1).mean(0)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda p, g: each(p, g).square().sum((1, -1)).mean(0), "displaced together"),
        (lambda p, g: turns(p, g).sum(-1).square().mean(0), "separate displacements"),
        (lambda p, g: turns(p, g).mean(0).square().sum(-1), "its own features"),
        (lambda p, g: turns(p, g).square().sum((0, -1)), "not their sum"),
        (lambda p, g: turns(p, g).square().mean((0, -1)), "both directions"),
        (lambda p, g: turns(p, g).norm(dim=-1).mean(0), "not the lengths"),
        (lambda p, g: turns(p, g).square().sum(-1), "shape (6, 4)"),
        (lambda p, g: 7 * right_turns(p, g), "sum over channels, square"),
        (3.0, "must be a function"),
    ],
)
def test_turns_hints(answer, hint, refused):
    refused("ex-pixel-turns", answer, hint)


def test_turns_right():
    assert check("ex-pixel-turns", right_turns).passed


def by_least_squares(values, basis, weights):
    root = weights.sqrt()[:, None]
    field, span = (root * values).flatten(), (root[:, None] * basis).movedim(1, -1).flatten(0, 1)
    return field, span, torch.linalg.lstsq(span, field[:, None]).solution[:, 0]


def projected(values, basis, weights):
    field, span, coefficients = by_least_squares(values, basis, weights)
    return (span @ coefficients).norm() / field.norm()


def components(values, basis, weights):
    unit = basis / torch.einsum("q,qmd->m", weights, basis.square()).sqrt()[:, None]
    norm = (weights @ values.square().sum(-1)).sqrt()
    return torch.einsum("q,qd,qmd->m", weights, values, unit).norm() / norm


def even(values, basis, weights):
    return projected(values, basis, torch.ones_like(weights))


def absolute(values, basis, weights):
    _, span, coefficients = by_least_squares(values, basis, weights)
    return (span @ coefficients).norm()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (components, "not orthogonal under the weights"),
        (even, "its own weight"),
        (absolute, "the norm of the field itself"),
        (lambda *given: projected(*given).square(), "this is the square"),
        (lambda *given: (1 - projected(*given).square()).sqrt(), "leaves over"),
        (lambda *given: projected(*given) / 2, "roots of their weights"),
        (lambda *given: given[0], "one number"),
    ],
)
def test_share_hints(answer, hint, refused):
    refused("ex-affine-share", answer, hint)


class Table(st.Field):
    """Fields known at the points of a quadrature only."""

    def __init__(self, values, quadrature):
        super().__init__(2, values.shape[1], quadrature=quadrature)
        self.values = values

    def raw(self, points):
        return self.values

    def raw_own(self, points):
        raise NotImplementedError


def packaged(values, basis, weights):
    quadrature = st.Quadrature(torch.zeros(len(weights), 2), weights)
    field, span = Table(values[:, None], quadrature), Table(basis, quadrature)
    return st.project(field, span, quadrature).affineness[0]


def test_share_right():
    assert check("ex-affine-share", projected).passed
    assert check("ex-affine-share", packaged).passed
