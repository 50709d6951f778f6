"""Where the published rules spend their budget

Shares of the growth in MACs that go to depth, width and resolution: the corners are single dimensions, the centre is uniform
scaling. EfficientNet's formula leans to resolution, fast compound scaling to width; the released networks begin at depth and
resolution (B1 is no wider than B0) and end at the formula.
"""

from matplotlib.figure import Figure

from scaling.figures import shares_published, shares_published_numbers


def draw() -> Figure:
    """The figure."""
    return shares_published(shares_published_numbers())
