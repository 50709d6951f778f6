"""One driver at a time on a run folder, and a second one is told who it is.

The system's lock is let go when its process ends, however it ends. Some file systems of networks and clusters have no locks;
there a lease does: a file with its owner's name that is touched every few seconds, and that another may take once it has not
been for long. Both times are those of the file system, so that clocks of machines need not agree.
"""

from __future__ import annotations

import _thread
import json
import os
import platform
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from scaling.core.errors import UserError
from scaling.core.files import parse_json, read_text
from scaling.core.lock import HeldElsewhere, take

BEAT_SECONDS = 10.0
"""Between two touches of a lease."""

SILENCE_SECONDS = 60.0
"""After which a lease that was not touched may be taken."""


class LockedError(UserError):
    """Another process works on the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder.

    Raises:
        LockedError: another process holds it; the message says which.
        OSError: it cannot be written.
    """
    path = folder / "lock"
    with open(path, "a+", encoding="utf-8") as file:
        try:
            is_locked = take(file)
        except HeldElsewhere:
            raise LockedError(_held(folder, _owner_in(path))) from None
        except OSError as error:
            error.filename = str(path)
            raise
        if is_locked:
            _sign(file, _owner())
            try:
                yield
            finally:
                _sign(file, "")
            return
    with _leased(folder):
        yield


@contextmanager
def _leased(folder: Path) -> Iterator[None]:
    path, token, over = folder / "lease.json", secrets.token_hex(8), threading.Event()
    _take_lease(path, token)

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            if _read(path).get("token") != token:  # this process slept for so long that another took it
                _thread.interrupt_main()
                return
            os.utime(path)

    thread = threading.Thread(target=beat, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        if _read(path).get("token") == token:
            path.unlink(missing_ok=True)


def _take_lease(path: Path, token: str) -> None:
    """Write the lease where there is none, or where its owner has not touched it for long.

    Raises:
        LockedError: somebody holds it.
        OSError: it cannot be written.
    """
    while True:
        try:
            with open(path, "x", encoding="utf-8") as file:  # of two that try, one does
                json.dump({"owner": _owner(), "token": token}, file)
            return
        except FileExistsError:
            pass
        held = _read(path)
        silent = _silent_seconds(path)
        if silent is None:  # given back meanwhile
            continue
        if silent < SILENCE_SECONDS and not _is_dead(str(held.get("owner", ""))):
            raise LockedError(_held(path.parent, str(held.get("owner", "")), is_lease=True))
        stale = path.with_name(f".lease.{token}.draft")
        try:
            os.rename(path, stale)  # of two that find it stale, one does
        except FileNotFoundError:
            continue
        stale.unlink(missing_ok=True)


def _silent_seconds(path: Path) -> float | None:
    """Since a file was touched, by the clock of its file system; None where it is gone."""
    probe = path.with_name(f".now.{os.getpid()}.draft")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return None
    finally:
        probe.unlink(missing_ok=True)


def _is_dead(owner: str) -> bool:
    """Whether an owner was a process of this machine that is there no more."""
    if f" on {platform.node()} " not in owner:
        return False
    number = owner.removeprefix("process ").partition(" ")[0]
    if not number.isdecimal() or os.name == "nt":
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _owner() -> str:
    return f"process {os.getpid()} on {platform.node()} since {datetime.now(UTC).isoformat(timespec='seconds')}"


def _sign(file: IO[str], owner: str) -> None:
    """Write into the locked file who holds it; a full disk does not matter."""
    try:
        file.truncate(0)
        file.write(owner)
        file.flush()
    except OSError:
        return


def holder(folder: Path) -> str | None:
    """Who works on a run folder, in words, as far as its files tell; nothing is locked or written.

    Returns:
        None where nobody does, or where a process of this machine did that is no more.
    """
    owner = _owner_in(folder / "lock") or str(_read(folder / "lease.json").get("owner", ""))
    return None if not owner or _is_dead(owner) else owner


def _owner_in(path: Path) -> str:
    try:
        return read_text(path).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _read(path: Path) -> dict[str, Any]:
    try:
        found = parse_json(read_text(path))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _held(folder: Path, owner: str, *, is_lease: bool = False) -> str:
    by = f" ({owner})" if owner else ""
    again = f", or delete {folder / 'lease.json'} if that process is no more" if is_lease else ""
    return f"{folder}: another process is working on this run{by}; wait for it{again}, or take another folder with --run"
