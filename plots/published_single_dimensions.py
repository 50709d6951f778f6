"""Depth, width or resolution alone

The paper's figure 3: B0 scaled in one dimension. Each gains first and saturates later, depth too: at the first doubling of the
MACs it gains most of the three. The paper plots B0 at 0.50 G, it costs 0.39 G; beside the MACs as plotted stand those of B0
scaled by the factors that the paper names, by our counter. Digitised from Tan and Le 2019.
"""

from matplotlib.figure import Figure

from scaling.figures import published_single_dimensions, published_single_dimensions_numbers


def draw() -> Figure:
    """The figure."""
    return published_single_dimensions(published_single_dimensions_numbers())
