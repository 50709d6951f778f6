"""Images in files that hold many each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError
from scaling.data.source import Source

EXTRA = "pip install 'compound-scaling[stream]'"


class Scanned(NamedTuple):
    """The images of one file, in its order.

    Attributes:
        names: from the folder of the set on.
        labels: int64 (n,).
        sizes: int64 (n,), bytes of each image, or what else of it changes with its content.
        starts: int64 (n,), where each begins: a byte, or a row.
    """

    names: list[str]
    labels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    starts: NDArray[np.int64]


def scanned(names: list[str], labels: list[int], sizes: list[int], starts: list[int]) -> Scanned:
    """Lists as arrays."""
    return Scanned(names, *(np.array(one, np.int64) for one in (labels, sizes, starts)))


@dataclass(frozen=True, eq=False, kw_only=True)
class RecordSource(Source):
    """Images in files that hold many each.

    Args:
        files: from the place on.
        file: int32 (n,), the file of each image.
        start: int64 (n,), as `Scanned.starts`.
    """

    files: tuple[str, ...] = ()
    file: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    start: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(frozen=True, eq=False, kw_only=True)
class SpanSource(RecordSource):
    """Images that lie in their files as they are: `start` and `sizes` are bytes."""

    def read(self, index: int) -> bytes:
        """An image's bytes.

        Raises:
            OSError: the file cannot be read, or has become shorter.
        """
        size = int(self.sizes[index])
        with (self.place / self.files[self.file[index]]).open("rb", buffering=0) as file:
            file.seek(int(self.start[index]))
            content = file.read(size)
        if content is None or len(content) < size:
            raise OSError(f"{self.files[self.file[index]]} has become shorter")
        return content


def missing_extra(file: str, error: ImportError) -> UserError:
    """What to say where a package of the extra is not installed.

    Args:
        file: that needs it.
        error: of the import.
    """
    name = (error.name or "").partition(".")[0].replace("_", "-")
    return UserError(f"{file}: needs the package {name}: {EXTRA}")


def version(path: Path) -> tuple[int, int]:
    """What tells a file from one that has taken its place: bytes, and when it was written.

    Raises:
        OSError: it cannot be found.
    """
    told = path.stat()
    return told.st_size, told.st_mtime_ns


def whole_label(found: Any) -> int | None:
    """A label as records hold it; None where it is none."""
    return found if type(found) is int and 0 <= found < 2**31 else None
