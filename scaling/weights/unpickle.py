"""The pickles inside PyTorch's checkpoints, interpreted here so that nothing a file names is imported or called.

A pickle is a program for a stack machine. Python's own machine imports what the program names, hashes whatever it uses as a
key and makes room for any place in its memo, before a subclass can object. This one knows the instructions that tensors need
and no others. The functions that a program may name are names here, never the functions; keys are plain values; a tensor is
a description, checked against its storage before anybody looks at a byte of it.
"""

from __future__ import annotations

import math
import pickletools
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from scaling.weights.allowed import DTYPES, FUNCTIONS, INERT, TYPES
from scaling.weights.errors import WeightsError

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_SET": list}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
_MOST_INSTRUCTIONS = 1_000_000  # the largest EfficientNet's checkpoint has 50,000
_MOST_DIMENSIONS = 64
_LONGEST_NAME = 100  # characters of a name that an error repeats


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


@dataclass(frozen=True, slots=True)
class Inert:
    """Stands for an object that holds no tensor, such as the settings of a training; nothing of it is kept but its name."""

    name: str


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
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in STRING, which is refused anyway
            for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
                if count == _MOST_INSTRUCTIONS:
                    raise WeightsError(f"its pickle has more than {count:,} instructions, more than tensors need")
                machine.step(instruction.name, argument)
        return Unpickled(machine.stack.pop(), machine.storages)
    except WeightsError:
        raise
    except (ValueError, IndexError, KeyError):  # no such instruction, an empty stack, a memo without the entry
        raise WeightsError("its pickle is damaged or cut short; fetch the file again") from None


@dataclass(frozen=True, slots=True)
class _Named:
    """A function or type that the pickle names."""

    name: str


class _Machine:
    """The stack, what lies below each open mark, and the memo."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.storages: dict[str, Storage] = {}
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "MARK":
                self._below.append(self.stack)
                self.stack = []
            case "NONE" | "NEWTRUE" | "NEWFALSE":
                push(_CONSTANTS[name])
            case "EMPTY_DICT" | "EMPTY_LIST" | "EMPTY_TUPLE" | "EMPTY_SET":
                push(_EMPTY[name]())
            case "TUPLE":
                items = self._since_mark()
                self.stack.append(tuple(items))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                push(tuple(reversed([pop() for _ in range(int(name[-1]))])))
            case "SETITEM":
                value, key = pop(), pop()
                _fill(self.stack[-1], [key, value])
            case "SETITEMS":
                items = self._since_mark()
                _fill(self.stack[-1], items)
            case "APPEND":
                item = pop()
                _extend(self.stack[-1], [item])
            case "APPENDS" | "ADDITEMS":
                items = self._since_mark()
                _extend(self.stack[-1], items)
            case "BINPUT" | "LONG_BINPUT":
                self._memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self._memo[len(self._memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                push(self._memo[argument])
            case _ if name in _VALUES:
                push(argument)
            case _:
                self._object_step(name, argument)

    def _object_step(self, name: str, argument: Any) -> None:
        """An instruction that names, makes or fills an object; only those that tensors need are allowed."""
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "GLOBAL":
                push(_named(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                attribute, module = pop(), pop()
                push(_named(f"{module}.{attribute}" if isinstance(module, str) and isinstance(attribute, str) else "?"))
            case "INST":
                raise _refused(argument.replace(" ", ".", 1))
            case "BINPERSID":
                push(self._storage(pop()))
            case "REDUCE":
                arguments, function = pop(), pop()
                push(_called(function, arguments))
            case "NEWOBJ" if isinstance(self.stack[-2], _Named) and self.stack[-2].name in INERT:
                pop()
                push(Inert(pop().name))
            case "BUILD":
                pop()  # attributes, such as the versions of modules in an OrderedDict
                if not isinstance(self.stack[-1], dict | Inert):
                    raise WeightsError("its pickle would change an object that has no attributes")
            case _:
                raise WeightsError(f"its pickle has the instruction {name}, which tensors do not need")

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _storage(self, identity: Any) -> Storage:
        match identity:
            case ("storage", _Named(name), str(key), _, int(elements), *view) if (
                name in DTYPES and elements >= 0 and view in ([], [None])
            ):
                storage = Storage(key, DTYPES[name], elements)
                if self.storages.setdefault(key, storage) != storage:
                    raise WeightsError(f"storage {key[:_LONGEST_NAME]} is described in two ways that differ")
                return storage
        raise WeightsError("its pickle refers to something that is not the storage of a tensor")


def _refused(name: str) -> WeightsError:
    return WeightsError(f"would run {name[:_LONGEST_NAME]}, which is not loaded: only tensors are")


def _named(name: str) -> _Named:
    if not any(name in known for known in (FUNCTIONS, DTYPES, TYPES, INERT)):
        raise _refused(name)
    return _Named(name)


def _fill(target: Any, items: list[Any]) -> None:
    keys, values = items[::2], items[1::2]
    # Tuples as keys would be hashed, which takes for ever where they hold each other twice.
    if not isinstance(target, dict) or not all(isinstance(key, str | bytes | Inert | None) or _small(key) for key in keys):
        raise WeightsError("its pickle fills something that is no dictionary, or with keys that are no plain values")
    target.update((key, value) for key, value in zip(keys, values, strict=True) if not isinstance(key, Inert))


def _small(key: Any) -> bool:
    """Whether a number may be a key: large ones can be chosen so that their hashes collide."""
    return isinstance(key, int) and abs(key) < 2**32


def _extend(target: Any, items: list[Any]) -> None:
    if not isinstance(target, list):
        raise WeightsError("its pickle appends to something that is no list")
    target.extend(items)


def _called(function: Any, arguments: Any) -> Any:
    """What a call that tensors need gives, made here."""
    name = function.name if isinstance(function, _Named) else "?"
    match name, arguments:
        case "collections.OrderedDict" | "collections.Counter", ():
            return {}
        case "collections.defaultdict", () | (None | _Named(),):
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
        case "torch._tensor._rebuild_from_type_v2", (_Named("torch._utils._rebuild_tensor_v2") as made, _, tuple(given), *_):
            return _called(made, given)
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
