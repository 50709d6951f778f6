"""A file of JSON lines: append-only, valid whatever moment the process is killed at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scaling.core.errors import SpecError
from scaling.core.files import flush_to_disk, parse_json


class JsonLines:
    """One JSON object a line.

    A line counts once its line break is written. A torn last line is cut off before anything is appended, so that a new line
    never glues onto it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[tuple[int, dict[str, Any]]]:
        """All whole lines with their numbers, from 1, oldest first.

        Raises:
            SpecError: a whole line is not a JSON object.
        """
        return [self._object(number, line) for number, line in self._lines()]

    def readable(self) -> Iterator[dict[str, Any]]:
        """The lines that hold a JSON object, oldest first; damaged ones, or a file that cannot be read, are passed over."""
        try:
            lines = list(self._lines())
        except OSError:
            return
        for number, line in lines:
            try:
                yield self._object(number, line)[1]
            except SpecError:
                continue

    def cut_torn_line(self) -> None:
        """Drop what follows the last line break, left by a process that died while writing."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)

    def append(self, record: dict[str, Any]) -> None:
        """Write a line and wait until it is on the disk.

        Raises:
            OSError: the disk is full or read-only; the file is as it was before.
        """
        line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        # Unbuffered: a buffer would be written once more on closing, after the file was cut back.
        with open(self.path, "ab", buffering=0) as file:
            size = file.tell()
            try:
                while line:
                    line = line[file.write(line) :]
                flush_to_disk(file.fileno())
            except OSError:
                os.truncate(self.path, size)
                raise

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        if self.path.exists():
            yield from enumerate(self.path.read_bytes().split(b"\n")[:-1], 1)

    def _object(self, number: int, line: bytes) -> tuple[int, dict[str, Any]]:
        try:
            found = parse_json(line)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise SpecError(
                f"{self.path}:{number}: not a record; restore the file or move it away, nothing was changed"
            ) from None
        return number, found
