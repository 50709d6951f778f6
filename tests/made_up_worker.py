"""A worker that trains nothing: it waits, beats, and leaves a record that follows from the trial alone.

It takes the words that follow `python` in a worker's command line, so that a launcher may start it in Python's place. It must
start fast, so it imports neither JAX nor images. `SCALING_MADE_UP_SECONDS` says how long it trains.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from scaling.count.cost import cost
from scaling.study.engines.kind import WorkerKind, write_kind
from scaling.study.engines.work_folder import Beat, WorkFolder
from scaling.study.provenance import provenance
from scaling.study.records import TrainingRecord
from scaling.study.trial import Outcome

IMAGES = 40


def outcome_of(trial):
    random = np.random.default_rng(int(trial.id, 16))
    return Outcome("complete", None, random.random(IMAGES) < 0.7)


def in_pythons_place(folder, seconds=0.0):
    """A file that can be started instead of Python."""
    script = folder / f"made-up-python-{seconds}"
    if script.exists():  # a shell may be reading it
        return str(script)
    draft = folder / "draft"
    draft.write_text(f'#!/bin/sh\nexport SCALING_MADE_UP_SECONDS={seconds}\nexec {sys.executable} {__file__} "$@"\n')
    draft.chmod(0o755)
    draft.rename(script)
    return str(script)


def main(words):
    run, *words = words[words.index("scaling.work") + 1 :]
    name = words[words.index("--attempt") + 1] if "--attempt" in words else None
    trials = words[: words.index("--attempt")] if "--attempt" in words else words
    folder, seconds = WorkFolder(Path(run)), float(os.environ["SCALING_MADE_UP_SECONDS"])
    if not trials:
        write_kind(folder, WorkerKind("made up", "float32"))
        return
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    attempt = folder.begin(name, trials)
    beats = 0
    for one in trials:
        trial, end = folder.trial(one), time.monotonic() + seconds
        while True:
            beats += 1
            attempt.write_beat(Beat(beats, one, 1))
            if time.monotonic() >= end:
                break
            time.sleep(min(0.1, seconds))
        counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
        attempt.weights(one).write_bytes(one.encode())
        attempt.write_record(TrainingRecord(trial, counted, outcome_of(trial), provenance("made up")))


if __name__ == "__main__":
    main(sys.argv[1:])
