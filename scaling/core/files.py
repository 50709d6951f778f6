"""Files and folders: those that people name, and those that appear whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import errno
import json
import math
import os
import threading
from pathlib import Path
from typing import Any

from scaling.core.errors import UserError

_MOST_DIGITS = 20

UNSUPPORTED = frozenset({errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK, errno.EBADF, errno.ENOTTY})
"""What file systems of networks, clusters and user space say of a call that they do not have."""


def flush_to_disk(descriptor: int) -> None:
    """Wait until what was written is on the disk, as far as the file system knows how to.

    Raises:
        OSError: the disk is full or broken.
    """
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def require_writable(path: Path, flag: str) -> None:
    """Refuse the name of a file that cannot be written, before the work for it; nothing is made.

    Args:
        path: of the file; folders on the way to it may be missing.
        flag: that named it, for the message.

    Raises:
        UserError: it is a folder, or lies in what is no folder or must not be written to.
    """
    if path.name in ("", "..") or path.is_dir():
        raise UserError(f"{flag}: {path} is a folder; name a file")
    nearest = next((folder for folder in path.parents if os.path.lexists(folder)), Path())
    if not nearest.is_dir():
        raise UserError(f"{flag}: {nearest} is no folder, so {path} cannot be written")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise UserError(f"{flag}: {nearest} must not be written to; name a file elsewhere")


def user_path(text: str | Path) -> Path:
    """A path as people write it: `~` is their home, which shells leave alone in --flag=~/x, and TOML everywhere.

    A user that this machine does not know stays as written.
    """
    return Path(os.path.expanduser(text))


def read_text(path: Path) -> str:
    """What a file says in UTF-8, without the byte order mark that editors on Windows put first.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is in another encoding.
    """
    return path.read_text("utf-8-sig")


def parse_json(text: str | bytes) -> Any:
    """JSON as plain data. Numbers that are not finite, or whole and of 64 bits or more, are refused: no file of ours has them.

    Raises:
        ValueError: it is no JSON, nested too deeply, or has such a number.
    """
    try:
        return json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_short_int)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(text: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is none.
    """
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text} is no finite number")
    return found


def _short_int(text: str) -> int:
    """A whole number of less than 64 bits.

    Raises:
        ValueError: it is none.
    """
    if len(text) > _MOST_DIGITS or not -(2**63) < (found := int(text)) < 2**63:
        raise ValueError(f"{text[:_MOST_DIGITS]} is a whole number of more than 63 bits")
    return found


def make_folder(path: Path) -> None:
    """Make a folder that people named, with those around it; one that is there is left alone.

    Raises:
        UserError: a file stands where it should be.
        OSError: it cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file = next(one for one in (path, *path.parents) if one.exists())
        raise UserError(f"{path}: cannot be a folder, since {'it' if file == path else file} is a file; name another") from None


def atomic_write(path: Path, content: bytes | str) -> None:
    """Write a file by way of a draft beside it; one that holds the content already is left alone.

    Args:
        path: of the file; its folder exists.
        content: bytes, or words for a file in UTF-8.

    Raises:
        OSError: it cannot be written; what was there before is still there. A killed process may leave its draft, a hidden
            file that ends in `.draft`.
    """
    if isinstance(content, str):
        content = content.encode()
    if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.draft")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            flush_to_disk(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # the draft's name would tell nobody anything
        raise
    finally:
        draft.unlink(missing_ok=True)
