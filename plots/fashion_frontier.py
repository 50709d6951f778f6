"""Step 1 on the whole of Fashion-MNIST: accuracy for the cost

Every network of the search near twice the cost of a baseline of 14 px, with the single dimensions and the paper's point beside
them, on the images that the choice is made by.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.figures.frontier import frontier, frontier_numbers
from scaling.grid.reopen import read_search


def draw() -> Figure:
    """The figure."""
    found = read_search(Path("runs/fashion"))
    numbers = frontier_numbers(found.collected.measured, found.ranking)
    title = "Step 1 on the whole of Fashion-MNIST: accuracy for the cost"
    return frontier(numbers, data_set=found.study.dataset.name, device=found.run.devices, title=title)
