"""A driver of a made-up study, to be killed: `python made_up_study.py RUN ENGINE TRIALS SECONDS`.

Its run, records, lock, driver and launchers are real; only its workers train nothing (`made_up_worker`).
"""

import dataclasses
import os
import sys
from contextlib import closing
from pathlib import Path

from made_up_worker import in_pythons_place

from scaling import architecture
from scaling.cli.exit import status
from scaling.recipe.recipe import Recipe
from scaling.study.engines.commands import CommandLines
from scaling.study.engines.engine import EngineSetup, Finished, ImagesAt, Remark
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.remote import RemoteEngine
from scaling.study.run import Run
from scaling.study.trial import Trial

NET = dataclasses.replace(architecture("small"), resolution=12)
CONFIG = {"baseline": {}, "data": "abc", "recipe": {}, "seeds": 2}


def trials(count):
    """Two seeds of each network; networks differ by the length of their trainings."""
    recipes = [Recipe(precision="float32", epochs=1 + number // 2) for number in range(count)]
    return [Trial(NET, recipe, "abc", 2, 1, 60, number % 2) for number, recipe in enumerate(recipes)]


def launcher(run, options):
    if options.name == "slurm":
        from scaling.study.engines.slurm import SlurmArrays

        return SlurmArrays(run, options)
    if options.name == "ray":
        from scaling.study.engines.ray_tasks import RayTasks

        return RayTasks(run, options)
    return CommandLines(run, options.python)


def drive(run, name, count, seconds):
    run.mkdir(parents=True, exist_ok=True)
    options = EngineOptions(
        name,
        workers=8,
        address=os.environ.get("MADE_UP_RAY"),
        python=in_pythons_place(run, seconds),
        beat_seconds=1.0,
        grace_seconds=3.0,
        losses=1000,
    )
    setup = EngineSetup(None, run, ImagesAt("images", {}), options)
    with Run(run).opened(CONFIG) as recorded:
        missing = recorded.missing(trials(count))
        engine = RemoteEngine(setup, launcher(run, options), "made up", "float32")
        with closing(engine.run(missing)) as events:
            for event in events:
                if isinstance(event, Finished):
                    recorded.record(event.trial, event.outcome, event.provenance)
                elif isinstance(event, Remark):
                    print(event.sentence, flush=True)
    return 0


if __name__ == "__main__":
    run, name, count, seconds = sys.argv[1:]
    sys.exit(status("made-up study", lambda: drive(Path(run), name, int(count), float(seconds))))
