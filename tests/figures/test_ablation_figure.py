"""Figures of ablations."""

import pytest

from scaling.ablation.comparison import Verdict
from scaling.figures.ablation import AblationNumbers, AblationPoint, ablation_curves
from scaling.figures.points import Percent

NAMES = ("fixed", "growing", "random", "fixed_adaptive", "growing_adaptive", "random_adaptive", "fixres", "growing_fixres")
CAPTION = {"data_set": "simulated images", "device": "CPU"}


def numbers(networks=3, recipes=8):
    def points(shift):
        return tuple(
            AblationPoint(
                name,
                1.0 if index == 0 else 0.5 + 0.07 * index,
                Percent(90 + shift + 0.1 * index, 89 + shift, 91.5 + shift),
                None if index == 0 else Verdict.BETTER if index % 3 == 0 else Verdict.NOT_TOLD_APART,
            )
            for index, name in enumerate(NAMES[:recipes])
        )

    panels = {f"network {number}": points(number) for number in range(networks)}
    return AblationNumbers(panels, NAMES[:recipes], "fixed", 10_000, "2 seeds", 90, 1)


@pytest.mark.parametrize("recipes", [2, 5, 8])
@pytest.mark.parametrize("networks", [1, 2, 3])
def test_no_word_covers_another(networks, recipes, apart):
    apart(ablation_curves(numbers(networks, recipes), **CAPTION))


def test_every_recipe_is_named_on_every_network(boxes):
    words = [text for text, _ in boxes(ablation_curves(numbers(), **CAPTION))]
    assert all(words.count(name) == 3 for name in NAMES)
    assert "training time over that of fixed" in words


def test_what_is_told_apart_is_filled_and_colours_differ():
    figure = ablation_curves(numbers(1, 8), **CAPTION)
    marks = [line for line in figure.axes[0].lines if line.get_marker() not in ("None", None, "")]
    assert [line.get_markerfacecolor() != "white" for line in marks] == [i == 0 or i % 3 == 0 for i in range(8)]
    assert len({(line.get_markeredgecolor(), line.get_marker()) for line in marks}) == 8
