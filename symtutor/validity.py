"""Validity scores: how far a transformation takes a datum from data of its own kind."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from .actions import as_pixels, warp
from .fields import Field
from .flows import Parameter, flow
from .numerics.interpolation import pixel_grid

Function = Callable[[Tensor], Tensor]


class Score(NamedTuple):
    """A validity score between its floor and its contrast.

    A score alone says little: 0.3 may be rounding error or ruin. The floor is the score of doing
    nothing, put through the same pipeline; the contrast is that of a known non-symmetry.

    Attributes:
        value: the score of every generator, averaged over the data; 0 is best.
        floor: the score of the identity map.
        contrast: the score of a known non-symmetry, averaged over its generators.
    """

    value: Float[Tensor, " n"]
    floor: float
    contrast: float

    @property
    def relative(self) -> Float[Tensor, " n"]:
        """(value - floor) / (contrast - floor), 0 for doing nothing and 1 for the contrast.

        Raises:
            ValueError: if the contrast does not exceed the floor; such a score cannot tell a
                symmetry from its opposite.

        Example:
            >>> Score(torch.tensor([0.1, 0.6]), floor=0.1, contrast=1.1).relative.tolist()
            [0.0, 0.5]
        """
        if not self.contrast > self.floor:
            raise ValueError(
                f"the contrast must exceed the floor, got contrast {self.contrast:g} and floor "
                f"{self.floor:g}; this score cannot tell a symmetry from a known non-symmetry: "
                "take another contrast, a larger s, or another score"
            )
        return (self.value - self.floor) / (self.contrast - self.floor)


def _number(s: Parameter, zero: bool = False) -> Parameter:
    """A group parameter that is one number, and moves something unless zero is allowed."""
    if isinstance(s, Tensor) and s.ndim:
        raise ValueError(
            f"a validity score is taken at one group parameter s, got shape {tuple(s.shape)}; "
            "call it once for every s"
        )
    if not zero and not s:
        raise ValueError(
            "at s = 0 every map is the identity and there is nothing to score; take s of the size "
            "that the transformation shall have, e.g. 0.1"
        )
    return s


def invariant_change(
    field: Field,
    function: Function,
    points: Float[Tensor, "b d"],
    s: Parameter,
    *,
    steps: int = 4,
) -> Float[Tensor, " n"]:
    r"""Mean change of a function along the flow of every generator.

    $\frac1b\sum_z|f(\vartheta_s(z))-f(z)|$, zero for all s if and only if $V\cdot\nabla f=0$ on the
    orbits of the points. It is a validity score $S(\vartheta_s,f)$ in the sense of Ko, Kim and Lee
    (2024), eq. 4, for data that are points with an invariant. Differentiable in the field, in s
    and in the points.

    Args:
        field: n generators on d coordinates.
        function: maps points "... d" to values "..." of one real function.
        points: the data.
        s: one group parameter.
        steps: RK4 steps.

    Raises:
        ValueError: if s is not one number, there are no points, the function returns another
            shape, or points and field do not fit.

    Example:
        >>> from .fields import AffineField
        >>> circle = lambda z: z.square().sum(-1)
        >>> fields = AffineField.named("L5-L6", "L3+L4", dtype=torch.float64)
        >>> change = invariant_change(fields, circle, torch.tensor([[1.0, 0.0]]).double(), 0.5)
        >>> [round(c, 4) for c in change.tolist()]  # 0 and e - 1
        [0.0, 1.7183]
    """
    moved = flow(field, points, _number(s, zero=True), steps=steps)
    before, after = function(points), function(moved)
    if not len(points) or before.shape != points.shape[:-1] or after.shape != moved.shape[:-1]:
        raise ValueError(
            f"the function must turn points (..., d) into values (...), and there must be points; "
            f"points {tuple(points.shape)} gave values {tuple(before.shape)} and points "
            f"{tuple(moved.shape)} gave {tuple(after.shape)}"
        )
    return (after - before[:, None]).abs().mean(0)


def invariance(
    field: Field,
    function: Function,
    points: Float[Tensor, "b d"],
    s: Parameter,
    contrast: Field,
    *,
    steps: int = 4,
) -> Score:
    """Change of a function per unit of s, with floor and contrast.

    Args:
        field, function, points, steps: as for `invariant_change`.
        s: one group parameter, not 0; the field, the identity and the contrast share it.
        contrast: a field known to change the function. Give it the norm of the others.

    Returns:
        `invariant_change` divided by |s|; the floor is that of the flow at s = 0, which is 0 unless
        the function gives a point two different values.

    Raises:
        ValueError: as `invariant_change`, and for s = 0.

    Example:
        >>> from .fields import AffineField
        >>> z = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> rotation, scaling = AffineField.named("L5-L6"), AffineField.named("L3+L4")
        >>> score = invariance(rotation, lambda z: z.square().sum(-1), z, 0.2, scaling)
        >>> bool(score.relative < 1e-4)
        True
    """
    size = abs(_number(s))
    value = invariant_change(field, function, points, s, steps=steps) / size
    with torch.no_grad():
        floor = invariant_change(field, function, points, 0.0, steps=steps) / size
        worst = invariant_change(contrast, function, points, s, steps=steps) / size
    return Score(value, floor.mean().item(), worst.mean().item())


def _unit(a: Tensor) -> Tensor:
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
    unit_a, unit_b = _unit(a), _unit(b)
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
        >>> from .fields import AffineField
        >>> pictures = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
        >>> still, shift = AffineField(torch.zeros(1, 2, 2), torch.zeros(1, 2)), AffineField.named()
        >>> score = feature_validity(still, pictures, lambda f: f.flatten(1), 0.3, shift)
        >>> bool(score.value < 1e-5), score.contrast > 0.1
        (True, True)
    """
    pixels = as_pixels(images).to(field._one)
    background = torch.as_tensor(fill).to(pixels).reshape(-1, 1, 1)
    grid = pixel_grid(*images.shape[-2:], dtype=pixels.dtype).to(pixels.device)
    still = _vectors(features, pixels)

    def angle(mover: Field, parameter: Parameter) -> Tensor:
        places = flow(mover, grid, parameter, steps=steps).movedim(-2, 0)
        moved = warp(pixels - background, places).data + background
        return feature_angle(_vectors(features, moved), still.expand(len(moved), -1, -1)).mean(1)

    value = angle(field, -_number(s))
    with torch.no_grad():
        floor, worst = angle(field, 0.0), angle(contrast, -s)
    return Score(value, floor.mean().item(), worst.mean().item())


def _vectors(features: Function, images: Float[Tensor, "*k c h w"]) -> Float[Tensor, "*k m"]:
    """Features of a stack of images."""
    flat = images.flatten(0, -4)
    vectors = features(flat)
    if vectors.ndim != 2 or len(vectors) != len(flat):
        raise ValueError(
            f"features must turn {len(flat)} images into one vector each, got shape "
            f"{tuple(vectors.shape)}; flatten or pool them, e.g. by .flatten(1)"
        )
    return vectors.unflatten(0, images.shape[:-3])
