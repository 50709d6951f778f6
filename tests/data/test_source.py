"""Sets that are listed and not decoded: the same images, classes and splits as when they are decoded."""

import pickle
import random

import numpy as np
import pytest

from scaling.core.errors import UserError
from scaling.data import DataError, load
from scaling.data.folder import listing
from scaling.data.held_out import HeldOut
from scaling.data.source import folder_source
from scaling.data.strings import Strings


def grown(folders, chance):
    """A tree of class folders at random, in one, two or three splits."""
    root = f"set{chance.randrange(10**9)}"
    for split in chance.choice([[""], ["train"], ["train", "val"], ["train", "test"], ["train", "val", "test"]]):
        counts = {name: chance.randrange(8, 30) for name in ("cat", "dog", "two words", "caf\u00e9")}
        made = folders(counts, root=f"{root}/{split}")
        for path in list(made.glob("dog/00*.png")):
            if chance.random() < 0.5:
                (made / "dog" / "deep").mkdir(exist_ok=True)
                path.rename(made / "dog" / "deep" / path.name)
    return folders({}, root=root)


@pytest.mark.parametrize("seed", range(8))
def test_a_listed_set_is_the_decoded_one_without_pixels(folders, seed, tmp_path):
    folder = grown(folders, random.Random(seed))
    decoded = load(folder)
    listed = load(folder, stored=True, store=tmp_path / "store")
    assert (listed.name, listed.classes, listed.chance) == (decoded.name, decoded.classes, decoded.chance)
    assert (listed.side, listed.in_channels) == (decoded.side, decoded.in_channels)
    for one, other in zip(
        (listed.train, listed.validation, listed.test), (decoded.train, decoded.validation, decoded.test), strict=True
    ):
        assert one.labels.tolist() == other.labels.tolist()
        assert tuple(one.names) == other.names
        assert one.groups is None
    found = listing(folder)
    source = folder_source(found)
    assert source.codes.tolist() == found.codes.tolist()
    assert [source.read(index) for index in range(len(source))] == [path.read_bytes() for path in found.paths]
    assert source.sizes.tolist() == [path.stat().st_size for path in found.paths]


def test_groups_are_those_of_the_decoded_set(folders, tmp_path):
    for name in ("a", "b"):
        folders({f"{name}/{number}": 2 for number in range(8)})
    decoded = load(folders({}), grouped=True)
    listed = load(folders({}), grouped=True, stored=True, store=tmp_path / "store")
    assert listed.validation.groups.tolist() == decoded.validation.groups.tolist()
    assert listed.open(workers=0).test.groups.tolist() == decoded.test.groups.tolist()


def test_the_fingerprint_is_that_of_the_listing(folders, tmp_path):
    folder = folders({"a": 20, "b": 20}, root="set/train")
    folders({"a": 5, "b": 5}, root="set/val")
    folder = folders({})

    def fingerprint(**options):
        return load(folder, stored=True, store=tmp_path / "store", **options).fingerprint

    first = fingerprint()
    assert first.startswith("listing:")
    assert len(first) == 24
    assert first != load(folder).fingerprint
    seen = {first, fingerprint(side=4), fingerprint(minival=4), fingerprint(validation_share=0.5)}
    (folder / "train" / "a" / "000.png").rename(folder / "train" / "a" / "000b.png")
    seen.add(fingerprint())
    with (folder / "train" / "a" / "001.png").open("ab") as file:
        file.write(b"!")
    seen.add(fingerprint())
    assert len(seen) == 6
    moved = folder.rename(tmp_path / "elsewhere")
    assert load(moved, stored=True, store=tmp_path / "store").fingerprint in seen


def test_parts_of_a_source_are_pickled_by_themselves(folders):
    source = folder_source(listing(folders({"a": 300, "b": 300})))
    part = pickle.loads(pickle.dumps(source.at(np.array([599, 0]))))
    assert [list(part.names), part.labels.tolist()] == [["b/299.png", "a/000.png"], [1, 0]]
    assert part.read(0) == source.read(599)
    assert len(pickle.dumps(source.at(np.arange(2)))) < 2000


def test_a_link_that_leads_nowhere_is_listed(folders):
    folder = folders({"a": 3, "b": 3})
    (folder / "a" / "gone.png").symlink_to("nowhere.png")
    source = folder_source(listing(folder))
    assert source.sizes.tolist()[3] == -1
    with pytest.raises(OSError, match="No such file"):
        source.read(3)


def test_strings_are_a_sequence():
    names = ["", "a", "caf\u00e9", "\udcff.png", "line\nbreak"]
    strings = Strings(names)
    assert list(strings) == names
    assert [strings[-1], list(strings[1:3]), len(strings), "a" in strings] == [names[-1], names[1:3], 5, True]
    rows = strings.at(np.array([3, 1, 2])).at(np.array([2, 0]))
    assert list(rows) == list(pickle.loads(pickle.dumps(rows))) == [names[2], names[3]]
    assert rows.block() == Strings([names[2], names[3]]).block() != strings.block()
    assert list(Strings()) == []
    with pytest.raises(IndexError):
        strings[5]


@pytest.mark.parametrize("share", [0.01, 0.1, 1 / 3, 0.5, 0.9])
def test_a_share_is_of_each_class_and_spread_evenly(share):
    labels = np.repeat(np.arange(3), [1000, 100, 10])
    codes = HeldOut(share=share).of_train(labels, None)
    for label, count in enumerate((1000, 100, 10)):
        own = codes[labels == label]
        assert abs(own.sum() - share * count) <= 0.5 + 1e-9
        for half in (own[: count // 2], own[count // 2 :]):
            assert abs(half.sum() - share * count / 2) <= 1


def test_a_minival_has_as_many_images_evenly_over_classes():
    labels = np.repeat(np.arange(4), [50, 50, 3, 50])
    codes = HeldOut(minival=22).of_train(labels, None)
    assert np.bincount(labels, codes).tolist() == [7, 7, 2, 6]  # a class keeps one of its images
    assert np.ptp(np.diff(np.flatnonzero(codes[:50]))) <= 1
    assert codes.sum() == 22
    with pytest.raises(DataError, match="minival = 150 leaves train without images: it has 153 in all"):
        HeldOut(minival=150).of_train(labels, None)
    assert HeldOut(minival=149).of_train(labels, None).sum() == 149


@pytest.mark.parametrize("options", [{"minival": 4}, {"validation_share": 0.1}])
def test_what_is_held_out_of_small_sets_may_be_asked_for(folders, options, tmp_path):
    folders({"a": 20, "b": 20}, root="set/train")
    folders({"a": 5, "b": 5}, root="set/val")
    folder = folders({})
    usual, asked = load(folder), load(folder, **options)
    assert [len(usual.train), len(usual.validation), len(usual.test)] == [32, 8, 10]
    assert [len(asked.train), len(asked.validation), len(asked.test)] == [36, 4, 10]
    assert asked.fingerprint != usual.fingerprint
    assert load(folder, validation_share=None, minival=None).fingerprint == usual.fingerprint
    for flat in ("set/train", "set/val"):
        with pytest.raises(DataError, match=f"{next(iter(options))} is a part of train held out as validation where"):
            load(tmp_path / flat, **options)
    with pytest.raises(DataError, match=r"fashion-mnist-10k: .* is a part of train held out"):
        load("fashion-mnist-10k", **options)
    arrays = {f"{part}_{split}": usual.train.labels for part in "y" for split in ("train", "test")}
    np.savez(tmp_path / "keras.npz", x_train=usual.train.images, x_test=usual.train.images, **arrays)
    assert len(load(tmp_path / "keras.npz", **options).validation) == 4


def test_a_minival_with_nothing_of_a_class_is_refused(folders):
    folders({"a": 20, "b": 20}, root="set/train")
    folders({"a": 5, "b": 5}, root="set/val")
    with pytest.raises(DataError, match="minival = 1 is less than one image for each of 2 classes"):
        load(folders({}), minival=1)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"minival": 0}, "minival must be at least 1 image, got 0"),
        ({"validation_share": 1.0}, "validation_share must be above 0 and below 1, got 1"),
        ({"validation_share": 0.1, "minival": 5}, "take validation_share or minival, not both"),
    ],
)
def test_what_no_set_could_hold_out_is_refused(options, told):
    with pytest.raises(UserError, match=told):
        load("fashion-mnist-10k", **options)
