"""Discover continuous symmetries from data: flows of learned vector fields and validity scores."""

__version__ = "0.1.0"
