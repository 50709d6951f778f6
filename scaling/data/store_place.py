"""Where the images of a source are stored, and what a finished store holds; `scaling.data.store` says of which files it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.files import parse_json
from scaling.data.source import LISTING, Source
from scaling.data.store_rows import row_type

_FORM = 1
"""Of the files: another number where their meaning changes."""


@dataclass(frozen=True)
class Place:
    """Where images of a source are stored, at which side and in how many channels.

    Args:
        source: of the images.
        side: px.
        channels: 1 or 3.
        root: folder of stores.
    """

    source: Source
    side: int
    channels: int
    root: Path

    @property
    def folder(self) -> Path:
        """Of this store alone."""
        listing = self.source.fingerprint.removeprefix(LISTING)
        return self.root / f"{listing}-{self.side}px-{'grey' if self.channels == 1 else 'colour'}"

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of all its pixels."""
        return len(self.source), self.side, self.side, self.channels

    @property
    def bytes(self) -> int:
        """That the whole store takes."""
        return len(self.source) * (self.side**2 * self.channels + row_type(self.channels).itemsize)

    @property
    def order(self) -> NDArray[np.int64]:
        """The image of each row: split by split, as listed."""
        return np.argsort(self.source.codes, kind="stable")

    @property
    def purpose(self) -> dict[str, Any]:
        """What the folder is for, as its files say it."""
        return {"form": _FORM, "listing": self.source.fingerprint, "shape": list(self.shape)}


class Kept(NamedTuple):
    """A finished store.

    Attributes:
        unreadable: by row, the reason.
        bits: that 16-bit grey images use; None if there are none.
    """

    unreadable: dict[int, str]
    bits: int | None


def finished(place: Place) -> Kept | None:
    """What a finished store says of itself; None where there is none, or another's."""
    found = said_in(place.folder / "store.json")
    try:
        if any(found[key] != value for key, value in place.purpose.items()) or not is_whole(place):
            return None
        return Kept({int(row): str(reason) for row, reason in found["unreadable"]}, found["bits"])
    except (KeyError, TypeError, ValueError):
        return None


def rows_of(place: Place) -> NDArray[Any]:
    """What a finished store knows of each row."""
    return np.fromfile(place.folder / "rows.bin", row_type(place.channels))


def pixels_of(place: Place) -> NDArray[np.uint8]:
    """The images of a finished store, mapped into memory and not read."""
    return np.memmap(place.folder / "pixels.u8", np.uint8, "r", shape=place.shape)


def moved(codes: NDArray[np.uint8], unreadable: Any) -> tuple[NDArray[np.int64], list[slice]]:
    """Where the rows of a store lie once those that cannot be read are filled by the last ones of their split.

    Args:
        codes: of the rows, sorted.
        unreadable: rows.

    Returns:
        For each row the one whose image it holds; and the slice of each split, without what is left over at its end.
    """
    source, slices = np.arange(len(codes)), []
    holes = np.zeros(len(codes), bool)
    holes[list(unreadable)] = True
    for code in range(3):
        start, stop = np.searchsorted(codes, (code, code + 1)).tolist()
        end = stop - int(holes[start:stop].sum())
        source[start:end][holes[start:end]] = end + np.flatnonzero(~holes[end:stop])
        slices.append(slice(start, end))
    return source, slices


def failures_said(place: Place, unreadable: dict[int, str]) -> list[tuple[str, str]]:
    """Images that cannot be read, by name as they are listed, each with the reason."""
    order = place.order
    listed = sorted((int(order[row]), reason) for row, reason in unreadable.items())
    return [(place.source.names[index], reason) for index, reason in listed]


def said_in(file: Path) -> dict[str, Any]:
    """A file's table; nothing where it has none."""
    try:
        found = parse_json(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_whole(place: Place) -> bool:
    """Whether the files have the lengths that they should."""
    lengths = {"pixels.u8": int(np.prod(place.shape)), "rows.bin": len(place.source) * row_type(place.channels).itemsize}
    return all(_length(place.folder / name) == length for name, length in lengths.items())


def _length(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return -1
