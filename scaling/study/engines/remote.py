"""The engine of many processes, wherever a launcher starts them."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from functools import cached_property

from scaling.data.per_image import PerImage
from scaling.study.engines.driver import Driver
from scaling.study.engines.engine import EngineSetup, Event, More
from scaling.study.engines.launcher import Launcher
from scaling.study.engines.local import LocalEngine, local_engine
from scaling.study.engines.work_folder import WorkFolder, WorkSetup
from scaling.study.estimate import expected_parts, pace
from scaling.study.records import RecordFile, TrainingRecord
from scaling.study.trial import Trial


class RemoteEngine:
    """Trains by workers elsewhere. Test images are judged here, by the weights that they leave.

    Args:
        setup: of the run.
        launcher: of workers.
        device: of the workers, in words.
        precision: what `auto` in a recipe means there.
    """

    def __init__(self, setup: EngineSetup, launcher: Launcher, device: str, precision: str) -> None:
        self._setup, self._launcher = setup, launcher
        self.device, self.precision = device, precision

    def run(self, trials: Sequence[Trial], more: More | None = None) -> Generator[Event]:
        """Train all trials, large networks first; the seeds of a network follow each other in one worker."""
        setup, folder = self._setup, WorkFolder(self._setup.run)
        folder.prepare(work_setup(setup))
        speed = pace(setup.run)

        def expected(trial: Trial) -> float:
            return sum(expected_parts([trial], speed)[trial.id])

        driver = Driver(folder, self._launcher, setup.options, self.device, expected, self._recorded)
        try:
            yield from driver.run(trials, more)
        finally:
            self._launcher.close()

    def missing_weights(self, trials: Sequence[Trial]) -> list[Trial]:
        """Those whose weights are gone or cannot be read."""
        return self._local.missing_weights(trials)

    def test(self, trial: Trial) -> PerImage:
        """What the trial's weights make of each test image, on this machine.

        Raises:
            UserError: the weights cannot be read.
            Diverged: they give numbers that are not finite.
        """
        return self._local.test(trial)

    @cached_property
    def _local(self) -> LocalEngine:
        return local_engine(self._setup)

    def _recorded(self, name: str) -> TrainingRecord | None:
        """The last record of a trial; read whole, since hardly ever asked."""
        found = None
        for record in RecordFile(self._setup.run / "trials.jsonl").readable():
            if isinstance(record, TrainingRecord) and record.id == name:
                found = record
        return found


def work_setup(setup: EngineSetup) -> WorkSetup:
    """What the workers of a run need to know, with paths that hold in every folder."""
    name, how = setup.images
    images = os.path.abspath(os.path.expanduser(name)) if os.path.exists(os.path.expanduser(name)) else name
    initial = "" if setup.initial is None else os.path.abspath(setup.initial.place)
    return WorkSetup(
        images, how, initial, setup.checkpoint_seconds, setup.options.beat_seconds, setup.options.trainings_at_once
    )
