"""Compound scaling against one dimension: measured on the whole of Fashion-MNIST, from 20 px

The paper's rule, uniform scaling and each dimension alone, at one, two, four and eight times the cost of a baseline on which
every rule has a network near it, judged on test images that nothing was chosen by. Below: the paper's rule minus each other at
equal cost. All have one recipe, tuned for none of them, which is a confound: larger networks might gain from more
regularisation, and deep ones from another learning rate.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.family.reopen import read_family
from scaling.figures.rule_curves import rule_curves, rule_curves_numbers


def draw() -> Figure:
    """The figure."""
    found = read_family(Path("runs/fashion_rules"))
    sides = {one.label: one.architecture.resolution for one in found.study.networks}
    numbers = rule_curves_numbers(found.result, found.study.dataset.side, sides)
    return rule_curves(numbers, data_set=found.study.dataset.name, device=found.run.devices)
