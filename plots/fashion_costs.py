"""What accuracy costs: the trained family over multiply-adds and over parameters

The family of the whole of Fashion-MNIST, and the paper's point from the search on the same pictures. Which rule looks best
depends on what is counted: resolution costs multiply-adds and no parameters.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.figures import trained_costs, trained_costs_numbers
from scaling.recorded import read_family, read_search


def draw() -> Figure:
    """The figure."""
    family, search = read_family(Path("runs/fashion_family")), read_search(Path("runs/fashion"))
    numbers = trained_costs_numbers(family, search)
    return trained_costs(numbers, data_set=family.study.pictures.name, device=family.run.devices)
