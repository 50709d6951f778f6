"""Sizes and times as people write and read them."""

import pytest

from scaling.core.errors import UserError
from scaling.core.units import amount, byte_amount, duration, milliseconds, short, whole


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e9", 1e9), ("80k", 80_000), ("84.6k", 84_600), ("84.6 k", 84_600), ("1.1M", 1_100_000), ("1.2M", 1.2e6),
        ("8G", 8e9), ("2T", 2e12), ("0.5", 0.5), ("1_000", 1000), ("8.2K", 8200), (" 3 ", 3),
    ],
)  # fmt: skip
def test_amounts_as_people_write_them(text, value):
    assert amount(text) == value


@pytest.mark.parametrize(
    "text", ["-1", "0", "many", "8GB", "7B", "8Gb", "8Gi", "inf", "", "nan", "k", "1e", "1e999", "1,5", "2ms"]
)
def test_bad_amounts(text):
    with pytest.raises(UserError, match="must be a number above 0, as 90k, 1e9 or 8G, got"):
        amount(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("8e9", 8e9), ("8G", 8e9), ("8GB", 8e9), ("8 GB", 8e9), ("8gb", 8e9), ("8g", 8e9), ("512MB", 512e6), ("1kB", 1000),
        ("1KB", 1000), ("100B", 100), ("8GiB", 8 * 2**30), ("8Gi", 8 * 2**30), ("8gib", 8 * 2**30), ("1.5KiB", 1536),
        ("1TiB", 2**40), ("512MiB", 2**29), ("1 kb", 1000), ("512m", 512e6),
    ],
)  # fmt: skip
def test_bytes_as_people_write_them(text, value):
    assert byte_amount(text) == value


@pytest.mark.parametrize("text", ["8Gb", "8Mbit", "0GB", "-1GiB", "GB", "8ms", "lots", "", "8 G B", "inf"])
def test_bad_bytes(text):
    with pytest.raises(UserError, match="must be a number of bytes above 0, as 8e9, 8GB or 8GiB, got"):
        byte_amount(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1.5", 1.5), ("2ms", 2), ("900us", 0.9), ("1.5 s", 1500), ("10min", 600_000), ("2h", 7_200_000), ("1e3us", 1)],
)
def test_times_as_people_write_them(text, value):
    assert milliseconds(text) == value


@pytest.mark.parametrize("text", ["0", "-2ms", "2m", "2M", "2 days", "soon", "", "1:30"])
def test_bad_times(text):
    with pytest.raises(UserError, match=r"must be a time above 0, as 1\.5 for milliseconds, 900us, 2s or 10min, got"):
        milliseconds(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1e3", 1000),
        ("80k", 80_000),
        ("1.2M", 1_200_000),
        ("0", 0),
        ("-2", -2),
        ("4.0", 4),
        ("9007199254740993", 2**53 + 1),
    ],
)
def test_whole_numbers_as_people_write_them(text, value):
    assert whole(text) == value
    assert isinstance(whole(text), int)


@pytest.mark.parametrize("text", ["2.5", "1.2345k", "many", "3B", "", "inf", "1e-3", "0x10"])
def test_bad_whole_numbers(text):
    with pytest.raises(UserError, match="must be a whole number, as 3, 1e3 or 80k, got"):
        whole(text)


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
