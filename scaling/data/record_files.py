"""Files that hold many images each: which of them belong to a set, to which split, and what reads them.

| form | files | an image and its label |
|---|---|---|
| WebDataset | .tar | KEY.jpg (png, webp and so on) and KEY.cls, or "label" in KEY.json |
| TFRecord | .tfrecord, train-00000-of-01024 | image/encoded and image/class/label |
| ArrayRecord | .array_record | the same, or image and label |
| Parquet | .parquet | a column image with bytes, a column label |

They lie in the folder, or in folders in it that are called data or after splits. Splits are known by the names of these
folders or of the files, as `scaling.data.layout` knows them; the rules are those of `scaling.data.folder`. Classes are called
as classes.txt in the folder says, one a line, or as Parquet's own description does; otherwise by their numbers.
"""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.core.files import read_text
from scaling.data.dataset import DataError, require_two_classes
from scaling.data.folder import codes_of
from scaling.data.held_out import HeldOut
from scaling.data.layout import role
from scaling.data.mnist import numbered
from scaling.data.notes import left_alone_note
from scaling.data.records import RecordSource, Scanned
from scaling.data.splits import require_filled
from scaling.data.strings import Strings
from scaling.data.walk import holds_images, is_folder, visible

_FORMS = {
    "shards": re.compile(r"\.tar$"),
    "tfrecord": re.compile(r"\.tfrecords?(-\d+-of-\d+)?$|^[a-z_]+-\d{5}-of-\d{5}$"),
    "array_record": re.compile(r"\.array_record(-\d+-of-\d+)?$"),
    "parquet": re.compile(r"\.parquet$"),
}
_NAMES = ("classes.txt", "classnames.txt", "label.labels.txt")  # the last is TensorFlow Datasets'
_DATA = "data"  # where Hugging Face keeps Parquet files
_ORDER = ("train", "validation", "test")

Labels = NDArray[np.int64]


class RecordFiles(NamedTuple):
    """The files of a set.

    Attributes:
        place: folder that they lie in, or one folder below.
        name: what people call the set.
        form: of all of them, a module of this package.
        parts: files, from the folder on: all, or those of train and of the held-out splits, validation first.
        left_alone: files that are not used, each with why.
    """

    place: Path
    name: str
    form: str
    parts: tuple[tuple[str, ...], ...]
    left_alone: tuple[str, ...] = ()


def records_in(path: Path) -> RecordFiles | None:
    """The files of a set; None where there are none, or where class folders lie beside them.

    Args:
        path: one file, or a folder.

    Raises:
        DataError: a folder cannot be read, holds several forms, or held-out files without train.
    """
    if not path.is_dir():
        if (form := _form(path.name)) is None:
            return None
        return RecordFiles(path.parent, path.name.split(".")[0], form, ((path.name,),))
    folders = [name for name in visible(path) if is_folder(path / name)]
    found = _records(path)
    for name in folders:
        if role(name) or name == _DATA:
            found += [f"{name}/{one}" for one in _records(path / name)]
    if any(holds_images(path / name) for name in folders if found):
        return None
    forms = {form for one in found if (form := _form(one.rpartition("/")[2])) is not None}
    if len(forms) > 1:
        raise DataError(f"{path}: holds files of several forms, {', '.join(sorted(forms))}; move those of one elsewhere")
    if not forms:
        return None
    parts, left_alone = _parts(path, found)
    return RecordFiles(path, path.resolve().name, forms.pop(), parts, left_alone)


def record_source(records: RecordFiles, held_out: HeldOut) -> RecordSource:
    """List the images in the files of a set.

    Args:
        records: as found.
        held_out: how much of train is validation where one other split is there.

    Raises:
        DataError: a file is damaged, an image has no label, or a class has too few images to fill every split.
        UserError: the form needs a package that is not installed.
    """
    place, origin = records.place, str(records.place)
    module = import_module(f"scaling.data.{records.form}")
    records, scanned = _labelled(records, module.scan(place, [file for part in records.parts for file in part]))
    files = tuple(file for part in records.parts for file in part)
    held_out.require_use(origin, len(records.parts) == 2)
    counts, at = [], 0
    for part in records.parts:
        counts.append(sum(len(one.labels) for one in scanned[at : at + len(part)]))
        at += len(part)
    labels = np.concatenate([one.labels for one in scanned])
    if not len(labels):
        raise DataError(f"{origin}: no images in {', '.join(files[:3])}{', ...' if len(files) > 3 else ''}")
    classes, own = _classes(place, module.class_names(place, files), labels)
    codes = codes_of(np.split(own, np.cumsum(counts)[:-1]), held_out)
    require_filled(origin, classes, own, codes)
    source: RecordSource = module.SOURCE(
        place,
        records.name,
        classes,
        own,
        codes,
        Strings(name for one in scanned for name in one.names),
        np.concatenate([one.sizes for one in scanned]),
        notes=tuple(left_alone_note(records.left_alone)),
        files=files,
        file=np.repeat(np.arange(len(files), dtype=np.int32), [len(one.labels) for one in scanned]),
        start=np.concatenate([one.starts for one in scanned]),
    )
    return source


def _records(folder: Path) -> list[str]:
    return [name for name in visible(folder) if _form(name) and not is_folder(folder / name)]


def _form(name: str) -> str | None:
    return next((form for form, pattern in _FORMS.items() if pattern.search(name.lower())), None)


def _parts(folder: Path, files: list[str]) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    roles = {file: _role(file) for file in files}
    if not any(roles.values()):
        return (tuple(files),), ()
    if "train" not in roles.values():
        raise DataError(f"{folder}: holds {', '.join(files[:3])} and no file of train, called as train-000.tar is")
    by_role = [tuple(file for file in files if roles[file] == one) for one in _ORDER]
    others = [f"{file} is of no split" for file in files if roles[file] is None]
    return tuple(part for part in by_role if part), tuple(others)


def _role(file: str) -> str | None:
    """The split that a file's folder is called after, or else a word of its own name."""
    inside, _, name = file.rpartition("/")
    words = [word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())]
    return role(inside) or next((found for word in words if (found := role(word)) is not None), None)


def _labelled(records: RecordFiles, scanned: list[Scanned]) -> tuple[RecordFiles, list[Scanned]]:
    """Without held-out parts whose labels are all -1: nobody has published them."""
    kept, parts, left_alone, at = [], [], list(records.left_alone), 0
    for number, part in enumerate(records.parts):
        own = scanned[at : at + len(part)]
        at += len(part)
        if number and all((one.labels == -1).all() for one in own):
            left_alone.append(f"{part[0]}{' and so on' if len(part) > 1 else ''} holds images without labels")
        else:
            kept += own
            parts.append(part)
    return records._replace(parts=tuple(parts), left_alone=tuple(left_alone)), kept


def _classes(place: Path, own: tuple[str, ...] | None, labels: Labels) -> tuple[tuple[str, ...], NDArray[np.int32]]:
    """Names of the classes, and the labels as indices into them; without names, the numbers that occur."""
    low, high = int(labels.min()), int(labels.max())
    if low < 0:
        raise DataError(f"{place}: labels must be at least 0, got {low}")
    listed = next((place / name for name in _NAMES if (place / name).is_file()), None)
    if listed is not None:
        try:
            own = tuple(line.strip() for line in read_text(listed).splitlines() if line.strip())
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{listed}: cannot be read: {error}") from error
    if own is None:
        classes, indices = numbered(labels)
        require_two_classes(str(place), classes)
        return classes, indices
    first = 1 if low == 1 and high == len(own) else 0  # TensorFlow's ImageNet keeps 0 for what is none of its classes
    if high - first >= len(own):
        raise DataError(f"{listed or place}: names {len(own)} classes, and labels go up to {high}; one a line is needed")
    require_two_classes(str(place), own)
    return own, (labels - first).astype(np.int32)
