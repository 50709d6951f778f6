"""The records of a run, both ways: what a line of `trials.jsonl` holds, as types and as plain data.

A line is about one trial: what came of its training, or what its network made of the test images.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from scaling.core.errors import SpecError
from scaling.core.json_lines import JsonLines
from scaling.count.cost import Cost
from scaling.data.per_image import PerImage
from scaling.study.provenance import Origin, origin
from scaling.study.trial import Curve, Outcome, Seconds, Statuses, Trial, digest


class TrainingRecord(NamedTuple):
    """What came of a trial's training.

    Attributes:
        trial: what was trained.
        cost: of its network.
        outcome: what came of it.
        provenance: plain data of `scaling.study.provenance`.
    """

    trial: Trial
    cost: Cost
    outcome: Outcome
    provenance: dict[str, Any]

    @property
    def id(self) -> str:
        """The trial's."""
        return self.trial.id

    @property
    def origin(self) -> Origin:
        """Where it comes from."""
        return origin(self.provenance)

    def to_dict(self) -> dict[str, Any]:
        """The line."""
        outcome = self.outcome
        seconds = {name: getattr(outcome.seconds, name) for name in ("compile", "train", "evaluate")}
        judged = None if outcome.correct is None else pack(PerImage(outcome.correct, outcome.probability))
        return {
            "id": self.trial.id,
            "trial": self.trial.to_dict(),
            "cost": self.cost._asdict(),
            "outcome": {
                "status": outcome.status,
                "reason": outcome.reason,
                "accuracy": outcome.accuracy,
                "validation": judged,
                "seconds": seconds,
                **({} if outcome.curve is None else {"curve": outcome.curve._asdict()}),
                **({} if outcome.last_weights is None else {"last_weights": outcome.last_weights}),
            },
            "provenance": self.provenance,
        }


class EvaluationRecord(NamedTuple):
    """What a trained network made of the test images.

    Attributes:
        id: of the trial; the oldest lines hold no more of it.
        judged: the test images.
        trial: what was trained; None in the oldest lines.
        provenance: plain data of `scaling.study.provenance`; empty in the oldest lines.
    """

    id: str
    judged: PerImage
    trial: Trial | None
    provenance: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The line."""
        test = {"accuracy": float(self.judged.correct.mean()), **pack(self.judged)}
        trial = {} if self.trial is None else {"trial": self.trial.to_dict()}
        return {"id": self.id, **trial, "test": test, "provenance": self.provenance}


Record: TypeAlias = TrainingRecord | EvaluationRecord


class RecordFile:
    """The records of a run folder: its file `trials.jsonl`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines = JsonLines(path)

    def read(self) -> list[Record]:
        """All records, oldest first.

        Raises:
            SpecError: a line is no record, its id is not that of the trial in it, or it is damaged.
        """
        return [self._checked(number, line) for number, line in self._lines.read()]

    def readable(self) -> Iterator[Record]:
        """The records that can be read, oldest first; whatever else the file holds is passed over."""
        for line in self._lines.readable():
            try:
                yield record_of(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue

    def append(self, record: Record) -> None:
        """Write a record and wait until it is on the disk.

        Raises:
            OSError: the disk is full or read-only; the file is as it was before.
        """
        self._lines.append(record.to_dict())

    def cut_torn_line(self) -> None:
        """Drop what follows the last line break, left by a process that died while writing."""
        self._lines.cut_torn_line()

    def _checked(self, number: int, line: dict[str, Any]) -> Record:
        where = f"{self.path}:{number}"
        if "id" not in line:
            raise SpecError(f"{where}: not a record; restore the file or move it away, nothing was changed")
        # Results are found by id alone: under another's they would pass for another network's.
        if "trial" in line and (held := digest(line["trial"])) != line["id"]:
            raise SpecError(
                f"{where}: the record of trial {line['id']} holds trial {held}; "
                "restore the file or take another folder with --run, nothing was changed"
            )
        try:
            return record_of(line)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SpecError(
                f"{where}: the record of trial {line['id']} is damaged; "
                "restore the file or take another folder with --run, nothing was changed"
            ) from None


def record_of(line: dict[str, Any]) -> Record:
    """The record that a line holds, the inverse of `to_dict`.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it holds none.
    """
    if "test" in line:
        judged = unpack(line["test"])
        _require_accuracy(line["test"]["accuracy"], judged.correct)
        trial = Trial.from_dict(line["trial"]) if "trial" in line else None
        return EvaluationRecord(str(line["id"]), judged, trial, line.get("provenance", {}))
    origin(line["provenance"])  # refuses what is none
    cost = Cost(*(int(line["cost"][name]) for name in Cost._fields))
    return TrainingRecord(Trial.from_dict(line["trial"]), cost, _outcome(line["outcome"]), line["provenance"])


def pack(judged: PerImage) -> dict[str, Any]:
    """What a network made of each image as text: their count, base64 of one bit each and, where known, of one byte each."""
    packed = {"pictures": len(judged.correct), "bits": _base64(np.packbits(judged.correct))}
    return packed if judged.probability is None else {**packed, "probability": _base64(judged.probability)}


def unpack(packed: dict[str, Any]) -> PerImage:
    """The inverse of `pack`.

    Raises:
        ValueError: there are not as many bits, or probabilities, as images.
    """
    correct = _unpack_bits(packed)
    if "probability" not in packed:
        return PerImage(correct)
    probability = np.frombuffer(base64.b64decode(packed["probability"], validate=True), np.uint8)
    if len(probability) != len(correct):
        raise ValueError(f"{len(correct)} images need as many probabilities, got {len(probability)}")
    return PerImage(correct, probability)


def _base64(array: NDArray[np.uint8]) -> str:
    return base64.b64encode(array.tobytes()).decode()


def _unpack_bits(packed: dict[str, Any]) -> NDArray[np.bool_]:
    raw = np.frombuffer(base64.b64decode(packed["bits"], validate=True), np.uint8)
    if len(raw) != -(-packed["pictures"] // 8):
        raise ValueError(f"{packed['pictures']} images need another number of bytes than {len(raw)}")
    return np.unpackbits(raw, count=packed["pictures"]).astype(bool)


def _outcome(stored: dict[str, Any]) -> Outcome:
    if stored["status"] not in Statuses._fields:
        raise ValueError(f"no trial ends as {stored['status']}")
    bits, seconds = stored["validation"], Seconds(**stored["seconds"])
    curve = Curve(*(tuple(map(float, stored["curve"][name])) for name in Curve._fields)) if "curve" in stored else None
    if bits is None:
        if stored["status"] == "complete":
            raise ValueError("a complete trial needs its images")
        return Outcome(status=stored["status"], reason=stored["reason"], seconds=seconds, curve=curve)
    judged = unpack(bits)
    _require_accuracy(stored["accuracy"], judged.correct)
    return Outcome(
        status=stored["status"],
        reason=stored["reason"],
        correct=judged.correct,
        seconds=seconds,
        probability=judged.probability,
        curve=curve,
        last_weights=float(stored["last_weights"]) if "last_weights" in stored else None,
    )


def _require_accuracy(recorded: float, correct: NDArray[np.bool_]) -> None:
    if recorded != float(correct.mean()):
        raise ValueError(f"accuracy {recorded} is recorded beside images of {correct.mean()}")
