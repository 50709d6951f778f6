"""Every image under a folder, in a fixed order, by its name alone; and a count of all other files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from scaling.data.dataset import DataError
from scaling.data.endings import NOT_READ, SUFFIXES, is_hidden

Classes = dict[str, list[Path]]
"""Images by the name of the folder that they lie under, however deep; no folder without images."""


def class_folders(folder: Path, passed_over: Counter[str] | None = None) -> Classes:
    """The images of each sub-folder of a folder, sorted by path.

    Args:
        folder: exists.
        passed_over: counts, by ending, the files that are no images; those directly in the folder too.

    Raises:
        DataError: a folder cannot be read, or holds an image of a format that is not read.
    """
    counted: Counter[str] = Counter() if passed_over is None else passed_over
    found: Classes = {}
    for name in visible(folder):
        if os.path.isdir(folder / name):
            found[name] = sorted(_images(folder / name, set(), counted), key=lambda path: path.as_posix())
        elif os.path.isfile(folder / name):
            counted[Path(name).suffix.lower()] += 1
    return {name: paths for name, paths in found.items() if paths}


def images_directly(folder: Path) -> int:
    """How many images lie in a folder itself, in none of its sub-folders."""
    return sum(Path(name).suffix.lower() in SUFFIXES and not os.path.isdir(folder / name) for name in visible(folder))


def visible(folder: Path) -> list[str]:
    """Names in a folder, sorted, without hidden ones and those that a system makes.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return sorted(name for name in os.listdir(folder) if not is_hidden(name))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error


def _images(folder: Path, walked: set[str], passed_over: Counter[str]) -> Iterator[Path]:
    """`walked` holds the real places of folders, against rings and doubles by links."""
    place = os.path.realpath(folder)
    if place in walked:
        return
    walked.add(place)
    for name in visible(folder):
        path = folder / name
        ending = path.suffix.lower()
        if os.path.isdir(path):
            yield from _images(path, walked, passed_over)
        elif ending in NOT_READ:
            raise DataError(f"{path}: needs to be one of {', '.join(SUFFIXES)}; convert such images, or move them away")
        # A dangling link is listed, and counted later as an image that cannot be read; a pipe or device is not.
        elif ending in SUFFIXES and (os.path.isfile(path) or not os.path.exists(path)):
            yield path
        elif os.path.isfile(path):
            passed_over[ending] += 1
