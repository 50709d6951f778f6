"""Worker processes that take pickled tasks one after another and answer with what came of them.

They are started anew, never forked, since a process that runs an accelerator's threads cannot be; and they load what a task
needs instead of the caller's main module, so that a script without a guard, or a notebook, may use them. A worker ends when
its input does, so none outlives the process that started it, however that ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Protocol, TypeVar

from scaling.core.errors import UserError

_AHEAD = 4
"""Tasks made for each worker before their turn comes."""

Answer = TypeVar("Answer", covariant=True)


class Task(Protocol[Answer]):
    """Something to do, that can be pickled."""

    def __call__(self) -> Answer:
        """Do it."""


def answers(tasks: Iterable[Task[Answer]], count: int) -> Generator[Answer]:
    """What comes of tasks, in the order in which they are done.

    Args:
        tasks: made as they are needed.
        count: worker processes; 0 does them here.

    Raises:
        UserError: a worker process was ended from outside.
        Exception: whatever a task raises.
    """
    if count == 0 or not sys.executable:  # inside another program there is no interpreter to start
        yield from (task() for task in tasks)
        return
    with _Workers(count) as workers:
        yield from workers.each(tasks)


class _Workers:
    """Processes, each with a thread of this one that hands it tasks."""

    def __init__(self, count: int) -> None:
        self._threads = ThreadPoolExecutor(count)
        self._count = count
        self._started: list[subprocess.Popen[bytes]] = []
        self._idle: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    def __enter__(self) -> _Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            self._closed = True
        for process in self._started:
            process.kill()  # what a task has not answered for does not count, so nothing is lost
        self._threads.shutdown(wait=True)
        for process in self._started:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]

    def each(self, tasks: Iterable[Task[Any]]) -> Iterator[Any]:
        coming, running = iter(tasks), set[Future[Any]]()
        while True:
            while len(running) < _AHEAD * self._count and (task := next(coming, None)) is not None:
                running.add(self._threads.submit(self._ask, task))
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()

    def _ask(self, task: Task[Any]) -> Any:
        process = self._process()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump(task, process.stdin)
            process.stdin.flush()
            answer, error = pickle.load(process.stdout)
        except (OSError, EOFError, pickle.UnpicklingError):
            said = f"signal {-process.wait()}" if process.wait() < 0 else f"status {process.returncode}"
            raise UserError(
                f"a worker process ended with {said}, for want of memory perhaps; the same command goes on from here"
            ) from None
        self._idle.put(process)
        if error is not None:
            raise error
        return answer

    def _process(self) -> subprocess.Popen[bytes]:
        with contextlib.suppress(queue.Empty):
            return self._idle.get_nowait()
        with self._lock:
            if self._closed:
                raise EOFError
            code = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import _serve; _serve()"
            # A session of its own, so that Ctrl-C at a terminal does not reach it before it can ignore that.
            process = subprocess.Popen(
                [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
            self._started.append(process)
        return process


def _serve() -> None:
    """Do what comes in until nothing does: the whole life of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's, who ends this process
    tasks, answered = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may come between answers
    while True:
        try:
            task = pickle.load(tasks)
        except EOFError:
            return
        try:
            found: tuple[Any, BaseException | None] = task(), None
        except Exception as error:
            found = None, error
        try:
            pickle.dump(found, answered)
            answered.flush()
        except BrokenPipeError:  # the caller is gone
            return
