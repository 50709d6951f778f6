"""Formats told by content, and safetensors both ways."""

import json
import struct

import ml_dtypes
import numpy as np
import pytest
from checkpoints import legacy_file, tensor, zip_file
from safetensors import safe_open
from safetensors.numpy import load_file

from scaling.weights.errors import WeightsError
from scaling.weights.files import read_weights, write_safetensors

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
TENSORS = {"kernel": KERNEL, "count": np.array(3), "half": KERNEL.astype(ml_dtypes.bfloat16), "none": KERNEL[:0]}


@pytest.fixture
def path(tmp_path):
    """A file whose name tells nothing."""
    return tmp_path / "weights.bin"


@pytest.mark.parametrize("write", [zip_file, legacy_file])
def test_torch_files(write, path):
    path.write_bytes(write({"kernel": tensor(KERNEL, "0")}))
    found = read_weights(path)
    assert list(found) == ["kernel"]
    np.testing.assert_array_equal(found["kernel"], KERNEL)


def test_safetensors_there_and_back(path):
    write_safetensors(path, TENSORS, {"source": "here"})
    found = read_weights(path)
    assert found.keys() == TENSORS.keys()
    for name, array in found.items():
        assert array.dtype == TENSORS[name].dtype
        assert array.flags.writeable
        np.testing.assert_array_equal(array, TENSORS[name])
    with safe_open(path, framework="np") as opened:
        assert opened.metadata() == {"source": "here"}


@pytest.mark.parametrize("dtype", [*"dfeqihbQIHB?", ml_dtypes.bfloat16])
def test_every_type_of_safetensors(dtype, path):
    array = np.array([[0, 1], [2, 100]]).astype(dtype)
    write_safetensors(path, {"a": array}, {})
    (found,) = read_weights(path).values()
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


def test_arrays_of_any_layout_are_written(path):
    layouts = {"transposed": KERNEL.T, "reversed": KERNEL[:, ::-1], "big": KERNEL.astype(">f4"), "scalar": np.float32(5)}
    write_safetensors(path, layouts, {})
    for name, array in load_file(path).items():
        assert array.shape == layouts[name].shape
        np.testing.assert_array_equal(array, layouts[name])


def test_a_new_file_replaces_the_old_one_or_leaves_it(path):
    write_safetensors(path, {"a": KERNEL}, {})
    write_safetensors(path, {"b": KERNEL}, {})
    with pytest.raises(WeightsError, match=r"weights\.bin: not written: .*str"):
        write_safetensors(path, {"c": np.array(["words"])}, {})
    assert list(read_weights(path)) == ["b"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_no_draft(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_safetensors(tmp_path / "folder", {"a": KERNEL}, {})
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_safetensors_cut_short_anywhere(path):
    write_safetensors(path, TENSORS, {"source": "here"})
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        wanted = "neither safetensors nor" if length < 9 else "not a whole safetensors file .*; fetch it again$"
        with pytest.raises(WeightsError, match=rf"^.*weights\.bin: ?.*{wanted}"):
            read_weights(path)


def by_hand(header, data=b""):
    words = json.dumps(header).encode()
    return struct.pack("<Q", len(words)) + words + data


def test_a_type_that_is_not_read(path):
    path.write_bytes(by_hand({"odd": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, b"\0\0"))
    with pytest.raises(WeightsError, match="tensor odd is of type F8_E4M3; read are F64, F32, F16, BF16, I64"):
        read_weights(path)


def test_safetensors_without_tensors(path):
    path.write_bytes(by_hand({"__metadata__": {"epoch": "1"}}))
    with pytest.raises(WeightsError, match=r"weights\.bin: holds no tensors$"):
        read_weights(path)


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"\x89HDF\r\n\x1a\n" + bytes(90)], ids=["empty", "page", "hdf"]
)
def test_other_formats(content, path):
    path.write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"weights\.bin: neither safetensors nor a file that torch\.save wrote; only these are"
    ):
        read_weights(path)


def test_a_missing_file(path):
    with pytest.raises(FileNotFoundError):
        read_weights(path)


def test_names_cannot_break_the_line(path):
    path.write_bytes(by_hand({"odd\nname\udc80": {"dtype": "F8_E4M3", "shape": [2], "data_offsets": [0, 2]}}, b"\0\0"))
    with pytest.raises(WeightsError, match=r"^[\x20-\x7e]+$"):
        read_weights(path)
