"""Checks of the part SymmetryLens, one module per chapter."""

from . import comparisons as comparisons
from . import information_losses as information_losses
from . import learning_translations as learning_translations
from . import locality_and_symmetry as locality_and_symmetry
