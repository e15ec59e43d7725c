"""Checks of the chapter Acting on data."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from ..engine import agrees, close, diagnose, exercise, function, recognised, tensor


@exercise(
    "ex-pull-back",
    question="Write a function of f, theta and s that returns the function x -> (theta_s f)(x) = "
    "f(theta_{-s}(x)), where theta(x, s) moves points.",
)
def pull_back(answer: Any, generator: Generator) -> str | None:
    """f(theta(x, -s)): the content of f moves along the flow."""
    act = function(answer, "f, theta, s")
    wave = torch.randn(2, generator=generator)
    x, s = torch.randn(20, 2, generator=generator), 0.6

    def f(z: Tensor) -> Tensor:
        return torch.sin(z @ wave) + z[..., 0] ** 2

    def theta(z: Tensor, r: float) -> Tensor:
        return torch.stack([z[..., 0] + r * (z[..., 1] + 1), z[..., 1]], dim=-1)

    moved = act(f, theta, s)
    if not callable(moved):
        return "the answer must return a function of x: use lambda x: ... or an inner def."
    got = tensor(function(moved, "x")(x), (20,), "the values of the transformed function")
    mistakes = {
        "this is f(theta_s(x)), the pull-back by +s: it moves content against the flow.": f(
            theta(x, s)
        ),
        "f is not transformed; evaluate it at moved points.": f(x),
    }
    return diagnose(
        got,
        f(theta(x, -s)),
        mistakes,
        "to know the value that arrives at x, ask where x came from.",
    )


def _sample(image: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """Bilinear values at fractional pixel positions inside the image."""
    top = row.floor().clamp(0, image.shape[0] - 2).long()
    left = column.floor().clamp(0, image.shape[1] - 2).long()
    down, across = row - top, column - left
    upper = image[top, left] * (1 - across) + image[top, left + 1] * across
    lower = image[top + 1, left] * (1 - across) + image[top + 1, left + 1] * across
    return upper * (1 - down) + lower * down


def _aligned(x: Tensor, size: int) -> Tensor:
    return (x + 1) / 2 * (size - 1)


def _half_pixel(x: Tensor, size: int) -> Tensor:
    return ((x + 1) * size - 1) / 2


def _values(answer: Callable[..., Any], image: Tensor, points: Tensor) -> Tensor:
    found = [answer(image, float(x1), float(x2)) for x1, x2 in points]
    return torch.stack([tensor(value, (), "the value at a point") for value in found])


def _bilinear_mistakes(image: Tensor, points: Tensor) -> dict[str, Tensor]:
    """What plausible mistakes give on a square image, inside the border."""
    n = image.shape[0]
    row, column = _aligned(points[:, 1], n), _aligned(points[:, 0], n)
    wide, whole = _half_pixel(points, n), n * (points + 1) / 2
    down, across = row.floor(), column.floor()
    return {
        "rows and columns are swapped: x1 picks the column, x2 the row.": _sample(
            image, column, row
        ),
        "this puts the edges of the pixels at ±1 (align_corners=False); here, their centres.": (
            _sample(image, wide[:, 1], wide[:, 0])
        ),
        "this is the nearest pixel; average the four around the point.": image[
            row.round().long(), column.round().long()
        ],
        "this is the pixel up and to the left; weight the four around the point.": image[
            down.long(), across.long()
        ],
        "x2 points down: row 0 is at x2 = -1.": _sample(image, n - 1 - row, column),
        "the weights are exchanged: the nearer pixel has the larger one.": _sample(
            image, 2 * down + 1 - row, 2 * across + 1 - column
        ),
        "n pixels have n - 1 gaps: the position is (x + 1) / 2 * (n - 1).": _sample(
            image, whole[:, 1], whole[:, 0]
        ),
    }


def _agrees(answer: Callable[..., Any], image: Tensor, points: Tensor) -> bool:
    """Whether the answer is right on these points; an index out of range is wrong."""
    height, width = image.shape
    right = _sample(image, _aligned(points[:, 1], height), _aligned(points[:, 0], width))
    try:
        return close(_values(answer, image, points), right)
    except IndexError:
        return False


@exercise(
    "ex-bilinear",
    question="Write a function of image, x1 and x2 that returns the bilinear value at (x1, x2) in "
    "[-1, 1]^2; the centres of the corner pixels lie at (±1, ±1), x1 goes right and x2 down.",
)
def bilinear(answer: Any, generator: Generator) -> str | None:
    """A square image first, where no mistake can leave it, then an oblong one, then its border."""
    value = function(answer, "image, x1, x2")
    square, oblong = torch.rand(6, 6, generator=generator), torch.rand(5, 8, generator=generator)
    points = 1.6 * torch.rand(12, 2, generator=generator) - 0.8
    right = _sample(square, _aligned(points[:, 1], 6), _aligned(points[:, 0], 6))
    hint = diagnose(
        _values(value, square, points),
        right,
        _bilinear_mistakes(square, points),
        "turn x1 and x2 into a fractional column and row, then weight the four neighbours.",
    )
    if hint:
        return hint
    if not _agrees(value, oblong, points):
        return "right on a square image only: the column uses the width w, the row the height h."
    border = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [0.25, 1.0]])
    if not _agrees(value, oblong, border):
        return "right inside, but at x1 = 1 or x2 = 1 a neighbour is missing; clamp its index."
    return None


@exercise(
    "ex-trusted-mask",
    question="Write a function of points that tells which lie in the closed square [-1, 1]^2.",
)
def trusted_mask(answer: Any, generator: Generator) -> str | None:
    """|x1| <= 1 and |x2| <= 1, as booleans without the coordinate axis."""
    inside = function(answer, "points")
    drawn = 3 * torch.rand(60, 2, generator=generator) - 1.5
    border = torch.tensor([[1.0, 0.3], [-0.2, -1.0], [1.0, 1.0], [-1.0, 1.0]])
    points = torch.cat([drawn, border])
    mask = torch.as_tensor(inside(points))
    if mask.shape == points.shape:
        return "there is one answer per point, not per coordinate: combine the last axis by all."
    if mask.shape != points.shape[:-1]:
        return f"the mask must have shape {(64,)}, but yours has shape {tuple(mask.shape)}."
    if mask.dtype != torch.bool:
        return f"the mask must be boolean, but yours is {mask.dtype}; use a comparison."
    within, low, high = points.abs() <= 1, points >= -1, points <= 1
    mistakes = {
        "a point is inside if both coordinates are, not any of them.": within.any(-1),
        "the square is closed: points on the border count, so use <=.": (points.abs() < 1).all(-1),
        "this is the disc |x| <= 1, not the square.": points.norm(dim=-1) <= 1,
        "the mask is inverted: True means trusted.": ~within.all(-1),
        "the lower bound -1 is not checked.": high.all(-1),
        "the upper bound 1 is not checked.": low.all(-1),
        "only the first coordinate is checked.": within[:, 0],
        "only the second coordinate is checked.": within[:, 1],
    }
    hint = recognised(mask, mistakes)
    if hint:
        return hint
    if not agrees(mask, within.all(-1)):
        wrong_at = points[(mask != within.all(-1)).nonzero()[0, 0]].tolist()
        return f"wrong at ({wrong_at[0]:.2f}, {wrong_at[1]:.2f}), for example."
    shaped = torch.as_tensor(inside(points.reshape(8, 8, 2)))
    if not agrees(shaped, mask.reshape(8, 8)):
        return "points of shape (8, 8, 2) come out wrong; use points[..., 0] or dim=-1."
    return None
