"""Scaling rules: factors from phi, rounding, released coefficients."""
