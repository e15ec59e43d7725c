import math

import pytest
import torch

from symtutor.checks import check


def planes(angles):
    return torch.block_diag(
        *(torch.tensor([[a.cos(), -a.sin()], [a.sin(), a.cos()]]) for a in angles)
    ).double()


def undetected(C, angles):
    basis = torch.linalg.eigh(C).eigenvectors
    return basis @ planes(angles) @ basis.T


def by_generator(C, angles):
    """Antisymmetric and commuting with C; its exponential."""
    basis = torch.linalg.eigh(C).eigenvectors
    s = torch.zeros_like(C)
    for k, angle in enumerate(angles):
        u, v = basis[:, 2 * k], basis[:, 2 * k + 1]
        s += angle * (torch.outer(v, u) - torch.outer(u, v))
    return torch.linalg.matrix_exp(s)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda C, angles: C, "not orthogonal"),
        (lambda C, angles: torch.eye(len(C)), "turns nothing"),
        (lambda C, angles: planes(angles), "only within the planes"),
        (lambda C, angles: undetected(C, 2 * angles), "by other angles"),
        (lambda C, angles: -undetected(C, angles), "by other angles"),
        (lambda C, angles: undetected(C, angles)[:2], "must have shape (4, 4)"),
        (
            lambda C, angles: (
                torch.linalg.eigh(C).eigenvectors.T
                @ planes(angles)
                @ torch.linalg.eigh(C).eigenvectors
            ),
            "Q^T C Q is not C",
        ),
        (1.0, "must be a function of (C, angles)"),
    ],
)
def test_undetected_hints(answer, hint, refused):
    refused("ex-undetected", answer, hint)


@pytest.mark.parametrize("answer", [undetected, by_generator])
def test_undetected_right(answer):
    assert check("ex-undetected", answer).passed


def effects(units, scores):
    steps = units.diff(dim=0)
    return ((scores.diff() @ steps) / steps.square().sum(0)).squeeze()


def by_loop(units, scores):
    found = [0.0] * units.shape[1]
    for i in range(len(scores) - 1):
        step = units[i + 1] - units[i]
        factor = int(step.abs().argmax())
        found[factor] = float((scores[i + 1] - scores[i]) / step[factor])
    return found


def in_order_of_rows(units, scores):
    steps = units.diff(dim=0)
    return scores.diff() / steps.sum(1)


def without_steps(units, scores):
    return (scores.diff() @ units.diff(dim=0).sign()).squeeze()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (in_order_of_rows, "in the order of factors"),
        (lambda u, s: effects(u, s).abs(), "keep their signs"),
        (lambda u, s: s.diff()[u.diff(dim=0).abs().argmax(1).argsort()], "divide by the step"),
        (
            lambda u, s: 1.5 * s.diff()[u.diff(dim=0).abs().argmax(1).argsort()],
            "not by its size",
        ),
        (without_steps, "rise of the score over the step"),
        (lambda u, s: effects(u, s)[:2], "must have shape (3,)"),
        (math.pi, "must be a function of (units, scores)"),
    ],
)
def test_effects_hints(answer, hint, refused):
    refused("ex-elementary-effects", answer, hint)


@pytest.mark.parametrize("answer", [effects, by_loop])
def test_effects_right(answer):
    assert check("ex-elementary-effects", answer).passed
