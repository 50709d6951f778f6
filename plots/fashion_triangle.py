"""Step 1 on the whole of Fashion-MNIST: where the budget is best spent

The same networks by the shares of the budget that they really spend on depth, width and resolution; several of one place stand
around it. The surface fitted to them is drawn where they support it: on so small a baseline no network at twice the cost spends
between 10 and 80 % on resolution, and nothing is said of what lies between.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.analysis.surface import response_surface
from scaling.figures.triangle import triangle
from scaling.figures.triangle_numbers import triangle_numbers
from scaling.grid.reopen import read_search


def draw() -> Figure:
    """The figure."""
    found = read_search(Path("runs/fashion"))
    fitted = response_surface(found.collected.measured, found.study.space.target)
    numbers = triangle_numbers(found.collected.measured, found.ranking, fitted)
    return triangle(numbers, data_set=found.study.dataset.name, device=found.run.devices)
