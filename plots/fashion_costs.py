"""What accuracy costs: the trained rules over multiply-adds and over parameters

The rules of `fashion_rules` on the whole of Fashion-MNIST. Which one looks best depends on what is counted: resolution costs
multiply-adds and no parameters. Three networks a rule and the baseline, one recipe for all.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.family.reopen import read_family
from scaling.figures.trained_costs import trained_costs, trained_costs_numbers


def draw() -> Figure:
    """The figure."""
    family = read_family(Path("runs/fashion_rules"))
    numbers = trained_costs_numbers(family)
    return trained_costs(numbers, data_set=family.study.dataset.name, device=family.run.devices)
