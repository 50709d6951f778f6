"""Files of weights: their format is told by their content, never by their name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from scaling.core.files import atomic_write
from scaling.weights.errors import WeightsError, printable
from scaling.weights.state_dict import remarks, rooted
from scaling.weights.torch_file import HEAD, is_torch, read_torch

_DTYPES = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype(np.int64),
    "I32": np.dtype(np.int32),
    "I16": np.dtype(np.int16),
    "I8": np.dtype(np.int8),
    "U64": np.dtype(np.uint64),
    "U32": np.dtype(np.uint32),
    "U16": np.dtype(np.uint16),
    "U8": np.dtype(np.uint8),
    "BOOL": np.dtype(np.bool_),
}


class Weights(NamedTuple):
    """The tensors of one network, as a file holds them.

    Attributes:
        tensors: arrays of the tensors' own types by name, C-contiguous and of this machine's byte order.
        entry: of a checkpoint in which they lie, as `state_dict_ema`; empty where they are the file.
        remarks: lines that say what was read, where the file holds more than one network's tensors.
    """

    tensors: dict[str, NDArray[Any]]
    entry: str
    remarks: tuple[str, ...]


def read_checkpoint(path: Path) -> Weights:
    """The tensors of a network from a file: safetensors, or what `torch.save` wrote (zip or legacy).

    Of several state dicts the averaged one is read, as in timm. What wrappers (`module.`, `_orig_mod.`) and a module around
    the network (`model.`, `backbone.`) put before the names is removed.

    Args:
        path: of the file.

    Raises:
        WeightsError: the file is of another format, damaged, without tensors, or would run something; or it holds several
            networks alike.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    if is_torch(head):
        tensors, entry, others = read_torch(path)
    elif head[8:9] == b"{":  # behind the length of the header, which is JSON
        tensors, entry, others = _read_safetensors(path), "", ()
    else:
        raise WeightsError(f"{path}: neither safetensors nor a file that torch.save wrote; only these are read")
    try:
        root = rooted(tensors)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    said = tuple(printable(f"{path}: {line}") for line in remarks(entry, others, root))
    return Weights({name: tensors[before] for name, before in root.names.items()}, printable(entry), said)


def read_weights(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors that `read_checkpoint` reads.

    Raises:
        WeightsError: as `read_checkpoint`.
        OSError: the file cannot be read.
    """
    return read_checkpoint(path).tensors


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write tensors as safetensors; the file appears whole or not at all.

    Args:
        path: of the file; its folder is made if need be.
        tensors: arrays of any shape and byte order, by name.
        metadata: words about them, by name.

    Raises:
        WeightsError: an array's type is not among those that safetensors holds.
        OSError: the file cannot be written.
    """
    try:
        content = save({name: np.asarray(array, order="C") for name, array in tensors.items()}, dict(metadata))
    except SafetensorError as error:
        raise WeightsError(f"{path}: not written: {error}") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, content)


def _read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    try:
        stored = deserialize(path.read_bytes())
    except SafetensorError as error:
        raise WeightsError(f"{path}: not a whole safetensors file ({error}); fetch it again") from None
    if not stored:
        raise WeightsError(f"{path}: holds no tensors")
    return {name: _array(path, name, tensor) for name, tensor in stored}


def _array(path: Path, name: str, tensor: Mapping[str, Any]) -> NDArray[Any]:
    dtype = _DTYPES.get(tensor["dtype"])
    if dtype is None:
        raise WeightsError(f"{path}: tensor {name} is of type {tensor['dtype']}; read are {', '.join(_DTYPES)}")
    bits = np.frombuffer(tensor["data"], f"<u{dtype.itemsize}").astype(f"=u{dtype.itemsize}")
    return bits.view(dtype).reshape(tensor["shape"])
