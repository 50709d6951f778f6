"""Records both ways: what a line holds, typed, and the lines that cannot be used."""

import json
from pathlib import Path

import numpy as np
import pytest

from scaling.core.errors import SpecError
from scaling.core.json_lines import JsonLines
from scaling.data.per_image import PerImage
from scaling.study.lock import LockedError, locked
from scaling.study.records import EvaluationRecord, RecordFile, TrainingRecord, pack, record_of, unpack
from scaling.study.trial import digest

RUNS = Path(__file__).parents[2] / "runs"
STEP1 = [json.loads(line) for line in (RUNS / "step1" / "trials.jsonl").read_text("utf-8").splitlines()]


@pytest.fixture
def lines(tmp_path):
    return JsonLines(tmp_path / "trials.jsonl")


def test_an_id_that_is_not_its_trials_is_named_and_nothing_changed(lines):
    one, other = STEP1[:2]
    for line in (one, other):
        lines.append(line)
    assert [record.id for record in RecordFile(lines.path).read()] == [one["id"], other["id"]]
    lines.append({**one, "trial": other["trial"]})
    damaged = lines.path.read_bytes()
    message = rf"trials.jsonl:3: the record of trial {one['id']} holds trial {other['id']}; restore the file or take another"
    with pytest.raises(SpecError, match=message):
        RecordFile(lines.path).read()
    assert lines.path.read_bytes() == damaged


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": {"status": "complete"}},
        {"outcome": {**STEP1[0]["outcome"], "accuracy": 0.5}},
        {"outcome": {**STEP1[0]["outcome"], "status": "finished"}},
        {"outcome": {**STEP1[0]["outcome"], "validation": None}},
        {"provenance": {}},
        {"cost": {}},
        {"test": {"accuracy": 1.0}},
    ],
)
def test_a_damaged_record_is_named(lines, change):
    lines.append({**STEP1[0], **change})
    with pytest.raises(SpecError, match=rf"trials.jsonl:1: the record of trial {STEP1[0]['id']} is damaged; restore the file"):
        RecordFile(lines.path).read()
    assert list(RecordFile(lines.path).readable()) == []


def test_a_line_without_an_id_is_no_record(lines):
    lines.append({})
    with pytest.raises(SpecError, match=r"trials.jsonl:1: not a record; restore the file or move it away"):
        RecordFile(lines.path).read()


@pytest.mark.parametrize("path", sorted(RUNS.glob("*/trials.jsonl")), ids=lambda path: path.parent.name)
def test_every_recorded_line_is_read_and_written_as_it_was(path):
    trained, tested = set(), set()
    for line in path.read_text("utf-8").splitlines():
        stored = json.loads(line)
        record = record_of(stored)
        written = json.loads(json.dumps(record.to_dict()))
        if isinstance(record, TrainingRecord):
            assert digest(stored["trial"]) == record.id == stored["id"]
            trained.add(record.id)
        else:
            assert isinstance(record, EvaluationRecord)
            tested.add(record.id)
        assert written == {"provenance": {}, **stored}
    assert tested <= trained


@pytest.mark.parametrize("count", [1, 7, 8, 9, 2500])
def test_bits_come_back(count):
    bits = np.random.default_rng(count).random(count) < 0.5
    assert np.array_equal(unpack(pack(PerImage(bits))).correct, bits)


def test_one_holder_at_a_time(tmp_path):
    with locked(tmp_path), pytest.raises(LockedError, match="another process is working on this run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
