"""What a record says about spectra of pictures, with intervals, and in excess of the controls."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ..numerics.quadrature import Quadrature
from ..spectrum import Spectrum, bootstrap_spectrum
from ..spectrum.affine import affine_chance, affine_share, affineness, roughness
from ..spectrum.resample import percentiles
from .base import Metric
from .spectrum_image_config import CHANGES, ImageSpectrum

SHOWN = 12
"""How many fields a record tells the affine-ness of."""


class Replicated(NamedTuple):
    """A spectrum, and what its replicas say; the first row is the data's own."""

    spectrum: Spectrum
    values: Float[Tensor, "rows k"]
    affineness: Float[Tensor, "rows k"]
    share: Float[Tensor, "rows 1"]


def replicated(spectrum: Spectrum, replicates: int, seed: int) -> Replicated:
    """Statistics of a spectrum and of its replicas; equal seeds draw the same pictures."""
    replicas = bootstrap_spectrum(spectrum, replicates, seed=seed)
    rows = [spectrum, *(replicas.spectrum(i) for i in range(len(replicas)))]
    return Replicated(
        spectrum,
        torch.stack([row.values for row in rows]),
        torch.stack([affineness(row)[:SHOWN] for row in rows]),
        torch.tensor([[affine_share(row)] for row in rows], dtype=torch.float64),
    )


def changed(spectrum: Spectrum, weights: Quadrature, config: ImageSpectrum) -> dict[str, Spectrum]:
    """The spectrum as it is, with the gradient energy added, and of the gradient energy alone."""
    forms, penalty = spectrum.forms, roughness(spectrum, weights)
    added = spectrum.with_forms(forms.plus(penalty, config.penalty))
    alone = spectrum.with_forms(forms.only(penalty))
    return dict(zip(CHANGES, (spectrum, added, alone), strict=True))


def interval(rows: Float[Tensor, "rows k"]) -> list[list[float]]:
    """Percentiles that enclose 95 % of the replicas, for every column.

    A replica has fewer different pictures than the data, so its fields are worse determined: a
    share near 1 may lie above all of its replicas.
    """
    return torch.stack(percentiles(rows[1:], 0.95), dim=-1).tolist()


def table(found: Sequence[Replicated], name: str) -> dict[str, Metric]:
    """Metrics of all judges for one library and one thing minimised.

    Args:
        found: of every judge, the trained network first, the controls after it.
        name: what is appended to the name of every metric.
    """
    share = torch.stack([each.share for each in found])  # "judge rows 1"
    excess = share[:1] - share[1:]
    return {
        f"sqrt_eigenvalues{name}": Metric(
            [each.spectrum.values.tolist() for each in found], "radian"
        ),
        f"sqrt_eigenvalues_interval{name}": Metric(
            [interval(each.values) for each in found], "radian"
        ),
        f"affineness{name}": Metric([each.affineness[0].tolist() for each in found]),
        f"affineness_interval{name}": Metric([interval(each.affineness) for each in found]),
        f"affine_share{name}": Metric(share[:, 0, 0].tolist()),
        f"affine_share_interval{name}": Metric([interval(rows)[0] for rows in share]),
        f"excess{name}": Metric(excess[:, 0, 0].tolist()),
        f"excess_interval{name}": Metric([interval(rows)[0] for rows in excess]),
    }


def tables(
    spectra: Sequence[Spectrum],
    weights: Sequence[Quadrature],
    config: ImageSpectrum,
    suffix: str,
    seed: int,
) -> dict[str, Metric]:
    """All metrics for one library."""
    every = [changed(own, w, config) for own, w in zip(spectra, weights, strict=True)]
    metrics = {
        f"chance{suffix}": Metric(affine_chance(spectra[0])),
        f"gap{suffix}": Metric([list(own.gap) for own in spectra]),
    }
    for change in CHANGES:
        found = [replicated(each[change], config.replicates, seed) for each in every]
        metrics |= table(found, change + suffix)
    return metrics
