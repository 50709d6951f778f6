"""How often the ranking of a run folder was looked at: each number of seeds it was made at is one look.

Whoever adds seeds until a name comes out looks several times, and each look may lose the truly best network; the test for
ties spends its chance of error over the looks, so the folder remembers them.
"""

from __future__ import annotations

import json
from pathlib import Path

from scaling.core.errors import SpecError
from scaling.core.files import atomic_write, parse_json, read_text

FILE = "looks.json"


def read_looks(folder: Path) -> tuple[int, ...]:
    """Numbers of seeds at which a folder's ranking was made, in the order of the looks.

    A folder from before looks were kept has one, at the seeds of its results.

    Raises:
        SpecError: the file is damaged.
    """
    path, results = folder / FILE, folder / "results.json"
    try:
        if path.exists():
            looks = parse_json(read_text(path))["seeds"]
        elif results.exists():
            networks = parse_json(read_text(results)).get("networks", [])
            counts = [one["accuracy"]["n"] for one in networks if one.get("accuracy")]
            looks = [max(counts)] if counts and max(counts) > 1 else []
        else:
            looks = []
        return tuple(int(seeds) for seeds in looks)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SpecError(f"{path if path.exists() else results}: damaged; restore it or move it away") from None


def look_number(looks: tuple[int, ...], seeds: int) -> int:
    """Which look the ranking at a number of seeds is, from 1: the same again, or the next one."""
    return looks.index(seeds) + 1 if seeds in looks else len(looks) + 1


def record_look(folder: Path, looks: tuple[int, ...], seeds: int) -> int:
    """Note that a folder's ranking is made at a number of seeds; which look that is."""
    number = look_number(looks, seeds)
    noted = (*looks, seeds) if number > len(looks) else looks
    write_looks(folder, noted)
    return number


def write_looks(folder: Path, looks: tuple[int, ...]) -> None:
    """Keep the looks in a folder."""
    atomic_write(folder / FILE, json.dumps({"seeds": list(looks)}) + "\n")
