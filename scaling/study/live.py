"""A run that is being trained, looked at from outside: nothing is locked or written."""

from __future__ import annotations

from pathlib import Path

from scaling.core.errors import UserError
from scaling.study.engines.work_folder import WorkFolder
from scaling.study.lock import holder
from scaling.study.records import RecordFile, TrainingRecord


def live_lines(folder: Path) -> list[str]:
    """What people should know of a run that another process works on; nothing where none does.

    Args:
        folder: of the run.
    """
    owner = holder(folder)
    if owner is None:
        return []
    records = RecordFile(folder / "trials.jsonl").readable()
    done = {one.id for one in records if isinstance(one, TrainingRecord) and one.outcome.status != "failed"}
    return [
        f"This run is being trained ({owner}): {len(done)} training{'' if len(done) == 1 else 's'} recorded so far.",
        *_workers(folder),
    ]


def _workers(folder: Path) -> list[str]:
    """One line on each worker elsewhere."""
    work, lines = WorkFolder(folder), []
    for attempt in work.attempts():
        beat = attempt.beat()
        if beat is None or not beat.trial:
            lines.append(f"  {attempt.name}: starting")
            continue
        try:
            trial = work.trial(beat.trial)
        except UserError:
            continue
        accuracy = "" if beat.accuracy is None else f", training accuracy {beat.accuracy:.1%}"
        lines.append(f"  {attempt.name}: trial {trial.id}, epoch {beat.epoch} of {trial.recipe.epochs}{accuracy}")
    return lines
