import dataclasses

import numpy as np
import pytest

from scaling.data import DataError, Dataset, Split


def split(labels=(0, 1), side=4, channels=1, grey=7):
    return Split(np.full((len(labels), side, side, channels), grey, np.uint8), np.array(labels, np.int32))


def dataset(**changes):
    parts = {"name": "toy", "classes": ("a", "b"), "train": split(), "validation": split(), "test": split()}
    return Dataset(**(parts | changes))


def test_properties():
    toy = dataset(**{part: split(channels=3, side=5) for part in ("train", "validation", "test")})
    assert (toy.num_classes, toy.in_channels, toy.side, len(toy.train)) == (2, 3, 5, 2)


def test_arrays_are_read_only_and_the_givers_are_not():
    given = np.zeros((1, 2, 2, 1), np.uint8)
    held = Split(given, np.zeros(1, np.int32))
    with pytest.raises(ValueError, match="read-only"):
        held.images[0] = 1
    given[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        held.labels = None


def test_fingerprint_is_of_the_contents_only():
    plain = dataset().fingerprint
    assert plain == "24db34afe40376a5"
    assert dataset(name="other").fingerprint == plain
    changes = [
        {"classes": ("a", "c")},
        {"train": split((1, 0))},
        {"test": split(grey=8)},
        {"train": split((0, 1, 0)), "validation": split((1,))},  # the same images, another boundary
    ]
    assert len({plain, *(dataset(**change).fingerprint for change in changes)}) == 1 + len(changes)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            np.zeros((2, 4, 4, 1)),
            np.zeros(2, np.int32),
            r"images must be uint8 \(n, side, side, channels\), got float64",
        ),
        (np.zeros((2, 4, 5, 1), np.uint8), np.zeros(2, np.int32), r"got uint8 \(2, 4, 5, 1\)"),
        (np.zeros((0, 4, 4, 1), np.uint8), np.zeros(0, np.int32), r"got uint8 \(0, 4, 4, 1\)"),
        (np.zeros((2, 4, 4, 2), np.uint8), np.zeros(2, np.int32), "1 or 3 channels, got 2"),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int64), r"labels must be int32 \(2,\), got int64 \(2,\)"),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(3, np.int32), r"labels must be int32 \(2,\), got int32 \(3,\)"),
    ],
)
def test_split_refuses(images, labels, message):
    with pytest.raises(DataError, match=message):
        Split(images, labels)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classes": ("cats",)}, "toy: needs at least two classes, found 1: 'cats'"),
        ({"classes": ()}, "toy: needs at least two classes, found 0"),
        ({"classes": ("a", "a")}, "class names must differ, got 'a' more than once"),
        ({"test": split((0, 2))}, "Dataset.test must have labels from 0 to 1, got 0 to 2"),
        ({"train": split((-1, 0))}, "Dataset.train must have labels from 0 to 1, got -1 to 0"),
        ({"validation": split(side=5)}, r"Dataset.validation must hold images of .* \(4, 4, 1\), got \(5, 5, 1\)"),
    ],
)
def test_dataset_refuses(change, message):
    with pytest.raises(DataError, match=message):
        dataset(**change)


def test_errors_are_one_printable_line():
    assert str(DataError("a\nb\udcffc ä")) == "a\\nb\\udcffc ä"
    assert issubclass(DataError, ValueError)
