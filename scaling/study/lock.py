"""One process at a time on a run folder; the system lets go of the lock when the process ends, however it ends.

Some file systems of networks and clusters have no locks; there people are told, and trusted.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scaling.core.errors import UserError
from scaling.core.lock import HeldElsewhere, take

_NO_LOCK = "{}: the file system has no locks; take care that no other process works on this run at the same time"


class LockedError(UserError):
    """Another process works on the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's lock.

    Raises:
        LockedError: another process holds it.
    """
    with open(folder / "lock", "a+", encoding="utf-8") as file:
        try:
            is_locked = take(file)
        except HeldElsewhere:
            raise LockedError(
                f"{folder}: another process is working on this run; wait for it, or take another folder with --run"
            ) from None
        except OSError as error:
            error.filename = str(folder / "lock")
            raise
        if not is_locked:
            _say_no_lock(folder)
        yield


@functools.cache  # once a folder: it is held several times in one run
def _say_no_lock(folder: Path) -> None:
    print(_NO_LOCK.format(folder), file=sys.stderr)
