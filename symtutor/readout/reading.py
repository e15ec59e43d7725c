"""Found fields, networks or libraries, written as formulas with intervals, rounded and checked."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import torch
from torch import Tensor

from ..data.evolution import Term
from ..fields import Field
from ..numerics.quadrature import Quadrature
from .closed_form import ReadOut, simple_first
from .design import design, sample
from .plan import Settled, largest_angle, planned, settled
from .rounding import library_constants, simplest
from .selection import PLAIN, Rule

RELATIVE = 1e-6
"""Numbers that differ by less than this part of themselves are held for the same."""
WITH_REPLICAS = 1.5
"""How much a term has to help if replicas tell afterwards whether it is there (see `Rule`)."""


def read_out(
    field: Field,
    terms: Sequence[Term],
    quadrature: Quadrature,
    *,
    replicas: Sequence[Field] = (),
    span: bool = True,
    level: float = 0.95,
    tolerance: float | None = None,
    resamples: int = 100,
    seed: int = 0,
) -> ReadOut:
    r"""Write generators as combinations of few terms, with intervals, and round what can be.

    Generators found as a span come in arbitrary mixtures. Terms that the span does not need are
    removed one by one; a row echelon form of what is left, the simplest terms leading, has few
    terms in every generator. Regressions are by least squares over the quadrature, weighted, with
    terms scaled to unit root mean square and components to the spread of their coordinates.

    A coefficient becomes the simplest fraction (`simplest`) that lies in its interval, or that
    turns the generator by no more than the angle it is away from the field anyway. Terms whose
    interval covers 0 are left out. `angle` tells what all of this has changed.

    Args:
        field: n generators, in the coordinates to write them in (see `Uncharted`).
        terms: the library, independent on the points.
        quadrature: points and weights in the field's coordinates.
        replicas: the same field estimated again, from other samples or seeds; their percentiles
            give the intervals. Without any, those of bootstrap samples of the points do, which
            know nothing of errors that the field has everywhere.
        span: whether the generators only count as a span. False keeps each as it is, but for a
            factor that makes its leading coefficient 1.
        level: of the intervals.
        tolerance: error at which terms may be dropped: the root of the sum of the squared sines of
            the angles between spans. By default the smallest set of terms is taken after which
            none helps much (`Rule`).
        resamples: number of bootstrap samples.
        seed: of these.

    Raises:
        ValueError: for dependent terms or generators, values that are not finite, a level outside
            (0, 1), less than two resamples, or replicas that do not fit the field.

    Example:
        >>> from ..data.equations import EQUATIONS
        >>> from ..fields import Combined, LibraryField, monomials
        >>> algebra = LibraryField.from_generators(EQUATIONS["kdv"].algebra).double()
        >>> mix = torch.tensor([[1.0, 2.0, 0.0], [3.0, 1.0, 1.0], [0.0, 1.0, 2.0]])
        >>> cloud = Quadrature(torch.rand(64, 3).double())
        >>> read_out(Combined(algebra, mix), monomials(3, 1), cloud)
        V1 = ∂x
        V2 = ∂t
        V3 = t ∂x + ∂u
    """
    _refuse(field, replicas, level, resamples)
    order = simple_first(terms)
    ordered = [terms[k] for k in order]
    samples = sample(field, ordered, quadrature)
    others = [sample(other, ordered, quadrature) for other in replicas]
    made = design(samples)
    plan = planned(made, span, Rule(tolerance, WITH_REPLICAS if others else PLAIN.helps))
    found = settled(samples, others, plan, level, resamples, seed)
    rounded = _rounded(found, library_constants(terms))
    values, low, high = (part.clone() for part in (found.values, found.low, found.high))
    for i, factor in enumerate(_whole(rounded, values) if span else ()):
        rounded |= {place: f * factor for place, f in rounded.items() if place[0] == i}
        low[i], high[i] = low[i] * float(factor), high[i] * float(factor)
    for place, fraction in rounded.items():
        values[place] = float(fraction)
    back = torch.tensor(order).argsort()
    return ReadOut(
        terms=tuple(terms),
        names=field.names,
        coefficients=values[:, back],
        low=low[:, back],
        high=high[:, back],
        rounded={(i, order[k], d): f for (i, k, d), f in rounded.items()},
        residual=made.residual,
        angle=largest_angle(made, found.plan, values),
        level=level,
        labels=tuple(f"V{i + 1}" for i in range(field.n)),
    )


def _rounded(found: Settled, constants: Sequence[Fraction]) -> dict[tuple[int, int, int], Fraction]:
    """The fractions that were found, by their places."""
    room = found.room + RELATIVE * found.values.abs()
    lowest = torch.minimum(found.low, found.values - room)
    highest = torch.maximum(found.high, found.values + room)
    result = {}
    for i, k, d in torch.nonzero(found.values).tolist():
        value, low, high = (p[i, k, d].item() for p in (found.values, lowest, highest))
        fraction = simplest(value, low, high, constants)
        if fraction is not None:
            result[i, k, d] = fraction
    return result


def _whole(rounded: Mapping[tuple[int, int, int], Fraction], values: Tensor) -> list[Fraction]:
    """For each generator what makes its coefficients whole numbers, or 1 if some are decimals."""
    factors = []
    for i, row in enumerate(values):
        own = [fraction for place, fraction in rounded.items() if place[0] == i]
        known = len(own) == int((row != 0).sum())
        denominators = math.lcm(*(f.denominator for f in own)) if known else 1
        common = math.gcd(*(int(f * denominators) for f in own)) if known else 1
        factors.append(Fraction(denominators, common))
    return factors


def _refuse(field: Field, replicas: Sequence[Field], level: float, resamples: int) -> None:
    """Raise `ValueError` for settings that make no sense."""
    if not 0 < level < 1 or resamples < 2 or len(replicas) == 1:
        raise ValueError(
            "intervals need a level between 0 and 1 and two replicas or resamples at least, got "
            f"level={level}, {len(replicas)} replica(s) and resamples={resamples}"
        )
    for other in replicas:
        if (other.n, other.dim) != (field.n, field.dim):
            raise ValueError(
                f"replicas estimate the same {field.n} generators on {field.dim} coordinates, got "
                f"one with {other.n} on {other.dim}; find them with the same settings"
            )
