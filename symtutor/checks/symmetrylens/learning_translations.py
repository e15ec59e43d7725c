"""Checks of the chapter Learning translations."""

import math
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import diagnose, exercise, function, tensor


@exercise(
    "ex-rank-time",
    question="Write a function of k, d and rho that returns the fraction of the epochs after which "
    "rank k of d has half of its full weight, if the rates fall by the factor rho.",
)
def rank_time(answer: Any, generator: Generator) -> str | None:
    """q with (1 - rho^q) / (1 - rho) = k / (d - 1), for early and late ranks."""
    when = function(answer, "k, d, rho")
    cases = [(1, 7, 0.1), (3, 7, 0.1), (20, 33, 0.2), (2, 5, 0.5)]
    found = [tensor(when(*case), (), "the fraction") for case in cases]
    k, d, rho = (torch.tensor(own, dtype=torch.float64) for own in zip(*cases, strict=True))

    def solved(tau: Tensor) -> Tensor:
        return torch.log(1 - (1 - rho) * tau) / rho.log()

    tau = k / (d - 1)
    mistakes = {
        "ranks are counted from 0, and the last one is d - 1: tau is k / (d - 1).": solved(k / d),
        "this is the time tau; the fraction q of the epochs is asked.": tau,
        "this is tau at the fraction k / (d - 1): solve for q instead.": (
            (1 - rho**tau) / (1 - rho)
        ),
        "divide by the logarithm of rho.": torch.log(1 - (1 - rho) * tau),
        "the fraction is positive: both logarithms are negative.": -solved(tau),
        "the factor 1 - rho is missing: tau is 1 at q = 1.": torch.log(1 - tau) / rho.log(),
    }
    otherwise = "solve (1 - rho^q) / (1 - rho) = k / (d - 1) for q."
    return diagnose(torch.stack(found), solved(tau), mistakes, otherwise)


def _moved(s: Tensor, x: Tensor, t: float, place: int | None = None) -> Tensor:
    """Rows in a window that begins at `place`, by default in the middle, after t steps."""
    n, d = len(s), x.shape[1]
    place = (n - d) // 2 if place is None else place
    padded = torch.zeros(len(x), n, dtype=x.dtype)
    padded[:, place : place + d] = x
    return (padded @ torch.linalg.matrix_exp(t * s).mT)[:, place : place + d]


@exercise(
    "ex-moved",
    question="Write a function of s, x and t that moves raw vectors x (one per row, d components) "
    "by t steps of the generator exp(s), where s has d + 2p rows.",
)
def moved(answer: Any, generator: Generator) -> str | None:
    """Another number of margins in each of two cases; t is no whole number."""
    move = function(answer, "s, x, t")
    for d, p, t in ((3, 2, 0.4), (5, 5, -1.3)):
        n = d + 2 * p
        rough = torch.randn(n, n, generator=generator, dtype=torch.float64)
        s = (rough - rough.mT) / math.sqrt(n)
        x = torch.randn(4, d, generator=generator, dtype=torch.float64)
        G = torch.linalg.matrix_exp(s)
        inside = slice(p, p + d)
        got = tensor(move(s.clone(), x.clone(), t), (4, d), "the moved vectors")
        mistakes = {
            "rows need the transpose: x e^(ts)^T, not x e^(ts).": _moved(s, x, -t),
            "crop after the exponential, not before it.": (
                x @ torch.linalg.matrix_exp(t * s[inside, inside]).mT
            ),
            "t steps are e^(ts), not t times e^s.": t * _moved(s, x, 1.0),
            "this is one step; t of them are e^(ts).": _moved(s, x, 1.0),
            "the vectors are unchanged: e^(ts) is not applied.": x,
            "the zeros belong on both sides, as many on each.": _moved(s, x, t, 0),
            "s is the logarithm: take its exponential.": x @ (t * s[inside, inside]).mT,
            "this takes the first components of the padded vector, not the window.": (
                (torch.nn.functional.pad(x, (p, p)) @ torch.linalg.matrix_exp(t * s).mT)[:, :d]
            ),
            "interpolating between x and e^s x is no motion: use e^(ts).": (
                (1 - t) * x + t * (x @ G[inside, inside].mT)
            ),
        }
        otherwise = "zeros on both sides, e^(ts) on columns, and the window cut out."
        if hint := diagnose(got, _moved(s, x, t), mistakes, otherwise):
            return hint
    return None
