r"""Losses that keep learned generators apart and smooth.

Every function takes the values of `n` generators (slots) and returns one dimensionless number per
slot, so that a caller may sum, average or weight them. They follow Ko, Kim and Lee (2024,
eqs. 10-14 and 22-23); each docstring says what the published code computes instead.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor

PARALLEL = 1 - 1e-6  # cosine from which arcsin goes on as its tangent
REDUCTIONS = ("max", "mean")
BLOCK = 2**24  # entries of a block of the distance matrix


def _single(values: Tensor) -> Tensor:
    """At least single precision."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def orthonormality(
    values: Float[Tensor, "q n d"], weights: Float[Tensor, " q"]
) -> Float[Tensor, " n"]:
    r"""How far each slot is from orthogonal to the earlier ones, in radians.

    $\ell_b=\sum_{a<b}\arcsin|\langle\mathrm{sg}(V_a),V_b\rangle|$ with
    $\langle V,W\rangle=\sum_q\omega_q\,V(z_q)\cdot W(z_q)$ (Ko, Kim and Lee 2024, eqs. 10 and 11).
    The stop-gradient sg makes the gradient with respect to the earlier slot exactly zero: the first
    slot is free, and each later one has to leave the directions already taken.

    From $|\langle\cdot\rangle|=1-10^{-6}$ on, that is below an angle of $1.4\cdot10^{-3}$ rad
    between two fields, arcsin is continued by its tangent, of slope 707. The paper's image and PDE
    code clamps there, so two slots that close have no gradient and stay together. Here they leave
    each other at a rate proportional to the angle. Two *identical* normalised fields still
    have none: no direction away from the other is better than the rest.

    Eq. 11 prints the inner product itself; the code wraps it as
    $\tfrac\pi2-\arccos(\min(|\cdot|,1-10^{-6}))$, the same function up to the clamp, and sums the
    slots for images and averages them for PDEs.

    Args:
        values: generators at the points, of unit norm $\sum_q\omega_q|V(z_q)|^2=1$. Otherwise
            $|\langle\cdot\rangle|$ is no cosine: shrinking a field lowers its loss, and above 1
            the loss grows along the tangent.
        weights: non-negative, scaled to sum to one.

    Returns:
        "n", each from 0 to $(b-1)\pi/2$ for the b-th slot.

    Example:
        >>> values = torch.tensor([[[1.0, 0.0], [0.6, 0.8]], [[1.0, 0.0], [0.6, 0.8]]])
        >>> [round(angle, 4) for angle in orthonormality(values, torch.ones(2)).tolist()]
        [0.0, 0.6435]
    """
    values = _single(values)
    weights = weights.to(values)
    with torch.autocast(values.device.type, enabled=False):
        cosines = torch.einsum("q,qad,qbd->ab", weights, values.detach(), values)
    cosines = cosines.abs() / weights.sum()
    slope = 1 / math.sqrt(1 - PARALLEL**2)
    angles = torch.arcsin(cosines.clamp(max=PARALLEL)) + slope * torch.relu(cosines - PARALLEL)
    return angles.triu(diagonal=1).sum(0)


def lipschitz(
    values: Float[Tensor, "q n d"],
    points: Float[Tensor, "q d"],
    neighbours: Int64[Tensor, "q k"],
    tau: float,
    length: float | Tensor | None = None,
    *,
    reduce: str = "max",
) -> Float[Tensor, " n"]:
    r"""Excess of each slot's local Lipschitz constant over a threshold.

    The mean over the points $z_i$ of the maximum over their neighbours $z_j$ of

    $\displaystyle\max\Big(\ell\,\frac{|V(z_i)-V(z_j)|}{|z_i-z_j|}-\tau,\,0\Big)$

    (Ko, Kim and Lee 2024, eqs. 12 and 13, with $\ell=1$ and the sum over points and neighbours).
    By default $\ell$ is the root mean square distance of the points from their mean. For fields of
    unit root mean square norm the ratio then has no unit, and rescaling all coordinates leaves it
    unchanged. A translation has ratio 0, the uniform scaling about the mean has ratio 1.

    A field of unit root mean square norm that vanishes at the mean $m$ has
    $|V(z)|\le\mathrm{Lip}\,|z-m|$. Taking the root mean square gives $\ell\,\mathrm{Lip}\ge1$, with
    equality only if $|V(z)|=\mathrm{Lip}\,|z-m|$ at every point. The rotation of the plane about
    $m$ reaches 1; a rotation in $\mathbb R^3$, over points spread equally in all directions, has
    $\sqrt{3/2}$. A threshold $\tau<1$ penalises all of them.

    The published image code sums $\max(|V_i-V_j|-0.5,0)$ over the 1984 edges of the 32x32 grid of
    spacing 2/31, without dividing by the distance. That is $2048\cdot\tfrac2{31}$ times the present
    loss with `length=1, tau=7.75, reduce="mean"` and four neighbours per pixel, a missing one
    replaced by the pixel itself. The PDE code adds the means of the excess over all edges along
    $t$ and over all edges along $x$: two calls with `length=1, tau=3` and the next point as the
    only neighbour, each times (number of points / number of edges). The edge across the
    period is reached by repeating the column $x=0$ at $x=1$.

    Args:
        values: generators at the points.
        points: their coordinates; treated as constants.
        neighbours: indices of the neighbours of each point (see `nearest`). A neighbour at
            distance zero has ratio 0, so a shorter list is padded with the point's own index;
            the mean counts the padding.
        tau: threshold of the ratio, at least 0.
        length: the length $\ell>0$, in the unit of the points.
        reduce: "max" or "mean" over the neighbours.

    Returns:
        "n", each non-negative.

    Raises:
        ValueError: if `reduce` is unknown, `tau` or `length` out of range, or no neighbour given.

    Example:
        >>> points = torch.tensor([[-1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
        >>> scaling = points[:, None] / points.square().sum(-1).mean().sqrt()
        >>> round(lipschitz(scaling, points, nearest(points, 1), tau=0.25).item(), 4)
        0.75
    """
    _check(neighbours.shape[1], tau, length, reduce)
    values, points = _single(values), _single(points.detach())
    if length is None:
        length = (points - points.mean(0)).square().sum(-1).mean().sqrt()
    distance, change = _distances(points, neighbours), _distances(values, neighbours)
    apart = distance > torch.finfo(distance.dtype).tiny
    inverse = torch.where(apart, 1 / distance, 0)
    excess = torch.relu(length * change * inverse[..., None] - tau)
    return (excess.amax(1) if reduce == "max" else excess.mean(1)).mean(0)


def _distances(rows: Float[Tensor, "q *m d"], indices: Int64[Tensor, "q k"]) -> Tensor:
    """Distance of each row from the rows at its indices: "q k *m", of gradient 0 at distance 0."""
    others = rows.index_select(0, indices.flatten()).unflatten(0, indices.shape)
    return torch.linalg.vector_norm(rows[:, None] - others, dim=-1)


def _check(k: int, tau: float, length: float | Tensor | None, reduce: str) -> None:
    if reduce not in REDUCTIONS:
        raise ValueError(f"reduce is one of {', '.join(REDUCTIONS)}, got {reduce!r}")
    if not 0 <= tau < math.inf:
        raise ValueError(
            f"the threshold tau of a Lipschitz ratio must be finite and at least 0, got {tau:g}"
        )
    if isinstance(length, int | float) and not 0 < length < math.inf:
        raise ValueError(
            f"length must be positive and finite, got {length:g}; "
            "omit it for the spread of the points"
        )
    if k < 1:
        raise ValueError("every point needs at least one neighbour, got none; see st.nearest")


def sobolev(values: Float[Tensor, "*rows x n d"], *, cycles: float = 1.0) -> Float[Tensor, " n"]:
    r"""Roughness of each slot along a periodic axis x (order-2 Sobolev norm without its mean).

    $\displaystyle\log\Big(1+\frac{\sum_m((1+m^2)^2-1)|\hat V_m|^2}{\sum_m|\hat V_m|^2}\Big),$

    where $\hat V_m$ is the discrete Fourier transform along x, $m$ counts cycles per period, and
    the sums run over the rows and components of a slot too. The axis has to cover one
    period, equally spaced, end point excluded. The value is 0 for fields that do not depend
    on x, and $\log4$ for a pure first harmonic.

    Ko, Kim and Lee (2024, eqs. 22 and 23) use cycles per physical length $m/L$
    (`cycles=L`) and average, over rows and components, the logarithm of
    $\tfrac1N\sum_m((1+(m/L)^2)^2-1)|\hat V_m|^2$. With $\bar{V^2}$ the mean square of a row and $S$
    its present loss, that logarithm is $\log(N\bar{V^2}(e^S-1))$. It depends on the unit of length
    and on N, and tends to minus infinity, with unbounded gradient, for fields independent
    of x; the present loss is bounded below by 0 and has gradient zero there.

    Args:
        values: generators on rows of x. The rows may have any number of axes.
        cycles: the unit of m, in cycles per period.

    Returns:
        "n", each from 0 to $\log((1+m^2)^2)$ with the largest m on the grid; 0 for a zero field.

    Raises:
        ValueError: if `cycles` is not positive and finite.

    Example:
        >>> x = torch.arange(16) * 2 * math.pi / 16
        >>> fields = torch.stack([torch.ones(16), torch.sin(x)], dim=1)[..., None]
        >>> [round(loss, 4) for loss in sobolev(fields).tolist()]
        [0.0, 1.3863]
    """
    if not 0 < cycles < math.inf:
        raise ValueError(
            f"m is divided by cycles, which must be positive and finite, got {cycles:g}"
        )
    size = values.shape[-3]
    spectrum = torch.fft.rfft(_single(values), dim=-3)
    energy = torch.view_as_real(spectrum).square().sum((-1, -2))  # "*rows m n"
    energy = energy.reshape(-1, *energy.shape[-2:]).sum(0)
    m = torch.arange(size // 2 + 1, device=values.device, dtype=energy.dtype)
    twice = 2 - ((m == 0) | (2 * m == size)).to(energy)  # m also stands for size - m
    roughness = ((1 + (m / cycles) ** 2) ** 2 - 1) * twice
    total = (twice[:, None] * energy).sum(0)
    total = total.where(total > torch.finfo(energy.dtype).tiny, 1)
    return torch.log1p((roughness[:, None] * energy).sum(0) / total)


def nearest(points: Float[Tensor, "q d"], k: int) -> Int64[Tensor, "q k"]:
    """Indices of the k nearest other points of each point, nearest first (Euclidean distance).

    Which of several equally distant points is taken is left open. The distance matrix is formed in
    blocks of rows, so memory stays bounded; the time grows with the square of the number of points.

    Raises:
        ValueError: unless 1 <= k < q.

    Example:
        >>> nearest(torch.tensor([[0.0], [1.0], [3.0]]), 1).tolist()
        [[1], [0], [1]]
    """
    count = points.shape[0]
    if not 1 <= k < count:
        raise ValueError(
            f"each of {count} points has from 1 to {count - 1} neighbours, got k = {k}"
        )
    points, own = points.detach(), torch.arange(count, device=points.device)
    found = []
    for rows in own.split(max(1, BLOCK // count)):
        distance = torch.cdist(
            points[rows], points, compute_mode="donot_use_mm_for_euclid_dist"
        ).masked_fill(rows[:, None] == own, torch.inf)
        found.append(distance.topk(k, largest=False).indices)
    return torch.cat(found)
