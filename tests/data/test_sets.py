"""Sets in the files that they are given out in: MNIST's relatives, CIFAR, Keras, MedMNIST."""

import gzip

import numpy as np
import pytest

from scaling.data import DataError, load
from scaling.data.mnist import STEMS


def four(idx_files, form, labels=(0, 1, 2), folder="digits"):
    """The four files under names made by `form`, which takes part, kind and axes; twelve and three images a class."""
    for stem in STEMS:
        part, kind = stem.split("-")[:2]
        own = np.tile(labels, 12 if part == "train" else 3)
        values = own if kind == "labels" else own[:, None, None] * np.ones((1, 4, 4))
        idx_files(values, f"{folder}/{form(part, kind, 1 if kind == 'labels' else 3)}")


@pytest.mark.parametrize(
    "form",
    [
        lambda part, kind, axes: f"{part}-{kind}-idx{axes}-ubyte",
        lambda part, kind, axes: f"{part}-{kind}.idx{axes}-ubyte",
        lambda part, kind, axes: f"emnist-letters-{part.replace('t10k', 'test')}-{kind}-idx{axes}-ubyte.gz",
        lambda part, kind, axes: f"raw/{part}-{kind}-idx{axes}-ubyte",
        lambda part, kind, axes: f"MNIST/raw/{part}-{kind}-idx{axes}-ubyte.gz",
    ],
)
def test_names_of_the_four_files(form, tmp_path, idx_files):
    for place in ("raw", "MNIST/raw"):
        (tmp_path / "digits" / place).mkdir(parents=True, exist_ok=True)
    four(idx_files, form)
    dataset = load(tmp_path / "digits")
    assert dataset.classes == ("0", "1", "2")
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [30, 6, 9]
    for split in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(split.images[:, 0, 0, 0], split.labels)


@pytest.mark.parametrize("labels", [(1, 2, 3), (3, 7), tuple(range(1, 27)), (0, 5)])
def test_classes_are_the_labels_that_occur(labels, tmp_path, idx_files):
    four(idx_files, lambda part, kind, axes: f"{part}-{kind}-idx{axes}-ubyte", labels)
    dataset = load(tmp_path / "digits")
    assert dataset.classes == tuple(map(str, labels))
    for split in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(split.images[:, 0, 0, 0], np.array(labels)[split.labels])


def test_several_sets_in_one_folder_are_refused(tmp_path, idx_files):
    for name in ("emnist-digits", "emnist-letters"):
        four(idx_files, lambda part, kind, axes, name=name: f"{name}-{part}-{kind}-idx{axes}-ubyte")
    with pytest.raises(DataError, match="holds several sets, emnist-digits, emnist-letters; move the four files of one"):
        load(tmp_path / "digits")


@pytest.fixture
def cifar(tmp_path):
    """Writes CIFAR's binary files: image k of a file is all k in red, k + 1 in green, k + 2 in blue."""

    def write(names, before, classes, count=24):
        for name in names:
            labels = np.arange(count) % classes
            pixels = (labels[:, None, None] + np.arange(3)[:, None]) * np.ones((1, 1, 1024))
            head = np.stack([np.full(count, 9)] * (before - 1) + [labels], axis=1)
            (tmp_path / name).write_bytes(np.concatenate([head, pixels.reshape(count, -1)], axis=1).astype(np.uint8).tobytes())
        return tmp_path

    return write


TEN = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")


def test_cifar_10(cifar):
    folder = cifar(TEN, 1, 3)
    (folder / "batches.meta.txt").write_text("airplane\nautomobile\nbird\n\n")
    dataset = load(folder)
    assert (dataset.name, dataset.classes) == ("cifar-10", ("airplane", "automobile", "bird"))
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [102, 18, 24]
    assert dataset.test.images.shape == (24, 32, 32, 3)
    for split in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(split.images[:, 5, 7], split.labels[:, None] + np.arange(3))
    assert load(folder, side=8).side == 8


def test_cifar_100_by_its_fine_labels(cifar):
    dataset = load(cifar(("train.bin", "test.bin"), 2, 4))
    assert (dataset.name, dataset.classes) == ("cifar-100", ("0", "1", "2", "3"))
    assert dataset.train.images[0, 0, 0].tolist() == [0, 1, 2]


def test_cifar_refuses_what_is_missing_or_cut_off(cifar):
    folder = cifar(TEN, 1, 3)
    (folder / "data_batch_2.bin").write_bytes(b"x" * 5000)
    with pytest.raises(
        DataError, match=r"data_batch_2\.bin: must hold records of 3,073 bytes, got 5,000 bytes; fetch it again"
    ):
        load(folder)
    (folder / "data_batch_2.bin").unlink()
    with pytest.raises(DataError, match=r"data_batch_2\.bin missing; all files of cifar-10 are needed"):
        load(folder)


def arrays(labels, shape, rank):
    images = (np.array(labels).reshape(-1, *[1] * len(shape)) * np.ones((1, *shape))).astype(np.uint8)
    return images, np.array(labels).reshape(-1, *[1] * (rank - 1))


def test_keras_arrays(tmp_path):
    (x_train, y_train), (x_test, y_test) = arrays([0, 1] * 12, (6, 6), 1), arrays([0, 1] * 3, (6, 6), 1)
    np.savez(tmp_path / "mnist.npz", x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    dataset = load(tmp_path / "mnist.npz")
    assert (dataset.name, dataset.classes, dataset.in_channels) == ("mnist", ("0", "1"), 1)
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [20, 4, 6]
    np.testing.assert_array_equal(dataset.validation.images[:, 0, 0, 0], dataset.validation.labels)


def test_medmnist_arrays(tmp_path):
    parts = {"train": [1, 2] * 6, "val": [1, 2], "test": [2, 1, 1]}
    stored = {}
    for name, labels in parts.items():
        stored[f"{name}_images"], stored[f"{name}_labels"] = arrays(labels, (5, 5, 3), 2)
    np.savez_compressed(tmp_path / "bloodmnist.npz", **stored)
    dataset = load(tmp_path / "bloodmnist.npz", side=10)
    assert (dataset.classes, dataset.in_channels, dataset.side) == (("1", "2"), 3, 10)
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [12, 2, 3]
    assert dataset.test.labels.tolist() == [1, 0, 0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x_train": np.zeros((24, 6, 6), np.float32)}, r"x_train must be uint8 from 0 to 255, got float32; convert it"),
        ({"x_train": np.zeros((24, 6, 7), np.uint8)}, r"x_train must be square images, .*, got \(24, 6, 7\)"),
        ({"x_train": np.zeros((24, 6, 6, 6), np.uint8)}, r"x_train must be square images, .*, got \(24, 6, 6, 6\)"),
        ({"y_train": np.zeros((24, 14), np.int64)}, r"y_train must be one whole number for each of 24 images, .*\(24, 14\)"),
        ({"y_train": np.array([0, 2**63] * 12, np.uint64)}, r"y_train must be from 0 to 2\^31, got 0 to 9223372036854775808"),
        ({"y_train": np.array([0, 1] * 12, "m8[s]")}, "y_train must be one whole number for each of 24 images"),
        ({"x_test": np.zeros((6, 4, 4), np.uint8)}, r"images must all have one shape, got \(6, 6, 1\), \(4, 4, 1\)"),
        ({"y_train": np.array([{}] * 24)}, "damaged, or pickled, which is never loaded"),
    ],
)
def test_arrays_that_are_no_such_set_are_refused(change, told, tmp_path):
    (x_train, y_train), (x_test, y_test) = arrays([0, 1] * 12, (6, 6), 1), arrays([0, 1] * 3, (6, 6), 1)
    stored = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test, **change}
    np.savez(tmp_path / "set.npz", **stored)
    with pytest.raises(DataError, match=told):
        load(tmp_path / "set.npz")


def test_a_packed_gzip_takes_the_place_of_the_plain_file(tmp_path, idx_files):
    four(idx_files, lambda part, kind, axes: f"{part}-{kind}-idx{axes}-ubyte")
    before = load(tmp_path / "digits").fingerprint
    for path in list((tmp_path / "digits").iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.write_bytes(b"damaged")
    assert load(tmp_path / "digits").fingerprint == before


def test_one_part_under_two_names_is_refused(tmp_path, idx_files):
    four(idx_files, lambda part, kind, axes: f"{part}-{kind}-idx{axes}-ubyte")
    idx_files(np.zeros((3, 4, 4)), "digits/test-images-idx3-ubyte")
    with pytest.raises(DataError, match="holds t10k-images-idx3-ubyte and test-images-idx3-ubyte; remove one of them"):
        load(tmp_path / "digits")


def test_an_npz_file_in_capitals(tmp_path):
    (x_train, y_train), (x_test, y_test) = arrays([0, 1] * 12, (6, 6), 1), arrays([0, 1] * 3, (6, 6), 1)
    with (tmp_path / "X.NPZ").open("wb") as stream:
        np.savez(stream, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    assert load(tmp_path / "X.NPZ").num_classes == 2
