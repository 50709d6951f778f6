"""Files appear whole or not at all."""

import os

import pytest

from scaling.core.files import atomic_write


@pytest.mark.parametrize("content", [b"\x00bytes\n", "words, und Wörter\n", b"", ""])
def test_the_content_and_nothing_else(tmp_path, content):
    path = tmp_path / "file"
    for _ in range(2):
        atomic_write(path, content)
        assert path.read_bytes() == (content if isinstance(content, bytes) else content.encode())
        assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_holds_it_already_is_left_alone(tmp_path):
    path = tmp_path / "file"
    atomic_write(path, "one")
    path.chmod(0o444)
    before = path.stat()
    atomic_write(path, b"one")
    assert path.stat() == before
    atomic_write(path, "two")
    assert path.read_text() == "two"


def test_what_fails_leaves_what_was_there_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "file"
    atomic_write(path, "before")

    def full(file):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as failed:
        atomic_write(path, "after")
    assert failed.value.errno == 28
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named_not_its_draft(tmp_path):
    with pytest.raises(FileNotFoundError) as failed:
        atomic_write(tmp_path / "nowhere" / "file", "content")
    assert failed.value.filename == str(tmp_path / "nowhere" / "file")
