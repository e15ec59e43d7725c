"""How far a flow turns the features of images."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from ..actions import as_pixels, warp
from ..fields import Field
from ..flows import Parameter, flow
from ..numerics.interpolation import pixel_grid
from .invariants import Function
from .score import Score, one_number


def unit(a: Tensor) -> Tensor:
    """Vectors of length 1; zero vectors stay zero."""
    largest = a.detach().abs().amax(-1, keepdim=True)  # against under- and overflow of squares
    scaled = a / torch.where(largest > 0, largest, 1)
    norm = torch.linalg.vector_norm(scaled, dim=-1, keepdim=True)
    return scaled / torch.where(norm > 0, norm, 1)


def feature_angle(a: Float[Tensor, "*b k"], b: Float[Tensor, "*b k"]) -> Float[Tensor, "*b"]:
    r"""Angle between feature vectors, in radians in [0, pi].

    $2\,\mathrm{atan2}(|\hat a-\hat b|,|\hat a+\hat b|)$ with $\hat a=a/|a|$ (Kahan's formula),
    accurate to rounding for angles of any size. The published code takes
    $\arccos(\min(\cos,1-10^{-6}))$ (Ko, Kim and Lee 2024, eq. 5 and 18): nothing is below 1.41e-3
    rad there, the gradient is zero at that floor, and in single precision the cosine itself
    resolves no angle below about 3e-4 rad.

    A zero vector has no direction: its angle to any other vector is pi/2, to another zero vector 0.
    At equal or opposite directions, where the angle has a kink, the gradient is zero.

    Example:
        >>> a, b = torch.tensor([1.0, 0.0]), torch.tensor([2.0, 2e-5])
        >>> f"{feature_angle(a, b).item():.3e}"
        '1.000e-05'
    """
    unit_a, unit_b = unit(a), unit(b)
    apart = torch.linalg.vector_norm(unit_a - unit_b, dim=-1)
    together = torch.linalg.vector_norm(unit_a + unit_b, dim=-1)
    return 2 * torch.atan2(apart, torch.where(apart + together > 0, together, 1))


def feature_validity(
    field: Field,
    images: Shaped[Tensor, "b c h w"],
    features: Function,
    s: Parameter,
    contrast: Field,
    *,
    steps: int = 4,
    fill: float | Float[Tensor, " c"] = 0.0,
) -> Score:
    r"""Mean angle between the features of moved and of unmoved images, with floor and contrast.

    $\frac1b\sum_f\angle(H(\vartheta_sf),H(f))$ in radians (Ko, Kim and Lee 2024, eq. 5), where
    $(\vartheta_sf)(x)=f(\vartheta_{-s}(x))$ as in `act_on_images`.

    Args:
        field: n generators of the plane.
        images: uint8, or real in [0, 1].
        features: maps images "m c h w" in [0, 1] to feature vectors "m k". It must treat every
            image by itself: networks in eval mode.
        s: one group parameter, not 0; the field, the identity and the contrast share it.
        contrast: a field known not to be a symmetry. Give it the norm of the others.
        steps: RK4 steps.
        fill: colour outside the images; 0 is black. The published code has the mean colour.

    Returns:
        Value per generator, differentiable in the field; the floor is the identity's lookup.

    Raises:
        ValueError: if s is not one number or 0, the features are not one vector per image, or
            images and field do not fit (as for `act_on_images`).

    Example:
        >>> from symtutor.fields import AffineField
        >>> pictures = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> still, shift = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2)), AffineField.named()
        >>> score = feature_validity(still, pictures, lambda f: f.flatten(1), 0.3, shift)
        >>> bool(score.value < 1e-5), score.contrast > 0.1
        (True, True)
    """
    pixels = as_pixels(images).to(field._one)
    background = torch.as_tensor(fill).to(pixels).reshape(-1, 1, 1)
    grid = pixel_grid(*images.shape[-2:], dtype=pixels.dtype).to(pixels.device)
    still = feature_vectors(features, pixels)

    def angle(mover: Field, parameter: Parameter) -> Tensor:
        places = flow(mover, grid, parameter, steps=steps).movedim(-2, 0)
        moved = warp(pixels - background, places).data + background
        return feature_angle(
            feature_vectors(features, moved), still.expand(len(moved), -1, -1)
        ).mean(1)

    value = angle(field, -one_number(s))
    with torch.no_grad():
        floor, worst = angle(field, 0.0), angle(contrast, -s)
    return Score(value, floor.mean().item(), worst.mean().item())


def feature_vectors(features: Function, images: Float[Tensor, "*k c h w"]) -> Float[Tensor, "*k m"]:
    """Features of a stack of images."""
    flat = images.flatten(0, -4)
    vectors = features(flat)
    if vectors.ndim != 2 or len(vectors) != len(flat):
        raise ValueError(
            f"features must turn {len(flat)} images into one vector each, got shape "
            f"{tuple(vectors.shape)}; flatten or pool them, e.g. by .flatten(1)"
        )
    return vectors.unflatten(0, images.shape[:-3])
