"""The engine that writes command lines, for whatever runs them: GNU parallel, a batch system, machines by hand."""

from __future__ import annotations

import shlex
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaling.core.errors import Waiting
from scaling.core.files import atomic_write
from scaling.study.engines.engine import EngineSetup
from scaling.study.engines.launcher import UNLIMITED, Ended, command_of
from scaling.study.engines.local import local_engine
from scaling.study.engines.remote import RemoteEngine
from scaling.study.engines.work_folder import WORK


class CommandLines:
    """Writes what is left to train as `RUN/work/commands.txt`, one line a trial, and leaves it at that.

    Args:
        run: the run folder.
        python: that workers are started with; None for the one that runs this.
    """

    def __init__(self, run: Path, python: str | None) -> None:
        self._run, self._python = run, python

    def room(self) -> int:
        """For all."""
        return UNLIMITED

    def start(self, jobs: Mapping[str, Sequence[str]]) -> None:
        """Write the lines.

        Raises:
            Waiting: always: others train now.
            OSError: they cannot be written.
        """
        trials = [trial for job in jobs.values() for trial in job]
        path = self._run / WORK / "commands.txt"
        lines = [shlex.join([*_found_by(), *command_of(self._run, [trial], None, self._python)]) for trial in trials]
        atomic_write(path, "".join(f"{line}\n" for line in lines))
        raise Waiting(
            f"{len(trials)} trials are left to train; {path} has a command line for each. Run them anywhere that sees "
            f"{self._run}, a few at a time (parallel < {path}), then this command again: it collects what they left."
        )

    def under_way(self) -> Mapping[str, Sequence[str]]:
        """Not known."""
        return {}

    def ended(self) -> Mapping[str, Ended]:
        """Not known."""
        return {}

    def stop(self, attempts: Sequence[str]) -> None:
        """They are others'."""

    def close(self) -> None:
        """Nothing was taken."""


def _found_by() -> list[str]:
    """Words before a command line by which this package is found where it is not installed but run from a checkout."""
    root = str(Path(__file__).resolve().parents[3])
    return [] if root in map(sysconfig.get_path, ("purelib", "platlib")) else ["env", f"PYTHONPATH={root}"]


def commands_engine(setup: EngineSetup) -> RemoteEngine:
    """The engine of a run; a recipe's precision `auto` means what it means on this machine."""
    local = local_engine(setup)
    return RemoteEngine(setup, CommandLines(setup.run, setup.options.python), local.device, local.precision)
