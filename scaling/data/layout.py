"""What the sub-folders of a folder of images are: classes, or splits with the classes in them.

Splits go by many names, in any case: train, training; val, valid, validation, dev, eval, evaluation; test, testing; each
perhaps with `_set`, `_data` or `_images` after it.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from scaling.data.dataset import DataError
from scaling.data.endings import SUFFIXES
from scaling.data.foreign import foreign_format
from scaling.data.walk import Classes, class_folders, count_file, images_directly, is_folder, visible

ROLES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev", "eval", "evaluation"),
    "test": ("test", "testing"),
}
"""Names of split folders, in small letters."""

_AFTER_NAME = re.compile(r"[ _-]?(set|data|images)$")
_TOP = "--classes top"


class Layout(NamedTuple):
    """What a folder holds.

    Attributes:
        parts: the classes of train (or of the whole folder), then those of the held-out folders, validation first; each part
            has the same classes, under the same names.
        places: of each part, what comes before its files' paths below the folder: "train/", or nothing.
        passed_over: files that are no images, by ending.
        left_alone: folders that hold images and are not used, each with why.
    """

    parts: tuple[Classes, ...]
    places: tuple[str, ...]
    passed_over: Counter[str]
    left_alone: tuple[str, ...] = ()


def role(name: str) -> str | None:
    """The split that a folder's name stands for: train, validation, test; None for any other name."""
    plain = _AFTER_NAME.sub("", name.lower())
    return next((one for one, names in ROLES.items() if plain in names), None)


def layout(folder: Path, top_classes: bool = False, grouped: bool = False) -> Layout:
    """Find the classes of a folder and its splits, by names alone.

    Args:
        folder: exists.
        top_classes: the sub-folders are the classes, whatever they are called and hold.
        grouped: sub-folders of a class are groups, so that classes may well have the same.

    Raises:
        DataError: the folder cannot be read; two of its folders are the same split; splits have other classes than train;
            or what the folders mean cannot be told.
    """
    if not os.path.isdir(folder):
        raise DataError(f"{folder}: no such folder")
    if top_classes:
        return _flat(folder, top_classes, grouped)
    roles = {name: role(name) for name in visible(folder) if is_folder(folder / name)}
    train = _only(folder, [name for name, one in roles.items() if one == "train"], "train")
    passed_over: Counter[str] = Counter()
    classes = class_folders(folder / train, passed_over) if train is not None else {}
    if train is None or not classes:
        return _flat(folder, top_classes, grouped)
    _require_one_spelling(folder / train, classes)
    parts, places, left_alone = [classes], [f"{train}/"], []
    for split in ("validation", "test"):
        named = [one for one, its in roles.items() if its == split]
        name = _only(folder, [one for one in named if _holds_images(folder / one, passed_over)], split)
        if name is None:
            continue
        beside: Counter[str] = Counter()
        held_out = class_folders(folder / name, beside)
        if _unlabelled(classes, held_out):
            left_alone.append(f"{name}/ holds images without labels")
        else:
            passed_over += beside
            parts.append(_in_the_same_classes(folder, (train, classes), (name, held_out)))
            places.append(f"{name}/")
    others = [name for name, one in roles.items() if one is None and _holds_images(folder / name, passed_over)]
    left_alone += [f"{name}/ is no split" for name in others]
    for name in visible(folder):
        if name not in roles:
            count_file(folder / name, passed_over)
    return Layout(tuple(parts), tuple(places), passed_over, tuple(left_alone))


def _flat(folder: Path, top_classes: bool, grouped: bool) -> Layout:
    passed_over: Counter[str] = Counter()
    classes = class_folders(folder, passed_over)
    if not classes:
        raise DataError(_no_classes(folder))
    if not top_classes:
        _require_no_splits(folder, classes)
        if not grouped:
            _require_classes_not_splits(folder, classes)
        if len(classes) == 1:
            _refuse_wrapper(folder, classes)
    _require_one_spelling(folder, classes)
    return Layout((classes,), ("",), passed_over)


def _no_classes(folder: Path) -> str:
    direct = images_directly(folder)
    if direct:
        return (
            f"{folder}: {direct} images and no class folders: labels in a table or in file names are not read; "
            "put each image into a folder of its class's name"
        )
    foreign = next((told for name in visible(folder) if (told := foreign_format(name))), None)
    if foreign is not None:
        return f"{folder}: {foreign}"
    return f"{folder}: no class folders: needs one folder per class with {', '.join(SUFFIXES)} files in it"


def _require_no_splits(folder: Path, classes: Classes) -> None:
    """Refuse held-out folders without train, and train folders without class folders."""
    if all(role(name) for name in classes):
        named = " and ".join(classes)
        if any(role(name) == "train" and images_directly(folder / name) for name in classes) and len(classes) > 1:
            raise DataError(
                f"{folder}: {named} hold images and no class folders: labels in a table or in file names are not read; "
                f"put each image into a folder of its class's name, or say {_TOP} if {named} are the classes"
            )
        if len(classes) > 1 or role(next(iter(classes))) != "train":
            raise DataError(
                f"{folder}: has {named} but no train folder with class folders in it; {_TOP} if they are the classes"
            )
    for name in classes:
        inside = _sub_folders(name, classes[name])
        repeated = sorted(inside & classes.keys() - {name, ""})
        if role(name) and len(repeated) >= 2:
            raise DataError(
                f"{folder}: {name} holds the classes {', '.join(repeated)} again, which lie beside it; move those beside it "
                f"into a folder called train, or say {_TOP} if {name} is a class too"
            )


def _require_classes_not_splits(folder: Path, classes: Classes) -> None:
    """Refuse folders that all hold the same sub-folders: these are the classes, or parts of a class."""
    inside = [_sub_folders(name, paths) for name, paths in classes.items()]
    shared, every = set.intersection(*inside), set.union(*inside)
    if len(classes) < 2 or "" in every or len(shared) < 2 or 2 * len(shared) < len(every):
        return
    names = ", ".join(map(repr, sorted(shared)[:3])) + (", ..." if len(shared) > 3 else "")
    folders = ", ".join(map(repr, list(classes)[:3])) + (", ..." if len(classes) > 3 else "")
    raise DataError(
        f"{folder}: {folders} all hold the same sub-folders {names}; if {folders} are the classes, say {_TOP}; "
        "if they are splits, call them train, val and test"
    )


def _refuse_wrapper(folder: Path, classes: Classes) -> None:
    """Refuse a lone folder whose sub-folders are what was meant."""
    (name, paths) = next(iter(classes.items()))
    inside = sorted(_sub_folders(name, paths) - {""})
    if len(inside) >= 2:
        raise DataError(
            f"{folder}: needs at least two classes, found 1: {name!r}; it holds {', '.join(map(repr, inside[:3]))}"
            f"{', ...' if len(inside) > 3 else ''}: did you mean {folder / name}?"
        )


def _sub_folders(name: str, paths: list[str]) -> set[str]:
    """The sub-folders of a class folder that hold its images; "" for the class folder itself."""
    start = len(name) + 1
    return {path[start : path.find("/", start)] if "/" in path[start:] else "" for path in paths}


def _only(folder: Path, names: list[str], split: str) -> str | None:
    if len(names) > 1:
        raise DataError(f"{folder}: needs one {split} folder, found {' and '.join(names)}; remove or rename one")
    return names[0] if names else None


def _holds_images(folder: Path, passed_over: Counter[str]) -> bool:
    """Whether a folder holds images; the files of one that does not are counted."""
    found: Counter[str] = Counter()
    if class_folders(folder, found) or images_directly(folder):
        return True
    passed_over += found
    return False


def _unlabelled(classes: Classes, held_out: Classes) -> bool:
    """Whether a held-out folder is flat, or has one folder for all, as competitions give the images that they judge by."""
    known = {_form(one).casefold() for one in classes}  # another case is a mistake in a class, not a folder for all
    return not held_out or (len(held_out) == 1 and len(classes) > 1 and _form(*held_out).casefold() not in known)


def _in_the_same_classes(folder: Path, train: tuple[str, Classes], held_out: tuple[str, Classes]) -> Classes:
    """The held-out classes under train's names, which may spell an accent in another way."""
    (train_name, classes), (name, part) = train, held_out
    _require_one_spelling(folder / name, part)
    spelled = {_form(one): paths for one, paths in part.items()}
    if spelled.keys() != {_form(one) for one in classes}:
        own, other = {_form(one) for one in classes}, spelled.keys()
        sides = ((train_name, own - other), (name, other - own))
        told = "; ".join(f"only in {where}: {', '.join(map(repr, sorted(only)))}" for where, only in sides if only)
        raise DataError(f"{folder}: {train_name} and {name} must have the same classes; {told}")
    return {one: spelled[_form(one)] for one in classes}


def _require_one_spelling(folder: Path, classes: Classes) -> None:
    for form, count in Counter(map(_form, classes)).items():
        if count > 1:
            raise DataError(f"{folder}: {count} folders are called {form!r}, their accents stored in two ways; join them")


def _form(name: str) -> str:
    """One spelling of what looks alike: an accent may be a letter's own or a mark after it, as systems of files have it."""
    return unicodedata.normalize("NFC", name)
