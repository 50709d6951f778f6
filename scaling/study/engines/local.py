"""The engine of this machine: two threads per device, where memory bears it.

While one compiles its network the other trains, so the device is not kept waiting; a device compiles one network at a time.
And on a CPU a small network leaves a core idle where its work cannot be cut in two. A compiled program always cuts its work the
same way, so the numbers do not depend on what runs beside it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

import jax

from scaling.core.errors import UserError
from scaling.core.machine import cores, memory_bytes
from scaling.count.cost import cost
from scaling.count.memory import training_bytes
from scaling.data import Dataset
from scaling.data.per_image import PerImage
from scaling.study.engines.engine import Compiling, Event, Finished, Training
from scaling.study.provenance import host
from scaling.study.trial import Curve, Outcome, Seconds, Trial
from scaling.train.compile import enable_cache
from scaling.train.input import DeviceDataset, to_device
from scaling.train.jax_start import own_settings
from scaling.train.loop import Diverged, Segment, Stopped, compile_evaluation, compile_training, evaluate_per_image, train
from scaling.train.step import Weights
from scaling.train.task import Task
from scaling.train.weights_file import load_weights, save_weights

WORKER = "scaling-worker"
"""Name of the threads that train."""


CLOSING_SECONDS = 5.0
"""How long a run that is closed waits for its workers: for a step, not for a compilation."""


class _WorkQueue(NamedTuple):
    """What the workers of one run share."""

    jobs: queue.SimpleQueue[list[Trial]]
    waiting: Counter[int]
    """networks of each resolution that are not done"""
    events: queue.SimpleQueue[Event | BaseException]
    stop: threading.Event


class LocalEngine:
    """Trains on the devices of this machine.

    Args:
        images: what is trained on.
        weights: folder of trained weights, one file a trial, from which `test` reads them.
    """

    def __init__(self, dataset: Dataset, weights: Path) -> None:
        enable_cache()
        self._dataset = dataset
        self._weights = weights
        self._devices = jax.local_devices()
        self._data: dict[tuple[Any, int], DeviceDataset] = {}
        self._evaluations: dict[Task, Any] = {}
        # Two compilations side by side would leave the device without work for as long as both take.
        self._compiling = {device: threading.Lock() for device in self._devices}
        on_cpu = self._devices[0].platform == "cpu"
        self.device = host() if on_cpu else f"{len(self._devices)} x {self._devices[0].device_kind}"
        self.precision = "float32" if on_cpu else "bfloat16"

    def run(self, trials: Sequence[Trial]) -> Generator[Event]:
        """Train all trials; the seeds of one network follow each other, large networks come first."""
        with own_settings():  # they hold for all threads
            yield from self._run(trials)

    def _run(self, trials: Sequence[Trial]) -> Generator[Event]:
        work = _WorkQueue(queue.SimpleQueue(), Counter(), queue.SimpleQueue(), threading.Event())
        for job in _by_network(trials):
            work.jobs.put(job)
            work.waiting[job[0].architecture.resolution] += 1
        threads = [
            threading.Thread(target=self._work, args=(device, work), name=WORKER, daemon=True)
            for device in _workers(self._devices, trials)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in trials:
                yield from _until_finished(work.events)
        finally:
            work.stop.set()
            end = time.monotonic() + CLOSING_SECONDS
            for thread in threads:
                thread.join(timeout=max(0.0, end - time.monotonic()))

    def missing_weights(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those whose weights are gone or cannot be read."""
        return [trial for trial in trials if not self._has_weights(trial)]

    def test(self, trial: Trial) -> PerImage:
        """What the trial's weights make of each test image.

        Raises:
            UserError: the weights cannot be read.
            Diverged: they give numbers that are not finite.
        """
        with own_settings():
            weights = self._load(trial)
            data = self._on_device(trial, self._devices[0])
            return evaluate_per_image(self._evaluation(_task(trial)), weights, data.test, data.pixels)

    def _load(self, trial: Trial) -> Weights:
        try:
            return load_weights(self._path(trial), _task(trial))
        except FileNotFoundError:
            raise UserError(f"{self._path(trial)} is missing") from None

    def _has_weights(self, trial: Trial) -> bool:
        try:
            self._load(trial)
        except UserError:
            return False
        return True

    def _work(self, device: Any, work: _WorkQueue) -> None:
        try:
            with jax.default_device(device):
                while not work.stop.is_set():
                    try:
                        job = work.jobs.get_nowait()
                    except queue.Empty:
                        return
                    self._train_network(job, device, work)
                    self._release_images(job[0].architecture.resolution, work.waiting)
        except Stopped:
            pass
        except BaseException as error:
            work.events.put(error)

    def _train_network(self, trials: list[Trial], device: Any, work: _WorkQueue) -> None:
        program = None
        for trial in trials:
            compiling = 0.0
            try:
                data = self._on_device(trial, device)
                if program is None:
                    with self._compiling[device]:
                        if work.stop.is_set():
                            raise Stopped
                        work.events.put(Compiling(trial))
                        start = time.perf_counter()
                        compiled = compile_training(_task(trial), data.resident)
                        self._evaluation(_task(trial))
                        program, compiling = compiled, time.perf_counter() - start
                begun = time.perf_counter()
                outcome = self._train(trial, program, data, compiling, work)
            except Diverged as error:
                outcome = Outcome("diverged", str(error), None, Seconds(compiling, time.perf_counter() - begun))
            except (Stopped, OSError):
                raise  # a full disk ends the run; it says nothing about this network
            except Exception as error:
                outcome = Outcome("failed", _reason(error), None, Seconds(compiling))
            work.events.put(Finished(trial, outcome, self.device))

    def _train(self, trial: Trial, program: Any, data: DeviceDataset, compiling: float, work: _WorkQueue) -> Outcome:
        seen: list[Segment] = []

        def report(segment: Segment) -> None:
            seen.append(segment)
            work.events.put(Training(trial, segment.epoch + segment.last, segment.accuracy))

        work.events.put(Training(trial, 0))
        start = time.perf_counter()
        weights = train(_task(trial), program, data, trial.seed, report, work.stop.is_set)
        trained = time.perf_counter()
        evaluation = self._evaluation(_task(trial))
        judged = evaluate_per_image(evaluation, weights, data.validation, data.pixels)
        evaluated = time.perf_counter()
        save_weights(self._path(trial), weights)
        seconds = Seconds(compiling, trained - start, evaluated - trained)
        return Outcome("complete", None, judged.correct, seconds, judged.probability, _curve(seen))

    def _on_device(self, trial: Trial, device: Any) -> DeviceDataset:
        key = (device, trial.architecture.resolution)
        if key not in self._data:
            self._data[key] = to_device(self._dataset, trial.architecture.resolution)
        return self._data[key]

    def _release_images(self, side: int, waiting: Counter[int]) -> None:
        """Free the images of a resolution once no network waits for them."""
        waiting[side] -= 1
        if not waiting[side]:
            for device in self._devices:
                self._data.pop((device, side), None)

    def _evaluation(self, task: Task) -> Any:
        if task not in self._evaluations:
            self._evaluations[task] = compile_evaluation(task)
        return self._evaluations[task]

    def _path(self, trial: Trial) -> Path:
        return self._weights / f"{trial.id}.safetensors"


def _workers(devices: Sequence[Any], trials: Sequence[Trial]) -> list[Any]:
    """The device of each worker: every device twice, if memory bears it; a CPU with one core, and any other, once."""
    largest = max((_training_bytes(trial) for trial in trials), default=0)
    if devices[0].platform == "cpu":
        return list(devices[:1]) * (2 if cores() > 1 and 2 * largest < 0.7 * memory_bytes() else 1)
    return [device for device in devices for _ in range(2 if 2 * largest < 0.7 * _device_bytes(device) else 1)]


def _training_bytes(trial: Trial) -> int:
    """As everywhere, by the estimate of `scaling.count.memory`."""
    number = 2 if trial.recipe.precision == "bfloat16" else 4
    return training_bytes(trial.architecture, trial.recipe.batch, trial.num_classes, trial.in_channels, number)


def _reason(error: Exception) -> str:
    """What went wrong in one line, at most a screen of it."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:2000]


def _device_bytes(device: Any) -> float:
    return float((device.memory_stats() or {}).get("bytes_limit", 0))


def _curve(seen: Sequence[Segment]) -> Curve:
    """Means over the segments of each epoch, which are equally long."""
    epochs = [list(group) for _, group in groupby(seen, key=lambda segment: segment.epoch)]
    return Curve(
        tuple(fmean(segment.loss for segment in epoch) for epoch in epochs),
        tuple(fmean(segment.accuracy for segment in epoch) for epoch in epochs),
    )


def _task(trial: Trial) -> Task:
    return Task(trial.architecture, trial.recipe, trial.num_classes, trial.in_channels, trial.images)


def _by_network(trials: Sequence[Trial]) -> list[list[Trial]]:
    def size(trial: Trial) -> tuple[int, str]:
        counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
        return -counted.activations, repr(trial.architecture)

    ordered = sorted(trials, key=lambda trial: (size(trial), trial.seed))
    return [list(group) for _, group in groupby(ordered, key=size)]


def _until_finished(events: queue.SimpleQueue[Any]) -> Iterator[Event]:
    while True:
        event = events.get()
        if isinstance(event, BaseException):
            raise event
        yield event
        if isinstance(event, Finished):
            return
