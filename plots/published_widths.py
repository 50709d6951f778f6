"""Width on four baselines

The paper's figure 4: B0, B0 of twice the depth, of 1.3 times the resolution, and of both, each widened. Widening pays less and
less on each of them; a deeper and sharper network turns the same MACs into more accuracy. MACs as plotted: the factors of width
were not published, so they cannot be recounted. Digitised from Tan and Le 2019.
"""

from matplotlib.figure import Figure

from scaling.figures import published_widths, published_widths_numbers


def draw() -> Figure:
    """The figure."""
    return published_widths(published_widths_numbers())
