"""The tensors of a PyTorch checkpoint, without PyTorch and without running anything in it.

`torch.save` has written two formats: since 1.6 a zip archive, before that a row of pickles followed by the storages.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from scaling.weights.errors import WeightsError
from scaling.weights.state_dict import Entry, chosen_entry
from scaling.weights.unpickle import Storage, Tensor, unpickle

HEAD = 32
"""This many bytes at a file's beginning tell its format."""

_ZIP = b"PK\x03\x04"
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_SHARING = 4  # tensors may share storages, but all of them hold at most this many times the file's bytes


class Checkpoint(NamedTuple):
    """The state dict that was read.

    Attributes:
        tensors: arrays of the tensors' own types by name, in the file's order: copies, C-contiguous, of this machine's byte
            order.
        entry: of the file in which it lies, as `state_dict`; empty where it is the file.
        others: entries with other state dicts.
    """

    tensors: dict[str, NDArray[Any]]
    entry: str
    others: tuple[str, ...]


def is_torch(head: bytes) -> bool:
    """Whether a file is a zip archive or of torch's legacy format.

    Args:
        head: its first `HEAD` bytes.
    """
    return head.startswith(_ZIP) or _MAGIC.to_bytes(10, "little") in head[:HEAD]


def read_torch(path: Path) -> Checkpoint:
    """The tensors of a file that `torch.save` wrote, of either format.

    A state dict is found by itself or inside a checkpoint: under "state_dict_ema", "state_dict", "model" and their like, or
    under any name where it is the only one. What is no tensor is ignored.

    Args:
        path: of the file.

    Raises:
        WeightsError: the file is damaged, holds no state dict or several alike, or would run something.
        OSError: the file cannot be read.
    """
    content = path.read_bytes()
    try:
        if content.startswith(_ZIP):
            return _read_zip(content)
        if is_torch(content[:HEAD]):
            return _read_legacy(content)
        raise WeightsError("not a file that torch.save wrote")
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None


def _read_zip(content: bytes) -> Checkpoint:
    # On damaged archives the module raises everything from BadZipFile to NotImplementedError.
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except Exception as error:
        raise WeightsError(f"its zip archive is damaged or cut short ({error}); fetch the file again") from None
    entries = archive.infolist()
    # Small files must not unfold into large ones, neither by compression nor by entries that share bytes.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise WeightsError("a compressed zip archive, so not a file that torch.save wrote")
    if sum(entry.file_size for entry in entries) > len(content):
        raise WeightsError("its zip archive claims to hold more bytes than it has")
    names = {entry.filename for entry in entries}
    roots = [name.removesuffix("data.pkl") for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise WeightsError("a zip archive without a data.pkl in its one folder, so not a file that torch.save wrote")

    def stored(name: str) -> bytes:
        if roots[0] + name not in names:
            raise WeightsError(f"its zip archive has no {name}; fetch the file again")
        try:
            return archive.read(roots[0] + name)
        except Exception as error:
            raise WeightsError(f"{name} in its zip archive is damaged ({error}); fetch the file again") from None

    order = stored("byteorder") if f"{roots[0]}byteorder" in names else b"little"
    if order not in (b"little", b"big"):
        raise WeightsError("its byte order is neither little nor big")
    found, _ = unpickle(io.BytesIO(stored("data.pkl")))
    entry, others = _chosen(found, len(content))
    sign = "<" if order == b"little" else ">"
    return Checkpoint(_arrays(entry.tensors, lambda storage: stored(f"data/{storage.key}"), sign), entry.name, others)


def _read_legacy(content: bytes) -> Checkpoint:
    stream = io.BytesIO(content)
    magic, protocol = unpickle(stream).found, unpickle(stream).found
    if (magic, protocol) != (_MAGIC, _PROTOCOL):
        raise WeightsError("not of the format that torch.save wrote before its version 1.6")
    unpickle(stream)  # the system it was written on: storages are little-endian whatever it says
    found, storages = unpickle(stream)
    keys = unpickle(stream).found
    if not isinstance(keys, list) or not all(isinstance(key, str) and key in storages for key in keys):
        raise WeightsError("its list of storages does not fit its tensors; fetch the file again")
    raw: dict[str, memoryview] = {}
    rest = memoryview(content)[stream.tell() :]
    for key in keys:
        elements, nbytes = storages[key].elements, storages[key].elements * storages[key].dtype.itemsize
        if int.from_bytes(rest[:8], "little") != elements or len(rest) < 8 + nbytes:
            raise WeightsError("a storage is damaged or cut short; fetch the file again")
        raw[key], rest = rest[8 : 8 + nbytes], rest[8 + nbytes :]
    entry, others = _chosen(found, len(content))
    arrays = _arrays(entry.tensors, lambda storage: raw.get(storage.key, memoryview(b"")), "<")
    return Checkpoint(arrays, entry.name, others)


def _chosen(found: Any, length: int) -> tuple[Entry, tuple[str, ...]]:
    """The state dict in what a file of so many bytes holds, and the names of those that were not taken."""
    entry, others = chosen_entry(found)
    if sum(tensor.nbytes for tensor in entry.tensors.values()) > _SHARING * length:
        raise WeightsError("its tensors share storages and would be far larger than the file")
    return entry, others


def _arrays(
    tensors: Mapping[str, Tensor], stored: Callable[[Storage], bytes | memoryview], order: str
) -> dict[str, NDArray[Any]]:
    """The tensors copied out of their storages, each storage fetched once."""
    raw: dict[str, bytes | memoryview] = {}
    arrays = {}
    for name, tensor in tensors.items():
        storage = tensor.storage
        if storage.key not in raw:
            raw[storage.key] = stored(storage)
        if len(raw[storage.key]) < storage.elements * storage.dtype.itemsize:
            raise WeightsError(f"the storage of tensor {name} is damaged or cut short; fetch the file again")
        arrays[name] = _array(name, tensor, raw[storage.key], order)
    return arrays


def _array(name: str, tensor: Tensor, raw: bytes | memoryview, order: str) -> NDArray[Any]:
    dtype = tensor.storage.dtype
    # As bits, since the types that are not NumPy's own know no byte order.
    bits = np.frombuffer(raw, f"{order}u{dtype.itemsize}", count=tensor.storage.elements)[tensor.offset :]
    # The stride of a dimension of length 1 is never used, and may be any number.
    strides = [step * dtype.itemsize if length > 1 else 0 for length, step in zip(tensor.size, tensor.stride, strict=True)]
    try:
        picked = np.lib.stride_tricks.as_strided(bits, tensor.size, strides)
    except (ValueError, OverflowError) as error:  # more than 64 dimensions, or an empty tensor of huge ones
        raise WeightsError(f"tensor {name}: {error}") from None
    return picked.astype(f"=u{dtype.itemsize}", order="C").view(dtype)
