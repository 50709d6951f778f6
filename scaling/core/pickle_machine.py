"""Pickles interpreted so that nothing a file names is imported or called.

A pickle is a program for a stack machine. Python's own machine imports what the program names, hashes whatever it uses as a
key and makes room for any place in its memo, before a subclass can object. This one knows the instructions that plain data
need and no others. The functions that a program may name are names here, never the functions; keys are plain values. What a
name, a call or a stored object gives, a subclass says: for PyTorch's checkpoints and for arrays of NumPy.
"""

from __future__ import annotations

import pickletools
import warnings
from dataclasses import dataclass
from typing import Any, BinaryIO

from scaling.core.errors import UserError

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple, "EMPTY_SET": list}
_VALUES = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
}
MOST_INSTRUCTIONS = 1_000_000
"""Instructions of one pickle; the largest EfficientNet's checkpoint has 50,000, CIFAR-10's largest file 20,000."""
LONGEST_NAME = 100
"""Characters of a name that an error repeats."""


@dataclass(frozen=True, slots=True)
class Named:
    """A function or type that a pickle names."""

    name: str


@dataclass(frozen=True, slots=True)
class Inert:
    """Stands for an object that is not needed, such as the settings of a training; nothing of it is kept but its name."""

    name: str


class Machine:
    """The stack, what lies below each open mark, and the memo.

    A subclass says what it is for, which names it knows, and what they give.
    """

    error: type[UserError] = UserError
    needs = "plain data"
    """what the file should hold, in words"""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._below: list[list[Any]] = []
        self._memo: dict[int, Any] = {}

    def run(self, stream: BinaryIO) -> Any:
        """What one pickle holds.

        Args:
            stream: in memory, at the pickle's first byte; left behind its last one.

        Raises:
            UserError: of the kind `error`: the pickle names something else than is needed, or is damaged.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about odd escapes in STRING, which is refused anyway
                for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
                    if count == MOST_INSTRUCTIONS:
                        raise self.error(f"its pickle has more than {count:,} instructions, more than {self.needs} need")
                    self._step(instruction.name, argument)
            return self.stack.pop()
        except UserError:
            raise
        except (ValueError, IndexError, KeyError):  # no such instruction, an empty stack, a memo without the entry
            raise self.error("its pickle is damaged or cut short; fetch the file again") from None

    def named(self, name: str) -> Any:
        """What the name of a function or type stands for."""
        raise self.refused(name)

    def called(self, function: Any, arguments: Any) -> Any:
        """What a call gives, made here."""
        raise self.refused(function.name if isinstance(function, Named) else "?")

    def made(self, kind: Any) -> Any:
        """What a new object of a type stands for."""
        raise self.error(f"its pickle has the instruction NEWOBJ, which {self.needs} do not need")

    def stored(self, identity: Any) -> Any:
        """What an object is that the file keeps outside its pickle."""
        raise self.error(f"its pickle refers to something outside it, which {self.needs} do not need")

    def built(self, found: Any, state: Any) -> None:
        """Give an object its attributes."""
        if not isinstance(found, dict | Inert):  # such as the versions of modules in an OrderedDict, which nobody needs
            raise self.error("its pickle would change an object that has no attributes")

    def refused(self, name: str) -> UserError:
        """The error about a name that is not known."""
        return self.error(f"would run {name[:LONGEST_NAME]}, which is not loaded: only {self.needs} are")

    def _step(self, name: str, argument: Any) -> None:
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
                self._fill(self.stack[-1], [key, value])
            case "SETITEMS":
                items = self._since_mark()
                self._fill(self.stack[-1], items)
            case "APPEND":
                item = pop()
                self._extend(self.stack[-1], [item])
            case "APPENDS" | "ADDITEMS":
                items = self._since_mark()
                self._extend(self.stack[-1], items)
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
        """An instruction that names, makes or fills an object; only a few are allowed."""
        push, pop = self.stack.append, self.stack.pop
        match name:
            case "GLOBAL":
                push(self.named(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                attribute, module = pop(), pop()
                push(self.named(f"{module}.{attribute}" if isinstance(module, str) and isinstance(attribute, str) else "?"))
            case "INST":
                raise self.refused(argument.replace(" ", ".", 1))
            case "BINPERSID":
                push(self.stored(pop()))
            case "REDUCE":
                arguments, function = pop(), pop()
                push(self.called(function, arguments))
            case "NEWOBJ":
                pop()
                push(self.made(pop()))
            case "BUILD":
                state = pop()
                self.built(self.stack[-1], state)
            case _:
                raise self.error(f"its pickle has the instruction {name}, which {self.needs} do not need")

    def _since_mark(self) -> list[Any]:
        items, self.stack = self.stack, self._below.pop()
        return items

    def _fill(self, target: Any, items: list[Any]) -> None:
        keys, values = items[::2], items[1::2]
        # Tuples as keys would be hashed, which takes for ever where they hold each other twice.
        if not isinstance(target, dict) or not all(isinstance(key, str | bytes | Inert | None) or _small(key) for key in keys):
            raise self.error("its pickle fills something that is no dictionary, or with keys that are no plain values")
        target.update((key, value) for key, value in zip(keys, values, strict=True) if not isinstance(key, Inert))

    def _extend(self, target: Any, items: list[Any]) -> None:
        if not isinstance(target, list):
            raise self.error("its pickle appends to something that is no list")
        target.extend(items)


def _small(key: Any) -> bool:
    """Whether a number may be a key: large ones can be chosen so that their hashes collide."""
    return isinstance(key, int) and abs(key) < 2**32
