"""The compiled programs of one network: each stage's when its turn comes, the next one's while it trains."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from typing import Any

import jax

from scaling.train.compile import Program
from scaling.train.input import DeviceDataset, given
from scaling.train.loop import Stopped, compile_training
from scaling.train.task import Task

_POLL_SECONDS = 0.1


class StagePrograms:
    """Compiles the tasks of a training's stages one after the other, in a thread of its own after the first.

    Args:
        tasks: of the stages, in their order; equal ones are compiled once.
        data: images of the network's resolution; those of other stages are given alike.
        device: where they are to run; the calling thread must have it as its default.
    """

    def __init__(self, tasks: Sequence[Task], data: DeviceDataset, device: Any) -> None:
        self.device = device
        self._forms = {task: given(task, data) for task in tasks}  # the images themselves are not held here
        self._programs: dict[Task, Future[Program]] = {task: Future() for task in tasks}
        first, *others = self._programs
        self._make(first)
        self._programs[first].result()  # what went wrong with it is raised here
        if others:
            # Not a worker by name: a command that ends does not wait for what is compiled ahead.
            threading.Thread(target=self._make_all, args=(others,), name="scaling-worker-ahead", daemon=True).start()

    def ready(self, task: Task) -> bool:
        """Whether the program of a stage need not be waited for."""
        return self._programs[task].done()

    def forms(self, tasks: Sequence[Task]) -> str:
        """How the programs of one training's stages are given their images, as text; equal whatever else is compiled."""
        return repr([tuple(self._forms[task]) for task in dict.fromkeys(tasks)])

    def __call__(self, task: Task, stopped: Callable[[], bool] = lambda: False) -> Program:
        """The program of a stage, once it is compiled; what went wrong then is raised here.

        Raises:
            Stopped: `stopped` said so while it was waited for.
        """
        while not self._programs[task].done():
            if stopped():
                raise Stopped
            wait([self._programs[task]], timeout=_POLL_SECONDS)
        return self._programs[task].result()

    def _make_all(self, tasks: Sequence[Task]) -> None:
        with jax.default_device(self.device):
            for task in tasks:
                self._make(task)

    def _make(self, task: Task) -> None:
        try:
            self._programs[task].set_result(compile_training(task, self._forms[task]))
        except BaseException as error:
            self._programs[task].set_exception(error)
