"""Shards of WebDataset: tar archives in which members that follow each other and share a key are one sample."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from scaling.core.files import parse_json
from scaling.data.dataset import DataError
from scaling.data.endings import SUFFIXES
from scaling.data.records import Scanned, SpanSource, scanned, whole_label
from scaling.data.tar import members, open_tar

SOURCE = SpanSource

_AT_ONCE = 8  # shards, for disks and networks that answer late
_LONGEST = {"cls": 64, "json": 2**20}
_IMAGES = frozenset(ending[1:] for ending in SUFFIXES)


def class_names(place: Path, files: Sequence[str]) -> None:
    """Shards have none."""
    return


def scan(place: Path, files: Sequence[str]) -> list[Scanned]:
    """The images of shards.

    Raises:
        DataError: one is damaged, or a sample has an image and no label, or two images.
    """
    with ThreadPoolExecutor(min(_AT_ONCE, len(files))) as pool:
        return list(pool.map(partial(_scan, place), files))


class _Sample(NamedTuple):
    """What is known of a sample so far."""

    image: tuple[str, int, int] | None = None
    cls: int | None = None
    json: int | None = None

    @property
    def label(self) -> int | None:
        return self.json if self.cls is None else self.cls


def _scan(place: Path, shard: str) -> Scanned:
    path = place / shard
    names: list[str] = []
    labels: list[int] = []
    sizes: list[int] = []
    starts: list[int] = []

    def keep(sample: _Sample) -> None:
        if sample.image is None:
            return
        name, start, size = sample.image
        if sample.label is None:
            raise DataError(f'{path}: {name} has no label: needs a member of its name that ends in .cls, or .json with "label"')
        names.append(f"{shard}/{name}")
        labels.append(sample.label)
        sizes.append(size)
        starts.append(start)

    with open_tar(path) as file:
        key, sample = None, _Sample()
        for name, start, size in members(path, file):
            cut = name.find(".", name.rfind("/") + 1)
            if cut <= name.rfind("/") + 1:
                continue  # hidden, or without an ending
            if name[:cut] != key:
                keep(sample)
                key, sample = name[:cut], _Sample()
            what = name[cut + 1 :].lower()
            if what in _IMAGES:
                if sample.image is not None:
                    raise DataError(f"{path}: {sample.image[0]} and {name} are two images of one sample; one is needed")
                sample = sample._replace(image=(name, start, size))
            elif what in _LONGEST:
                label = _label(path, file, name, start, size)
                sample = sample._replace(cls=label) if what == "cls" else sample._replace(json=label)
        keep(sample)
    return scanned(names, labels, sizes, starts)


def _label(path: Path, file: BinaryIO, name: str, start: int, size: int) -> int | None:
    """Of a .cls member, or of a .json one that has it.

    Raises:
        DataError: a .cls member holds no whole number of at least 0.
    """
    is_json = name.lower().endswith(".json")
    if size > _LONGEST["json" if is_json else "cls"]:
        return None
    file.seek(start)
    content = file.read(size)
    try:
        if is_json:
            found = parse_json(content)
            return whole_label(found.get("label")) if isinstance(found, dict) else None
        if (label := whole_label(int(content))) is not None:
            return label
    except ValueError:
        if is_json:
            return None
    raise DataError(f"{path}: {name} must hold the number of a class, from 0 on, got {content[:20]!r}")
