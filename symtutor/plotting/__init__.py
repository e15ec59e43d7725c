"""Figures: planar fields, orbits, moved grids, rows of images. Every function returns Axes."""

from .images import image_strip
from .palette import COLOURS, MARKERS, style
from .planes import orbits, quiver, warped_grid

__all__ = ["COLOURS", "MARKERS", "image_strip", "orbits", "quiver", "style", "warped_grid"]
