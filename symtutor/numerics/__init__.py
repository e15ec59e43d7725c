"""Numerical tools that know nothing of symmetry."""
