"""Checks of the chapter Locality and symmetry."""

from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import close, diagnose, exercise, function, recognised, tensor


def _root(C: Tensor) -> Tensor:
    """The symmetric root."""
    values, vectors = torch.linalg.eigh(C)
    return (vectors * values.sqrt()) @ vectors.mT


@exercise(
    "ex-gaussian-symmetry",
    question="Write a function of C, the covariance of a Gaussian, and an orthogonal matrix Q that "
    "returns a linear symmetry of the Gaussian that is similar to Q.",
)
def gaussian_symmetry(answer: Any, generator: Generator) -> str | None:
    """Any A with A C A^T = C and the eigenvalues of Q: there are as many as roots of C."""
    symmetry = function(answer, "C, Q")
    d = 4
    rough = torch.randn(d, d, generator=generator, dtype=torch.float64)
    C = rough @ rough.mT + torch.eye(d, dtype=torch.float64)
    Q = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64)).Q
    A = tensor(symmetry(C.clone(), Q.clone()), (d, d), "the symmetry").double()
    if not close(A @ C @ A.mT, C):
        root, lower = _root(C), torch.linalg.cholesky(C)
        mistakes = {
            "Q preserves the unit covariance; x has the covariance C.": Q,
            "the roots stand the wrong way round: Q acts on C^(-1/2) x.": (
                root.inverse() @ Q @ root
            ),
            "B stands the wrong way round: Q acts on B^(-1) x.": lower.inverse() @ Q @ lower,
            "the right factor must be the inverse root.": root @ Q @ root,
            "take the root of C, not C itself.": C @ Q @ C.inverse(),
            "with B from Cholesky, the right factor is the inverse of B, not of its transpose.": (
                lower @ Q @ lower.mT.inverse()
            ),
        }
        gap = (A @ C @ A.mT - C).abs().max().item()
        return recognised(A, mistakes) or f"A C A^T differs from C by {gap:.2g}."
    turns = [torch.linalg.matrix_power(own, k).trace() for own in (A, Q) for k in range(1, d + 1)]
    if not close(torch.stack(turns[:d]), torch.stack(turns[d:])):
        return "this is a symmetry, but not one that is similar to Q: use Q."
    return None


@exercise(
    "ex-unshuffle",
    question="Write a function of the correlation matrix R of shuffled components, of which only "
    "hidden neighbours are strongly correlated, that returns them in hidden order.",
)
def unshuffle(answer: Any, generator: Generator) -> str | None:
    """A band of correlations, shuffled twice; either direction is right."""
    order = function(answer, "R")
    for d in (9, 14):
        band = torch.eye(d)
        for k, r in ((1, 0.5), (2, 0.15)):
            values = r + 0.1 * torch.rand(d - k, generator=generator)
            band += torch.diag(values, k) + torch.diag(values, -k)
        shuffle = torch.randperm(d, generator=generator)
        right = shuffle.argsort()  # component right[i] of the shuffled is the hidden one i
        R = band[shuffle][:, shuffle]
        got = tensor(order(R.clone()), (d,), "the order")
        if not torch.equal(got.sort().values, torch.arange(d).to(got)):
            return f"list every component from 0 to {d - 1} once."
        if torch.equal(got, right.to(got)) or torch.equal(got.flip(0), right.to(got)):
            continue
        for hidden in (shuffle, shuffle.argsort().flip(0).argsort()):
            if torch.equal(got, hidden.to(got)):
                return (
                    "this is the inverse: the place of each component, not the component at each "
                    "place."
                )
        i = got.long()
        weak = int((R[i[1:], i[:-1]] < 0.4).sum())
        return (
            f"{weak} of your {d - 1} pairs of neighbours are hardly correlated. The first "
            "component of R need not be an end: let the chain grow at both ends."
        )
    return None


@exercise(
    "ex-ceiling",
    question="What is the smallest odd d at which a perfect shift that wraps around scores a "
    "cosine of at least 0.99 with the shift that does not?",
)
def ceiling(answer: Any, generator: Generator) -> str | None:
    """sqrt((d - 1) / d) >= 0.99, from d = 50.25 on."""
    mistakes = {
        "the cosine is sqrt((d - 1) / d), with the root.": torch.tensor(101.0),
        "without the root, and d is odd.": torch.tensor(100.0),
        "d must be odd.": torch.tensor(52.0),
        "at 49 the score is just below 0.99.": torch.tensor(49.0),
        "at 50 it is just below 0.99, and d must be odd.": torch.tensor(50.0),
    }
    got = tensor(answer, (), "the answer")
    return diagnose(got, torch.tensor(51.0), mistakes, "solve (d - 1) / d >= 0.99^2.")
