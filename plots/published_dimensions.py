"""One dimension against compound scaling

The paper's figure 8: B0 scaled in depth, width or resolution alone, and by all three. On the left the MACs as plotted, which
mix two scales (its figure 3 has B0 at 0.50 G, this one at 0.39 G, and the rest of the single dimensions did not move); on the
right every network counted alike. Compound scaling leads on both, over depth and resolution by less where the scales are one;
its largest lead stands at the dotted line. Digitised from Tan and Le 2019.
"""

from matplotlib.figure import Figure

from scaling.figures import published_dimensions, published_dimensions_numbers


def draw() -> Figure:
    """The figure."""
    return published_dimensions(published_dimensions_numbers())
