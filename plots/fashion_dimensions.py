"""One dimension against another: measured on the whole of Fashion-MNIST, from 14 px

A baseline of 14 px scaled in depth, width or resolution alone, each at the same real costs, judged on test images that nothing
was chosen by. The line `compound` is retracted: it follows the highest value of a response surface at a place that no network
supported, and its records refute that value (docs/findings.md, "Retracted"); crosses are networks trained for it that rounding
put far from its shares. All have one recipe, tuned for none of them, which is a confound. `fashion_rules` has the rules on a
baseline that bears them.
"""

from pathlib import Path

from matplotlib.figure import Figure

from scaling.family.reopen import read_family
from scaling.figures.rule_curves import rule_curves, rule_curves_numbers


def draw() -> Figure:
    """The figure."""
    found = read_family(Path("runs/fashion_family"))
    sides = {one.label: one.architecture.resolution for one in found.study.networks}
    numbers = rule_curves_numbers(found.result, found.study.dataset.side, sides)
    title = "One dimension against another on 14 px, and a compound that is retracted"
    return rule_curves(numbers, data_set=found.study.dataset.name, device=found.run.devices, title=title)
