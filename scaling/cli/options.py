"""Flags of a command. Loading this module loads nothing heavy, so `--help` answers at once."""

from __future__ import annotations

import argparse
import functools
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

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


ENGINES = ("local", "ray", "slurm", "commands")
"""What `--engine` takes."""

_ENGINE = "engine_"


def engine_flags(made: argparse.ArgumentParser) -> None:
    """Where trainings run, over what a specification's [engine] says; `engine_given` gathers them."""
    group = made.add_argument_group("where it trains; a specification's [engine] may say so too")

    def add(flag: str, key: str, **how: Any) -> None:
        group.add_argument(flag, dest=f"{_ENGINE}{key}", **how)

    add(
        "--engine",
        "name",
        choices=ENGINES,
        help="local: in this process (default); ray: on a Ray cluster, without --ray-address one that is started here; slurm: "
        "by sbatch; commands: RUN/work/commands.txt gets a command line for each training, for anything else that runs them",
    )
    add("--workers", "workers", type=whole, metavar="N", help="trainings at a time at most (default: as many as there is room)")
    add("--cpus", "cpus", type=amount, metavar="N", help="cores of each worker (default: ray 1, slurm the partition's)")
    add("--gpus", "gpus", type=amount, metavar="N", help="accelerators of each worker; with ray a fraction, too")
    add("--ray-address", "address", metavar="ADDRESS", help="of a running cluster: auto, HOST:6379 or ray://HOST:10001")
    add("--partition", "partition", metavar="NAME", help="of SLURM")
    add("--time-limit", "time", metavar="TIME", help="of a SLURM job, as 4:00:00; a training goes on in the next one")
    add("--price", "price", type=amount, metavar="N", help="with --dry-run: of a worker and hour, to say what a study costs")
    add(
        "--trial-minutes",
        "trial_minutes",
        type=minutes,
        metavar="M",
        help="with --dry-run: what a training takes on a worker on average (default: by trials recorded on this machine)",
    )


def engine_given(values: dict[str, Any]) -> dict[str, Any]:
    """Parsed flags with those of `engine_flags` that were given as one table, `engine`."""
    engine = {
        key.removeprefix(_ENGINE): value for key, value in values.items() if key.startswith(_ENGINE) and value is not None
    }
    return {**{key: value for key, value in values.items() if not key.startswith(_ENGINE)}, "engine": engine}


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
