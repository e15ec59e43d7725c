import pytest
import torch

from symtutor import check, linear_weights


def by_neville(x):
    return linear_weights(torch.cat([x[:2], x[3:]]) - x[2])


def by_solve(matrix, f, k):
    p = torch.linalg.solve(matrix, f)
    return -torch.linalg.inv(matrix)[k][:, None] * p


def by_autograd(matrix, f, k):
    leaf = matrix.clone().requires_grad_()
    return torch.autograd.grad(torch.linalg.solve(leaf, f)[k], leaf)[0]


def test_right_answers():
    assert check("ex-linear-weights", by_neville).passed
    assert check("ex-implicit-gradient", by_solve).passed
    assert check("ex-implicit-gradient", by_autograd).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda x: torch.tensor([1.0, 4.0, 1.0]) / 6, "equal distances"),
        (lambda x: by_neville(x).flip(0), "exchanged"),
        (lambda x: torch.ones(3) / 3, "equal weights"),
        (lambda x: 6 * by_neville(x), "sum is not 1"),
        (lambda x: torch.tensor([0.0, 1.0, 0.0]), "alone"),
        (lambda x: linear_weights(torch.cat([x[:2], x[3:]])), "count places"),
        (lambda x: by_neville(x) + 0.1, "Neville"),
        (lambda x: torch.ones(4), "the weights"),
        (3, "must be a function"),
    ],
)
def test_hints_on_weights(refused, answer, hint):
    refused("ex-linear-weights", answer, hint)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda *a: -by_solve(*a), "the sign"),
        (lambda *a: by_solve(*a).T, "the transpose"),
        (
            lambda m, f, k: -torch.linalg.inv(m)[:, k][:, None] * torch.linalg.solve(m, f),
            "transposed system",
        ),
        (lambda m, f, k: -torch.linalg.inv(m)[k][:, None] * f, "not f"),
        (lambda m, f, k: torch.ones(5, 5), "differentiate"),
        (lambda m, f, k: torch.ones(5), "the derivative"),
    ],
)
def test_hints_on_the_gradient(refused, answer, hint):
    refused("ex-implicit-gradient", answer, hint)
