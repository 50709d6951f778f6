"""Figures of trained families."""

from pathlib import Path

import numpy as np
import pytest

from scaling.analysis.measured import Measured
from scaling.family.reopen import read_family
from scaling.family.result import family_result
from scaling.figures.rule_curves import LOOKS, rule_curves, rule_curves_numbers
from scaling.figures.trained_costs import trained_costs, trained_costs_numbers
from scaling.grid.reopen import read_search
from scaling.rules.rules import RULES

RUNS = Path(__file__).parents[2] / "runs"
RATIOS = [1, 1.4, 2, 2.8, 4, 5.6, 8, 11]
CAPTION = {"data_set": "simulated images", "device": "CPU"}


def network(name, ratio, accuracy, seeds):
    correct = np.random.default_rng([sum(map(ord, name)), round(10 * ratio)]).random((seeds, 4_000)) < accuracy
    return Measured(name, round(3e5 * ratio), ratio, correct, None, ())


def family(seeds=2, costs=8):
    baseline = network("baseline", 1, 0.85, seeds)
    return family_result(
        {
            rule: [baseline, *(network(f"{rule} {x}", x, 0.95 - 0.1 * x**-b, seeds) for x in RATIOS[1:costs])]
            for rule, b in (("compound", 0.6), ("depth", 0.1), ("width", 0.3), ("resolution", 0.4))
        }
    )


def numbers(result):
    sides = {name: 29 if name == "resolution 8" else 20 for name in result.accuracies}
    return rule_curves_numbers(result, 28, sides)


def test_numbers_are_those_of_the_result():
    result = family()
    found = numbers(result)
    assert [line.rule for line in found.lines] == ["compound", "depth", "width", "resolution"]
    for line, curve in zip(found.lines, result.curves, strict=True):
        for point, one in zip(line.points, curve.networks, strict=True):
            assert point.ratio == one.ratio
            assert point.accuracy == tuple(100 * value for value in result.accuracies[one.name][:3])
            assert point.enlarged == (one.name == "resolution 8")
        band = curve.law.curve(line.ratios)
        assert line.law == tuple((100 * (1 - band.mean)).tolist())
        assert all(low <= mean <= high for low, mean, high in zip(line.low, line.law, line.high, strict=True))
    assert (found.images, found.seeds, found.fitted) == (4000, "2 seeds", True)


@pytest.mark.parametrize("costs", [2, 4, 8])
@pytest.mark.parametrize("seeds", [1, 2])
def test_no_word_covers_another(seeds, costs, apart):
    apart(rule_curves(numbers(family(seeds, costs)), **CAPTION))


def test_too_few_costs_are_drawn_without_a_law(boxes):
    result = family(costs=4)
    assert all(line.law == () for line in numbers(result).lines)
    words = " ".join(text for text, _ in boxes(rule_curves(numbers(result), **CAPTION)))
    assert "fitted" not in words
    assert "baseline" in words


def test_enlarged_images_are_told(boxes):
    said = " ".join(" ".join(text for text, _ in boxes(rule_curves(numbers(family()), **CAPTION))).split())
    assert "Hollow above: inputs over the 28 px of the images" in said


def test_every_rule_has_its_looks():
    assert LOOKS.keys() == RULES.keys()
    assert len({marker for _, marker in LOOKS.values()}) == len({colour for colour, _ in LOOKS.values()}) == len(LOOKS)


def test_what_accuracy_costs_in_the_recorded_runs(apart):
    family, search = read_family(RUNS / "fashion_family"), read_search(RUNS / "fashion")
    found = trained_costs_numbers(family, search)
    assert found.lines.keys() == set(family.study.spec.family.rules)
    for rule, line in found.lines.items():
        assert [point.macs for point in line] == sorted(point.macs for point in line), rule
    assert {point.params for point in found.lines["resolution"]} == {found.lines["depth"][0].params}
    assert [point.name for point in found.points] == ["paper"]
    apart(trained_costs(found, **CAPTION))
