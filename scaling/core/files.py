"""Files that appear whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from scaling.core.errors import UserError


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
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # the draft's name would tell nobody anything
        raise
    finally:
        draft.unlink(missing_ok=True)
