import math

import pytest
import torch

import symtutor as st
from symtutor.checks import check

exponential = torch.linalg.matrix_exp


def combined(beta, matrices):
    return torch.einsum("bn,nij->bij", beta, matrices)


def after_another(beta, matrices):
    product = torch.eye(3)
    for weights, matrix in zip(beta.T, matrices, strict=True):
        product = product @ exponential(-weights[:, None, None] * matrix)
    return product


def before_another(beta, matrices):
    return after_another(beta.flip(1), matrices.flip(0))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda b, m: exponential(combined(b, m)), "at minus beta"),
        (after_another, "one flow after the other"),
        (before_another, "one flow after the other"),
        (lambda b, m: torch.eye(3) - combined(b, m), "one Euler step"),
        (lambda b, m: -combined(b, m), "the combined matrix itself"),
        (lambda b, m: torch.eye(3).expand(5, 3, 3), "compare with"),
        (lambda b, m: exponential(-combined(b, m))[:, :2], "shape (5, 3, 3)"),
        (torch.eye(3), "must be a function"),
    ],
)
def test_map_hints(answer, hint, refused):
    refused("ex-combined-map", answer, hint)


def there_and_inverted(beta, matrices):
    return torch.linalg.inv(exponential(combined(beta, matrices)))


def test_map_right():
    assert check("ex-combined-map", lambda b, m: exponential(-combined(b, m))).passed
    assert check("ex-combined-map", there_and_inverted).passed


def areas(places):
    a, b = places[:-1, 1:] - places[:-1, :-1], places[1:, :-1] - places[:-1, :-1]
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def backwards(places):
    left = places[:-1, 1:, 0] < places[:-1, :-1, 0]
    up = places[1:, :-1, 1] < places[:-1, :-1, 1]
    return (left | up).sum()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: (areas(x) > 0).sum(), "Exchange the two edges"),
        (lambda x: (areas(x) < 0).any(), "count them"),
        (lambda x: (areas(x) < 0).float().mean(), "return their number"),
        (backwards, "the sign of the area"),
        (lambda x: 3, "count the cells"),
        (lambda x: areas(x) < 0, "no axes: one number"),
        (None, "not answered"),
    ],
)
def test_folds_hints(answer, hint, refused):
    refused("ex-count-folds", answer, hint)


def by_cross_products(places):
    a, b = places[:-1, 1:] - places[:-1, :-1], places[1:, :-1] - places[:-1, :-1]
    return int((torch.det(torch.stack([a, b], dim=-1)) < 0).sum())


def test_folds_right():
    assert check("ex-count-folds", lambda x: (areas(x) < 0).sum()).passed
    assert check("ex-count-folds", by_cross_products).passed


def t(arm):
    return {5: 2.7764451, 8: 2.3646243}[len(arm)]


def end(arm, base, quantile, correction=1):
    d = arm - base
    return d.mean() - quantile * d.std(correction=correction) / math.sqrt(len(d))


def unpaired(arm, base):
    error = ((arm.var() + base.var()) / len(arm)).sqrt()
    return arm.mean() - base.mean() - t(arm) * error


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (unpaired, "seed by seed"),
        (lambda a, b: end(a, b, 1.96), "Student's t"),
        (lambda a, b: end(a, b, 2.7764451), "belongs to five seeds"),
        (lambda a, b: end(a, b, t(a), correction=0), "divides by n - 1"),
        (lambda a, b: (a - b).mean() - t(a) * (a - b).std(), "divide the deviation"),
        (lambda a, b: st.mean_interval(a - b).high, "the upper end"),
        (lambda a, b: (a - b).mean(), "subtract half the interval"),
        (lambda a, b: end(b, a, t(a)), "of base over arm"),
        (lambda a, b: 0.0, "compare with"),
        (lambda a, b: a - b, "no axes: one number"),
    ],
)
def test_gain_hints(answer, hint, refused):
    refused("ex-paired-gain", answer, hint)


def test_gain_right():
    assert check("ex-paired-gain", lambda a, b: end(a, b, t(a))).passed
    assert check("ex-paired-gain", lambda a, b: st.mean_interval(a - b).low).passed
