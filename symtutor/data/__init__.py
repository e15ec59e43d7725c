"""Data sets, as plain tensors; this room knows nothing of fields."""

from .images import Images, load_images

__all__ = ["Images", "load_images"]
