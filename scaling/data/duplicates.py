"""Copies of an image where no copy should be: in two splits, or in two classes."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from scaling.data.dataset import Dataset, Split


class Image(NamedTuple):
    """Where an image is: its split, its class, and what to call it."""

    split: str
    label: int
    name: str


class Duplicates(NamedTuple):
    """Images of validation and test that stand in an earlier split too, and images with two labels: each with the first copy.

    Attributes:
        in_train: of validation and test, with the image of train that each equals.
        in_validation: of test, not in train, with the image of validation that each equals.
        in_two_classes: each with an image of another class that it equals.
    """

    in_train: list[tuple[Image, Image]]
    in_validation: list[tuple[Image, Image]]
    in_two_classes: list[tuple[Image, Image]]


def find_duplicates(dataset: Dataset) -> Duplicates:
    """Exact copies: images with the same pixels at the size that they are stored at, by a hash of each."""
    found = Duplicates([], [], [])
    first: dict[bytes, Image] = {}
    in_split: dict[tuple[bytes, str], Image] = {}
    for name, split in (("train", dataset.train), ("validation", dataset.validation), ("test", dataset.test)):
        for index in range(len(split)):
            digest = hashlib.blake2b(split.images[index].tobytes(), digest_size=16).digest()
            image = Image(name, int(split.labels[index]), _name(name, split, index))
            earlier = in_split.get((digest, "train"))
            if name != "train" and earlier is not None:
                found.in_train.append((image, earlier))
            elif name == "test" and (earlier := in_split.get((digest, "validation"))) is not None:
                found.in_validation.append((image, earlier))
            if (other := first.setdefault(digest, image)).label != image.label:
                found.in_two_classes.append((image, other))
            in_split.setdefault((digest, name), image)
    return found


def duplicate_notes(dataset: Dataset) -> list[str]:
    """What `find_duplicates` finds, counted, the first named, and what it means; nothing where it finds nothing.

    Of a stored set it says that nothing was looked for: every image would have to be read.
    """
    if dataset.stored is not None:
        return ["Copies of images are not looked for: these are stored on the disk, and all would have to be read."]
    found = find_duplicates(dataset)
    held_out = f"{len(dataset.validation) + len(dataset.test):,} validation and test images"
    tests = f"{len(dataset.test):,} test images"
    told = (
        (
            found.in_train,
            (f"of {held_out} is a copy of a training image", f"of {held_out} are copies of training images"),
            "accuracy on copies is memory, not recognition: remove them from one side",
        ),
        (
            found.in_validation,
            tuple(f"of {tests} {what}" for what in ("is a copy of a validation image", "are copies of validation images")),
            "the choice has seen them: remove them from one side",
        ),
        (
            found.in_two_classes,
            ("image is a copy of an image of another class", "images are copies of images of another class"),
            "at most one of the labels is right, and no network can give both: remove or relabel them",
        ),
    )
    return [
        f"{len(pairs)} {what[len(pairs) > 1]}, the first: {pairs[0][0].name} is {pairs[0][1].name}; {meaning}."
        for pairs, what, meaning in told
        if pairs
    ]


def _name(split_name: str, split: Split, index: int) -> str:
    return f"{split_name} image {index}" if split.names is None else split.names[index]
