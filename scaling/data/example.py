"""What a `tf.train.Example` holds, found without unpacking it: where its image lies, its label and its name.

It is a map from names to lists of bytes, floats or whole numbers, in the wire format of Protocol Buffers: fields, each a
number, a kind and, where its length is not fixed by the kind, a length.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

_IMAGES = (b"image/encoded", b"image")
_LABELS = (b"image/class/label", b"label")
_NAMES = (b"image/filename", b"file_name")
_VARINT, _FIXED_64, _SPAN, _FIXED_32 = 0, 1, 2, 5
_LONGEST = 10  # bytes of a whole number

Field = tuple[int, int, int]
"""Its number, and where its value begins and ends."""


class Example(NamedTuple):
    """What is known of an image.

    Attributes:
        image: where its bytes begin and end; None where there is none.
        label: its class; None where there is none.
        name: of its file, or nothing.
    """

    image: tuple[int, int] | None
    label: int | None
    name: str


def example(file: BinaryIO, start: int, stop: int) -> Example:
    """An image's place, label and name.

    Args:
        file: that holds it.
        start: where it begins.
        stop: where it ends.

    Raises:
        ValueError: that is none.
    """
    found: dict[bytes, Field] = {}
    for number, first, last in _fields(file, start, stop):
        if number == 1:
            found |= _features(file, first, last)
    image = next((found[name] for name in _IMAGES if name in found), None)
    label = next((found[name] for name in _LABELS if name in found), None)
    name = next((found[name] for name in _NAMES if name in found), None)
    return Example(
        image[1:] if image is not None and image[0] == 1 else None,
        _whole(file, *label[1:]) if label is not None and label[0] == 3 else None,
        _bytes(file, *name[1:]).decode("utf-8", "replace") if name is not None and name[0] == 1 else "",
    )


def _features(file: BinaryIO, start: int, stop: int) -> dict[bytes, Field]:
    """Of a map, the first value of each list under a name that is asked for: the kind of the list, and where the value is."""
    found = {}
    for number, first, last in _fields(file, start, stop):
        if number != 1:
            continue
        entry = {key: (begin, end) for key, begin, end in _fields(file, first, last)}
        if 1 not in entry or 2 not in entry:
            continue
        name = _bytes(file, *entry[1]) if entry[1][1] - entry[1][0] <= 32 else b""
        if name in (*_IMAGES, *_LABELS, *_NAMES):
            for kind, begin, end in _fields(file, *entry[2]):
                value = next(_fields(file, begin, end), None)
                if value is not None:
                    found[name] = (kind, *value[1:])
    return found


def _fields(file: BinaryIO, start: int, stop: int) -> Iterator[Field]:
    at = start
    while at < stop:
        file.seek(at)
        head = file.read(min(2 * _LONGEST, stop - at))
        tag, used = _varint(head, 0)
        kind = tag & 7
        if kind == _SPAN:
            size, used = _varint(head, used)
        elif kind == _VARINT:
            size = _varint(head, used)[1] - used
        elif kind in (_FIXED_64, _FIXED_32):
            size = 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"a field of kind {kind}")
        first, at = at + used, at + used + size
        if at > stop:
            raise ValueError("a field that does not end")
        yield tag >> 3, first, at


def _whole(file: BinaryIO, start: int, stop: int) -> int:
    """The first whole number of a list, whether it is packed or not: signed, of 64 bits."""
    value = _varint(_bytes(file, start, min(stop, start + _LONGEST)), 0)[0]
    return value - 2**64 if value >= 2**63 else value


def _bytes(file: BinaryIO, start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(stop - start)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for place, byte in enumerate(content[at : at + _LONGEST]):
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number that does not end")
