"""CIFAR's pickles, as Python 2 wrote them: read without being run, and refused where anything would run."""

import os
import pickle

import numpy as np
import pytest

from scaling.data import DataError, load
from scaling.data.pickled import read_pickle


class Text(str):
    """Becomes a string of Python 2 in the pickle."""


class Pickler(pickle._Pickler):
    """Writes what Python 2 with NumPy 1 wrote: byte strings, and arrays by numpy.core.multiarray."""

    def save_text(self, found):
        content = found.encode("latin1")
        if len(content) < 256:
            self.write(pickle.SHORT_BINSTRING + bytes([len(content)]) + content)
        else:
            self.write(pickle.BINSTRING + len(content).to_bytes(4, "little") + content)
        self.memoize(found)

    def save_array(self, array):
        write, save = self.write, self.save
        write(pickle.GLOBAL + b"numpy.core.multiarray\n_reconstruct\n" + pickle.MARK + pickle.GLOBAL + b"numpy\nndarray\n")
        save((0,))
        save(Text("b"))
        write(pickle.TUPLE + pickle.REDUCE + pickle.MARK + pickle.BININT1 + b"\x01")
        save(tuple(array.shape))
        write(pickle.GLOBAL + b"numpy\ndtype\n")
        save((Text("u1"), 0, 1))
        write(pickle.REDUCE)
        save((3, Text("|"), None, None, None, -1, -1, 0))
        write(pickle.BUILD + pickle.NEWFALSE)
        save(Text(array.tobytes().decode("latin1")))
        write(pickle.TUPLE + pickle.BUILD)

    dispatch = {**pickle._Pickler.dispatch, Text: save_text, np.ndarray: save_array}  # noqa: RUF012


def dump(path, found):
    with path.open("wb") as stream:
        Pickler(stream, 2).dump(found)


def batch(labels, key="labels"):
    """Image k is all k in red, k + 1 in green, k + 2 in blue."""
    labels = np.asarray(labels)
    rows = ((labels[:, None] + np.arange(3))[:, :, None] * np.ones((1, 1, 1024))).reshape(len(labels), -1).astype(np.uint8)
    return {Text("data"): rows, Text(key): labels.tolist(), Text("batch_label"): Text("one")}


@pytest.fixture
def ten(tmp_path):
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        dump(tmp_path / name, batch([0, 1, 2] * 8))
    dump(tmp_path / "batches.meta", {Text("label_names"): [Text("airplane"), Text("automobile"), Text("bird")]})
    (tmp_path / "readme.html").write_text("")
    return tmp_path


def test_cifar_10(ten):
    dataset = load(ten)
    assert (dataset.name, dataset.classes) == ("cifar-10", ("airplane", "automobile", "bird"))
    assert [len(split) for split in (dataset.train, dataset.validation, dataset.test)] == [102, 18, 24]
    for split in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(split.images[:, 5, 7], split.labels[:, None] + np.arange(3))


def test_cifar_100(tmp_path):
    for name in ("train", "test"):
        dump(tmp_path / name, batch([0, 3, 1, 2] * 6, "fine_labels"))
    dataset = load(tmp_path)
    assert (dataset.name, dataset.classes) == ("cifar-100", ("0", "1", "2", "3"))
    assert dataset.test.labels[:4].tolist() == [0, 3, 1, 2]


def test_what_python_3_writes_is_read_too(tmp_path):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4)
    (tmp_path / "x").write_bytes(pickle.dumps({b"data": array, "labels": [1, 2, 3]}, 2))
    found = read_pickle(tmp_path / "x")
    np.testing.assert_array_equal(found[b"data"], array)
    assert found["labels"] == [1, 2, 3]


class Harm:
    def __init__(self, words):
        self.words = words

    def __reduce__(self):
        return os.system, (self.words,)


def test_nothing_is_run(ten):
    made = ten / "made"
    (ten / "data_batch_3").write_bytes(pickle.dumps({"data": Harm(f"touch {made}")}, 2))
    with pytest.raises(DataError, match=r"data_batch_3: would run posix\.system, which is not loaded: only arrays are"):
        load(ten)
    assert not made.exists()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "its pickle is damaged or cut short; fetch the file again"),
        (b"no pickle", "its pickle is damaged or cut short"),
        (pickle.dumps([1, 2], 2), r"must hold 'data', uint8 \(n, 3072\); it is none of cifar-10's files"),
        (pickle.dumps({"data": np.zeros((2, 5), np.uint8)}, 2), "must hold 'data', uint8"),
        (pickle.dumps({"data": np.zeros((2, 3072))}, 2), "an array that is not whole, or not of uint8"),
        (pickle.dumps({"data": np.zeros((2, 3072), np.uint8), "labels": [1]}, 2), "a whole number for each of 2 images"),
        (b"\x80\x04}\x94X\x01\0\0\0ah\0s.", "must hold 'data'"),
        (b"\x80\x02" + b"}X\x01\0\0\0a" * 3000 + b"}" + b"s" * 3000 + b".", "must hold 'data'"),
        (pickle.dumps({"data": np.zeros((1, 3072), np.uint8), "labels": [10**30]}, 2), "a whole number for each of 1 images"),
    ],
)
def test_other_pickles_are_refused(ten, content, told):
    (ten / "data_batch_2").write_bytes(content)
    with pytest.raises(DataError, match=rf"data_batch_2: {told}|data_batch_2: .*{told}"):
        load(ten)


def test_a_text_that_is_used_a_million_times_does_not_fill_the_memory(ten):
    call = b"h\x01h\x00X\x06\0\0\0latin1\x86R"
    head = b"\x80\x02X" + (2**20).to_bytes(4, "little") + b"x" * 2**20 + b"q\x00c_codecs\nencode\nq\x01"
    (ten / "data_batch_1").write_bytes(head + 1000 * call + b"N.")
    with pytest.raises(DataError, match="data_batch_1: its pickle holds far more bytes than the file"):
        load(ten)
