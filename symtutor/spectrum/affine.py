"""How much of a spectrum is affine, what chance would give, and what roughness alone would give."""

import torch
from jaxtyping import Float
from torch import Tensor

from ..jets import along
from ..numerics.quadrature import Quadrature
from .core import Spectrum
from .library import Library

POINTS = 2**15  # of a quadrature at a time


def affineness(spectrum: Spectrum) -> Float[Tensor, " k"]:
    r"""Of every field, the relative norm $|PV|/|V|$ of its projection on the affine fields.

    In the norm of the spectrum's data, from the coefficients alone. For a random field of the
    library its mean square is `affine_chance`.

    Raises:
        ValueError: if the library is no table of terms, or lacks 1 or a coordinate.

    Example:
        >>> from ..fields import monomials
        >>> from .images import image_spectrum
        >>> found = image_spectrum(monomials(2, 1), torch.rand(4, 1, 8, 8), lambda f: f.flatten(1))
        >>> bool((affineness(found) > 1 - 1e-6).all())
        True
    """
    onto, affine = _affine(spectrum)
    fields = onto @ spectrum.coefficients  # "k r d"
    sizes = torch.linalg.matrix_norm(fields)
    return (torch.linalg.matrix_norm(affine.mT @ fields) / sizes).clamp(max=1)


def affine_share(spectrum: Spectrum, count: int | None = None) -> float:
    r"""How much of the span of the first fields is affine, whatever basis it has.

    The mean of $\cos^2\theta_i$ over the principal angles $\theta_i$ between the span and the
    affine fields: 1 if the two are the same, `affine_chance` for a random span. Neighbouring values
    of a spectrum may change places, and their fields mix, from one sample to the next; the span of
    all of them does not.

    Args:
        spectrum: of a library that holds 1 and every coordinate.
        count: how many fields; by default as many as are affine, 6 in the plane and 12 on colours.

    Raises:
        ValueError: as for `affineness`, and if there are not so many fields.

    Example:
        >>> from ..fields import monomials
        >>> from .images import image_spectrum
        >>> found = image_spectrum(monomials(2, 2), torch.rand(4, 1, 8, 8), lambda f: f.flatten(1))
        >>> 0 < affine_share(found) < 1, affine_chance(found)
        (True, 0.5)
    """
    onto, affine = _affine(spectrum)
    count = affine.shape[1] * spectrum.forms.components if count is None else count
    if not 1 <= count <= len(spectrum.values):
        raise ValueError(f"the spectrum has 1 to {len(spectrum.values)} fields, got count={count}")
    fields = onto @ spectrum.coefficients[:count]
    span = torch.linalg.qr(fields.flatten(1).mT).Q  # "rd k"
    inside = torch.einsum("ra,rdk->adk", affine, span.unflatten(0, fields.shape[1:]))
    return inside.square().sum().item() / count


def affine_chance(spectrum: Spectrum) -> float:
    """The expected `affine_share` of a random span: the share of the library that is affine.

    Example:
        >>> from ..fields import monomials
        >>> from .images import image_spectrum
        >>> pictures = torch.rand(4, 1, 8, 8)
        >>> affine_chance(image_spectrum(monomials(2, 3), pictures, lambda f: f.flatten(1)))
        0.3
    """
    return _affine(spectrum)[1].shape[1] / spectrum.rank


def _affine(spectrum: Spectrum) -> tuple[Float[Tensor, "r m"], Float[Tensor, "r a"]]:
    """Orthonormal coordinates of every function; of the affine ones, an orthonormal basis."""
    terms = _library(spectrum).terms
    wanted = [(), *((("power", i, 1.0),) for i in range(spectrum.forms.components))]
    if not set(wanted) <= set(terms):
        raise ValueError(
            f"affine fields need the terms 1 and every coordinate, the library has "
            f"{', '.join(_library(spectrum).labels())}; add monomials(dim, 1)"
        )
    onto = torch.linalg.pinv(spectrum.whiten)
    return onto, torch.linalg.qr(onto[:, [terms.index(term) for term in wanted]]).Q


def _library(spectrum: Spectrum) -> Library:
    if spectrum.library is None:
        raise ValueError("these functions are no table of terms; pass a tuple of terms as library")
    return spectrum.library


def roughness(spectrum: Spectrum, quadrature: Quadrature) -> Float[Tensor, "n n"]:
    r"""A root of the gradient energy $\sum_q\omega_q\sum_{ij}(\partial_jV_i(z_q))^2$ of fields.

    For `Forms.plus` and `Forms.only` of this spectrum. The smoothest fields of a library of
    polynomials are nearly affine, so this penalty finds affine fields without any data.

    Args:
        spectrum: of a table of terms, in their own coordinates.
        quadrature: points in these coordinates, with weights.

    Raises:
        ValueError: if the library is no table of terms, has a chart, or has other coordinates.

    Example:
        >>> from ..fields import monomials
        >>> from ..numerics.quadrature import grid_quadrature
        >>> from .images import image_spectrum
        >>> found = image_spectrum(monomials(2, 3), torch.rand(4, 1, 8, 8), lambda f: f.flatten(1))
        >>> penalty = roughness(found, grid_quadrature([(-1, 1), (-1, 1)], [8, 8]))
        >>> alone = found.with_forms(found.forms.only(penalty))
        >>> affine_share(alone) > 0.9 > affine_share(found)
        True
    """
    library, d = _library(spectrum), spectrum.forms.components
    if library.chart is not None or quadrature.points.shape[-1] != d:
        raise ValueError(
            f"roughness is measured in the library's own coordinates {library.names}, without a "
            f"chart, got points of {quadrature.points.shape[-1]} and chart={library.chart}"
        )
    basis = library.field(torch.zeros_like(spectrum.coefficients[:1])).basis
    onto = spectrum.whiten / library.sizes[:, None]
    root = onto.new_zeros(0, onto.shape[1])
    points, omega = quadrature.points.to(onto), quadrature.omega.to(onto)
    for part, own in zip(points.split(POINTS), omega.split(POINTS), strict=True):
        axes = torch.eye(d).to(part).expand(len(part), d, d)
        slopes = [along(basis, part, axes[:, j])[1] @ onto for j in range(d)]
        rows = torch.cat([own.sqrt()[:, None] * slope for slope in slopes])
        root = torch.linalg.qr(torch.cat([root, rows]), mode="r").R
    return torch.block_diag(*[root] * d)
