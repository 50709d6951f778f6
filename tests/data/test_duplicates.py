import shutil

import numpy as np
import pytest
from PIL import Image

from scaling.data import load
from scaling.data.dataset import Dataset, Split
from scaling.data.duplicates import duplicate_notes, find_duplicates


@pytest.fixture
def splits(folders):
    """train, val and test of two classes of distinct images."""
    for label, root in enumerate(("train", "val", "test")):
        folders({"a": 6, "b": 6}, root=f"set/{root}", side=8 + label)
    root = folders({})
    # Every image has a colour of its own in its folder; the folders must differ too.
    for shift, name in enumerate(("val", "test"), 1):
        for path in (root / name).rglob("*.png"):
            image = np.asarray(Image.open(path)).copy()
            image[..., 2] = 50 * shift
            Image.fromarray(image).save(path)
    return root


def test_distinct_images_are_no_copies(splits):
    assert duplicate_notes(load(splits)) == []


def test_copies_across_splits_are_counted_and_the_first_named(splits):
    for name in ("000.png", "003.png"):
        shutil.copy(splits / "train" / "a" / name, splits / "test" / "a" / f"copy of {name}")
    shutil.copy(splits / "val" / "b" / "001.png", splits / "test" / "b" / "z.png")
    assert duplicate_notes(load(splits)) == [
        "2 of 27 validation and test images are copies of training images, the first: test/a/copy of 000.png is "
        "train/a/000.png; accuracy on copies is memory, not recognition: remove them from one side.",
        "1 of 15 test images is a copy of a validation image, the first: test/b/z.png is val/b/001.png; the choice has seen "
        "them: remove them from one side.",
    ]


def test_one_image_in_two_classes(splits):
    shutil.copy(splits / "train" / "a" / "000.png", splits / "train" / "b" / "z.png")
    assert duplicate_notes(load(splits)) == [
        "1 image is a copy of an image of another class, the first: train/b/z.png is train/a/000.png; at most one of the "
        "labels is right, and no network can give both: remove or relabel them."
    ]


def test_copies_within_a_class_that_is_shared_out(folders):
    root = folders({"a": 20, "b": 20})
    for number in range(20):
        shutil.copy(root / "a" / f"{number:03}.png", root / "a" / f"{number:03} (copy).png")
    found = find_duplicates(load(root))
    dataset = load(root)
    train = {name for name in dataset.train.names if name.startswith("a/")}
    held_out = [*dataset.validation.names, *dataset.test.names]
    other = {name: name.replace(" (copy)", "") if "copy" in name else name.replace(".png", " (copy).png") for name in held_out}
    assert len(found.in_train) == sum(other[name] in train for name in held_out)


def test_images_without_names_are_numbered():
    def split(*shades):
        images = np.array(shades, np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, 4, 4, 1), np.uint8)
        return Split(images, np.array([0, 1], np.int32))

    notes = duplicate_notes(Dataset("set", ("a", "b"), split(1, 2), split(1, 3), split(4, 5)))
    assert len(notes) == 1
    assert "the first: validation image 0 is train image 0;" in notes[0]


def test_the_shipped_images_hold_no_copies():
    assert duplicate_notes(load("fashion-mnist-10k")) == []
