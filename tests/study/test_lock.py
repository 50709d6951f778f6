"""A run folder's lock, and file systems that have none."""

import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from scaling.core.files import atomic_write, flush_to_disk
from scaling.core.json_lines import JsonLines
from scaling.study import lock as lock_module
from scaling.study.lock import SILENCE_SECONDS, LockedError, locked

MISSING = [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EBADF, errno.EINVAL]


def refusing(number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    return refuse


def test_two_at_once_are_refused_and_told_who_is_first(tmp_path):
    first = rf"another process is working on this run \(process {os.getpid()} on .* since .*\); wait for it, or take another"
    with locked(tmp_path), pytest.raises(LockedError, match=first), locked(tmp_path):
        pass


@pytest.mark.parametrize("number", MISSING, ids=errno.errorcode.get)
def test_a_file_system_without_locks_has_a_lease(tmp_path, monkeypatch, number):
    monkeypatch.setattr(fcntl, "flock", refusing(number))
    first = rf"\(process {os.getpid()} on .*\); wait for it, or delete .*lease.json if that process is no more, or take"
    for _ in range(2):
        with locked(tmp_path), pytest.raises(LockedError, match=first), locked(tmp_path):
            pass
    with locked(tmp_path):
        assert (tmp_path / "lease.json").exists()
    assert not (tmp_path / "lease.json").exists()


@pytest.mark.parametrize("owner", ["process 1 on elsewhere since 2020", "damaged"])
def test_a_lease_that_nobody_touches_is_taken(tmp_path, monkeypatch, owner):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    lease = tmp_path / "lease.json"
    lease.write_text("{" if owner == "damaged" else json.dumps({"owner": owner, "token": "another"}))
    with pytest.raises(LockedError), locked(tmp_path):
        pass
    os.utime(lease, (time.time() - 2 * SILENCE_SECONDS,) * 2)
    with locked(tmp_path):
        assert json.loads(lease.read_text())["owner"].startswith(f"process {os.getpid()} on ")


def test_a_lease_of_a_process_that_was_killed_here_is_taken_at_once(tmp_path, monkeypatch):
    script = (
        "import errno, fcntl, os, pathlib, signal, sys\n"
        "def refuse(*_): raise OSError(errno.ENOLCK, '')\n"
        "fcntl.flock = refuse\n"
        "from scaling.study.lock import locked\n"
        "with locked(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "lease.json").exists()
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    with locked(tmp_path):
        pass


def test_a_lease_is_touched(tmp_path, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", refusing(errno.ENOLCK))
    monkeypatch.setattr(lock_module, "BEAT_SECONDS", 0.05)
    with locked(tmp_path):
        os.utime(tmp_path / "lease.json", (0, 0))
        end = time.monotonic() + 20
        while (tmp_path / "lease.json").stat().st_mtime == 0:
            assert time.monotonic() < end
            time.sleep(0.05)


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
