"""A run folder's lock, and file systems that have none."""

import errno
import fcntl
import os

import pytest

from scaling.core.files import atomic_write, flush_to_disk
from scaling.core.json_lines import JsonLines
from scaling.study.lock import LockedError, locked

MISSING = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL]


def refusing(number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    return refuse


def test_two_at_once_are_refused(tmp_path):
    with locked(tmp_path), pytest.raises(LockedError, match="another process is working on this run"), locked(tmp_path):
        pass


@pytest.mark.parametrize("number", MISSING, ids=errno.errorcode.get)
def test_a_file_system_without_locks_is_used_and_said(tmp_path, monkeypatch, capsys, number):
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    for _ in range(2):
        with locked(tmp_path):
            (tmp_path / "written").write_text("")
    assert capsys.readouterr().err == (
        f"{tmp_path}: the file system has no locks; take care that no other process works on this run at the same time\n"
    )


def test_another_error_names_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.EIO))
    with pytest.raises(OSError, match=r"Input/output error: .*lock'") as refusal, locked(tmp_path):
        pass
    assert refusal.value.filename == str(tmp_path / "lock")


@pytest.mark.parametrize("number", MISSING, ids=errno.errorcode.get)
def test_a_file_system_that_cannot_flush_is_written_to(tmp_path, monkeypatch, number):
    monkeypatch.setattr(os, "fsync", refusing(number))
    atomic_write(tmp_path / "a.json", "{}")
    lines = JsonLines(tmp_path / "b.jsonl")
    lines.append({"x": 1})
    assert (tmp_path / "a.json").read_text() == "{}"
    assert lines.read() == [(1, {"x": 1})]


def test_a_full_disk_is_an_error(monkeypatch):
    monkeypatch.setattr(os, "fsync", refusing(errno.ENOSPC))
    with pytest.raises(OSError, match="No space left on device"):
        flush_to_disk(0)
