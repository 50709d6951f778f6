"""A file of JSON lines: whole or torn, never glued."""

import os

import pytest

from scaling.core.errors import SpecError
from scaling.core.json_lines import JsonLines


@pytest.fixture
def lines(tmp_path):
    return JsonLines(tmp_path / "trials.jsonl")


def names(lines):
    return [line["id"] for _, line in lines.read()]


def test_what_is_appended_is_read(lines):
    assert lines.read() == []
    for number in range(3):
        lines.append({"id": str(number), "value": 0.1 * number})
    assert names(lines) == ["0", "1", "2"]


def test_every_torn_tail_is_cut_and_nothing_else(lines):
    lines.append({"id": "whole"})
    whole = lines.path.read_bytes()
    line = b'{"id":"torn","value":[1,2]}'
    for length in range(len(line) + 1):
        lines.path.write_bytes(whole + line[:length])
        assert names(lines) == ["whole"]
        lines.cut_torn_line()
        assert lines.path.read_bytes() == whole
        lines.append({"id": "next"})
        assert names(lines) == ["whole", "next"]


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b'"id"\n', b"\xff\n"])
def test_a_damaged_line_is_named_and_nothing_changed(lines, line):
    lines.append({"id": "whole"})
    damaged = lines.path.read_bytes() + line
    lines.path.write_bytes(damaged)
    with pytest.raises(SpecError, match=r"trials.jsonl:2: not a record; restore the file"):
        lines.read()
    assert lines.path.read_bytes() == damaged


def test_a_full_disk_leaves_the_file_as_it_was(lines, monkeypatch):
    lines.append({"id": "whole"})
    before = lines.path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        lines.append({"id": "lost"})
    assert lines.path.read_bytes() == before


def test_numbers_that_json_does_not_know_are_refused(lines):
    with pytest.raises(ValueError, match="Out of range float"):
        lines.append({"id": "a", "value": float("nan")})


def test_what_can_be_read_of_a_damaged_file(lines):
    lines.append({"id": "whole"})
    lines.path.write_bytes(lines.path.read_bytes() + b"nonsense\n[1]\n")
    lines.append({"id": "next"})
    assert list(lines.readable()) == [{"id": "whole"}, {"id": "next"}]
    assert list(JsonLines(lines.path.parent).readable()) == []  # a folder
