"""Sliders that work in a static page, from a file on disk and in a notebook, or live."""

import io
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from ._slider_html import image, page

LARGEST = 400_000  # bytes of HTML per slider: with two of them, a chapter stays below a megabyte
SHORTEST_ALT, LONGEST_ALT = 20, 300

Drawing = Axes | Figure | np.ndarray
Alt = str | Callable[[float], str]


@dataclass(frozen=True, repr=False)
class Slider:
    """One HTML output with all its frames; a notebook shows it when it is a cell's last value."""

    html: str = field(repr=False)
    text: str

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def slider(
    draw: Callable[[Any], Drawing],
    values: Iterable[Any],
    *,
    label: str,
    alt: Alt,
    start: int = 0,
    live: bool = False,
    width: int = 640,
    colours: int = 256,
    spec: str = ".3g",
) -> Any:
    """A figure with a slider over `values`.

    By default every frame is drawn now and stored, as a PNG with its own alternative text, in one
    piece of HTML that needs neither a kernel nor a library: 12 to 16 frames are about right.
    Fix the limits of the axes in `draw`, or the frames will jump.

    Args:
        draw: value -> Axes, array of Axes, or Figure; every call makes a new figure.
        values: the slider's stops; finite numbers.
        label: what the slider changes, with its unit.
        alt: what is seen, in 20 to 300 characters: a sentence, or a function value -> sentence.
        start: position of the stop shown first, and alone where there is no JavaScript.
        live: return an ipywidgets slider that draws on demand; needs a running kernel.
        width: of a frame, in pixels.
        colours: size of a frame's palette, at most 256; fewer save bytes.
        spec: format of the values on the page.

    Returns:
        A `Slider`, or with `live=True` an `ipywidgets.interactive`.

    Raises:
        ValueError: for no or non-finite values, an alternative text too short or too long, frames
            of different sizes, or a result above 400 kB.

    Example:
        >>> def draw(s):
        ...     figure, ax = plt.subplots(figsize=(2, 2))
        ...     ax.plot([0, s], [0, 1])
        ...     return ax
        >>> slider(draw, [0.0, 0.5, 1.0], label="s", alt="A line that leans further as s grows.")
        s: A line that leans further as s grows.
    """
    values = [getattr(value, "item", lambda v=value: v)() for value in values]
    largest = max(abs(value) for value in _checked(values, start))
    # A zero that missed zero by rounding, as in linspace(-0.5, 0.5, 13), reads "0".
    texts = [format(0 if abs(v) < 1e-6 * largest else v, spec) for v in values]
    alts = [_sentence(alt, label, value, text) for value, text in zip(values, texts, strict=True)]
    if live:
        return _live(draw, values, texts, alts, label, start, width, colours)
    frames = [_png(draw, value, width, colours) for value in values]
    sizes = {size for _, size in frames}
    if len(sizes) > 1:
        raise ValueError(
            f"all frames must have one size, got {sorted(sizes)} pixels; "
            "give plt.subplots the same figsize in every call of draw"
        )
    text = page([data for data, _ in frames], sizes.pop(), texts, alts, label, start)
    if len(text) > LARGEST:
        raise ValueError(
            f"a slider may take {LARGEST // 1000} kB of the page, got {len(text) // 1000} kB in "
            f"{len(frames)} frames; draw fewer frames, or pass a smaller width or fewer colours"
        )
    return Slider(text, f"{label}: {alt if isinstance(alt, str) else alts[start]}")


def _checked(values: list, start: int) -> list:
    """The values, if they can be the stops of a slider."""
    if not values or not all(isinstance(v, int | float) and math.isfinite(v) for v in values):
        raise ValueError(
            f"a slider needs finite numbers as its stops, got {values!r:.80}; "
            "pass e.g. [-0.5, 0.0, 0.5]"
        )
    if not 0 <= start < len(values):
        raise ValueError(
            f"start is the position of one of the {len(values)} values, got {start}; "
            f"choose 0 to {len(values) - 1}"
        )
    return values


def _sentence(alt: Alt, label: str, value: float, text: str) -> str:
    """The alternative text of one frame."""
    sentence = alt if isinstance(alt, str) else alt(value)
    if not SHORTEST_ALT <= len(sentence) <= LONGEST_ALT:
        raise ValueError(
            f"alternative text must be a sentence of {SHORTEST_ALT} to {LONGEST_ALT} characters, "
            f"got {len(sentence)}: {sentence!r:.60}; say what a reader sees in the figure"
        )
    return f"{sentence} {label}: {text}." if isinstance(alt, str) else sentence


def _png(
    draw: Callable[[Any], Drawing], value: float, width: int, colours: int
) -> tuple[bytes, tuple[int, int]]:
    """One frame as PNG with a small palette, and its size; figures opened by `draw` are closed."""
    before = set(plt.get_fignums())
    try:
        figure = _figure(draw(value))
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=width / figure.get_figwidth())
    finally:
        for number in set(plt.get_fignums()) - before:
            plt.close(number)
    image = Image.open(buffer).convert("RGB")
    small = image.quantize(
        colours, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
    packed = io.BytesIO()
    small.save(packed, format="png", optimize=True)
    return packed.getvalue(), image.size


def _figure(drawing: Any) -> Figure:
    """The figure that holds what `draw` returned."""
    first = drawing.flat[0] if isinstance(drawing, np.ndarray) and drawing.size else drawing
    figure = first.figure if isinstance(first, Axes) else first
    if not isinstance(figure, Figure):
        raise ValueError(
            f"draw must return Axes or a Figure, got {type(drawing).__name__}; "
            "end it with `return ax`"
        )
    return figure


def _live(
    draw: Callable[[Any], Drawing],
    values: list,
    texts: list[str],
    alts: list[str],
    label: str,
    start: int,
    width: int,
    colours: int,
) -> Any:
    """An ipywidgets slider; written to the API that versions 7.7 and 8 share."""
    from IPython.display import HTML, display
    from ipywidgets import SelectionSlider, interactive

    def show(position: int) -> None:
        data, size = _png(draw, values[position], width, colours)
        display(HTML(image(data, size, texts[position], alts[position], True)))

    control = SelectionSlider(
        options=list(zip(texts, range(len(texts)), strict=True)),
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
    )
    return interactive(show, position=control)
