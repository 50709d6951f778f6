"""Parquet files of images as Hugging Face keeps them: a column of bytes and file names, and a column of labels.

Labels and names are read to list them; the bytes are not. The package `pyarrow` reads them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scaling.data.dataset import DataError
from scaling.data.records import RecordSource, Scanned, missing_extra, scanned, version

_IMAGES = ("image", "img", "jpg", "png")
_LABELS = ("label", "labels", "fine_label", "cls")
_OPEN = 8


def class_names(place: Path, files: Sequence[str]) -> tuple[str, ...] | None:
    """As the first file's schema describes the column of labels; None where it does not."""
    schema = _file(place / files[0]).schema_arrow
    try:
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        names = features[_column(schema.names, _LABELS)]["names"]
        return tuple(names) if all(isinstance(name, str) for name in names) else None
    except (KeyError, TypeError, ValueError):
        return None


def scan(place: Path, files: Sequence[str]) -> list[Scanned]:
    """The images of files.

    Raises:
        DataError: one is damaged, or has no column of images or of labels.
        UserError: the package is not installed.
    """
    return [_scan(place / file, file) for file in files]


@dataclass(frozen=True, eq=False, kw_only=True)
class ParquetSource(RecordSource):
    """Images of Parquet files; `start` is a row's number, `sizes` bytes of the images of its group of rows together."""

    sampled: ClassVar[int] = 64
    """fewer than elsewhere: for each a group of rows is read"""

    def read(self, index: int) -> bytes:
        """An image's bytes.

        Raises:
            OSError: the file cannot be read any more, or has changed.
        """
        path, row = self.place / self.files[self.file[index]], int(self.start[index])
        own = version(path)
        try:
            ends = _ends(str(path), own)
            group = int(np.searchsorted(ends, row, side="right"))
            first = ends[group - 1] if group else 0
            content = _group(str(path), own, group)[row - first].as_py()
        except (ValueError, IndexError, KeyError) as error:
            raise OSError(str(error)) from error
        if content is None:
            raise OSError("the row holds no bytes")
        return bytes(content)


SOURCE = ParquetSource


def _file(path: Path) -> Any:
    return _kept(str(path), version(path))


@lru_cache(maxsize=_OPEN)
def _kept(path: str, version: tuple[int, int]) -> Any:
    """A file, opened, as long as it is the same one."""
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise missing_extra(path, error) from None
    try:
        return ParquetFile(path)
    except (OSError, ArrowException) as error:
        raise DataError(f"{path}: damaged, or no Parquet file: {error}") from None


@lru_cache(maxsize=_OPEN)
def _ends(path: str, version: tuple[int, int]) -> list[int]:
    """The row after each group's last."""
    told = _kept(path, version).metadata
    return list(accumulate(told.row_group(group).num_rows for group in range(told.num_row_groups)))


@lru_cache(maxsize=1)
def _group(path: str, version: tuple[int, int], group: int) -> Any:
    """The images of a group of rows; neighbours are asked for one after another."""
    file = _kept(path, version)
    column = _column(file.schema_arrow.names, _IMAGES)
    is_plain = not _fields(file.schema_arrow.field(column).type)
    table = file.read_row_group(group, columns=[column if is_plain else f"{column}.bytes"])
    images = table.column(0).combine_chunks()
    return images if is_plain else images.field("bytes")


def _fields(kind: Any) -> list[str]:
    """What a column of structures holds; nothing of any other."""
    from pyarrow.types import is_struct

    return [kind.field(place).name for place in range(kind.num_fields)] if is_struct(kind) else []


def _column(names: Sequence[str], known: Sequence[str]) -> str:
    """The one that is called as one that is known.

    Raises:
        KeyError: there is none.
    """
    found = next((name for name in known if name in names), None)
    if found is None:
        raise KeyError(known[0])
    return found


def _scan(path: Path, shown: str) -> Scanned:
    file = _file(path)
    from pyarrow import ArrowException  # is there, since the file is open

    schema, told = file.schema_arrow, file.metadata
    try:
        image, label = _column(schema.names, _IMAGES), _column(schema.names, _LABELS)
        inside = [f"{image}.{name}" for name in _fields(schema.field(image).type)]
        table = file.read(columns=[label, *(name for name in inside if name == f"{image}.path")])
        labels = table.column(label).to_pylist()
        paths = table.column(image).combine_chunks().field("path").to_pylist() if f"{image}.path" in inside else []
    except KeyError as error:
        raise DataError(f"{path}: has no column {error.args[0]!r}, only {', '.join(schema.names)}") from None
    except (OSError, ArrowException) as error:
        raise DataError(f"{path}: damaged: {error}") from None
    if not all(type(one) is int for one in labels):
        raise DataError(f"{path}: the column {label!r} must hold whole numbers")
    sizes = [
        size for group in map(told.row_group, range(told.num_row_groups)) for size in [_bytes_of(group, image)] * group.num_rows
    ]
    names = [f"{shown}/{name or number}" for number, name in enumerate(paths or [None] * len(labels))]
    return scanned(names, labels, sizes, list(range(len(labels))))


def _bytes_of(group: Any, column: str) -> int:
    """Bytes that the images of a group of rows take."""
    columns = map(group.column, range(group.num_columns))
    return sum(one.total_compressed_size for one in columns if one.path_in_schema.split(".")[0] == column)
