"""A folder of class folders, the form that people keep images in: FOLDER/CLASS/IMAGE or FOLDER/train/CLASS/IMAGE.

* Class folders directly in the folder, or in `train/` alone: each class is shared out 60 / 25 / 15 % to train,
  validation and test, by a fixed pattern over its files sorted by name.
* `train/` with one of validation and test: that one is test, and every fifth image of each class of train is validation.
* `train/` with validation and test: as they stand.

`scaling.data.layout` tells which folders are splits. A class folder is one that holds at least one image, however deep. What
is hidden is passed over, and so are files without an image's ending, which are counted; an image of another format (.tif,
.heic) is an error. Links are followed; a link back up is not walked again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import Dataset, make_dataset, require_two_classes
from scaling.data.decode import LARGEST_DEFAULT_SIDE, Encoded, decode_readable, on_disk
from scaling.data.layout import Layout, layout
from scaling.data.notes import depth_note, left_alone_note, passed_over_note, unreadable_note
from scaling.data.splits import TEST, TRAIN, VALIDATION, every_fifth, require_filled, split_60_25_15


class Listing(NamedTuple):
    """The files of a folder, not yet opened.

    Attributes:
        classes: names, sorted.
        paths: n files, split by split as the folder has them, class by class, sorted.
        labels: int32 (n,).
        parts: uint8 (n,), which of the folder's own splits each lies in: 0 train, 1 the next, 2 the last.
        groups: int32 (n,), where asked for: files of one sub-folder of a class folder are one group.
        notes: what was passed over and left alone, in words.
    """

    classes: tuple[str, ...]
    paths: list[Path]
    labels: NDArray[np.int32]
    parts: NDArray[np.uint8]
    groups: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The split that each is used in, uint8 (n,): 0 train, 1 validation, 2 test."""
        own = [self.parts == part for part in range(int(self.parts.max()) + 1)]
        labels = [self.labels[part] for part in own]
        groups = self.groups
        return _codes(labels) if groups is None else _codes_by_group(labels, [groups[part] for part in own])

    def without(self, positions: list[int]) -> Listing:
        """The same without some files, as if they had not been there."""
        kept = np.ones(len(self.paths), bool)
        kept[positions] = False
        paths = [path for path, keep in zip(self.paths, kept, strict=True) if keep]
        groups = None if self.groups is None else self.groups[kept]
        return self._replace(paths=paths, labels=self.labels[kept], parts=self.parts[kept], groups=groups)


def from_class_folders(
    folder: Path,
    side: int | None = None,
    largest: int = LARGEST_DEFAULT_SIDE,
    *,
    grouped: bool = False,
    top_classes: bool = False,
    skip_unreadable: bool = False,
) -> Dataset:
    """Load a folder of class folders.

    Args:
        folder: see the top of this module.
        side: px; without it as `decode` chooses.
        largest: px that `decode` chooses at most.
        grouped: as `listing` takes it.
        top_classes: as `listing` takes it.
        skip_unreadable: take the set as if images that cannot be read were not there.

    Raises:
        DataError: as `listing` and `decode` do.
    """
    found = listing(folder, grouped, top_classes)
    sources = encoded(folder, found)
    made = decode_readable(str(folder), sources, side, largest, skip=skip_unreadable)
    unreadable = tuple(f"{sources[index].name}: {reason}" for index, reason in made.unreadable.items())
    if unreadable:
        found = found.without(list(made.unreadable))
        require_filled(str(folder), found.classes, found.labels, found.codes)
    return make_dataset(
        folder.resolve().name,
        found.classes,
        made.images,
        found.labels,
        found.codes,
        found.groups,
        names=tuple(path.relative_to(folder).as_posix() for path in found.paths),
        notes=(*found.notes, *depth_note(made.bits), *unreadable_note(unreadable, len(sources))),
        unreadable=unreadable,
    )


def listing(folder: Path, grouped: bool = False, top_classes: bool = False) -> Listing:
    """Find the images of a folder, their classes and their splits, without opening them.

    Args:
        folder: see the top of this module.
        grouped: images of one sub-folder of a class folder belong together (CLASS/GROUP/IMAGE): a group is never shared out
            over splits. An image directly in its class folder is a group of its own.
        top_classes: the folder's own sub-folders are the classes, whatever they are called and hold.

    Raises:
        DataError: as `layout`; or fewer than two class folders, or a class with too few images to fill every split.
    """
    found = layout(folder, top_classes, grouped)
    classes = tuple(found.parts[0])
    require_two_classes(str(folder), classes)
    lengths = [[len(part[one]) for one in classes] for part in found.parts]
    made = Listing(
        classes,
        [path for part in found.parts for one in classes for path in part[one]],
        np.concatenate([np.repeat(np.arange(len(classes), dtype=np.int32), own) for own in lengths]),
        np.repeat(np.arange(len(lengths), dtype=np.uint8), [sum(own) for own in lengths]),
        _groups(folder, found, classes) if grouped else None,
        (*passed_over_note(found.passed_over), *left_alone_note(found.left_alone)),
    )
    require_filled(str(folder), classes, made.labels, made.codes)
    return made


def encoded(folder: Path, found: Listing) -> list[Encoded]:
    """The files of a listing as `decode` takes them, named from the folder on."""
    return [on_disk(path.relative_to(folder).as_posix(), path) for path in found.paths]


def _codes(labels: list[NDArray[np.int32]]) -> NDArray[np.uint8]:
    train, *held_out = labels
    if not held_out:
        return split_60_25_15(train)
    if len(held_out) == 1:
        return np.concatenate([every_fifth(train), np.full(len(held_out[0]), TEST, np.uint8)])
    return np.repeat(np.array([TRAIN, VALIDATION, TEST], np.uint8), [len(part) for part in labels])


def _codes_by_group(labels: list[NDArray[np.int32]], groups: list[NDArray[np.int32]]) -> NDArray[np.uint8]:
    """As `_codes`, whole groups being shared out."""
    found = []
    for own_labels, own_groups in zip(labels, groups, strict=True):
        _, first, inverse = np.unique(own_groups, return_index=True, return_inverse=True)
        found.append((own_labels[first], inverse))
    codes = np.split(_codes([of_groups for of_groups, _ in found]), np.cumsum([len(of_groups) for of_groups, _ in found])[:-1])
    return np.concatenate([own[inverse] for own, (_, inverse) in zip(codes, found, strict=True)])


def _groups(folder: Path, found: Layout, classes: tuple[str, ...]) -> NDArray[np.int32]:
    """Each file's group, numbered through all parts in the files' order."""
    numbers: dict[tuple[int, str, str], int] = {}
    keys = []
    for part, paths_of in enumerate(found.parts):
        for name in classes:
            keys += [(part, name, path.relative_to(folder).parts[found.depth]) for path in paths_of[name]]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32)
