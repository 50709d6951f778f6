import gzip
import shutil

import numpy as np
import pytest

from scaling.data import DataError, fashion, load
from scaling.data.idx import read
from scaling.data.mnist import FASHION_CLASSES, SHIPPED_FASHION, STEMS, idx_sets
from scaling.data.splits import by_count


def test_shipped_set_golden():
    dataset = load("fashion-mnist-10k")
    assert dataset.fingerprint == "8a3f72fc2de2d34d"
    assert dataset.name == "fashion-mnist-10k"
    assert (dataset.side, dataset.in_channels, dataset.num_classes) == (28, 1, 10)
    for split, count in ((dataset.train, 600), (dataset.validation, 250), (dataset.test, 150)):
        assert np.bincount(split.labels).tolist() == [count] * 10
    assert dataset.train.labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert dataset.classes[9] == "Ankle boot"


def test_shipped_split_is_the_file_parted_in_order():
    images = read(SHIPPED_FASHION / "t10k-images-idx3-ubyte.gz")[..., None]
    labels = read(SHIPPED_FASHION / "t10k-labels-idx1-ubyte.gz")
    codes, dataset = by_count(labels, 600, 250), load("fashion-mnist-10k")
    for code, split in enumerate((dataset.train, dataset.validation, dataset.test)):
        np.testing.assert_array_equal(split.images, images[codes == code])


def test_no_image_in_two_splits():
    dataset = load("fashion-mnist-10k")
    seen = [{image.tobytes() for image in split.images} for split in (dataset.train, dataset.validation, dataset.test)]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 10_000


def test_shipped_at_another_side():
    dataset = load("fashion-mnist-10k", side=20)
    assert dataset.train.images.shape == (6000, 20, 20, 1)
    assert dataset.fingerprint == "6ae7a57f1786ca8e"
    assert load("fashion-mnist-10k", side=28).fingerprint == "8a3f72fc2de2d34d"


def test_licence_and_reading_are_shipped():
    assert "Copyright (c) 2017 Zalando SE" in (SHIPPED_FASHION / "LICENSE").read_text()
    assert "Not comparable" in (SHIPPED_FASHION / "README.md").read_text()


@pytest.fixture
def four_files(tmp_path, idx_files):
    """A folder with the published test files and twelve train images of each class."""
    folder = tmp_path / "fashion-mnist"
    labels = np.arange(120) % 10
    idx_files(labels[:, None, None] * np.ones((1, 28, 28)), f"fashion-mnist/{STEMS[0]}")
    idx_files(labels, f"fashion-mnist/{STEMS[1]}.gz")
    for stem in STEMS[2:]:
        shutil.copy(SHIPPED_FASHION / f"{stem}.gz", folder)
    return folder


def test_whole_set_from_a_folder_and_by_name(four_files, monkeypatch):
    dataset = load(four_files)
    assert (dataset.name, dataset.classes) == ("fashion-mnist", FASHION_CLASSES)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (100, 20, 10_000)
    assert dataset.validation.labels.tolist() == [*range(10), *range(10)]
    monkeypatch.setenv("SCALING_DATA", str(four_files.parent))
    assert load("fashion-mnist").fingerprint == dataset.fingerprint


def test_published_set_where_it_is_installed():
    if not any(map(idx_sets, fashion._places())):
        pytest.skip("fashion-mnist is not installed")
    dataset = load("fashion-mnist")
    assert dataset.fingerprint == "c654f21cc045c37a"
    for split, count in ((dataset.train, 5000), (dataset.validation, 1000), (dataset.test, 1000)):
        assert np.bincount(split.labels).tolist() == [count] * 10


def test_another_set_in_the_same_form(tmp_path, idx_files):
    for stem, count in zip(STEMS, (36, 36, 6, 6), strict=True):
        idx_files(np.arange(count) % 3 if "labels" in stem else np.zeros((count, 5, 5)), f"digits/{stem}")
    dataset = load(str(tmp_path / "digits"))
    assert (dataset.name, dataset.classes, dataset.side) == ("digits", ("0", "1", "2"), 5)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (30, 6, 6)
    assert load(tmp_path / "digits", side=8).side == 8


def test_refuses_another_set_under_its_name(tmp_path, idx_files, monkeypatch):
    for stem, count in zip(STEMS, (36, 36, 6, 6), strict=True):
        idx_files(np.arange(count) % 3 if "labels" in stem else np.zeros((count, 5, 5)), f"fashion-mnist/{stem}")
    monkeypatch.setenv("SCALING_DATA", str(tmp_path))
    with pytest.raises(DataError, match="these four files are not Fashion-MNIST"):
        load("fashion-mnist")


def test_not_installed_says_where_it_looked_and_what_to_get(tmp_path, monkeypatch):
    monkeypatch.setenv("SCALING_DATA", "/nowhere")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fashion, "_DEBIAN", tmp_path / "debian")
    with pytest.raises(DataError, match=r"/nowhere/fashion-mnist, data/fashion-mnist, .*debian; .*dataset-fashion-mnist"):
        load("fashion-mnist")


def test_refuses_damaged_folders(four_files, idx_files):
    images, labels = four_files / STEMS[0], four_files / f"{STEMS[1]}.gz"
    whole = labels.read_bytes()
    labels.unlink()
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte missing, each plain or with \.gz"):
        load(four_files)
    labels.write_bytes(whole[:-12])
    with pytest.raises(DataError, match=r"train-labels-idx1-ubyte\.gz: cannot be unpacked"):
        load(four_files)
    labels.write_bytes(gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 2, 1, 2])))
    with pytest.raises(DataError, match="must hold 120 labels, one per image"):
        load(four_files)
    labels.write_bytes(whole)
    idx_files(np.zeros((120, 28)), images.relative_to(four_files.parent))
    with pytest.raises(DataError, match=r"must hold square images, \(n, side, side\), got \(120, 28\)"):
        load(four_files)
    idx_files(np.zeros((120, 20, 20)), images.relative_to(four_files.parent))
    with pytest.raises(DataError, match=r"differ in size, \(20, 20\) and \(28, 28\)"):
        load(four_files)
