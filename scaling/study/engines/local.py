"""The engine of this machine: two threads per device, where memory bears it.

While one compiles its network the other trains, so the device is not kept waiting; a device compiles one network at a time.
And on a CPU a small network leaves a core idle where its work cannot be cut in two. A compiled program always cuts its work the
same way, so the numbers do not depend on what runs beside it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

import jax

from scaling.core.errors import UserError
from scaling.data import Dataset
from scaling.data.per_image import PerImage
from scaling.study.engines.body import body_for
from scaling.study.engines.engine import (
    CHECKPOINT_SECONDS,
    Added,
    Compiling,
    EngineSetup,
    Event,
    Finished,
    More,
    Remark,
    Training,
)
from scaling.study.engines.images import DeviceImages
from scaling.study.engines.jobs import by_network, shared_out, stage_tasks, task_of, workers
from scaling.study.engines.kind import kind_here
from scaling.study.engines.programs import StagePrograms
from scaling.study.engines.work_queue import WorkQueue
from scaling.study.initial import InitialWeights
from scaling.study.provenance import provenance
from scaling.study.run import CHECKPOINT_ENDING
from scaling.study.trial import Curve, Outcome, Seconds, Trial
from scaling.train.checkpoint import Checkpoint, Restored
from scaling.train.compile import Program, enable_cache
from scaling.train.input import DeviceDataset
from scaling.train.jax_start import own_settings
from scaling.train.loop import (
    Diverged,
    Stopped,
    compile_evaluation,
    evaluate_per_image,
    initial_state,
    train_stages,
    unpacked,
)
from scaling.train.step import Weights
from scaling.train.task import Segment, Task
from scaling.train.weights_file import load_weights, save_weights

WORKER = "scaling-worker"
"""Name of the threads that train."""


CLOSING_SECONDS = 5.0
"""How long a run that is closed waits for its workers: for a step, not for a compilation."""


class LocalEngine:
    """Trains on the devices of this machine.

    Args:
        dataset: what is trained on.
        weights: folder of trained weights, one file a trial, from which `test` reads them; checkpoints lie beside them.
        checkpoint_seconds: between two checkpoints of a training; one is written at a stop, too.
        initial: what trainings start from whose recipes say so.
        at_once: trainings at a time at most; None for as many as the machine bears.
    """

    def __init__(
        self,
        dataset: Dataset,
        weights: Path,
        checkpoint_seconds: float = CHECKPOINT_SECONDS,
        initial: InitialWeights | None = None,
        at_once: int | None = None,
    ) -> None:
        enable_cache()
        self._at_once, self._initial = at_once, initial
        self._checkpoint_seconds = checkpoint_seconds
        self._images = DeviceImages(dataset)
        self._stored_side = None if dataset.stored is None else dataset.side
        self._weights = weights
        self._devices = jax.local_devices()
        self._evaluations: dict[Task, Any] = {}
        # Two compilations side by side would leave the device without work for as long as both take.
        self._compiling = {device: threading.Lock() for device in self._devices}
        self.device, self.precision = kind_here()

    def run(self, trials: Sequence[Trial], more: More | None = None) -> Generator[Event]:
        """Train all trials, large networks first; the seeds of a network follow each other unless a worker would be idle."""
        with own_settings():  # they hold for all threads
            yield from self._run(trials, more)

    def _run(self, trials: Sequence[Trial], more: More | None) -> Generator[Event]:
        work = WorkQueue()
        devices = workers(self._devices, trials)[: self._at_once]
        self._hand_out(trials, work, len(devices))
        if more is None:
            work.complete.set()
        threads = [
            threading.Thread(target=self._work, args=(device, work), name=f"{WORKER}-{number}", daemon=True)
            for number, device in enumerate(devices)
        ]
        for thread in threads:
            thread.start()
        left = len(trials)
        try:
            while left:
                yield from work.until_finished()
                left -= 1
                if more is not None and (added := tuple(more())):
                    left += len(added)
                    yield Added(added)
                    self._hand_out(added, work, len(devices))
        finally:
            work.stop.set()
            end = time.monotonic() + CLOSING_SECONDS
            for thread in threads:
                # A segment's end is waited for, however long it takes: there the training is kept.
                while thread.is_alive() and (thread.name in work.training or time.monotonic() < end):
                    thread.join(timeout=min(0.1, CLOSING_SECONDS))
            work.raise_failed()

    def _hand_out(self, trials: Sequence[Trial], work: WorkQueue, count: int) -> None:
        jobs = shared_out(by_network(trials), count)
        self._images.expect(job[0] for job in jobs)
        for job in jobs:
            work.jobs.put(job)

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
            test, pixels = self._images.test_images(trial)
            return evaluate_per_image(self._evaluation(task_of(trial)), weights, test, pixels)

    def _load(self, trial: Trial) -> Weights:
        try:
            return load_weights(self._path(trial), task_of(trial))
        except FileNotFoundError:
            raise UserError(f"{self._path(trial)} is missing") from None

    def _has_weights(self, trial: Trial) -> bool:
        try:
            self._load(trial)
        except UserError:
            return False
        return True

    def _work(self, device: Any, work: WorkQueue) -> None:
        try:
            with jax.default_device(device):
                while not work.stop.is_set():
                    job = work.next_job()
                    if job is None:
                        return
                    self._train_network(job, device, work)
                    self._images.done(job[0])
        except Stopped:
            pass
        except BaseException as error:
            work.events.put(error)

    def _train_network(self, trials: list[Trial], device: Any, work: WorkQueue) -> None:
        programs = None
        for trial in trials:
            compiling = 0.0
            try:
                data = self._images.judged(trial, device)
                if programs is None:
                    with self._compiling[device]:
                        if work.stop.is_set():
                            raise Stopped
                        work.events.put(Compiling(trial))
                        start = time.perf_counter()
                        compiled = StagePrograms(stage_tasks(trials), data, device)
                        self._evaluation(task_of(trial))
                        programs, compiling = compiled, time.perf_counter() - start
                begun = time.perf_counter()
                outcome = self._train(trial, programs, data, compiling, work)
            except Diverged as error:
                outcome = Outcome("diverged", str(error), None, Seconds(compiling, time.perf_counter() - begun))
            except (Stopped, OSError, UserError):
                raise  # a full disk or a store that is gone ends the run; it says nothing about this network
            except Exception as error:
                outcome = Outcome("failed", _reason(error), None, Seconds(compiling))
            work.events.put(Finished(trial, outcome, provenance(self.device)))

    def _train(self, trial: Trial, programs: StagePrograms, data: DeviceDataset, compiling: float, work: WorkQueue) -> Outcome:
        seen: list[Segment] = []
        waited: list[float] = []
        compiled: list[float] = []
        task, thread = task_of(trial), threading.current_thread().name

        def report(segment: Segment) -> None:
            seen.append(segment)
            work.events.put(Training(trial, segment.epoch + segment.last, segment.accuracy))

        def of_stage(stage: Task) -> tuple[Program, DeviceDataset]:
            asked, is_ready = time.perf_counter(), programs.ready(stage)
            try:
                program = programs(stage, work.stop.is_set)
                if not is_ready:
                    compiled.append(time.perf_counter() - asked)
                return program, self._images.stage(stage.architecture.resolution, programs.device, data)
            finally:  # of the compiler and of resizing, not of the training
                waited.append(time.perf_counter() - asked)

        def seconds() -> float:
            return (0.0 if restored is None else restored.seconds) + time.perf_counter() - start - sum(waited)

        work.events.put(Training(trial, 0))
        path = self._weights / f"{trial.id}{CHECKPOINT_ENDING}"
        checkpoint = Checkpoint(path, trial.id, self._checkpoint_seconds, programs.forms(stage_tasks([trial])))
        restored = self._restored(trial, checkpoint, work)
        start = time.perf_counter()
        work.training.add(thread)
        try:
            body = body_for(trial, self._initial) if restored is None else None
            state = train_stages(task, of_stage, trial.seed, report, work.stop.is_set, checkpoint, restored, body, seconds)
        finally:
            work.training.discard(thread)
        trained, took = time.perf_counter(), seconds()
        weights, evaluation = unpacked(task, state), self._evaluation(task)
        judged = evaluate_per_image(evaluation, weights, data.validation, data.pixels)
        last = None
        if state.average is not None:
            of_last = unpacked(task, state, averaged=False)
            last = float(evaluate_per_image(evaluation, of_last, data.validation, data.pixels).correct.mean())
        evaluated = time.perf_counter()
        save_weights(self._path(trial), weights)
        spent = Seconds(compiling + sum(compiled), took, evaluated - trained)
        return Outcome("complete", None, judged.correct, spent, judged.probability, _curve(seen), last)

    def _restored(self, trial: Trial, checkpoint: Checkpoint, work: WorkQueue) -> Restored | None:
        """Where the trial's training had got to, said either way."""
        if not checkpoint.exists():
            return None
        try:
            restored = checkpoint.read(initial_state(task_of(trial), trial.seed))
        except UserError as error:
            work.events.put(Remark(trial, str(error)))
            return None
        if restored is not None:
            share = int(restored.state.step) / task_of(trial).steps
            work.events.put(Remark(trial, f"goes on from its checkpoint, {share:.0%} trained"))
        return restored

    def _evaluation(self, task: Task) -> Any:
        if task not in self._evaluations:
            self._evaluations[task] = compile_evaluation(task, self._stored_side)
        return self._evaluations[task]

    def _path(self, trial: Trial) -> Path:
        return self._weights / f"{trial.id}.safetensors"


def _reason(error: Exception) -> str:
    """What went wrong in one line, at most a screen of it."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:2000]


def _curve(seen: Sequence[Segment]) -> Curve:
    """Means over the segments of each epoch, which are equally long."""
    epochs = [list(group) for _, group in groupby(seen, key=lambda segment: segment.epoch)]
    return Curve(
        tuple(fmean(segment.loss for segment in epoch) for epoch in epochs),
        tuple(fmean(segment.accuracy for segment in epoch) for epoch in epochs),
    )


def local_engine(setup: EngineSetup) -> LocalEngine:
    """The engine of this machine for a run."""
    return LocalEngine(setup.dataset, setup.run / "weights", setup.checkpoint_seconds, setup.initial)
