"""One process at a time on a run folder; the system lets go of the lock when the process ends, however it ends.

Some file systems of networks and clusters have no locks; there people are told, and trusted.
"""

from __future__ import annotations

import errno
import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from scaling.core.errors import UserError
from scaling.core.files import UNSUPPORTED

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
            _lock(file)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise LockedError(
                    f"{folder}: another process is working on this run; wait for it, or take another folder with --run"
                ) from None
            if error.errno not in UNSUPPORTED:
                error.filename = str(folder / "lock")
                raise
            _say_no_lock(folder)
        yield


@functools.cache  # once a folder: it is held several times in one run
def _say_no_lock(folder: Path) -> None:
    print(_NO_LOCK.format(folder), file=sys.stderr)


def _lock(file: IO[str]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
