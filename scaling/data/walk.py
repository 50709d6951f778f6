"""Every image under a folder, in a fixed order, by its name alone; and a count of all other files."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scaling.data.dataset import DataError
from scaling.data.endings import NOT_READ, SUFFIXES, ending, is_hidden

Classes = dict[str, list[str]]
"""Images by the name of the folder that they lie under, however deep; no folder without images.

Each is a path that begins with that name, parts joined by "/": a million texts take a tenth of a million `Path`.
"""

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
            found[name] = sorted(walk.images(folder / name, f"{name}/"))
        else:
            count_file(folder / name, counted)
    return {name: paths for name, paths in found.items() if paths}


def count_file(path: Path, passed_over: Counter[str]) -> None:
    """Count a file that lies in no class folder.

    Raises:
        DataError: it is an image of a format that is not read.
    """
    _require_read(path)
    passed_over[ending(path.name) if os.path.isfile(path) else OTHER] += 1


def holds_images(folder: Path) -> bool:
    """Whether there is an image, of any format, in a folder, however deep; links are not followed."""
    known = {*SUFFIXES, *NOT_READ}
    for _, inside, files in os.walk(folder):
        inside[:] = [name for name in inside if not is_hidden(name)]
        if any(ending(name) in known and not is_hidden(name) for name in files):
            return True
    return False


def images_directly(folder: Path) -> int:
    """How many images, of any format, lie in a folder itself, in none of its sub-folders."""
    known = {*SUFFIXES, *NOT_READ}
    return sum(ending(one) in known and not is_folder(folder / one) for one in visible(folder))


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

    def images(self, folder: Path, before: str) -> Iterator[str]:
        """Those in a folder, however deep; `before` begins their paths."""
        place = os.path.realpath(folder)
        # A link back up would make the images of other classes some of this one.
        if place in self.walked or os.path.commonpath([place, self.top]) == place:
            return
        self.walked.add(place)
        for entry in _entries(folder):
            # The system says with each name whether it is a link, a folder or a file: only links need another call.
            is_link = entry.is_symlink()
            if is_folder(folder / entry.name) if is_link else entry.is_dir(follow_symlinks=False):
                yield from self.images(folder / entry.name, f"{before}{entry.name}/")
                continue
            its = ending(entry.name)
            if its in NOT_READ:
                _require_read(folder / entry.name)
            is_file = os.path.isfile(entry.path) if is_link else entry.is_file(follow_symlinks=False)
            # A dangling link with an image's ending is listed, and counted later as an image that cannot be read.
            if its in SUFFIXES and (is_file or (is_link and not os.path.exists(entry.path))):
                yield before + entry.name
            else:
                self.passed_over[its if is_file else OTHER] += 1


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """What `visible` names, sorted, as the system describes it.

    Raises:
        DataError: it cannot be read, or be listed and not entered.
    """
    try:
        with os.scandir(folder) as listed:
            found = sorted((one for one in listed if not is_hidden(one.name)), key=lambda one: one.name)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {error.strerror or error}") from error
    if found:
        is_folder(folder / found[0].name)  # refuses what may not be entered, of which no entry here would tell
    return found


def _require_read(path: Path) -> None:
    if ending(path.name) in NOT_READ:
        raise DataError(f"{path}: needs to be one of {', '.join(SUFFIXES)}; convert such images, or move them away")
