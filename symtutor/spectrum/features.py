r"""Norm and defect of fields by how much they turn the features of pictures.

Of a picture f, the features $H(f)$ have the direction $\hat H=H/|H|$. A field that moves pictures
at the rate $\dot f$ turns the features at the rate $|\partial\hat H\,\dot f|$, in radians: linear
in the field, whatever the features are.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ..data.evolution import Term
from ..fields import LibraryField
from ..validity.features import feature_vectors, unit
from ..validity.invariants import Function
from .core import Spectrum, solved, whitening
from .forms import Forms
from .library import Library
from .rates import RATES, Space, checked, image_weights, shares

BLOCK = 4
"""Pictures whose features are differentiated at a time: small enough for a processor's cache."""


def turning_rates(
    features: Function, images: Float[Tensor, "b c h w"], rates: Float[Tensor, "n b c h w"]
) -> Float[Tensor, "n b k"]:
    """Derivatives of the direction of the features, one Jacobian-vector product per rate.

    Example:
        >>> f = torch.rand(2, 1, 4, 4)
        >>> turning_rates(lambda f: f.flatten(1), f, f[None]).abs().max() < 1e-6  # no turn
        tensor(True)
    """

    def turn(rate: Tensor) -> Tensor:
        def direction(seen: Tensor) -> Tensor:
            return unit(feature_vectors(features, seen))

        return torch.func.jvp(direction, (images,), (rate,))[1]

    with torch.no_grad():
        return torch.vmap(turn)(rates)


def feature_spectrum(
    terms: Sequence[Term],
    images: Shaped[Tensor, "b c h w"],
    features: Function,
    space: Space,
    weights: Float[Tensor, "b h w"] | None,
    probes: int,
    random: torch.Generator | None,
    block: int,
    rtol: float,
) -> Spectrum:
    """What `image_spectrum` and `colour_spectrum` share."""
    pixels = checked(images, space)
    if weights is None:
        weights = image_weights(pixels, features, space=space, probes=probes, random=random)
    own = shares(weights, pixels)
    names = RATES[space].names
    field = LibraryField(terms, torch.zeros(1, len(terms), len(names)).double(), names=names)
    field.to(pixels.device)
    norms = torch.cat(list(_norms(field, pixels, own, space, max(block, 16))))
    total = own.sum().cpu()
    sizes = (norms.square().sum((0, 1)) / total).sqrt()
    library = Library(tuple(terms), names, sizes)
    library.refuse_empty()
    counts = torch.stack([own.sum(1).cpu(), torch.ones(len(pixels)).double()], dim=1)
    empty = norms.new_zeros(len(norms), 0, len(names) * len(terms))
    root = Forms(norms / sizes, empty, counts).norm_root()
    library.refuse_dependent(root, rtol)
    whiten = whitening(root, rtol)
    onto = whiten / sizes[:, None]
    defects = torch.cat(list(_defects(field, onto, pixels, features, space, block)))
    return solved(Forms(norms @ onto, defects, counts), whiten, library)


def _norms(
    field: LibraryField, pixels: Tensor, weights: Tensor, space: str, block: int
) -> Iterator[Float[Tensor, "b p m"]]:
    """A root of the squared norm for every picture."""
    for part, own in zip(pixels.split(block), weights.split(block), strict=True):
        values = field.basis(RATES[space].places(part))
        yield torch.linalg.qr(own.sqrt()[..., None] * values, mode="r").R.cpu()


def _defects(
    field: LibraryField,
    onto: Float[Tensor, "m r"],
    pixels: Tensor,
    features: Function,
    space: str,
    block: int,
) -> Iterator[Float[Tensor, "b q n"]]:
    """A root of the squared defect for every picture, on orthonormal functions."""
    rates = RATES[space]
    for part in pixels.split(block):
        functions = field.basis(rates.places(part)) @ onto.to(part.device)
        turns = turning_rates(features, part, rates.moved(part, functions))
        columns = turns.double().cpu().movedim(0, -1)  # "b k n"
        few = columns.shape[1] > columns.shape[2]
        yield torch.linalg.qr(columns, mode="r").R if few else columns
