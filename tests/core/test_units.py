"""Sizes and times as people write and read them."""

import pytest

from scaling.core.errors import UserError
from scaling.core.units import amount, duration, short


@pytest.mark.parametrize(
    ("text", "value"), [("1e9", 1e9), ("84.6k", 84_600), ("1.5M", 1.5e6), ("8G", 8e9), ("2T", 2e12), ("0.5", 0.5)]
)
def test_amounts_as_people_write_them(text, value):
    assert amount(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["-1", "0", "many", "8Gb", "inf", "", "nan"])
def test_bad_amounts(text):
    with pytest.raises(UserError, match="must be a number above 0, as 90k, 1e9 or 8G, got"):
        amount(text)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1_000, "1.00 k"), (84_600, "84.6 k"), (1_240_000, "1.24 M"), (39.7e9, "39.7 G")],
)
def test_short_counts(count, text):
    assert short(int(count)) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text
