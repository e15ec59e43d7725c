"""Numerical tools that know nothing of symmetry: integration, quadrature, resampling, linear algebra."""
