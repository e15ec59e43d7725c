import pytest
import torch

from symtutor.checks import check


def root(C):
    values, vectors = torch.linalg.eigh(C)
    return vectors @ values.sqrt().diag() @ vectors.T


def by_root(C, Q):
    return root(C) @ Q @ root(C).inverse()


def by_cholesky(C, Q):
    B = torch.linalg.cholesky(C)
    return B @ Q @ B.inverse()


def crossed(C, Q):
    B = torch.linalg.cholesky(C)
    return B @ Q @ B.T.inverse()


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda C, Q: Q, "preserves the unit covariance"),
        (lambda C, Q: root(C).inverse() @ Q @ root(C), "the roots stand the wrong way round"),
        (
            lambda C, Q: torch.linalg.cholesky(C).inverse() @ Q @ torch.linalg.cholesky(C),
            "B stands the wrong way round",
        ),
        (lambda C, Q: root(C) @ Q @ root(C), "must be the inverse root"),
        (lambda C, Q: C @ Q @ C.inverse(), "not C itself"),
        (crossed, "not of its transpose"),
        (lambda C, Q: torch.eye(4), "not one that is similar to Q"),
        (lambda C, Q: by_root(C, Q @ Q), "not one that is similar to Q"),
        (lambda C, Q: 2 * by_root(C, Q), "A C A^T differs from C"),
        (lambda C, Q: Q[0], "must have shape (4, 4)"),
        (3.0, "must be a function of (C, Q)"),
    ],
)
def test_gaussian_symmetry_hints(answer, hint, refused):
    refused("ex-gaussian-symmetry", answer, hint)


@pytest.mark.parametrize("answer", [by_root, by_cholesky])
def test_gaussian_symmetry_right(answer):
    assert check("ex-gaussian-symmetry", answer).passed


def chain(R, both=True):
    found, left = [0], set(range(1, len(R)))
    while left:
        ends = (found[0], found[-1]) if both else (found[-1], found[-1])
        _, side, i = max((R[e, i], k, i) for k, e in enumerate(ends) for i in left)
        found.insert(len(found) if side else 0, i)
        left.remove(i)
    return found


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda R: torch.tensor(chain(R)).argsort(), "this is the inverse"),
        (lambda R: torch.tensor(chain(R)[::-1]).argsort(), "this is the inverse"),
        (lambda R: chain(R, both=False), "let the chain grow at both ends"),
        (lambda R: range(len(R)), "hardly correlated"),
        (lambda R: [0] * len(R), "list every component from 0 to 8 once"),
        (lambda R: [1.5, *chain(R)[1:]], "list every component"),
        (lambda R: [0], "must have shape (9,)"),
        ([0, 1], "must be a function of (R)"),
    ],
)
def test_unshuffle_hints(answer, hint, refused):
    refused("ex-unshuffle", answer, hint)


@pytest.mark.parametrize("answer", [chain, lambda R: torch.tensor(chain(R)[::-1])])
def test_unshuffle_right(answer):
    assert check("ex-unshuffle", answer).passed


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (101, "with the root"),
        (100, "without the root"),
        (52, "d must be odd"),
        (49, "at 49"),
        (50, "at 50"),
        (33, "solve"),
        ([51], "one number"),
    ],
)
def test_ceiling_hints(answer, hint, refused):
    refused("ex-ceiling", answer, hint)


@pytest.mark.parametrize("answer", [51, 51.0, torch.tensor(51)])
def test_ceiling_right(answer):
    assert check("ex-ceiling", answer).passed
