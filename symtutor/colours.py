"""Colours as points of RGB space: what a flow of that space does to every pixel of images."""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor

from .actions import Acted, as_pixels
from .fields import Field, LibraryField
from .flows import Parameter, flow
from .numerics.chart import Chart
from .numerics.quadrature import Quadrature

IMAGENET = Chart(
    scale=(1 / 0.229, 1 / 0.224, 1 / 0.225),
    origin=(0.485, 0.456, 0.406),
)
"""Colours less the mean colour of ImageNet, divided by its deviations: what networks see."""


def to_colours(
    images: Float[Tensor, "*b 3 h w"], chart: Chart | None = None
) -> Float[Tensor, "*b h w 3"]:
    """The colour of every pixel, as a point in the chart's coordinates; without one, in RGB.

    Raises:
        ValueError: if the images do not have three channels.

    Example:
        >>> to_colours(torch.full((1, 3, 1, 1), 0.485), IMAGENET)[0, 0, 0, 0].item()
        0.0
    """
    _three_channels(images)
    colours = images.movedim(-3, -1)
    return chart.inward(colours) if chart else colours


def to_pixels(
    colours: Float[Tensor, "*b h w 3"], chart: Chart | None = None
) -> Float[Tensor, "*b 3 h w"]:
    """The images whose pixels have these colours; the inverse of `to_colours`.

    Example:
        >>> picture = torch.rand(2, 3, 8, 8)
        >>> torch.allclose(to_pixels(to_colours(picture, IMAGENET), IMAGENET), picture, atol=1e-6)
        True
    """
    return (chart.outward(colours) if chart else colours).movedim(-1, -3)


def displayed(images: Float[Tensor, "*b 3 h w"]) -> Float[Tensor, "*b 3 h w"]:
    """Images for the eye: colours outside the gamut are moved to its boundary, channel by channel.

    Scores and trainings never see this: it is no part of any one-parameter group.

    Example:
        >>> displayed(torch.tensor([-0.5, 0.5, 1.5]).reshape(3, 1, 1)).flatten().tolist()
        [0.0, 0.5, 1.0]
    """
    return images.clamp(0, 1)


def _three_channels(images: Tensor) -> None:
    if images.ndim < 3 or images.shape[-3] != 3:
        raise ValueError(
            f"colours are red, green and blue: images must have shape (..., 3, height, width), got "
            f"{tuple(images.shape)}; repeat a grey channel with images.expand(-1, 3, -1, -1)"
        )


def _three_coordinates(field: Field) -> None:
    if field.dim != 3:
        raise ValueError(
            f"a colour has 3 coordinates (red, green, blue), but the field acts on {field.dim}: "
            f"{field.names}"
        )


def colour_table(
    field: Field, s: Parameter, *, chart: Chart | None = None, size: int = 9, **options
) -> Float[Tensor, "*k n size size size 3"]:
    r"""How far the flow carries the colours of a regular lattice: $\vartheta_s(y)-y$, in RGB.

    Args:
        field: n generators on colours.
        s: group parameter, as for `flow`; a vector or table adds a leading axis.
        chart: coordinates in which the field is given; without one, RGB in [0, 1].
        size: lattice points per channel, from 0 to 1.
        options: passed to `flow` (method, steps, ...).

    Returns:
        Displacements, indexed by red, green and blue; differentiable in the field.

    Raises:
        ValueError: if the field does not act on three coordinates, or the size is below 2.

    Example:
        >>> from .fields import AffineField
        >>> brightness = AffineField(torch.zeros(1, 3, 3), torch.ones(1, 3))
        >>> table = colour_table(brightness, 0.25, size=2)
        >>> table.shape, table.unique().tolist()
        (torch.Size([1, 2, 2, 2, 3]), [0.25])
    """
    _three_coordinates(field)
    if size < 2:
        raise ValueError(f"a lattice of colours needs at least 2 points per channel, got {size}")
    axis = torch.linspace(0, 1, size).to(field._one)
    rgb = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1)
    start = chart.inward(rgb) if chart else rgb
    moved = flow(field, start, s, **options)
    displacement = moved - start[..., None, :]
    return (chart.pull(displacement) if chart else displacement).movedim(-2, -5)


def recoloured(
    table: Float[Tensor, "*k size size size 3"], images: Float[Tensor, "b 3 h w"]
) -> Float[Tensor, "*k b 3 h w"]:
    r"""Images whose every colour is displaced as a table says, trilinear between its points.

    The flow of an affine field is affine and therefore reproduced exactly. For others the error
    is at most $\tfrac{3}{8}h^2$ times the largest pure second derivative of the flow, with
    $h=1/(\mathrm{size}-1)$. Differentiable in the table. No range check: what lies outside [0, 1]
    is displaced like the nearest colour on the boundary.

    Args:
        table: displacements on a lattice, as from `colour_table`.
        images: colours in [0, 1].

    Raises:
        ValueError: if the images do not have three channels.

    Example:
        >>> picture = torch.rand(2, 3, 8, 8)
        >>> torch.allclose(recoloured(torch.full((1, 3, 3, 3, 3), 0.5), picture)[0], picture + 0.5)
        True
    """
    _three_channels(images)
    lead, lattice = table.shape[:-4], table.shape[-4:-1]
    volume = table.reshape(-1, *lattice, 3).movedim(-1, 1).reshape(1, -1, *lattice)
    b, _, h, w = images.shape
    places = (2 * images - 1).movedim(1, -1).flip(-1)  # grid_sample counts the last axis first
    places = places.reshape(1, 1, 1, -1, 3)
    found = F.grid_sample(volume, places, padding_mode="border", align_corners=True)
    displacement = found.reshape(-1, 3, b, h, w).movedim(1, 2)
    return (images + displacement).reshape(*lead, b, 3, h, w)


def act_on_colours(
    field: Field,
    images: Shaped[Tensor, "b c h w"],
    s: Parameter,
    *,
    chart: Chart | None = None,
    lattice: int | None = None,
    **options,
) -> Acted:
    r"""The group's action on the colours of images, $(\vartheta_sf)(x)=\vartheta_s(f(x))$.

    Every pixel stays where it is, and its colour goes along the flow (Ko, Kim and Lee 2024,
    appendix G). The published code looks the field up at the nearest of 1024 colours, so that
    neighbouring colours may part; here it is evaluated at the colour itself.

    Args:
        field: n generators on colours.
        images: uint8, or real in [0, 1]; three channels.
        s: group parameter; a vector adds a leading axis, as in `flow`.
        chart: coordinates in which the field is given; without one, RGB in [0, 1].
        lattice: None moves every pixel's colour by itself. A number of points per channel moves a
            regular lattice of colours and interpolates (`colour_table`, `recoloured`): the same
            up to an error of second order in the spacing, and for many pictures far faster.
        options: passed to `flow` (method, steps, ...).

    Returns:
        Data "n b c h w" in RGB ("times n b c h w" for a vector s), which may leave [0, 1]; and the
        mask "n b h w" of pixels that do not leave it. See `displayed`.

    Raises:
        ValueError: if the field does not act on three coordinates, or the images do not have three
            channels in range.

    Example:
        >>> from .fields import AffineField
        >>> brightness = AffineField(torch.zeros(1, 3, 3), torch.ones(1, 3))
        >>> bright = act_on_colours(brightness, torch.full((1, 3, 2, 2), 0.5), 0.75)
        >>> bright.data.unique().tolist(), bright.mask.any().item()
        ([1.25], False)
    """
    _three_coordinates(field)
    _three_channels(images)
    pixels = as_pixels(images).to(field._one)
    if lattice is not None:
        data = recoloured(colour_table(field, s, chart=chart, size=lattice, **options), pixels)
    else:
        moved = flow(field, to_colours(pixels, chart), s, **options).movedim(-2, -5)
        data = to_pixels(moved, chart)
    slack = 1e-6  # of rounding
    return Acted(data, ((data >= -slack) & (data <= 1 + slack)).all(-3))


def stirring(quadrature: Quadrature | None = None) -> LibraryField:
    r"""A field on colours that is no symmetry of pictures: the Arnold-Beltrami-Childress flow.

    $V(y)=(\sin\pi y_3+\cos\pi y_2,\ \sin\pi y_1+\cos\pi y_3,\ \sin\pi y_2+\cos\pi y_1)$, smooth,
    free of divergence, with chaotic orbits (Dombre et al. 1986). Along the grey axis it is
    $\sqrt2\sin(\pi t+\pi/4)$ in every channel: neighbouring greys go opposite ways.

    Args:
        quadrature: if given, the field has unit norm on it (see `Field`).

    Example:
        >>> stirring()(torch.zeros(3)).tolist()
        [[1.0, 1.0, 1.0]]
    """
    parts = tuple(
        (i, 1.0, ((function, (i + shift) % 3, torch.pi),))
        for i in range(3)
        for function, shift in (("sin", 2), ("cos", 1))
    )
    names = ("red", "green", "blue")
    return LibraryField.from_generators({"stirring": parts}, names=names, quadrature=quadrature)
