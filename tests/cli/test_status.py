"""The status of a command, and flags that are none."""

import pytest

from scaling.cli.exit import status
from scaling.cli.options import Parser
from scaling.core.errors import UserError

COMMAND = "python -m scaling.some"


class Refused(UserError):
    pass


def raising(error):
    def work():
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (Refused("two\nlines"), 2, f"{COMMAND}: error: two lines\n"),
        (FileNotFoundError(2, "No such file", "a.toml"), 2, f"{COMMAND}: error: a.toml: No such file\n"),
        (OSError(28, "No space left"), 2, f"{COMMAND}: error: cannot write: No space left\n"),
        (MemoryError("10 TiB"), 2, f"{COMMAND}: error: too large for this machine: 10 TiB\n"),
        (MemoryError(), 2, f"{COMMAND}: error: too large for this machine's memory\n"),
        (
            RuntimeError("can't start new thread"),
            2,
            f"{COMMAND}: error: too many threads for this machine or container; allow the process more of them\n",
        ),
        (KeyboardInterrupt(), 130, "\nwent home\n"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(error, code, said, capsys):
    assert status(COMMAND, raising(error), "went home") == code
    assert capsys.readouterr() == ("", said)


def test_work_gives_the_status_and_a_bug_its_traceback():
    assert status(COMMAND, lambda: 0) == 0
    for bug in (ValueError("a bug"), OverflowError("a bug"), KeyError("a bug"), RuntimeError("a bug")):
        with pytest.raises(type(bug), match="a bug"):
            status(COMMAND, raising(bug))


def test_a_wrong_flag(capsys):
    with pytest.raises(SystemExit, match="2"):
        Parser(COMMAND, "", "").parse_args(["--bogus"])
    said = f"{COMMAND}: error: unrecognized arguments: --bogus; --help shows what is allowed\n"
    assert capsys.readouterr() == ("", said)


def test_a_device_without_memory_is_one_line(capsys):
    def work():
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\nmore")

    assert status("a command", work) == 2
    assert capsys.readouterr().err == (
        "a command: error: too large for this device: RESOURCE_EXHAUSTED: Out of memory while trying to allocate 9 bytes.\n"
    )
    with pytest.raises(RuntimeError, match="something else"):
        status("a command", lambda: (_ for _ in ()).throw(RuntimeError("something else")))
