"""What the pickles inside PyTorch's checkpoints hold: tensors, described and not read, in plain data.

A tensor is checked against its storage before anybody looks at a byte of it. Nothing is imported or called: see
`scaling.core.pickle_machine`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from scaling.core.pickle_machine import LONGEST_NAME, Inert, Machine, Named
from scaling.weights.allowed import DTYPES, FUNCTIONS, INERT, TYPES
from scaling.weights.errors import WeightsError

_MOST_DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Storage:
    """Where a tensor's elements lie: the storage's key, the type of its elements and their number."""

    key: str
    dtype: np.dtype[Any]
    elements: int


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor that lies inside its storage: offset and strides in elements, as many strides as sizes."""

    storage: Storage
    offset: int
    size: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of its elements."""
        return math.prod(self.size) * self.storage.dtype.itemsize


class Unpickled(NamedTuple):
    """What a pickle holds, and every storage that it mentions by its key."""

    found: Any
    storages: dict[str, Storage]


def unpickle(stream: BinaryIO) -> Unpickled:
    """Interpret one pickle.

    Args:
        stream: in memory, at the pickle's first byte; left behind its last one.

    Returns:
        None, bool, int, float, str, bytes, list, tuple, dict (also of its kinds in `collections`), `Tensor`, `Storage` and
        `Inert`; sets are lists.

    Raises:
        WeightsError: the pickle names something else than tensors, is damaged, or describes a tensor outside its storage.
    """
    machine = _TensorMachine()
    return Unpickled(machine.run(stream), machine.storages)


class _TensorMachine(Machine):
    error = WeightsError
    needs = "tensors"

    def __init__(self) -> None:
        super().__init__()
        self.storages: dict[str, Storage] = {}

    def named(self, name: str) -> Named:
        if not any(name in known for known in (FUNCTIONS, DTYPES, TYPES, INERT)):
            raise self.refused(name)
        return Named(name)

    def made(self, kind: Any) -> Inert:
        if not (isinstance(kind, Named) and kind.name in INERT):
            raise WeightsError("its pickle has the instruction NEWOBJ, which tensors do not need")
        return Inert(kind.name)

    def stored(self, identity: Any) -> Storage:
        match identity:
            case ("storage", Named(name), str(key), _, int(elements), *view) if (
                name in DTYPES and elements >= 0 and view in ([], [None])
            ):
                storage = Storage(key, DTYPES[name], elements)
                if self.storages.setdefault(key, storage) != storage:
                    raise WeightsError(f"storage {key[:LONGEST_NAME]} is described in two ways that differ")
                return storage
        raise WeightsError("its pickle refers to something that is not the storage of a tensor")

    def called(self, function: Any, arguments: Any) -> Any:
        """What a call that tensors need gives, made here."""
        name = function.name if isinstance(function, Named) else "?"
        match name, arguments:
            case "collections.OrderedDict" | "collections.Counter", ():
                return {}
            case "collections.defaultdict", () | (None | Named(),):
                return {}
            case "collections.Counter", (dict() as counts,):
                return counts
            case "torch.Size", (tuple(lengths),):
                return lengths
            case (
                "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2",
                (Storage() as storage, int(offset), tuple(size), tuple(stride), *_),
            ):
                return _tensor(storage, offset, size, stride)
            case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state", (Tensor() as tensor, *_):
                return tensor
            case "torch._tensor._rebuild_from_type_v2", (Named("torch._utils._rebuild_tensor_v2") as made, _, tuple(given), *_):
                return self.called(made, given)
            case _ if name in INERT and isinstance(arguments, tuple):
                return Inert(name)
        raise WeightsError(f"its pickle calls {name} with arguments that it does not take")


def _tensor(storage: Storage, offset: int, size: tuple[Any, ...], stride: tuple[Any, ...]) -> Tensor:
    if len(size) > _MOST_DIMENSIONS:
        raise WeightsError(f"a tensor has {len(size):,} dimensions, over {_MOST_DIMENSIONS}")
    numbers = (offset, *size, *stride)
    if len(size) != len(stride) or not all(isinstance(number, int) and 0 <= number < 2**63 for number in numbers):
        raise WeightsError("a tensor's offset, sizes, strides must be whole numbers from 0 to 2^63, as many strides as sizes")
    # One past the last element; strides of 0, which repeat elements, are no larger a tensor than its storage is.
    end = offset + 1 + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if math.prod(size) > storage.elements or (0 not in size and end > storage.elements):
        raise WeightsError(f"a tensor reaches outside its storage of {storage.elements:,} elements")
    return Tensor(storage, offset, size, stride)
