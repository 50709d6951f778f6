"""Sets of images that are listed, and decoded when they are opened: what studies plan with, before any image is read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import UserError
from scaling.core.files import user_path
from scaling.core.units import bytes_said
from scaling.data.dataset import Dataset, Split, Stored
from scaling.data.notes import depth_note, unreadable_note
from scaling.data.source import LISTING, Source
from scaling.data.splits import TEST, VALIDATION, require_filled
from scaling.data.store import Report, stored
from scaling.data.store_place import Kept, Place, failures_said, finished, moved, pixels_of, rows_of

IN_MEMORY_BYTES = 2**30
"""Decoded images that take more are stored on the disk instead, unless asked for otherwise."""


@dataclass(frozen=True, slots=True, eq=False)
class ListedSplit:
    """Images of a split, without their pixels.

    Args:
        labels: int32 (n,), each an index into the classes.
        names: of the images, n of them.
        groups: int32 (n,), numbered from 0, where images of one group depend on each other.
    """

    labels: NDArray[np.int32]
    names: Sequence[str]
    groups: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class ListedDataset:
    """A named set in three disjoint splits, none of its images decoded. `open` decodes them, the first time.

    Args:
        place: what it lists, and where it is stored.
        skip_unreadable: images that cannot be read are left out.
    """

    place: Place
    skip_unreadable: bool = False

    @property
    def name(self) -> str:
        """For people."""
        return self.place.source.name

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the labels."""
        return self.place.source.classes

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def side(self) -> int:
        """Px that images are stored at."""
        return self.place.side

    @property
    def in_channels(self) -> int:
        """1 for grey images, 3 for colour."""
        return self.place.channels

    @property
    def chance(self) -> float:
        """Accuracy on validation of always naming its commonest class."""
        return float(np.bincount(self.validation.labels).max() / len(self.validation))

    @property
    def bytes(self) -> int:
        """That the stored images take."""
        return self.place.bytes

    @property
    def fingerprint(self) -> str:
        """`listing:` and 16 hexadecimal digits, over the listing, the side, the channels and what cannot be read.

        The last is known once the images are stored.
        """
        return _fingerprint(self.place, self._kept)

    @property
    def train(self) -> ListedSplit:
        """Images to learn from."""
        return self._splits[0]

    @property
    def validation(self) -> ListedSplit:
        """Images to rank candidates by."""
        return self._splits[VALIDATION]

    @property
    def test(self) -> ListedSplit:
        """Images to touch after the choice."""
        return self._splits[TEST]

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of how it was read and where it is stored, a sentence each."""
        count, size, folder = f"{len(self.place.source):,} images", bytes_said(self.bytes), self.place.folder
        if self._kept is not None:
            return (*_notes(self.place, self._kept), f"{count} are stored in {folder}, {size}.")
        begun = "; some of them are there already" if (folder / "begun.json").is_file() else ""
        told = f"{count} will be decoded once, at first use, and stored in {folder}, {size}, at {self.side} px{begun}."
        return (*self.place.source.notes, told)

    def open(self, report: Report | None = None, workers: int | None = None) -> Dataset:
        """The set with its images, which are mapped into memory and not read; what is not stored yet is stored first.

        Args:
            report: told how many images are stored, of how many.
            workers: processes that decode; None for one a core, 0 for none but this.

        Raises:
            DataError: images cannot be read, and nobody says to leave them out; or without them a split lacks a class.
            UserError: as `scaling.data.store.stored`.
        """
        place = self.place
        kept = stored(place, report, workers, skip_unreadable=self.skip_unreadable)
        parts = _parts(place, kept)
        rows, pixels = rows_of(place), pixels_of(place)
        held, slices = moved(place.source.codes[place.order], kept.unreadable)
        aspect = rows["aspect"].copy()[held]
        train, validation, test = (
            Split(pixels[its], one.labels, one.groups, one.names, aspect[its]) for its, one in zip(slices, parts, strict=True)
        )
        mean, deviation = _statistics(rows["sums"][held[slices[0]]], place.side**2)
        return Dataset(
            self.name,
            self.classes,
            train,
            validation,
            test,
            notes=_notes(place, kept),
            unreadable=_unreadable(place, kept),
            stored=Stored(_fingerprint(place, kept), mean, deviation, place.folder),
        )

    @cached_property
    def _kept(self) -> Kept | None:
        return finished(self.place) if self.place.folder.is_dir() else None

    @cached_property
    def _splits(self) -> list[ListedSplit]:
        skipped = self._kept if self.skip_unreadable else None
        return _parts(self.place, skipped or Kept({}, None))


def listed(
    source: Source,
    side: int | None = None,
    largest: int = 128,
    *,
    skip_unreadable: bool = False,
    store: str | os.PathLike[str] | None = None,
) -> ListedDataset:
    """A set of what a source lists.

    Args:
        source: of the images.
        side: px to store them at; without it the median of the shorter sides of a sample, at most `largest`.
        largest: px.
        skip_unreadable: images that cannot be read are left out.
        store: folder of stores; without it `$SCALING_STORE`, or the user's cache folder.

    Raises:
        UserError: there is no home to keep a cache in, and no other folder is named.
    """
    chosen = min(largest, source.shape.side) if side is None else side
    return ListedDataset(Place(source, chosen, source.shape.channels, _root(store)), skip_unreadable)


def opened(dataset: Dataset | ListedDataset, report: Report | None = None) -> Dataset:
    """A set with its images, whichever kind it is.

    Raises:
        DataError: as `ListedDataset.open`.
        UserError: as `ListedDataset.open`.
    """
    return dataset.open(report) if isinstance(dataset, ListedDataset) else dataset


def _root(store: str | os.PathLike[str] | None) -> Path:
    given = os.environ.get("SCALING_STORE") if store is None else os.fspath(store)
    if given:
        return user_path(given)
    import platformdirs

    try:
        return platformdirs.user_cache_path("compound-scaling") / "images"
    except (RuntimeError, KeyError):  # users of containers often have a number and no name
        raise UserError("no home to keep decoded images in; --store FOLDER names a place") from None


def _parts(place: Place, kept: Kept) -> list[ListedSplit]:
    """The splits, without what cannot be read."""
    source = place.source
    order = place.order
    held, slices = moved(source.codes[order], kept.unreadable)
    if kept.unreadable:
        used = order[np.setdiff1d(np.arange(len(order)), list(kept.unreadable))]
        require_filled(str(source.place), source.classes, source.labels[used], source.codes[used])

    def split(rows: NDArray[np.int64]) -> ListedSplit:
        own = None if source.groups is None else np.unique(source.groups[rows], return_inverse=True)[1].astype(np.int32)
        return ListedSplit(source.labels[rows], source.names.at(rows), own)

    return [split(order[held[its]]) for its in slices]


def _fingerprint(place: Place, kept: Kept | None) -> str:
    unreadable = sorted(kept.unreadable) if kept is not None else []
    told = json.dumps([place.source.fingerprint, place.side, place.channels, unreadable])
    return f"{LISTING}{hashlib.sha256(told.encode()).hexdigest()[:16]}"


def _unreadable(place: Place, kept: Kept) -> tuple[str, ...]:
    return tuple(f"{name}: {reason}" for name, reason in failures_said(place, kept.unreadable))


def _notes(place: Place, kept: Kept) -> tuple[str, ...]:
    told = unreadable_note(_unreadable(place, kept), len(place.source))
    return (*place.source.notes, *depth_note(kept.bits), *told)


def _statistics(sums: NDArray[np.uint64], pixels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation of each channel, from its sums in each image; exact up to the last step."""
    count = len(sums) * pixels
    first, second = (list(map(int, row)) for row in sums.sum(0))
    mean = [total / count for total in first]
    variance = [(count * square - total**2) / count**2 for total, square in zip(first, second, strict=True)]
    return tuple(mean), tuple(max(1.0, one**0.5) for one in variance)  # a constant channel must not divide by 0
