"""How a command ends: what people can mend as one line and a status, a bug of ours as a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from scaling.core.errors import UserError, Waiting
from scaling.core.text import printable, replace_what_streams_cannot_encode


class Terminated(KeyboardInterrupt):
    """The process was asked to end, by SIGTERM; everything is put in order as at Ctrl-C."""


def status(command: str, work: Callable[[], int], stopped: str = "stopped") -> int:
    """The exit status of `work`: one line on standard error for what people can mend, a traceback for what only we can.

    People can mend a `UserError`, what the operating system refuses, and what memory does not bear.

    Args:
        command: as people type it.
        work: gives the status where nothing goes wrong.
        stopped: what Ctrl-C and SIGTERM say.

    Returns:
        2 for what people can mend, 3 where others have to train first,
        130 for Ctrl-C, 143 for SIGTERM, 0 where the reader of standard output has read enough.
    """
    replace_what_streams_cannot_encode()
    # Figures are written to files, by no backend; one that is not installed would end the command when it comes to draw. A
    # notebook's own stays: it is a module.
    if not os.environ.get("MPLBACKEND", "module:").startswith("module:"):
        del os.environ["MPLBACKEND"]
    try:
        with _terminable():
            return work()
    except UserError as error:
        return fail(command, str(error))
    except Waiting as waiting:
        print(printable(str(waiting)), file=sys.stderr)
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return fail(command, f"{error.filename or 'cannot write'}: {error.strerror or error}")
    except MemoryError as error:
        return fail(command, f"too large for this machine: {error}" if str(error) else "too large for this machine's memory")
    except RuntimeError as error:
        if "can't start new thread" in str(error):  # a container may limit them
            return fail(command, "too many threads for this machine or container; allow the process more of them")
        if "RESOURCE_EXHAUSTED" not in str(error):  # what JAX says where a device's memory does not do
            raise
        return fail(command, f"too large for this device: {str(error).splitlines()[0]}")
    except KeyboardInterrupt as signalled:
        print(f"\n{stopped}", file=sys.stderr)
        return 143 if isinstance(signalled, Terminated) else 130


@contextmanager
def _terminable() -> Iterator[None]:
    """Within it SIGTERM raises `Terminated`, unless somebody else handles it or this is not the main thread."""
    free = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not free:
        yield
        return

    def terminate(number: int, frame: Any) -> None:
        # Batch systems send it to a script, which hands it on, and to the process itself: that must not cut short what the
        # first one began.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def fail(command: str, message: str) -> int:
    """Say what was wrong, in one line; the status of bad input."""
    print(f"{command}: error: {printable(' '.join(message.splitlines()))}", file=sys.stderr)
    return 2


def exit_without_joining_workers(status: int) -> int:
    """End with `status`, at once if a worker is still inside a compilation: everything of value is on the disk."""
    if any(thread.name.startswith("scaling-worker") for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
