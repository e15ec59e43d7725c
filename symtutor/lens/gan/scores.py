r"""How near to the true symmetry a matrix or a one-parameter group comes, and what chance reaches.

The cosine of two matrices is $\langle A,B\rangle_F/(\|A\|_F\|B\|_F)$, signed.
"""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..scores import matrix_cosine

POINTS = 512
"""Steps of the first grid on each side of zero."""


class FlowScore(NamedTuple):
    """The largest cosine along a one-parameter group, and where.

    Attributes:
        cosine: of every run, from -1 to 1.
        t: the place, of every run; the group is exp(t L).
    """

    cosine: Tensor
    t: Tensor


def shift_cosines(matrices: Float[Tensor, "*runs d d"]) -> Float[Tensor, "*runs d"]:
    """Cosines with the cyclic shifts by s = 0 ... d - 1 places; the identity is the first.

    The largest is the published score of SymmetryGAN, identity included; the largest without the
    first asks for a symmetry that moves something.

    Raises:
        ValueError: if a matrix is not square or a number in it is not finite.

    Example:
        >>> shift_cosines(torch.eye(4).roll(1, 1)).tolist()
        [0.0, 1.0, 0.0, 0.0]
    """
    _check(matrices)
    d = matrices.shape[-1]
    shifts = torch.stack([torch.eye(d).roll(s, 1) for s in range(d)]).to(matrices)
    norm = matrices.flatten(-2).norm(dim=-1, keepdim=True).clamp_min(_tiny(matrices))
    return torch.einsum("...ij,sij->...s", matrices, shifts) / (norm * d**0.5)


def flow_score(generators: Float[Tensor, "*runs d d"], truth: Float[Tensor, "d d"]) -> FlowScore:
    r"""$\max_t\cos(e^{tL},T)$ over $|t|\,\|L\|_2\le\pi(d-1)/2$, in both directions.

    The published score of LieGAN. L may be of any size and have any winding, so t needs a bound:
    the eigenvalues of the principal logarithm of a power $T^k$ of a cyclic shift are at most
    $\pi$ in size, and some $T^{km}$ with $|m|\le(d-1)/2$ is $T$. The largest cosine of a grid is
    refined on ever finer ones around it.

    Args:
        generators: the matrices L.
        truth: the matrix T that the groups should pass through.

    Raises:
        ValueError: if sizes differ, a number is not finite, or the truth is zero.

    Example:
        >>> L = torch.tensor([[0.0, -0.1], [0.1, 0.0]])
        >>> found = flow_score(L, torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))
        >>> round(found.cosine.item(), 4), round(found.t.item() * 0.1 / torch.pi, 4)
        (1.0, -0.5)
    """
    _check(generators)
    _check(truth)
    if truth.shape != generators.shape[-2:] or not truth.any():
        raise ValueError(
            f"generators of shape {tuple(generators.shape)} are compared with one matrix of that "
            f"size that is not zero, got {tuple(truth.shape)} with norm {truth.norm():g}"
        )
    L, truth = generators.double(), truth.to(generators.device, torch.float64)
    size = torch.linalg.matrix_norm(L, 2)
    unit = L / size.clamp_min(_tiny(L))[..., None, None]
    reach = math.pi * (L.shape[-1] - 1) / 2
    u, step = _coarse(unit, truth, reach), reach / POINTS
    offsets = torch.arange(-8, 9, dtype=u.dtype, device=u.device).reshape(-1, *[1] * u.ndim)
    for _ in range(4):
        step /= 8
        around = (u + step * offsets).clamp(-reach, reach)
        found = matrix_cosine(torch.matrix_exp(around[..., None, None] * unit), truth)
        u = around.gather(0, found.argmax(0, keepdim=True))[0]
    cosine = matrix_cosine(torch.matrix_exp(u[..., None, None] * unit), truth)
    t = torch.where(size > 0, u / size.clamp_min(_tiny(L)), 0.0)
    return FlowScore(cosine, t)


def random_rotations(n: int, d: int, generator: torch.Generator) -> Float[Tensor, "n d d"]:
    """Rotations drawn from SO(d) uniformly (Haar's measure).

    Example:
        >>> random_rotations(3, 7, torch.Generator().manual_seed(0)).det().round().tolist()
        [1.0, 1.0, 1.0]
    """
    q, r = torch.linalg.qr(torch.randn(n, d, d, generator=generator, dtype=torch.float64))
    q = q * r.diagonal(dim1=-2, dim2=-1).sign()[:, None]
    signs = torch.ones(n, d, dtype=q.dtype)
    signs[:, 0] = q.det().sign()
    return q * signs[:, None]


def expected_best(draws: Float[Tensor, " draws"], trials: int) -> float:
    r"""Mean of the largest of so many independent draws from the numbers given.

    $\sum_i x_{(i)}\,[(i/n)^k-((i-1)/n)^k]$ over the sorted numbers.

    Raises:
        ValueError: if there is no number, or fewer than one trial.

    Example:
        >>> expected_best(torch.tensor([0.0, 1.0]), 1), expected_best(torch.tensor([0.0, 1.0]), 2)
        (0.5, 0.75)
    """
    n = len(draws)
    if n < 1 or trials < 1:
        raise ValueError(f"the best of {trials} draws from {n} numbers does not exist")
    reached = (torch.arange(n + 1, dtype=torch.float64, device=draws.device) / n) ** trials
    return (draws.double().sort().values * reached.diff()).sum().item()


def _coarse(unit: Tensor, truth: Tensor, reach: float) -> Tensor:
    """The point of an even grid on [-reach, reach] with the largest cosine."""
    both = torch.stack([unit, -unit])
    stride = torch.matrix_exp(both * (reach / POINTS))
    element = torch.eye(unit.shape[-1], dtype=unit.dtype, device=unit.device).expand_as(both)
    found = []
    for _ in range(POINTS + 1):
        found.append(matrix_cosine(element, truth))
        element = element @ stride
    cosines = torch.stack(found)  # points, sign, runs
    best, place = cosines.max(0)
    sign = best.argmax(0, keepdim=True)
    steps = place.gather(0, sign)[0] * (1 - 2 * sign[0])
    return steps.to(unit.dtype) * (reach / POINTS)


def _tiny(like: Tensor) -> float:
    return torch.finfo(like.dtype).tiny


def _check(matrices: Tensor) -> None:
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"square matrices are compared, got {tuple(matrices.shape)}")
    if not matrices.isfinite().all():
        raise ValueError("a matrix to be scored has numbers that are not finite")
