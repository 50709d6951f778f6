"""One process at a time on a file; the system lets go of the lock when the process ends, however it ends."""

from __future__ import annotations

import errno
import sys
from typing import IO, Any

from scaling.core.files import UNSUPPORTED


class HeldElsewhere(Exception):
    """Another process holds the lock."""


def take(file: IO[Any]) -> bool:
    """Lock an open file, at once or not at all; closing it lets go.

    Returns:
        Whether it is locked: some file systems of networks and clusters have no locks.

    Raises:
        HeldElsewhere: another process holds it.
        OSError: anything else.
    """
    try:
        _lock(file)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            raise HeldElsewhere from None
        if error.errno not in UNSUPPORTED:
            raise
        return False
    return True


def _lock(file: IO[Any]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
