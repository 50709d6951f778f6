"""Flags of a command. Loading this module loads nothing heavy, so `--help` answers at once."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NoReturn

from scaling.core import units
from scaling.core.errors import UserError


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


def amount(text: str) -> float:
    """`scaling.core.units.amount` of a flag's value.

    Raises:
        argparse.ArgumentTypeError: it is of another form.
    """
    try:
        return units.amount(text)
    except UserError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def place(text: str) -> Path:
    """A file or folder named by a flag. No name is refused: `Path("")` would be the current folder.

    Raises:
        argparse.ArgumentTypeError: the text is empty.
    """
    if not text:
        raise argparse.ArgumentTypeError("names no file or folder: it is empty")
    return Path(text)
