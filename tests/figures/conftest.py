"""What tests of figures share: the words that are really drawn, and where."""

import pytest
from matplotlib.text import Text


def _boxes(figure):
    """What is really drawn: every text with its extent in px at 900 px width, without the lines that lead to points."""
    drawn, original = [], Text.draw

    def spy(self, renderer):
        slanted = self.get_rotation() % 90  # its upright box holds more than it
        if self.get_visible() and self.get_text() and not slanted:
            drawn.append((self.get_text(), Text.get_window_extent(self, renderer)))
        original(self, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", spy)
        figure.draw_without_rendering()
    return drawn


@pytest.fixture(scope="session")
def boxes():
    """boxes(figure) -> every text with its extent."""
    return _boxes


@pytest.fixture(scope="session")
def apart():
    """apart(figure) fails where a text covers another or is cut off."""

    def check(figure):
        found = _boxes(figure)
        width, height = figure.get_size_inches() * figure.dpi
        for i, (text, box) in enumerate(found):
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= 0, text
            for other, its in found[:i]:
                assert not box.overlaps(its), f"{text!r} and {other!r}"

    return check
