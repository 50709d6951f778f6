import numpy as np
import pytest

from scaling.data import DataError, load, pack


@pytest.fixture
def packed(folders, tmp_path):
    """A packed file of two classes, and its arrays."""
    file = pack(folders({"a": 20, "b": 6}), tmp_path / "toy.npz")
    with np.load(file) as content:
        return file, dict(content)


def test_round_trip(folders, tmp_path):
    for root in ("set", "parted/train", "parted/val", "parted/test"):
        folders({"a": 5, "b": 4}, root=root)
    for root in ("set", "parted"):
        file = pack(str(tmp_path / root), str(tmp_path / f"{root}.npz"))
        assert load(file).fingerprint == load(tmp_path / root).fingerprint
        assert load(file, side=5).fingerprint == load(tmp_path / root, side=5).fingerprint
        assert load(file).name == root
    assert sorted(path.name for path in tmp_path.iterdir()) == ["parted", "parted.npz", "set", "set.npz"]


def test_what_is_written(packed, tmp_path):
    _, arrays = packed
    assert {key: (array.dtype.kind, array.shape[1:]) for key, array in arrays.items()} == {
        "data": ("u", ()), "offsets": ("i", ()), "labels": ("i", ()), "split": ("u", ()), "names": ("U", ())
    }  # fmt: skip
    first = arrays["data"][: arrays["offsets"][1]].tobytes()
    assert first == (tmp_path / "set" / "a" / "000.png").read_bytes()
    assert np.bincount(arrays["split"]).tolist() == [15, 7, 4]


def test_one_held_out_split_is_test(packed):
    file, arrays = packed
    np.savez(file, **arrays | {"split": np.minimum(arrays["split"], 1)})
    dataset = load(file)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (11, 4, 11)


def test_no_held_out_split_is_shared_out(packed):
    file, arrays = packed
    np.savez(file, **arrays | {"split": np.zeros(26, np.uint8)})
    assert len(load(file).test) == 4


def test_unreadable_images_are_counted(packed):
    file, arrays = packed
    arrays["data"][arrays["offsets"][20] : arrays["offsets"][21]] = 0
    np.savez(file, **arrays)
    with pytest.raises(DataError, match="1 of 26 images cannot be read: image 20 of 'b'"):
        load(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"names": np.array(["a", "b"], object)}, "damaged, or pickled, which is never loaded"),
        ({"names": np.array([b"a", b"b"])}, r"names must be one row of strings, got \|S1 \(2,\)"),
        ({"names": np.array(["a"])}, "needs at least two classes, found 1: 'a'"),
        ({"names": np.array(["a", "a"])}, "class names must differ"),
        ({"names": np.array(["a", "b", "c"])}, "class 'c' has 0 images, too few"),
        ({"data": np.zeros(9)}, r"data must be one row of uint8, got float64 \(9,\)"),
        ({"offsets": np.arange(27)}, "offsets must rise from 0 to the [0-9]+ bytes of data"),
        ({"offsets": np.zeros(0, int)}, "offsets must rise"),
        ({"labels": np.zeros((26, 1), int)}, r"labels must be one row of whole numbers, got int64 \(26, 1\)"),
        ({"labels": np.zeros(25, int)}, "needs a label and a split for each of 26 images, got 25 and 26"),
        ({"labels": np.full(26, 2)}, "labels must be from 0 to 1, got 2 to 2"),
        ({"split": np.full(26, 3)}, "split must be from 0 to 2, got 3 to 3"),
        ({"split": np.ones(26, int)}, "class 'a' has 20 images, too few to fill every split: none is left for train"),
    ],
)
def test_refuses_arrays(packed, change, message):
    file, arrays = packed
    np.savez(file, **arrays | change)
    with pytest.raises(DataError, match=f"toy.npz: .*{message}"):
        load(file)


def test_refuses_files(packed):
    file, arrays = packed
    whole = file.read_bytes()
    np.savez(file, images=arrays["data"], labels=arrays["labels"])
    with pytest.raises(DataError, match="not a packed file, it has no data, offsets, split, names; needs data"):
        load(file)
    for damaged in (b"", b"no archive", whole[: len(whole) // 2], b"\x80\x04N."):
        file.write_bytes(damaged)
        with pytest.raises(DataError, match=r"not an \.npz file, or cut off"):
            load(file)
    file.write_bytes(whole.replace(b"'descr'", b"'crash'"))
    with pytest.raises(DataError, match="cannot be read; damaged, or pickled"):
        load(file)


def test_refuses_to_pack(folders, tmp_path):
    root = folders({"a": 3, "b": 3})
    with pytest.raises(DataError, match=r"pack: the file must end in \.npz, got .*set\.zip"):
        pack(root, tmp_path / "set.zip")
    with pytest.raises(DataError, match=r"pack: .*gone/set\.npz cannot be written: No such file or directory"):
        pack(root, tmp_path / "gone" / "set.npz")
    with pytest.raises(DataError, match="gone: no such folder"):
        pack(tmp_path / "gone", tmp_path / "set.npz")
    (root / "a" / "000.png").write_bytes(b"")
    with pytest.raises(DataError, match="1 of 6 images cannot be read"):
        pack(root, tmp_path / "set.npz")
    assert not (tmp_path / "set.npz").exists()


def test_a_file_too_large_for_the_memory_is_not_called_damaged(tmp_path, monkeypatch):
    np.savez(tmp_path / "set.npz", **dict.fromkeys(("x_train", "y_train", "x_test", "y_test"), np.zeros(3)))

    def too_large(*_, **__):
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr(np.lib.format, "read_array", too_large)
    with pytest.raises(MemoryError, match="Unable to allocate 9 TiB"):
        load(tmp_path / "set.npz")


@pytest.mark.parametrize("key", ["labels", "offsets", "split"])
def test_times_are_no_whole_numbers(packed, key):
    file, content = packed
    np.savez(file, **{**content, key: content[key].astype("m8[s]")})
    with pytest.raises(DataError, match=f"{key} must be one row of whole numbers, got timedelta64"):
        load(file)
