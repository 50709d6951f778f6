"""Flags of a command. Loading this module loads nothing heavy, so `--help` answers at once."""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

from scaling.core import units
from scaling.core.errors import UserError
from scaling.core.files import user_path

Value = TypeVar("Value")


class Parser(argparse.ArgumentParser):
    """Flags of a command; a wrong one ends the process in one line and status 2.

    Args:
        command: as people type it, `python -m scaling.NAME`.
        description: head of `--help`.
        epilog: its foot: examples and exit statuses.
    """

    def __init__(self, command: str, description: str, epilog: str) -> None:
        shape = argparse.RawDescriptionHelpFormatter
        super().__init__(command, description=description, epilog=epilog, formatter_class=shape, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """End the process."""
        self.exit(2, f"{self.prog}: error: {message}; --help shows what is allowed\n")


def _flag(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """A function of `scaling.core.units` as the type of a flag: argparse names the flag and says what the function says."""

    @functools.wraps(read)
    def value(text: str) -> Value:
        try:
            return read(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return value


amount = _flag(units.amount)
byte_amount = _flag(units.byte_amount)
milliseconds = _flag(units.milliseconds)
whole = _flag(units.whole)


def place(text: str) -> Path:
    """A file or folder named by a flag, `~` being the home. An empty name is refused: `Path("")` would be the current folder.

    Raises:
        argparse.ArgumentTypeError: the text is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("names no file or folder: it is empty")
    return user_path(text)


def checkpoint_flag(group: argparse._ArgumentGroup) -> None:
    """How often a training's state is kept; 0 keeps it at every segment's end."""
    group.add_argument(
        "--checkpoint-minutes",
        type=minutes,
        default=10.0,
        metavar="M",
        help="a training that is killed goes on from at most so many minutes before (default: 10). At Ctrl-C it loses none",
    )


def init_flag(group: argparse._ArgumentGroup) -> None:
    """What trainings start from."""
    group.add_argument(
        "--init",
        type=place,
        metavar="WEIGHTS|RUN",
        help="start from these weights, with a new classifier: a file (safetensors, torch), a folder with a file for each "
        "released network, or a run folder with its weights (default: random numbers)",
    )


def minutes(text: str) -> float:
    """A length of time in minutes, 0 or more.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < math.inf:
        raise argparse.ArgumentTypeError(f"must be minutes, 0 or more, got {text!r}")
    return found
