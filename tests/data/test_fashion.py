import gzip
import shutil

import numpy as np
import pytest

from scaling.data import DataError, fashion, load
from scaling.data.idx import read
from scaling.data.splits import by_count

STEMS = fashion.STEMS


def test_shipped_set_golden():
    pictures = load("fashion-mnist-10k")
    assert pictures.fingerprint == "8a3f72fc2de2d34d"
    assert pictures.name == "fashion-mnist-10k"
    assert (pictures.side, pictures.in_channels, pictures.num_classes) == (28, 1, 10)
    for split, count in ((pictures.train, 600), (pictures.validation, 250), (pictures.test, 150)):
        assert np.bincount(split.labels).tolist() == [count] * 10
    assert pictures.train.labels[:10].tolist() == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]
    assert pictures.classes[9] == "Ankle boot"


def test_shipped_split_is_the_file_parted_in_order():
    images = read(fashion.SHIPPED / "t10k-images-idx3-ubyte.gz")[..., None]
    labels = read(fashion.SHIPPED / "t10k-labels-idx1-ubyte.gz")
    codes, pictures = by_count(labels, 600, 250), load("fashion-mnist-10k")
    for code, split in enumerate((pictures.train, pictures.validation, pictures.test)):
        np.testing.assert_array_equal(split.images, images[codes == code])


def test_no_picture_in_two_splits():
    pictures = load("fashion-mnist-10k")
    seen = [{image.tobytes() for image in split.images} for split in (pictures.train, pictures.validation, pictures.test)]
    assert len(set.union(*seen)) == sum(map(len, seen)) == 10_000


def test_shipped_at_another_side():
    pictures = load("fashion-mnist-10k", side=20)
    assert pictures.train.images.shape == (6000, 20, 20, 1)
    assert pictures.fingerprint == "6ae7a57f1786ca8e"
    assert load("fashion-mnist-10k", side=28).fingerprint == "8a3f72fc2de2d34d"


def test_licence_and_reading_are_shipped():
    assert "Copyright (c) 2017 Zalando SE" in (fashion.SHIPPED / "LICENSE").read_text()
    assert "Not comparable" in (fashion.SHIPPED / "README.md").read_text()


@pytest.fixture
def four_files(tmp_path, idx_files):
    """A folder with the published test files and twelve train pictures of each class."""
    folder = tmp_path / "fashion-mnist"
    labels = np.arange(120) % 10
    idx_files(labels[:, None, None] * np.ones((1, 28, 28)), f"fashion-mnist/{STEMS[0]}")
    idx_files(labels, f"fashion-mnist/{STEMS[1]}.gz")
    for stem in STEMS[2:]:
        shutil.copy(fashion.SHIPPED / f"{stem}.gz", folder)
    return folder


def test_whole_set_from_a_folder_and_by_name(four_files, monkeypatch):
    pictures = load(four_files)
    assert (pictures.name, pictures.classes) == ("fashion-mnist", fashion.CLASSES)
    assert (len(pictures.train), len(pictures.validation), len(pictures.test)) == (100, 20, 10_000)
    assert pictures.validation.labels.tolist() == [*range(10), *range(10)]
    monkeypatch.setenv("SCALING_DATA", str(four_files.parent))
    assert load("fashion-mnist").fingerprint == pictures.fingerprint


def test_published_set_where_it_is_installed():
    if not any(not fashion.missing(place) for place in fashion._places()):
        pytest.skip("fashion-mnist is not installed")
    pictures = load("fashion-mnist")
    assert pictures.fingerprint == "c654f21cc045c37a"
    for split, count in ((pictures.train, 5000), (pictures.validation, 1000), (pictures.test, 1000)):
        assert np.bincount(split.labels).tolist() == [count] * 10


def test_another_set_in_the_same_form(tmp_path, idx_files):
    for stem, count in zip(STEMS, (36, 36, 6, 6), strict=True):
        idx_files(np.arange(count) % 3 if "labels" in stem else np.zeros((count, 5, 5)), f"digits/{stem}")
    pictures = load(str(tmp_path / "digits"))
    assert (pictures.name, pictures.classes, pictures.side) == ("digits", ("0", "1", "2"), 5)
    assert (len(pictures.train), len(pictures.validation), len(pictures.test)) == (30, 6, 6)
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
    with pytest.raises(DataError, match="must hold 120 labels, one per picture"):
        load(four_files)
    labels.write_bytes(whole)
    idx_files(np.zeros((120, 28)), images.relative_to(four_files.parent))
    with pytest.raises(DataError, match=r"must hold square pictures, \(n, side, side\), got \(120, 28\)"):
        load(four_files)
    idx_files(np.zeros((120, 20, 20)), images.relative_to(four_files.parent))
    with pytest.raises(DataError, match=r"differ in size, \(20, 20\) and \(28, 28\)"):
        load(four_files)
