"""Checks of the part Beyond the papers, one module per chapter."""

from . import algebras_and_read_out as algebras_and_read_out
from . import symmetry_spectra as symmetry_spectra
