"""Released against formula

What B1 to B8 were released with, beside the formula α^φ, β^φ, γ^φ with the paper's 1.2, 1.1 and 1.15: no φ gives a released
network, all of them cost less than their numbers promise, B2 to B4 least of what the formula gives, and depth stays under the
formula all along. Exact counts.
"""

from matplotlib.figure import Figure

from scaling.figures import released_formula, released_formula_numbers


def draw() -> Figure:
    """The figure."""
    return released_formula(released_formula_numbers())
