"""ArrayRecord files of images, as TensorFlow Datasets writes them for Grain: records of `tf.train.Example`, by number.

Records are compressed together, so that all are read once to be listed. The package `array-record` reads them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from scaling.data.dataset import DataError
from scaling.data.example import example
from scaling.data.records import RecordSource, Scanned, missing_extra, scanned, version

_AT_ONCE = 256
_OPEN = 8


def class_names(place: Path, files: Sequence[str]) -> None:
    """Records have none."""
    return


def scan(place: Path, files: Sequence[str]) -> list[Scanned]:
    """The images of files.

    Raises:
        DataError: one is damaged, or holds an example without an image or a label.
        UserError: the package is not installed.
    """
    return [_scan(place / file, file) for file in files]


@dataclass(frozen=True, eq=False, kw_only=True)
class ArrayRecordSource(RecordSource):
    """Images of ArrayRecord files; `start` is a record's number."""

    def read(self, index: int) -> bytes:
        """An image's bytes.

        Raises:
            OSError: the file cannot be read any more, or has changed.
        """
        reader = _reader(self.place / self.files[self.file[index]])
        try:
            (record,) = reader.read([int(self.start[index])])
            start, stop = example(io.BytesIO(record), 0, len(record)).image or (0, 0)
        except (ValueError, IndexError, RuntimeError) as error:
            raise OSError(str(error)) from error
        return bytes(record[start:stop])


SOURCE = ArrayRecordSource


def _reader(path: Path) -> Any:
    return _kept(str(path), version(path))


@lru_cache(maxsize=_OPEN)
def _kept(path: str, version: tuple[int, int]) -> Any:
    """What reads a file, as long as it is the same one."""
    try:
        from array_record.python.array_record_module import ArrayRecordReader
    except ImportError as error:
        raise missing_extra(path, error) from None
    return ArrayRecordReader(path)


def _scan(path: Path, shown: str) -> Scanned:
    names, labels, sizes, starts = [], [], [], []
    reader = _reader(path)
    try:
        count = reader.num_records()
        for first in range(0, count, _AT_ONCE):
            for number, record in enumerate(reader.read(first, min(first + _AT_ONCE, count)), first):
                found = example(io.BytesIO(record), 0, len(record))
                if found.image is None or found.label is None:
                    raise ValueError(f"record {number} is no labelled image: needs image and label")
                names.append(f"{shown}/{found.name or number}")
                labels.append(found.label)
                sizes.append(found.image[1] - found.image[0])
                starts.append(number)
    except (ValueError, IndexError, RuntimeError) as error:
        raise DataError(f"{path}: damaged, or no ArrayRecord file of tf.train.Example: {error}") from None
    return scanned(names, labels, sizes, starts)
