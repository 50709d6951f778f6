"""What workers leave: weights that are moved to where the run keeps them, and records that come second."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from scaling.core.errors import SpecError
from scaling.study.engines.work_folder import Attempt
from scaling.study.records import TrainingRecord


def keep_weights(attempt: Attempt, record: TrainingRecord, weights: Path) -> None:
    """Move a trial's weights to where its run keeps them; some trials leave none.

    Raises:
        OSError: they cannot be written there.
    """
    weights.mkdir(exist_ok=True)
    left = attempt.weights(record.id)
    if left.exists():
        os.replace(left, weights / left.name)


def compared(attempt: Attempt, first: TrainingRecord) -> str | None:
    """One sentence where a record that comes second differs from the one that counts; None where it says the same.

    Args:
        attempt: that left the second.
        first: the one that counts.
    """
    try:
        second = attempt.record(first.id)
    except SpecError as error:
        return f"trained twice, and the later record cannot be read ({error}); the first one counts"
    if second is None or _same(first, second):
        return None
    kinds = {one.provenance["device"] for one in (first, second)}
    where = f"on {' and '.join(sorted(kinds))}"
    if first.outcome.correct is None or second.outcome.correct is None:
        ended = f"{first.outcome.status} first, {second.outcome.status} then"
        return f"trained twice, {where}: {ended}; the first one counts"
    differ = int((first.outcome.correct != second.outcome.correct).sum())
    return (
        f"trained twice, {where}, and the two differ on {differ:,} of {first.outcome.images:,} validation images; "
        "the first one counts"
    )


def _same(first: TrainingRecord, second: TrainingRecord) -> bool:
    one, other = first.outcome, second.outcome
    return (
        one.status == other.status
        and np.array_equal(one.correct, other.correct)  # type: ignore[arg-type]
        and np.array_equal(one.probability, other.probability)  # type: ignore[arg-type]
        and one.curve == other.curve
    )
