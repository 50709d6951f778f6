import os

import numpy as np
import pytest
from PIL import Image

from scaling.data import DataError, load
from scaling.data.folder import listing


def sizes(dataset):
    return [np.bincount(split.labels).tolist() for split in (dataset.train, dataset.validation, dataset.test)]


def test_class_folders_are_shared_out(folders):
    dataset = load(folders({"dogs": 20, "cats": 40}))
    assert (dataset.name, dataset.classes) == ("set", ("cats", "dogs"))
    assert sizes(dataset) == [[24, 12], [10, 5], [6, 3]]
    assert (dataset.side, dataset.in_channels) == (8, 3)
    # Red is the position in the class: no image twice, none lost, order kept.
    reds = [split.images[split.labels == 1, 0, 0, 0].tolist() for split in (dataset.train, dataset.test)]
    assert reds == [[0, 3, 4, 6, 7, 8, 10, 12, 14, 15, 17, 19], [2, 11, 16]]
    assert dataset.validation.images[dataset.validation.labels == 1, 0, 0, 0].tolist() == [1, 5, 9, 13, 18]


def test_all_grey_is_one_channel_and_side_is_free(folders):
    dataset = load(folders({"a": 3, "b": 3}, mode="L"), side=5)
    assert dataset.train.images.shape == (2, 5, 5, 1)
    assert dataset.test.images[:, 0, 0, 0].tolist() == [2, 12]


def test_train_alone_is_shared_out(folders):
    folders({"a": 20, "b": 20}, root="set/train")
    assert sizes(load(folders({}))) == [[12, 12], [5, 5], [3, 3]]


@pytest.mark.parametrize("held_out", ["val", "valid", "validation", "test"])
def test_one_held_out_folder_is_test(folders, held_out):
    folders({"a": 10, "b": 5}, root="set/train")
    folders({"a": 3, "b": 1}, root=f"set/{held_out}")
    dataset = load(folders({}))
    assert sizes(dataset) == [[8, 4], [2, 1], [3, 1]]
    assert dataset.validation.images[:, 0, 0, 0].tolist() == [1, 6, 1]


def test_three_folders_stand_as_they_are(folders):
    for root, count in (("train", 4), ("val", 3), ("test", 2)):
        folders({"a": count, "b": 1}, root=f"set/{root}")
    folders({"c": 1}, root="set/unlabelled")
    assert sizes(load(folders({}))) == [[4, 1], [3, 1], [2, 1]]


def test_a_class_may_be_called_train(folders):
    assert load(folders({"train": 3, "bus": 3})).classes == ("bus", "train")


def test_hidden_foreign_and_nested_files(folders):
    root = folders({"a": 3, "b": 3, ".hidden": 3, "notes": 0})
    (root / "a" / "._000.png").write_bytes(b"")
    (root / "a" / "Thumbs.db").write_bytes(b"")
    (root / "notes" / "read.txt").write_text("no image")
    (root / "stray.png").write_bytes(b"")
    (root / "b" / "deep" / "er").mkdir(parents=True)
    (root / "b" / "000.png").rename(root / "b" / "deep" / "er" / "9.PNG")
    found = listing(root)
    assert found.classes == ("a", "b")
    assert [path.relative_to(root).as_posix() for path in found.paths[3:]] == [
        "b/001.png",
        "b/002.png",
        "b/deep/er/9.PNG",
    ]


@pytest.mark.parametrize("name", ["scan.tif", "photo.HEIC"])
def test_an_image_of_a_format_that_is_not_read_is_named(folders, name):
    root = folders({"a": 3, "b": 3})
    (root / "b" / name).write_bytes(b"")
    with pytest.raises(DataError, match=f"b/{name}: needs to be one of .png, .*; convert such images, or move them away"):
        listing(root)


def test_links_are_followed_but_not_in_rings(folders):
    root = folders({"a": 3, "b": 3})
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "self").symlink_to("self")
    (root / "c").symlink_to(root / "b")
    (root / "ring").symlink_to("ring")
    os.mkfifo(root / "a" / "pipe.png")
    found = listing(root)
    assert found.classes == ("a", "b", "c")
    assert len(set(found.paths)) == len(found.paths)


@pytest.mark.parametrize("target", ["gone.png", "ring.png"])
def test_dangling_links_cannot_be_read(folders, target):
    root = folders({"a": 3, "b": 3})
    (root / "a" / "ring.png").symlink_to(target)
    with pytest.raises(DataError, match=r"1 of 7 images cannot be read: a/ring\.png \((No such file|Too many levels)"):
        load(root)


def test_unreadable_images_are_named_from_the_folder(folders):
    root = folders({"a": 10, "b": 10})
    (root / "b" / "003.png").write_bytes(b"")
    (root / "a" / "001.png").write_bytes((root / "a" / "001.png").read_bytes()[:50])
    with pytest.raises(DataError, match=r"2 of 20 images cannot be read: a/001\.png \(.*\), b/003\.png \(.*\); remove"):
        load(root)


def test_refuses_folders_without_enough_classes(folders, tmp_path):
    with pytest.raises(DataError, match="gone: no such folder"):
        listing(tmp_path / "gone")
    with pytest.raises(DataError, match="no class folders: needs one folder per class"):
        load(folders({"empty": 0}))
    with pytest.raises(DataError, match="needs at least two classes, found 1: 'cats'"):
        load(folders({"cats": 5}))
    with pytest.raises(DataError, match="class 'dogs' has 2 images, too few to fill every split"):
        load(folders({"cats": 5, "dogs": 2}))


def test_refuses_splits_that_do_not_go_together(folders):
    folders({"a": 3, "b": 3}, root="set/train")
    folders({"a": 3, "c": 3}, root="set/test")
    with pytest.raises(DataError, match="train and test must have the same classes; only in train: 'b'; only in test: 'c'"):
        load(folders({}))
    folders({"a": 3}, root="set/val")
    folders({"a": 3}, root="set/valid")
    with pytest.raises(DataError, match="needs one validation folder, found val and valid"):
        load(folders({}))


def test_refuses_held_out_folders_without_train(folders):
    folders({"a": 3}, root="set/val")
    folders({"a": 3}, root="set/test")
    with pytest.raises(DataError, match="has test and val but no train folder"):
        load(folders({}))


def test_refuses_a_folder_that_must_not_be_read(folders, monkeypatch):
    root = folders({"a": 3, "b": 3})

    def refuse(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(DataError, match="set: cannot be read: Permission denied"):
        load(root)


def test_names_with_line_breaks_stay_on_one_line(folders):
    root = folders({"a": 3, "b": 3})
    (root / "a" / "x\ny.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a/x\\ny\.png") as refusal:
        load(root)
    assert "\n" not in str(refusal.value)


@pytest.fixture
def videos(tmp_path):
    """Two classes of twenty videos with three frames each, and an image beside them."""
    for name in ("cat", "dog"):
        for video in range(20):
            folder = tmp_path / name / f"video{video:02}"
            folder.mkdir(parents=True)
            for frame in range(3):
                Image.fromarray(np.full((8, 8), 10 * frame, np.uint8)).save(folder / f"{frame}.png")
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / name / "alone.png")
    return tmp_path


def test_groups_are_sub_folders_and_stay_in_one_split(videos):
    found = listing(videos, grouped=True)
    assert listing(videos).groups is None
    folders = [str(path.parent) if path.parent.name.startswith("video") else str(path) for path in found.paths]
    of_group = {}
    for group, folder, code in zip(found.groups.tolist(), folders, found.codes.tolist(), strict=True):
        of_group.setdefault(group, set()).add((folder, code))
    assert all(len(places) == 1 for places in of_group.values())
    assert len(of_group) == len(set(folders)) == 42  # 20 videos and the lone image of each class
    counts = np.bincount([next(iter(places))[1] for places in of_group.values()])
    assert counts.tolist() == [26, 10, 6]  # 60, 25 and 15 % of the groups, class by class


def test_groups_of_a_split_are_numbered_from_0(videos):
    dataset = load(videos, grouped=True)
    for split in (dataset.train, dataset.validation, dataset.test):
        assert np.array_equal(np.unique(split.groups), np.arange(split.groups.max() + 1))
        assert len(split.groups) == len(split)
    assert load(videos).validation.groups is None


def test_what_has_no_groups_is_refused():
    with pytest.raises(DataError, match="fashion-mnist-10k: images have no groups; they are the sub-folders"):
        load("fashion-mnist-10k", grouped=True)
