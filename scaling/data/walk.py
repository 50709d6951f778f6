"""Every image under a folder, in a fixed order, by its name alone; and a count of all other files."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scaling.data.dataset import DataError
from scaling.data.endings import NOT_READ, SUFFIXES, is_hidden

Classes = dict[str, list[Path]]
"""Images by the name of the folder that they lie under, however deep; no folder without images."""

OTHER = "other"
"""The key under which links that lead nowhere, pipes and the like are counted; endings begin with a dot, or are empty."""


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
        if is_folder(folder / name):
            walk = _Walk(os.path.realpath(folder), set(), counted)
            found[name] = sorted(walk.images(folder / name), key=lambda path: path.as_posix())
        else:
            count_file(folder / name, counted)
    return {name: paths for name, paths in found.items() if paths}


def count_file(path: Path, passed_over: Counter[str]) -> None:
    """Count a file that lies in no class folder.

    Raises:
        DataError: it is an image of a format that is not read.
    """
    _require_read(path)
    passed_over[path.suffix.lower() if os.path.isfile(path) else OTHER] += 1


def images_directly(folder: Path) -> int:
    """How many images, of any format, lie in a folder itself, in none of its sub-folders."""
    names = [Path(name) for name in visible(folder)]
    return sum(one.suffix.lower() in {*SUFFIXES, *NOT_READ} and not is_folder(folder / one) for one in names)


def visible(folder: Path) -> list[str]:
    """Names in a folder, sorted, without hidden ones and those that a system makes.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return sorted(name for name in os.listdir(folder) if not is_hidden(name))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error


def is_folder(path: Path) -> bool:
    """Whether it is a folder, or a link to one.

    Raises:
        DataError: that cannot be told, because the folder that it lies in may be listed and not entered.
    """
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except PermissionError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except OSError:  # a link that leads nowhere, or to itself
        return False


class _Walk(NamedTuple):
    """A walk below a folder.

    Attributes:
        top: the folder's real place.
        walked: real places of folders, against rings and doubles by links.
        passed_over: counts files that are no images.
    """

    top: str
    walked: set[str]
    passed_over: Counter[str]

    def images(self, folder: Path) -> Iterator[Path]:
        place = os.path.realpath(folder)
        # A link back up would make the images of other classes some of this one.
        if place in self.walked or os.path.commonpath([place, self.top]) == place:
            return
        self.walked.add(place)
        for name in visible(folder):
            path = folder / name
            if is_folder(path):
                yield from self.images(path)
                continue
            _require_read(path)
            is_image = path.suffix.lower() in SUFFIXES
            # A dangling link with an image's ending is listed, and counted later as an image that cannot be read.
            if is_image and (os.path.isfile(path) or not os.path.exists(path)):
                yield path
            else:
                self.passed_over[path.suffix.lower() if os.path.isfile(path) else OTHER] += 1


def _require_read(path: Path) -> None:
    if path.suffix.lower() in NOT_READ:
        raise DataError(f"{path}: needs to be one of {', '.join(SUFFIXES)}; convert such images, or move them away")
