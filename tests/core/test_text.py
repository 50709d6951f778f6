import io
import sys

import pytest

from scaling.core.text import printable, replace_what_streams_cannot_encode


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ±", "plain ±"),
        ("a\nb", r"a\nb"),
        ("\udcff", r"\udcff"),
        ("猫 é", "猫 é"),
        ("\x1b[31m", r"\x1b[31m"),
        ("", ""),
    ],
)
def test_what_cannot_be_printed_is_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("encoding", "text", "shown"),
    [
        ("ascii", "88.7 ±1.1 ×2", "88.7 +-1.1 x2"),
        ("ascii", "猫.jpg", r"\u732b.jpg"),
        ("cp1252", "±1 猫", r"±1 \u732b"),
        ("utf-8", "name \udcff", r"name \udcff"),
        ("utf-8", "±猫", "±猫"),
    ],
)
def test_streams_replace_what_they_cannot_encode(monkeypatch, encoding, text, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    replace_what_streams_cannot_encode()
    print(text, end="", flush=True)
    assert stream.buffer.getvalue().decode(encoding) == shown


def test_streams_that_people_have_set_up_stay(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), "ascii", "ignore")
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    replace_what_streams_cannot_encode()
    assert stream.errors == "ignore"
