"""What is in PyTorch's files."""

import pickle
import struct
from collections import OrderedDict

import ml_dtypes
import numpy as np
import pytest
from checkpoints import KERNEL, Call, Storage, legacy_file, pickled, state_dict, tensor, view, zip_file, zip_of

from scaling.weights.torch_file import read_torch

TYPES = [
    *(np.float32, np.float64, np.float16, ml_dtypes.bfloat16),
    *(np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_),
]
FORMATS = pytest.mark.parametrize("write", [zip_file, legacy_file])


def same(found, wanted):
    assert list(found) == list(wanted)
    for name, array in found.items():
        assert array.dtype == wanted[name].dtype
        assert array.flags.c_contiguous
        assert array.flags.writeable
        np.testing.assert_array_equal(array, wanted[name])


@FORMATS
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_state_dict(write, protocol, read):
    wanted = {"kernel": KERNEL, "bias": np.float32([1, 2]), "count": np.array(7)}
    same(read(write(state_dict(), protocol)), wanted)


@FORMATS
@pytest.mark.parametrize("dtype", TYPES)
def test_every_type(write, dtype, read):
    array = np.array([[0, 1, 3], [5, 100, 0]]).astype(dtype)
    same(read(write({"a": tensor(array, "0")})), {"a": array})


@pytest.mark.parametrize("dtype", TYPES)
def test_big_endian_zip_files(dtype, read):
    array = np.array([[0, 1, 3], [5, 100, 0]]).astype(dtype)
    same(read(zip_file({"a": tensor(array, "0")}, order="big")), {"a": array})


def test_a_zip_file_without_byte_order_is_little_endian(read):
    content, _ = pickled({"a": tensor(np.float32([1, 2]), "0")})
    same(read(zip_of({"data.pkl": content, "data/0": struct.pack("<2f", 1, 2)}, root="any name")), {"a": np.float32([1, 2])})


@FORMATS
def test_views_are_copied_out_of_their_storage(write, read):
    storage = Storage(np.arange(12, dtype=np.float32), "7")
    found = read(
        write(
            {
                "transposed": view(storage, (4, 3), (1, 4)),
                "column": view(storage, (3,), (4,), offset=1),
                "one": view(storage, (), (), offset=11),
                "odd stride of one": view(storage, (1, 2), (2**62, 1)),
                "none": view(storage, (0, 4), (4, 1)),
            }
        )
    )
    grid = np.arange(12, dtype=np.float32).reshape(3, 4)
    wanted = {"transposed": grid.T, "column": grid[:, 1], "one": grid[2, 3], "odd stride of one": grid[:1, :2]}
    same(found, {**wanted, "none": grid[:0]})
    found["transposed"][:] = 0
    assert found["column"].tolist() == [1, 5, 9]


@FORMATS
def test_older_ways_to_write_tensors(write, read):
    storage = Storage(KERNEL, "0")
    plain = Call("torch._utils", "_rebuild_tensor", storage, 12, Call("torch", "Size", (3, 4)), (4, 1))
    parameter = Call("torch._utils", "_rebuild_parameter", view(storage, (24,), (1,)), True, OrderedDict())
    same(read(write({"plain": plain, "parameter": parameter})), {"plain": KERNEL[1], "parameter": KERNEL.ravel()})


@FORMATS
@pytest.mark.parametrize("name", ["state_dict", "model", "model_state", "state_dict_ema", "model_ema", "params"])
def test_a_checkpoint(write, name, read):
    beside = {"epoch": 90, "arch": "b0", "best": tensor(np.float32(0.7), "9"), "loss": [0.5, None, True], 3: 4}
    found = write({**beside, "optimizer": {"state": {0: {"momentum": tensor(KERNEL, "8")}}}, name: state_dict()})
    assert list(read(found)) == ["kernel", "bias", "count"]


def test_the_first_container_with_tensors_counts(read):
    found = {"model": {"a": tensor(KERNEL, "1")}, "state_dict": {"b": tensor(KERNEL, "0")}, "params": {"lr": 1}}
    assert list(read(zip_file(found))) == ["b"]
    assert list(read(zip_file({"params": {"lr": 1}, "c": tensor(KERNEL, "0")}))) == ["c"]


@FORMATS
@pytest.mark.parametrize(
    ("found", "entries"),
    [
        ({}, ""),
        ({"epoch": 1, "args": {"lr": 0.1}}, "; its entries are epoch, args"),
        ([1], ""),
        (tensor(KERNEL, "0"), ""),
        ({1: tensor(KERNEL, "0")}, "; its entries are 1"),
        (dict.fromkeys(range(9), 0), "; its entries are 0, 1, 2, 3, 4, 5, ..."),
        (None, ""),
    ],
    ids=str,
)
def test_without_tensors(write, found, entries, refusal):
    assert refusal(write(found)) == f"holds no tensors by name, as a state dict does{entries}"


def test_another_protocol(refusal):
    content = legacy_file(state_dict()).replace(pickle.dumps(1001, 2), pickle.dumps(1002, 2), 1)
    assert refusal(content) == "not of the format that torch.save wrote before its version 1.6"


@pytest.mark.parametrize("content", [b"", b"x", b"\x89HDF\r\n\x1a\n" * 9, pickle.dumps({"a": 1})], ids=str)
def test_other_files(content, refusal):
    assert refusal(content) == "not a file that torch.save wrote"


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        read_torch(tmp_path / "nowhere.pth")
