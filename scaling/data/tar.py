"""What lies where in a tar archive, by its headers alone: a million members in seconds, their contents unread.

Read are the form of POSIX (ustar, with pax headers) and that of GNU, with long names, and the old one. Compressed archives have
no places that could be read by themselves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from scaling.data.dataset import DataError

Member = tuple[str, int, int]
"""Name of a file in an archive, where its content begins, and bytes of it."""

_BLOCK = 512
_PAGE = 4096  # headers lie beside small contents, and far from the next one after a large one
_FILE_KINDS = b"0\x007"
_WITHOUT_CONTENT = b"123456"  # links, devices, folders, pipes
_LONGEST_NAME = 2**16


def open_tar(path: Path) -> BinaryIO:
    """An archive, read a page at a time.

    Raises:
        DataError: it cannot be opened.
    """
    try:
        return path.open("rb", buffering=_PAGE)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def members(path: Path, file: BinaryIO) -> Iterator[Member]:
    """The files in an archive, in their order; folders, links and the like are passed over.

    Args:
        path: of it, for messages.
        file: it, opened by `open_tar`; whoever takes a member may read from it and leave it anywhere.

    Raises:
        DataError: it is no archive, is compressed, damaged or cut off.
    """
    length, at = os.fstat(file.fileno()).st_size, 0
    name, size = None, None  # of the next member, where a header of its own says them
    while at < length:
        file.seek(at)
        header = file.read(_BLOCK)
        if not header.strip(b"\0"):
            return
        own = _size(path, at, header)
        kind, start = header[156], at + _BLOCK
        if kind in b"xL" and kind:
            text = _content(path, file, start, own, length)
            if kind == ord("x"):
                name, size = _pax(path, text, name, size)
            else:
                name = text.rstrip(b"\0")
        is_next = kind not in b"xLgKX" or not kind
        count = size if is_next and size is not None else own
        if is_next and kind in _FILE_KINDS:
            if start + count > length:
                raise DataError(f"{path}: cut off: ends in the middle of a member at byte {at:,}; fetch it again")
            yield os.fsdecode(_name(header) if name is None else name), start, count
        if is_next:
            name, size = None, None
        at = start if kind and kind in _WITHOUT_CONTENT else start + -(-count // _BLOCK) * _BLOCK


def _size(path: Path, at: int, header: bytes) -> int:
    """Bytes of content, once the header is known for one."""
    if len(header) == _BLOCK and (header[257:262] == b"ustar" or _has_its_sum(header)):
        field = header[124:136]
        try:
            if field[0] & 0x80:  # GNU writes what eleven octal digits cannot hold in base 256
                return int.from_bytes(field[1:], "big")
            if (size := int(field.rstrip(b" \0") or b"0", 8)) >= 0:
                return size
        except ValueError:
            pass
    if at == 0:
        raise DataError(f"{path}: is no tar archive, or is compressed; unpack it first")
    raise DataError(f"{path}: damaged or cut off: no header at byte {at:,}; fetch it again")


def _has_its_sum(header: bytes) -> bool:
    """The old form has no other mark."""
    try:
        told = int(header[148:156].strip(b" \0") or b"-1", 8)
    except ValueError:
        return False
    return told == sum(header) - sum(header[148:156]) + 8 * ord(" ")


def _content(path: Path, file: BinaryIO, start: int, size: int, length: int) -> bytes:
    if size > _LONGEST_NAME or start + size > length:
        raise DataError(f"{path}: damaged or cut off: a name of {size:,} bytes at byte {start:,}; fetch it again")
    file.seek(start)
    return file.read(size)


def _pax(path: Path, text: bytes, name: bytes | None, size: int | None) -> tuple[bytes | None, int | None]:
    """Name and size as lines `LENGTH key=value` say them, over those known."""
    at = 0
    while at < len(text) and (space := text.find(b" ", at)) > 0:
        try:
            stop = at + int(text[at:space])
            key, _, value = text[space + 1 : stop - 1].partition(b"=")
            if key == b"path":
                name = value
            elif key == b"size":
                size = int(value)
        except ValueError:
            stop = at
        if stop <= at or (size is not None and size < 0):
            raise DataError(f"{path}: damaged: a header that says nothing readable; fetch it again")
        at = stop
    return name, size


def _name(header: bytes) -> bytes:
    name = header[:100].split(b"\0", 1)[0]
    if header[257:263] != b"ustar\0" or not header[345]:
        return name  # GNU keeps other things in the place of the prefix
    return header[345:500].split(b"\0", 1)[0] + b"/" + name
