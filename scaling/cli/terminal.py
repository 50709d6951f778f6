"""What the commands share: flags, lines and tables on the terminal, and errors that end in one line and a status.

Loading this module loads nothing heavy, so `--help` answers at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from scaling.core.errors import UserError

if TYPE_CHECKING:
    from rich.table import Table


UNITS = {"k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
"""What may follow the number of an amount."""


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


def status(command: str, work: Callable[[], int], stopped: str = "stopped") -> int:
    """The exit status of `work`: one line on standard error for what people can mend, a traceback for what only we can.

    People can mend a `UserError`, what the operating system refuses, and what memory does not bear.


    Args:
        command: as people type it.
        work: gives the status where nothing goes wrong.
        stopped: what Ctrl-C says.

    Returns:
        2 for what people can mend, 130 for Ctrl-C, 0 where the reader of standard output has read enough.
    """
    try:
        return work()
    except UserError as error:
        return fail(command, str(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return fail(command, f"{error.filename or 'cannot write'}: {error.strerror or error}")
    except MemoryError as error:
        return fail(command, f"too large for this machine: {error}")
    except RuntimeError as error:
        if "RESOURCE_EXHAUSTED" not in str(error):  # what JAX says where a device's memory does not do
            raise
        return fail(command, f"too large for this device: {str(error).splitlines()[0]}")
    except KeyboardInterrupt:
        print(f"\n{stopped}", file=sys.stderr)
        return 130


def fail(command: str, message: str) -> int:
    """Say what was wrong, in one line; the status of bad input."""
    print(f"{command}: error: {' '.join(message.splitlines())}", file=sys.stderr)
    return 2


def leave(status: int) -> int:
    """End with `status`, at once if a worker is still inside a compilation: everything of value is on the disk."""
    if any(thread.name == "scaling-worker" for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status


def say(lines: Iterable[str]) -> None:
    """Lines for people, on standard error."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    for line in lines:
        console.print(line, soft_wrap=not console.is_terminal)


def show(*parts: Any) -> None:
    """Tables and lines to standard output; no column is cut, a narrow terminal wraps the line instead."""
    from rich.console import Console
    from rich.measure import Measurement

    console = Console(highlight=False, markup=False)
    endless = console.options.update(max_width=10_000)
    for part in parts:
        words = isinstance(part, str)
        wide = console if words else Console(width=Measurement.get(console, endless, part).maximum)
        with wide.capture() as captured:
            wide.print(part, soft_wrap=words and not console.is_terminal)
        print(captured.get(), end="", flush=True)  # not by the console itself, which ends the process at a broken pipe


def emit(found: dict[str, Any]) -> None:
    """One JSON document to standard output."""
    print(json.dumps(found, allow_nan=False), flush=True)


def table(*columns: str) -> Table:
    """A table; columns marked by > are flush right."""
    from rich import box
    from rich.table import Table

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left", no_wrap=True)
    return made


def amount(text: str) -> float:
    """A number above 0 as people write it, with a unit or without: 1e9, 84.6k, 8G.

    Raises:
        argparse.ArgumentTypeError: it is of another form.
    """
    unit = UNITS.get(text[-1:], 1.0)
    try:
        found = unit * float(text[:-1] if text[-1:] in UNITS else text)
    except ValueError:
        found = -1.0
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"must be a number above 0, as 90k, 1e9 or 8G, got {text!r}")
    return found


def short(count: int) -> str:
    """Three digits and a unit: 84.6 k, 1.24 M, 39.7 G."""
    exponent = min(int(f"{count:.2e}".partition("e")[2]), 11)
    if exponent < 3:
        return str(count)
    return f"{count / 1000 ** (exponent // 3):.{2 - exponent % 3}f} {' kMG'[exponent // 3]}"
