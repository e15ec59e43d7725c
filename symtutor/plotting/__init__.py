"""Figures: planar fields, orbits, moved grids, images, solutions. Every function returns Axes."""

from .grids import field_grid, image_grid
from .images import image_strip
from .palette import COLOURS, MARKERS, style
from .planes import orbits, quiver, warped_grid
from .solutions import spacetime, waterfall

__all__ = [
    "COLOURS",
    "MARKERS",
    "field_grid",
    "image_grid",
    "image_strip",
    "orbits",
    "quiver",
    "spacetime",
    "style",
    "warped_grid",
    "waterfall",
]
