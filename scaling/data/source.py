"""Images that are listed and not decoded: their classes, splits, names and sizes, and how each is read."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from scaling.data.folder import Listing
from scaling.data.pillow import Encoded, header
from scaling.data.strings import Strings

_FORM = 1
"""Goes into every fingerprint; another number where listings change their meaning."""

_SAMPLED_BYTES = 128

LISTING = "listing:"
"""Every fingerprint that was made without looking at pixels begins so."""


@dataclass(frozen=True, eq=False)
class Source:
    """Encoded images in a fixed order. Each kind of source says how it reads one; all of them are pickled for other processes.

    Args:
        place: the folder, or file, that they lie in.
        name: what people call it.
        classes: names, in the order of the labels; at least two, all different.
        labels: int32 (n,).
        codes: uint8 (n,), the split of each: 0 train, 1 validation, 2 test; no split is empty.
        names: n of them, as people find the images from the place on.
        sizes: int64 (n,), bytes of each, or whatever else of it changes with its content and costs nothing to know.
        groups: int32 (n,), where images of one group depend on each other.
        notes: what people should know of how it was read, a sentence each.
    """

    sampled: ClassVar[int] = 1000
    """how many images a sample has"""

    place: Path
    name: str
    classes: tuple[str, ...]
    labels: NDArray[np.int32]
    codes: NDArray[np.uint8]
    names: Strings
    sizes: NDArray[np.int64]
    groups: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def read(self, index: int) -> bytes:
        """An image, encoded.

        Raises:
            OSError: it cannot be read.
        """
        raise NotImplementedError

    def encoded(self, index: int) -> Encoded:
        """An image as decoders take it."""
        return Encoded(self.names[index], lambda: io.BytesIO(self.read(index)))

    def at(self, rows: NDArray[np.integer[Any]]) -> Self:
        """A source of some of the images, in another order; pickled it is small."""
        own = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        taken: dict[str, Any] = {key: held.at(rows) for key, held in own.items() if isinstance(held, Strings)}
        taken |= {key: held[rows] for key, held in own.items() if isinstance(held, np.ndarray)}
        return dataclasses.replace(self, **taken)

    @cached_property
    def fingerprint(self) -> str:
        """`listing:` and 16 hexadecimal digits of a SHA-256 over classes, names, sizes, labels, splits and a sample's bytes.

        It is never that of decoded images; it is equal wherever the files lie, and changes with the size of any. Images that
        are not compressed have one size, so the sample, spread evenly, tells sets apart whose files are named alike.
        """
        digest = hashlib.sha256(json.dumps([_FORM, self.classes]).encode())
        for block in (*self.names.block(), *(_bytes(one) for one in (self.sizes, self.labels, self.codes, self.groups))):
            digest.update(len(block).to_bytes(8, "little"))
            digest.update(block)
        for index in self._spread(_SAMPLED_BYTES):
            with contextlib.suppress(OSError):  # what cannot be read is told when it is decoded
                digest.update(hashlib.sha256(self.read(index)).digest())
        return f"{LISTING}{digest.hexdigest()[:16]}"

    @cached_property
    def shape(self) -> Shape:
        """What a sample of the images is like."""
        found = [its for index in self._spread(self.sampled) if (its := header(self.encoded(index))) is not None]
        is_grey = bool(found) and all(its.mode == "L" for its in found)
        return Shape(statistics.median_low([its.shorter_side for its in found] or [1]), 1 if is_grey else 3)

    def _spread(self, most: int) -> list[int]:
        """Positions of images, spread evenly."""
        count = min(most, len(self))
        return [index * len(self) // count for index in range(count)]


class Shape(NamedTuple):
    """Of images, by the headers of a sample: px of the shorter side, the median; 1 channel if all are grey, else 3."""

    side: int
    channels: int


def _bytes(array: NDArray[Any] | None) -> bytes:
    return b"" if array is None else array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


@dataclass(frozen=True, eq=False)
class FolderSource(Source):
    """The files of a folder of class folders."""

    def read(self, index: int) -> bytes:
        """A file's content.

        Raises:
            OSError: it cannot be read.
        """
        return (self.place / self.names[index]).read_bytes()


def folder_source(found: Listing) -> FolderSource:
    """The files of a listing, with their sizes."""
    names = found.files if isinstance(found.files, Strings) else Strings(found.files)
    sizes = np.fromiter(_sizes(found.folder, names), np.int64, len(names))
    name = found.folder.resolve().name
    return FolderSource(found.folder, name, found.classes, found.labels, found.codes, names, sizes, found.groups, found.notes)


def _sizes(folder: Path, names: Strings) -> Iterator[int]:
    """Bytes of each file; -1 of one that cannot be found, as a link that leads nowhere."""
    before = os.path.join(folder, "")
    for name in names:
        try:
            yield os.stat(before + name).st_size
        except OSError:
            yield -1
