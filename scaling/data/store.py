"""Images decoded once, into a file that is mapped into memory: what `stored` leaves in a folder and finds there.

| file | holds |
|---|---|
| pixels.u8 | uint8 (n, side, side, channels): whole images squeezed to squares, split by split |
| rows.bin | what is known of each row, `row_type`, with a checksum: a row counts where that is right |
| begun.json | what the folder is for |
| store.json | the same and what could not be read; it appears at the end, at once |
| lock | held by the process that stores |

A row is written down as stored after its pixels are on the disk, so whatever moment a process is killed at, the next one goes
on from there. Rows of images that cannot be read are filled, at the end, by the last ones of their split, so that each split
stays one slice.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError
from scaling.core.files import atomic_write, flush_to_disk, make_folder
from scaling.core.lock import HeldElsewhere, take
from scaling.core.machine import cores
from scaling.core.units import bytes_said
from scaling.data.dataset import DataError
from scaling.data.decode import unreadable_told
from scaling.data.pillow import FULL_BITS, depth
from scaling.data.store_place import Kept, Place, failures_said, finished, is_whole, moved, said_in
from scaling.data.store_rows import Chunk, Piece, row_type
from scaling.data.workers import answers

Report = Callable[[int, int], None]
"""Called with the images that are stored, and all."""

_CHUNK_BYTES = 32 * 2**20
_MOST_ROWS = 512
_COMMIT_SECONDS = 2.0
_SPARE = 64 * 2**20  # of a disk, left free
_ELSEWHERE = "--store FOLDER names another place"
_FILES = ("pixels.u8", "rows.bin", "begun.json", "store.json")


def stored(place: Place, report: Report | None = None, workers: int | None = None, *, skip_unreadable: bool = False) -> Kept:
    """Store what is not stored yet.

    Args:
        place: of what, and where.
        report: told how far it is.
        workers: processes that decode; None for one a core, 0 for none but this.
        skip_unreadable: images that cannot be read are left out.

    Raises:
        DataError: images cannot be read, and `skip_unreadable` does not say to leave them out or there is no other.
        UserError: another process stores them, the disk has no room, or the folder cannot be written to.
    """

    def usable() -> Kept | None:
        """What is finished; images that were left out and are asked for now may have been mended, and are tried again."""
        found = finished(place)
        return found if found is None or skip_unreadable or not found.unreadable else None

    kept = usable()
    if kept is None:
        try:
            make_folder(place.folder)
            with _locked(place.folder):
                kept = usable() or _finish(place, *_store(place, report or _silent, workers), skip=skip_unreadable)
        except OSError as error:
            raise UserError(f"{place.folder}: images cannot be stored: {error.strerror or error}; {_ELSEWHERE}") from None
    _require_readable(place, kept.unreadable, skip_unreadable)
    return kept


def _silent(done: int, total: int) -> None: ...


def _on_disk(file: Path) -> int:
    """Bytes that a file takes, of those that it seems to have."""
    try:
        return 512 * getattr(file.stat(), "st_blocks", 0)  # Windows does not say
    except OSError:
        return 0


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("a+b") as file:
        try:
            take(file)
        except HeldElsewhere:
            raise UserError(f"{folder}: another process is storing these images; wait for it") from None
        yield


def _begun(place: Place) -> None:
    """Have the folder's files as they should be before a row is stored, or where some are stored already.

    Raises:
        UserError: the disk has no room for what is missing.
        OSError: they cannot be written.
    """
    folder = place.folder
    told = said_in(folder / "begun.json")
    if told != place.purpose or not is_whole(place):
        if any((folder / name).exists() for name in _FILES):
            print(f"{folder}: holds something else, or is damaged; the images are stored anew", file=sys.stderr)
        for name in _FILES:
            (folder / name).unlink(missing_ok=True)
    pixels = folder / "pixels.u8"
    missing = place.bytes - _on_disk(pixels)  # what is not written yet is hollow
    free = shutil.disk_usage(folder).free
    if missing + _SPARE > free:
        raise UserError(
            f"{folder}: the images need {bytes_said(missing)} more and {bytes_said(free)} are free there; {_ELSEWHERE}"
        )
    if not pixels.exists():
        with pixels.open("wb") as file:
            file.truncate(int(np.prod(place.shape)))
        # Not hollow: it is mapped into memory, and a full disk would end the process where a hole is written into.
        np.zeros(len(place.source), row_type(place.channels)).tofile(folder / "rows.bin")
        atomic_write(folder / "begun.json", json.dumps(place.purpose))


def _store(place: Place, report: Report, workers: int | None) -> tuple[dict[int, str], int | None]:
    """Decode every row that is missing; those that cannot be read with the reason, and the bits of 16-bit grey images.

    Raises:
        OSError: the disk is full or broken.
        UserError: as `_begun`, or a worker was ended from outside.
    """
    _begun(place)
    book = np.memmap(place.folder / "rows.bin", row_type(place.channels), "r+")
    present = _present(book)
    unreadable: dict[int, str] = {}
    report(int(present.sum()), len(present))
    while True:
        bits = depth(book["highest"][present & (book["deep"] != 0)].tolist())
        # Only when all are read is it known what the set uses: 16-bit images may have to be decoded once more.
        wrong = present & (book["deep"] != 0) & (book["bits"] != (bits or FULL_BITS))
        rows = np.flatnonzero(~present | wrong)
        rows = rows[~np.isin(rows, list(unreadable))]
        if not len(rows):
            return unreadable, bits
        count = cores() if workers is None else workers
        pieces = _pieces(place, rows, bits or FULL_BITS)
        with contextlib.closing(_committed(place.folder, book, answers(pieces, count))) as chunks:
            for chunk in chunks:
                present[chunk.rows] = chunk.is_read
                unreadable |= chunk.unreadable
                report(int(present.sum()) + len(unreadable), len(present))


def _pieces(place: Place, rows: NDArray[np.int64], bits: int) -> Iterator[Piece]:
    """Rows that lie beside each other, a few megabytes at a time."""
    order = place.order
    most = max(1, min(_MOST_ROWS, _CHUNK_BYTES // (place.side**2 * place.channels)))
    for run in np.split(rows, np.flatnonzero(np.diff(rows) != 1) + 1):
        for start in range(0, len(run), most):
            part = run[start : start + most]
            yield Piece(place.source.at(order[part]), int(part[0]), str(place.folder / "pixels.u8"), place.shape[1:], bits)


def _committed(folder: Path, book: Any, chunks: Generator[Chunk]) -> Generator[Chunk]:
    """Chunks as they come. Every few seconds, and at the end however that comes, their pixels are waited for until they are on
    the disk, and only then are they in the book; other processes decode meanwhile."""
    last, written = time.monotonic(), list[Chunk]()
    with (folder / "pixels.u8").open("rb") as pixels:

        def commit() -> None:
            flush_to_disk(pixels.fileno())
            for chunk in written:
                book[chunk.rows] = chunk.known
            written.clear()
            book.flush()

        try:
            with contextlib.closing(chunks):
                for chunk in chunks:
                    written.append(chunk)
                    if time.monotonic() - last > _COMMIT_SECONDS:
                        commit()
                        last = time.monotonic()
                    yield chunk
        finally:
            commit()


def _present(book: Any) -> NDArray[np.bool_]:
    """Which rows are stored, by their checksums."""
    held, check = np.array(book), np.array(book["check"])
    held["check"] = 0
    size = held.dtype.itemsize
    content = held.tobytes()
    sums = [zlib.crc32(content[at : at + size], row) for row, at in enumerate(range(0, len(content), size))]
    return (held["stored"] == 1) & (check == np.array(sums, np.uint32))


def _require_readable(place: Place, unreadable: dict[int, str], skip: bool) -> None:
    if unreadable and not (skip and len(unreadable) < len(place.source)):
        failures = failures_said(place, unreadable)
        told = [f"{name} ({reason})" for name, reason in failures]
        raise DataError(unreadable_told(str(place.source.place), told, len(place.source), skippable=not skip))


def _finish(place: Place, unreadable: dict[int, str], bits: int | None, *, skip: bool) -> Kept:
    """Fill the rows of images that cannot be read, and say that the store is finished.

    Raises:
        DataError: some cannot be read, and nobody says to leave them out: the next time they are tried again.
        OSError: the disk is full or broken.
    """
    _require_readable(place, unreadable, skip)
    source, _ = moved(place.source.codes[place.order], unreadable)
    pixels = np.memmap(place.folder / "pixels.u8", np.uint8, "r+", shape=place.shape)
    for row in np.flatnonzero(source != np.arange(len(source))):
        pixels[row] = pixels[source[row]]  # the row it comes from stays, so that this may be done twice
    pixels.flush()
    with (place.folder / "pixels.u8").open("rb") as file:
        flush_to_disk(file.fileno())
    told = {**place.purpose, "unreadable": sorted([row, reason] for row, reason in unreadable.items()), "bits": bits}
    atomic_write(place.folder / "store.json", json.dumps(told))
    return Kept(unreadable, bits)
