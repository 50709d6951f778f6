"""A folder of class folders, the form that people keep images in: FOLDER/CLASS/IMAGE or FOLDER/train/CLASS/IMAGE.

* Class folders directly in the folder, or in `train/` alone: each class is shared out 60 / 25 / 15 % to train,
  validation and test, by a fixed pattern over its files sorted by name.
* `train/` with one of validation and test: that one is test, and every fifth image of each class of train is validation, or
  as many as `scaling.data.held_out` says.
* `train/` with validation and test: as they stand.

`scaling.data.layout` tells which folders are splits. A class folder is one that holds at least one image, however deep. What
is hidden is passed over, and so are files without an image's ending, which are counted; an image of another format (.tif,
.heic) is an error. Links are followed; a link back up is not walked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.data.dataset import DataError, Dataset, make_dataset, require_two_classes
from scaling.data.decode import LARGEST_DEFAULT_SIDE, decode_readable
from scaling.data.held_out import AS_THE_FORM_HAS_IT, HeldOut
from scaling.data.layout import Layout, layout
from scaling.data.notes import depth_note, left_alone_note, passed_over_note, unreadable_note
from scaling.data.pillow import Encoded, on_disk
from scaling.data.splits import TEST, TRAIN, VALIDATION, every_fifth, require_filled, split_60_25_15
from scaling.data.strings import Strings


class Listing(NamedTuple):
    """The files of a folder, not yet opened.

    Attributes:
        folder: that they lie in.
        classes: names, sorted.
        files: n paths below the folder, split by split as the folder has them, class by class, sorted.
        labels: int32 (n,).
        parts: uint8 (n,), which of the folder's own splits each lies in: 0 train, 1 the next, 2 the last.
        groups: int32 (n,), where asked for: files of one sub-folder of a class folder are one group.
        notes: what was passed over and left alone, in words.
        held_out: how much of train is validation.
    """

    folder: Path
    classes: tuple[str, ...]
    files: Sequence[str]
    labels: NDArray[np.int32]
    parts: NDArray[np.uint8]
    groups: NDArray[np.int32] | None = None
    notes: tuple[str, ...] = ()
    held_out: HeldOut = AS_THE_FORM_HAS_IT

    @property
    def paths(self) -> list[Path]:
        """Of the files."""
        return [self.folder / file for file in self.files]

    @property
    def codes(self) -> NDArray[np.uint8]:
        """The split that each is used in, uint8 (n,): 0 train, 1 validation, 2 test."""
        own = [self.parts == part for part in range(int(self.parts.max()) + 1)]
        labels = [self.labels[part] for part in own]
        groups = self.groups
        if groups is None:
            return codes_of(labels, self.held_out)
        return _codes_by_group(labels, [groups[part] for part in own], self.held_out)

    def without(self, positions: list[int]) -> Listing:
        """The same without some files, as if they had not been there."""
        kept = np.ones(len(self.files), bool)
        kept[positions] = False
        files = [file for file, keep in zip(self.files, kept, strict=True) if keep]
        groups = None if self.groups is None else self.groups[kept]
        return self._replace(files=files, labels=self.labels[kept], parts=self.parts[kept], groups=groups)


def from_class_folders(
    found: Listing, side: int | None = None, largest: int = LARGEST_DEFAULT_SIDE, *, skip_unreadable: bool = False
) -> Dataset:
    """Load a folder of class folders.

    Args:
        found: in it.
        side: px; without it as `decode` chooses.
        largest: px that `decode` chooses at most.
        skip_unreadable: take the set as if images that cannot be read were not there.

    Raises:
        DataError: as `decode` does.
    """
    folder = found.folder
    sources = encoded(found)
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
        names=tuple(found.files),
        notes=(*found.notes, *depth_note(made.bits), *unreadable_note(unreadable, len(sources))),
        unreadable=unreadable,
    )


def listing(folder: Path, grouped: bool = False, top_classes: bool = False, held_out: HeldOut = AS_THE_FORM_HAS_IT) -> Listing:
    """Find the images of a folder, their classes and their splits, without opening them.

    Args:
        folder: see the top of this module.
        grouped: images of one sub-folder of a class folder belong together (CLASS/GROUP/IMAGE): a group is never shared out
            over splits. An image directly in its class folder is a group of its own.
        top_classes: the folder's own sub-folders are the classes, whatever they are called and hold.
        held_out: how much of train is validation where one other split is there.

    Raises:
        DataError: as `layout` and `HeldOut`; fewer than two class folders, or a class with too few images for every split.
    """
    found = layout(folder, top_classes, grouped)
    classes = tuple(found.parts[0])
    require_two_classes(str(folder), classes)
    held_out.require_use(str(folder), len(found.parts) == 2)
    if grouped and held_out.minival is not None:
        raise DataError(f"{folder}: minival counts images, and groups stay together; take validation_share")
    lengths = [[len(part[one]) for one in classes] for part in found.parts]
    parts = zip(found.places, found.parts, strict=True)
    made = Listing(
        folder,
        classes,
        Strings(f"{place}{path}" for place, part in parts for one in classes for path in part[one]),
        np.concatenate([np.repeat(np.arange(len(classes), dtype=np.int32), own) for own in lengths]),
        np.repeat(np.arange(len(lengths), dtype=np.uint8), [sum(own) for own in lengths]),
        _groups(found, classes) if grouped else None,
        (*passed_over_note(found.passed_over), *left_alone_note(found.left_alone)),
        held_out,
    )
    require_filled(str(folder), classes, made.labels, made.codes)
    return made


def encoded(found: Listing) -> list[Encoded]:
    """The files of a listing as `decode` takes them, named from the folder on."""
    return [on_disk(file, found.folder / file) for file in found.files]


def codes_of(labels: Sequence[NDArray[np.int32]], share: HeldOut) -> NDArray[np.uint8]:
    """The split that each image is used in, uint8 (n,): 0 train, 1 validation, 2 test.

    Args:
        labels: of each part of a set, train or all first, then what is held out.
        share: how much of train is validation where one part is held out.
    """
    train, *held_out = labels
    if not held_out:
        return split_60_25_15(train)
    if len(held_out) == 1:
        return np.concatenate([share.of_train(train, every_fifth), np.full(len(held_out[0]), TEST, np.uint8)])
    return np.repeat(np.array([TRAIN, VALIDATION, TEST], np.uint8), [len(part) for part in labels])


def _codes_by_group(labels: list[NDArray[np.int32]], groups: list[NDArray[np.int32]], share: HeldOut) -> NDArray[np.uint8]:
    """As `codes_of`, whole groups being shared out."""
    found = []
    for own_labels, own_groups in zip(labels, groups, strict=True):
        _, first, inverse = np.unique(own_groups, return_index=True, return_inverse=True)
        found.append((own_labels[first], inverse))
    whole = codes_of([of_groups for of_groups, _ in found], share)
    codes = np.split(whole, np.cumsum([len(of_groups) for of_groups, _ in found])[:-1])
    return np.concatenate([own[inverse] for own, (_, inverse) in zip(codes, found, strict=True)])


def _groups(found: Layout, classes: tuple[str, ...]) -> NDArray[np.int32]:
    """Each file's group, numbered through all parts in the files' order."""
    numbers: dict[tuple[int, str, str], int] = {}
    keys = []
    for part, paths_of in enumerate(found.parts):
        for name in classes:
            keys += [(part, name, path.split("/")[1]) for path in paths_of[name]]
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int32)
