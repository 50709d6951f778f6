"""One dimension against compound scaling: measured on the whole of Fashion-MNIST

The paper's figure for a network and pictures of our own: a baseline of 14 px scaled in depth, width or resolution alone, and by
the compound rule that Step 1 found, each at the same real costs, judged on test pictures that nothing was chosen by. All have
one recipe, which is a confound: larger networks might gain from more regularisation.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.figures import rule_curves, rule_curves_numbers
from scaling.recorded import read_family


def draw() -> Figure:
    """The figure."""
    found = read_family(Path("runs/fashion_family"))
    sides = {one.label: one.architecture.resolution for one in found.study.networks}
    numbers = rule_curves_numbers(found.result, found.study.pictures.side, sides)
    return rule_curves(numbers, data_set=found.study.pictures.name, device=found.run.devices)
