"""Which folders are classes and which are splits: layouts that people have, each with what is right."""

import os
import unicodedata

import numpy as np
import pytest

from scaling.data import DataError, load
from scaling.data.layout import role


def sizes(dataset):
    return [np.bincount(split.labels).tolist() for split in (dataset.train, dataset.validation, dataset.test)]


@pytest.fixture
def made(folders):
    """A folder of images: a dictionary from a path of folders to a number of images."""

    def make(layout):
        for path, count in layout.items():
            root, _, name = f"set/{path}".rpartition("/")
            folders({name: count}, root=root)
        return folders({})

    return make


@pytest.mark.parametrize(
    ("train", "held_out"),
    [
        ("Training", "Testing"),
        ("Train", "Test"),
        ("TRAIN", "testing"),
        ("training_set", "test_set"),
        ("train", "eval"),
        ("train", "dev"),
        ("train images", "Val"),
        ("train-data", "evaluation"),
    ],
)
def test_names_of_split_folders_are_splits(made, train, held_out):
    dataset = load(made({f"{train}/a": 10, f"{train}/b": 5, f"{held_out}/a": 3, f"{held_out}/b": 1}))
    assert dataset.classes == ("a", "b")
    assert sizes(dataset) == [[8, 4], [2, 1], [3, 1]]


def test_three_splits_under_other_names(made):
    dataset = load(made({f"{name}/{one}": 2 for name in ("Training", "Dev", "Testing") for one in "ab"}))
    assert sizes(dataset) == [[2, 2]] * 3


@pytest.mark.parametrize("name", ["trainer", "contest", "tests", "value", "train2", "detest", "a", ""])
def test_other_names_are_none(name):
    assert role(name) is None


def test_folders_that_are_one_split_twice_are_refused(made):
    with pytest.raises(DataError, match="needs one train folder, found Train and training; remove or rename one"):
        load(made({f"{name}/{one}": 3 for name in ("Train", "training") for one in "ab"}))
    with pytest.raises(DataError, match="needs one train folder"):
        load(made({}))


def test_same_sub_folders_everywhere_are_refused_with_both_ways_out(made):
    root = made({f"{name}/{one}": 5 for name in ("seg_one", "seg_two") for one in "abc"})
    told = r"'seg_one', 'seg_two' all hold the same sub-folders 'a', 'b', 'c'; if .* are the classes, say --classes top; "
    with pytest.raises(DataError, match=told + "if they are splits, call them train, val and test"):
        load(root)
    assert load(root, top_classes=True).classes == ("seg_one", "seg_two")
    assert load(root, grouped=True).classes == ("seg_one", "seg_two")  # then they are groups of a class


def test_splits_inside_classes_are_refused(made):
    with pytest.raises(DataError, match="'cat', 'dog' all hold the same sub-folders 'test', 'train'"):
        load(made({f"{name}/{split}": 5 for name in ("cat", "dog") for split in ("train", "test")}))


def test_one_sub_folder_in_each_class_is_a_habit_not_a_split(made):
    assert load(made({"cat/images": 5, "dog/images": 5})).classes == ("cat", "dog")


def test_sub_folders_that_differ_are_parts_of_a_class(made):
    assert load(made({"cat/kitten": 5, "cat/old": 5, "dog/puppy": 5, "dog/old": 5})).classes == ("cat", "dog")


def test_a_wrapping_folder_is_named(made):
    with pytest.raises(
        DataError, match=r"needs at least two classes, found 1: 'images'; it holds 'a', 'b': did you mean .*set/images"
    ):
        load(made({"images/a": 3, "images/b": 3}))


def test_classes_beside_a_held_out_folder_with_the_same_again(made):
    root = made({"a": 5, "b": 5, "test/a": 3, "test/b": 3})
    with pytest.raises(DataError, match=r"test holds the classes a, b again, which lie beside it; move those .* called train"):
        load(root)
    assert load(root, top_classes=True).classes == ("a", "b", "test")


def test_flat_train_and_test_are_no_classes(made):
    root = made({"train": 10, "test": 10})
    with pytest.raises(DataError, match="test and train hold images and no class folders: labels in a table or in file names"):
        load(root)
    assert load(root, top_classes=True).classes == ("test", "train")


def test_images_without_folders(made):
    root = made({"a": 3, "b": 3}) / "a"
    with pytest.raises(DataError, match="3 images and no class folders: labels in a table or in file names are not read"):
        load(root)


@pytest.mark.parametrize("flat", ["test", "test/unknown", "Testing/images"])
def test_unlabelled_test_images_are_left_alone_and_said(made, flat):
    dataset = load(made({"train/a": 20, "train/b": 20, flat: 7}))
    assert sizes(dataset) == [[12, 12], [5, 5], [3, 3]]
    assert dataset.notes == (f"Left alone: {flat.partition('/')[0]}/ holds images without labels.",)


def test_unlabelled_test_images_beside_labelled_validation(made):
    dataset = load(made({"train/a": 5, "train/b": 5, "val/a": 2, "val/b": 2, "test": 7, "extra/z": 1}))
    assert sizes(dataset) == [[4, 4], [1, 1], [2, 2]]
    assert dataset.notes == ("Left alone: test/ holds images without labels; extra/ is no split.",)


def test_accents_stored_in_two_ways_are_one_class(made):
    composed, marked = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
    dataset = load(made({f"train/{composed}": 5, "train/tea": 5, f"val/{marked}": 2, "val/tea": 2}))
    assert dataset.classes == (composed, "tea")
    assert sizes(dataset) == [[4, 4], [1, 1], [2, 2]]
    with pytest.raises(DataError, match="2 folders are called 'caf\u00e9', their accents stored in two ways; join them"):
        load(made({f"train/{marked}": 1}))


def test_files_that_are_no_images_are_counted_by_ending(made):
    root = made({"a": 3, "b": 3})
    for name in ("a/1.txt", "a/2.txt", "b/deep/3.json", "labels.csv", "b/none", "a/Thumbs.db", "a/.hidden", "b/desktop.ini"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("")
    assert load(root).notes == ("Files passed over because they are no images: 2 .txt, 1 without an ending, 1 .csv, 1 .json.",)


def test_no_file_of_a_split_is_passed_over_in_silence(made):
    root = made({"train/a": 3, "train/b": 3})
    (root / "train" / "list.csv").write_text("")
    (root / "README.md").write_text("")
    assert load(root).notes == ("Files passed over because they are no images: 1 .csv, 1 .md.",)


def test_images_in_no_class_folder_are_counted(made):
    root = made({"train/a": 3, "train/b": 3})
    for name in ("stray.png", "train/stray.JPG"):
        (root / name).write_bytes(b"")
    assert load(root).notes == ("Images in no class folder, passed over: 2.",)


def test_many_endings_are_summed_up(made):
    root = made({"a": 3, "b": 3})
    for number in range(9):
        (root / "a" / f"x.e{number}").write_text("")
    assert load(root).notes[0].endswith("1 .e4, 1 .e5, 3 others.")


@pytest.mark.parametrize("name", ["@eaDir", "#recycle", "__MACOSX", "lost+found", "$RECYCLE.BIN", ".ipynb_checkpoints"])
def test_folders_of_the_system_hold_no_images(made, name):
    dataset = load(made({"a": 5, f"a/{name}": 5, f"a/{name}/x.png": 5, "b": 5, name: 9}))
    assert dataset.classes == ("a", "b")
    assert sum(map(sum, sizes(dataset))) == 10


@pytest.mark.parametrize("ending", ["jfif", "jpe", "jpeg", "JFIF"])
def test_other_names_of_jpeg_are_read(made, ending):
    root = made({"a": 5, "b": 5})
    for path in list(root.glob("*/*.png")):
        path.rename(path.with_suffix(f".{ending}"))  # the content says what it is
    assert sizes(load(root)) == [[3, 3], [1, 1], [1, 1]]


@pytest.mark.parametrize("ending", ["tif", "avifs", "heics", "jxl", "pbm", "nef", "CR2", "dcm", "svg", "psd"])
def test_images_of_other_formats_are_refused_by_name(made, ending):
    root = made({"a": 5, "b": 5})
    (root / "b" / f"x.{ending}").write_bytes(b"")
    with pytest.raises(
        DataError, match=rf"b/x\.{ending}: needs to be one of \.png, .*; convert such images, or move them away"
    ):
        load(root)


def test_unreadable_images_may_be_passed_over_as_if_they_were_not_there(made):
    root = made({"a": 20, "b": 20})
    for name in ("a/003.png", "b/000.png"):
        (root / name).write_bytes(b"")
    found = load(root, skip_unreadable=True)
    assert found.unreadable == tuple(f"{name}: not a PNG, JPEG, WebP, BMP or GIF file" for name in ("a/003.png", "b/000.png"))
    assert found.notes == (f"2 of 40 images cannot be read and were passed over, the first: {found.unreadable[0]}.",)
    for name in ("a/003.png", "b/000.png"):
        (root / name).unlink()
    assert load(root).fingerprint == found.fingerprint
    assert load(root).train.names == found.train.names


def test_groups_keep_the_folder_of_a_class_that_is_called_as_its_split(made):
    root = made({f"train/{name}/{group}": 2 for name in ("train", "other") for group in "abcdefghij"})
    dataset = load(root, grouped=True)
    assert len(set(dataset.train.groups.tolist())) == 12


def test_a_link_back_up_makes_no_image_of_another_class_one_of_this(made):
    root = made({"cat": 5, "dog": 5})
    (root / "cat" / "all").symlink_to("..")
    (root / "cat" / "everything").symlink_to(root.parent)
    assert sizes(load(root)) == [[3, 3], [1, 1], [1, 1]]


def test_links_that_lead_nowhere_and_pipes_are_counted(made):
    root = made({"cat": 5, "dog": 5})
    (root / "bird").symlink_to("/no/where")
    (root / "cat" / "more").symlink_to("/no/where")
    os.mkfifo(root / "cat" / "pipe.png")
    assert load(root).notes == ("Links that lead nowhere, pipes and the like, passed over: 3.",)


def test_files_beside_and_within_folders_without_images_are_counted(made):
    root = made({"train/a": 5, "train/b": 5, "val/a": 0, "notes": 0})
    for name in ("val/a/q.txt", "val/list.csv", "notes/x.md"):
        (root / name).write_text("")
    assert load(root).notes == ("Files passed over because they are no images: 1 .csv, 1 .md, 1 .txt.",)


@pytest.mark.parametrize("place", [".", "train"])
def test_an_image_of_another_format_outside_of_the_classes_is_refused_too(made, place):
    root = made({"train/a": 5, "train/b": 5})
    (root / place / "x.tif").write_bytes(b"")
    with pytest.raises(DataError, match=r"x\.tif: needs to be one of \.png, .*; convert such images, or move them away"):
        load(root)


def test_a_class_in_other_capitals_is_no_folder_for_all(made):
    with pytest.raises(
        DataError, match="train and test must have the same classes; only in train: 'a', 'b'; only in test: 'A'"
    ):
        load(made({"train/a": 5, "train/b": 5, "test/A": 3}))


def test_a_folder_that_may_be_listed_and_not_entered(made, monkeypatch):
    root, stat = made({"a": 5, "b": 5, "c/d": 5}), os.stat

    def refuse(path, *words, **options):
        if os.fspath(path).endswith("c/d"):
            raise PermissionError(13, "Permission denied")
        return stat(path, *words, **options)

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(DataError, match="c/d: cannot be read: Permission denied"):
        load(root)


def test_lists_of_names_called_as_splits_are_no_pickles(made):
    root = made({"a": 5, "b": 5})
    for name in ("train", "test"):
        (root / name).write_text("a/000.png\n")
    assert load(root).notes == ("Files passed over because they are no images: 2 without an ending.",)
