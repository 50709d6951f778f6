"""The record file of a run: JSON lines, append-only, valid whatever moment the process is killed at."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from scaling.core.errors import SpecError
from scaling.study.trial import digest


class RecordFile:
    """`trials.jsonl`: one object a line, its `id` the digest of the `trial` it holds.

    A line counts once its line break is written. A torn last line is cut off before anything is appended, so that a new
    record never glues onto it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[dict[str, Any]]:
        """All whole records, oldest first.

        Raises:
            SpecError: a whole line is not a JSON object with an `id`, or the id is not that of the trial in it.
        """
        if not self.path.exists():
            return []
        records = []
        for number, line in enumerate(self.path.read_bytes().split(b"\n")[:-1], 1):
            try:
                record = json.loads(line)
                named = record["id"]
            except (ValueError, TypeError, KeyError):
                raise SpecError(
                    f"{self.path}:{number}: not a record; restore the file or move it away, nothing was changed"
                ) from None
            # Results are found by id alone: under another's they would pass for another network's. (Older test lines hold
            # no trial.)
            if "trial" in record and (held := digest(record["trial"])) != named:
                raise SpecError(
                    f"{self.path}:{number}: the record of trial {named} holds trial {held}; "
                    "restore the file or take another folder with --run, nothing was changed"
                )
            records.append(record)
        return records

    def cut_torn_line(self) -> None:
        """Drop what follows the last line break, left by a process that died while writing."""
        if not self.path.exists():
            return
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)

    def append(self, record: dict[str, Any]) -> None:
        """Write a record and wait until it is on the disk.

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
                os.fsync(file.fileno())
            except OSError:
                os.truncate(self.path, size)
                raise
