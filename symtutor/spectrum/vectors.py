r"""Symmetries of raw vectors by linear algebra: of a function of them, or of their distribution."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..data.evolution import Term
from ..fields.powers import functions
from .core import ROUNDING, Spectrum, solved, whitening
from .forms import Forms
from .library import Library

GROUPS = 64
"""Groups of consecutive samples that `bootstrap_spectrum` draws from."""


def function_spectrum(
    terms: Sequence[Term],
    points: Float[Tensor, "n d"],
    function: Callable[[Tensor], Tensor],
    *,
    groups: int = GROUPS,
    rtol: float = ROUNDING,
) -> Spectrum:
    r"""Fields of a library along which a function of vectors changes least.

    $V\cdot\nabla f=0$ is linear in V. The defect is the root of $\mathbb E|Df(x)V(x)|^2$, the norm
    that of $\mathbb E|V(x)|^2$. If V leaves f invariant, so does every multiple $g(x)V$ that the
    library can write.

    Args:
        terms: of the coordinates x1, x2, ..., such as `monomials(d, 1)` for affine fields.
        points: where to look; float64 keeps small defects apart from rounding.
        function: maps points "n d" to values "n" or "n k", each point by itself; forward-mode
            differentiable, a network in eval mode for example.
        groups: parts of the points, in their order, that `bootstrap_spectrum` draws from.
        rtol: terms that leave a combination smaller than this part of the largest are refused.

    Raises:
        ValueError: if points are not finite or too few, or terms depend on each other on them.

    Example:
        >>> from symtutor.fields import monomials
        >>> z = torch.randn(500, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> found = function_spectrum(monomials(3, 1)[1:], z, lambda z: z.square().sum(-1))
        >>> found.gap.count  # the rotations
        3
    """
    library, values = _library(terms, points, groups)
    n, d, m = *points.shape, values.shape[-1]
    rows = []
    for i in range(d):
        along = torch.zeros_like(points)
        along[:, i] = 1
        slope = torch.func.jvp(function, (points,), (along,))[1].reshape(n, -1)
        rows.append(slope[:, :, None] * values[:, None])  # "n k m"
    columns = torch.cat(rows, dim=-1)
    parts = torch.arange(n, device=points.device).chunk(groups)
    defects = [_triangle(columns[part].flatten(0, 1), d * m) for part in parts]
    return _solved(library, values, torch.stack(defects), parts, rtol, averaged=False)


def density_spectrum(
    terms: Sequence[Term],
    samples: Float[Tensor, "n d"],
    tests: Sequence[Term],
    *,
    groups: int = GROUPS,
    rtol: float = ROUNDING,
) -> Spectrum:
    r"""Fields of a library under whose flow the distribution of the samples changes least.

    A density p is invariant if and only if $\mathrm{div}(pV)=0$, that is, if
    $\mathbb E[V\cdot\nabla h]=0$ for all test functions h, which is
    $\tfrac{d}{ds}\mathbb E[h(\vartheta_sx)]$ at s = 0. The defect is the root of the sum of its
    squares over test functions of mean 0 that are orthonormal under the samples: the part of the
    Fisher information about s that these see, in standard deviations per unit of s. With n samples
    and r test functions, an invariant distribution leaves about $\sqrt{r/n}$ times the size of the
    derivatives.

    Args:
        terms: of the coordinates x1, x2, ...
        samples: independent vectors; resampled by `groups` consecutive parts.
        tests: test functions; `monomials(d, 2)` compares means and covariances. The constant is
            left out.
        groups: parts of the samples, in their order, that `bootstrap_spectrum` draws from.
        rtol: terms that leave a combination smaller than this part of the largest are refused.

    Raises:
        ValueError: if samples are not finite or too few, or terms or test functions depend on each
            other on them.

    Example:
        >>> from symtutor.fields import monomials
        >>> z = torch.randn(4000, 2, generator=torch.Generator().manual_seed(0)).double()
        >>> found = density_spectrum(monomials(2, 1), z, monomials(2, 2))
        >>> found.gap.count, found.field(1).coefficients[0].abs().argmax().item() in (3, 4)
        (1, True)
    """
    library, values = _library(terms, samples, groups)
    names = library.names
    others = tuple(term for term in tests if term)
    if not others:
        raise ValueError("a distribution is seen through test functions; got none but the constant")
    probe = functions(others, names).to(samples)
    seen = probe.basis(samples)
    centred = seen - seen.mean(0)
    sizes = centred.square().mean(0).sqrt().clamp(min=torch.finfo(seen.dtype).tiny)
    root = torch.linalg.qr(centred / sizes / len(samples) ** 0.5, mode="r").R
    Library(others, names, sizes).refuse_dependent(root, rtol)
    whiten = whitening(root, rtol) / sizes[:, None]
    columns = []
    for i in range(len(names)):
        along = torch.zeros_like(samples)
        along[:, i] = 1
        slopes = torch.func.jvp(probe.basis, (samples,), (along,))[1] @ whiten
        columns.append(slopes)
    parts = torch.arange(len(samples), device=samples.device).chunk(groups)
    sums = [
        torch.cat([slope[part].mT @ values[part] for slope in columns], dim=-1) for part in parts
    ]
    return _solved(library, values, torch.stack(sums), parts, rtol, averaged=True)


def _library(terms: Sequence[Term], points: Tensor, groups: int) -> tuple[Library, Tensor]:
    """The scaled library and its values, after looking at the points."""
    n, d = points.shape
    if groups < 1 or n < groups * max(2, len(terms)) or not torch.isfinite(points).all():
        raise ValueError(
            f"{len(terms)} terms and {groups} groups need at least "
            f"{max(groups, 1) * max(2, len(terms))} finite points, got {n}; take more of them, or "
            "fewer groups"
        )
    names = tuple(f"x{i + 1}" for i in range(d))
    values = functions(terms, names).to(points).basis(points)
    sizes = values.square().mean(0).sqrt()
    library = Library(tuple(terms), names, sizes)
    library.refuse_empty()
    return library, values / sizes


def _triangle(rows: Tensor, columns: int) -> Tensor:
    """R of a QR decomposition, padded with zeros to a square."""
    found = torch.linalg.qr(rows, mode="r").R
    return torch.cat([found, found.new_zeros(columns - len(found), columns)])


def _solved(
    library: Library,
    values: Float[Tensor, "n m"],
    defect: Float[Tensor, "g q k"],
    parts: Sequence[Tensor],
    rtol: float,
    averaged: bool,
) -> Spectrum:
    norm = torch.stack([_triangle(values[part], values.shape[1]) for part in parts])
    counts = values.new_tensor([len(part) for part in parts])[:, None].expand(-1, 2)
    raw = Forms(norm, defect, counts, averaged)
    root = raw.norm_root()
    library.refuse_dependent(root, rtol)
    whiten = whitening(root, rtol)
    return solved(raw.in_functions(whiten), whiten, library)
