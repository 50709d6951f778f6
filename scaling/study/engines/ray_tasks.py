"""The engine of a Ray cluster: each worker is a process of its own within a task that is never retried by Ray.

Ray places and starts; that trials are tried again, and which outcome counts, is the driver's business. No outcome passes
through Ray: a task returns its process's exit status.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scaling.core.errors import UserError
from scaling.study.engines.engine import EngineSetup
from scaling.study.engines.kind import worker_kind
from scaling.study.engines.launcher import Ended, command_of, ended_with, environment, last_line
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.remote import RemoteEngine
from scaling.study.engines.work_folder import WorkFolder

_ANSWER_SECONDS = 10.0


class RayTasks:
    """Starts workers as tasks.

    Args:
        run: the run folder, which every node sees at the same place.
        options: what a worker gets, and where the cluster is.

    Raises:
        UserError: Ray is not installed, or no cluster answers.
    """

    def __init__(self, run: Path, options: EngineOptions) -> None:
        self._ray = _connected(options)
        self._folder, self._options = WorkFolder(run), options
        self._run = run
        self._running: dict[Any, str] = {}
        resources = {"TPU": options.tpus} if options.tpus else {}
        self._cpus, self._gpus = options.cpus or 1, options.gpus or 0
        # A fresh process for each, so that memory and devices are free again; tried again by the driver alone.
        self._task = self._ray.remote(
            num_cpus=self._cpus, num_gpus=self._gpus, resources=resources, max_calls=1, max_retries=0
        )(_runs_a_command())

    def room(self) -> int:
        """As many as were asked for, or as the cluster's nodes bear now."""
        return (self._options.workers or self._capacity()) - len(self._running)

    def start(self, jobs: Mapping[str, Sequence[str]]) -> None:
        """Hand jobs to the cluster."""
        for attempt, trials in jobs.items():
            command = command_of(self._run, trials, attempt, self._options.python)
            self._running[self._submitted(command, self._folder.log(attempt))] = attempt

    def under_way(self) -> Mapping[str, Sequence[str]]:
        """None: a task ends with its driver, though the process in it may go on, and is known by its beats."""
        return {}

    def ended(self) -> Mapping[str, Ended]:
        """Those that are over, by their exit status, or by what Ray says of them."""
        if not self._running:
            return {}
        over, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        return {attempt: self._how(task, attempt) for task in over if (attempt := self._running.pop(task))}

    def stop(self, attempts: Sequence[str]) -> None:
        """Interrupt tasks, which hand it on as SIGTERM."""
        for task, attempt in self._running.items():
            if attempt in attempts:
                self._ray.cancel(task, force=False, recursive=False)

    def close(self) -> None:
        """Wait for what was stopped."""
        if self._running:
            self._ray.wait(list(self._running), num_returns=len(self._running))
            self._running.clear()

    def status(self, command: Sequence[str], log: Path) -> int:
        """Run one command on the cluster and wait for it."""
        return int(self._ray.get(self._submitted(command, log)))

    def _submitted(self, command: Sequence[str], log: Path) -> Any:
        return self._task.remote(list(command), str(log.resolve()), environment(), os.getcwd())

    def _how(self, task: Any, attempt: str) -> Ended:
        try:
            status = int(self._ray.get(task))
        except self._ray.exceptions.RayError as error:
            return Ended(lost=True, reason=_first_line(error))
        return ended_with(status, last_line(self._folder.log(attempt)))

    def _capacity(self) -> int:
        found = self._ray.cluster_resources()
        wanted = {"CPU": self._cpus, "GPU": self._gpus, "TPU": self._options.tpus or 0}
        return int(min(found.get(name, 0) // amount for name, amount in wanted.items() if amount))


def ray_engine(setup: EngineSetup) -> RemoteEngine:
    """The engine of a run on a Ray cluster; what its workers compute on, the first of them says.

    Raises:
        UserError: Ray is not installed, no cluster answers, or no worker can start there.
    """
    launcher = RayTasks(setup.run, setup.options)
    kind = worker_kind(
        WorkFolder(setup.run), lambda log: launcher.status(command_of(setup.run, [], None, setup.options.python), log)
    )
    return RemoteEngine(setup, launcher, kind.device, kind.precision)


def _connected(options: EngineOptions) -> Any:
    """Ray, connected to the cluster that was named, or to one on this machine that ends with this process.

    Raises:
        UserError: it is not installed, or no cluster answers.
    """
    try:
        import ray
    except ImportError:
        raise UserError("Ray is not installed; pip install 'compound-scaling[cluster]'") from None
    if ray.is_initialized():  # by the pilot before, say
        return ray
    if options.address is not None:
        _require_answer(options.address)
    # What Ray would print is for its developers; what goes wrong is said here.
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
    local: dict[str, Any] = {"num_cpus": options.workers * (options.cpus or 1)} if options.workers else {}
    try:
        if options.address is None:
            ray.init(include_dashboard=False, **quiet, **local)
        else:
            ray.init(address=options.address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = "start on this machine" if options.address is None else f"be reached at {options.address}"
        raise UserError(f"Ray cannot {where}: {_first_line(error)}") from None
    return ray


def _require_answer(address: str) -> None:
    """Refuse an address where nothing listens; Ray would try for minutes, and end the process.

    Raises:
        UserError: nothing does.
    """
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if not port.isdecimal():  # auto, and other names that Ray knows
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UserError(f"Ray cannot be reached at {address}: {error}") from None


def _runs_a_command() -> Callable[[list[str], str, dict[str, str], str], int]:
    """What a task does. A function within a function is sent whole, so that workers need nothing of this package for it."""

    def run(command: list[str], log: str, settings: dict[str, str], folder: str) -> int:
        import os
        import subprocess
        import time

        here = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}  # which Ray sets
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "ab") as said:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                env={**here, **settings},
                cwd=folder if os.path.isdir(folder) else None,
                start_new_session=True,  # it goes on where this task is killed, and its driver finds it again
            )
            try:
                # Ray interrupts by a flag, which is looked at between two steps and ends no wait.
                while process.poll() is None:
                    time.sleep(0.2)
            except KeyboardInterrupt:  # the driver's wish
                process.terminate()
            return process.wait()

    return run


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:500]
