"""Words of users in figures: names of files and folders are drawn as they are, whatever they hold."""

import warnings
import xml.etree.ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from scaling.cam.figure import Look, MapsNumbers, activation_maps
from scaling.figures.style import caption, heading, new_figure, save

WORDS = [
    *(r"$\frac{a$", "price $5 to $10", "$x_{$", "undecodable \udcff", "猫", "a\x01b", "tab\there", r"\alpha"),
    *("<b>&amp;--></b>", "%s {0}"),
]


@pytest.mark.parametrize("words", WORDS)
def test_words_are_drawn_as_they_are(words, tmp_path):
    figure = new_figure(3)
    heading(figure, words)
    caption(figure, words)
    axes = figure.add_subplot()
    axes.plot([0, 1], label=words)
    axes.set_title(words)
    axes.legend()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        svg, png = save(figure, tmp_path, "figure")
    xml.etree.ElementTree.parse(svg)
    assert png.stat().st_size > 1000


def test_dollars_are_no_formula(tmp_path):
    def drawn(words):
        figure = Figure(figsize=(3, 1))
        figure.text(0.1, 0.5, words)
        return save(figure, tmp_path, "x")[0].read_text().count("<use")

    assert drawn("a$5$10$b") == len("a$5$10$b")


@pytest.mark.parametrize("words", WORDS)
def test_activation_maps_bear_any_name(words, tmp_path):
    image, look = np.zeros((8, 8, 3), np.uint8), Look(words, np.ones((2, 2), np.float32))
    numbers = MapsNumbers((words,), (words,), (image,), ((look,),), words)
    save(activation_maps(numbers), tmp_path, "cam")
