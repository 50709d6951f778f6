import os
from pathlib import Path

import numpy as np
import pytest

from scaling.core.errors import SpecError
from scaling.data.per_image import PerImage
from scaling.study.lock import LockedError, locked
from scaling.study.records import RecordFile
from scaling.study.trial import digest, pack, unpack

RUNS = Path(__file__).parents[2] / "runs"


@pytest.fixture
def records(tmp_path):
    return RecordFile(tmp_path / "trials.jsonl")


def test_what_is_appended_is_read(records):
    assert records.read() == []
    for number in range(3):
        records.append({"id": str(number), "value": 0.1 * number})
    assert [record["id"] for record in records.read()] == ["0", "1", "2"]


def test_every_torn_tail_is_cut_and_nothing_else(records):
    records.append({"id": "whole"})
    whole = records.path.read_bytes()
    line = b'{"id":"torn","value":[1,2]}'
    for length in range(len(line) + 1):
        records.path.write_bytes(whole + line[:length])
        assert [record["id"] for record in records.read()] == ["whole"]
        records.cut_torn_line()
        assert records.path.read_bytes() == whole
        records.append({"id": "next"})
        assert [record["id"] for record in records.read()] == ["whole", "next"]


@pytest.mark.parametrize("line", [b"nonsense\n", b"[1]\n", b"{}\n", b'"id"\n', b"\xff\n"])
def test_a_damaged_line_is_named_and_nothing_changed(records, line):
    records.append({"id": "whole"})
    damaged = records.path.read_bytes() + line
    records.path.write_bytes(damaged)
    with pytest.raises(SpecError, match=r"trials.jsonl:2: not a record; restore the file"):
        records.read()
    assert records.path.read_bytes() == damaged


def test_an_id_that_is_not_its_trials_is_named_and_nothing_changed(records):
    trials = [{"seed": 0}, {"seed": 1}]
    ids = [digest(trial) for trial in trials]
    for name, trial in zip(ids, trials, strict=True):
        records.append({"id": name, "trial": trial})
    assert [record["id"] for record in records.read()] == ids
    records.append({"id": ids[0], "trial": trials[1]})
    damaged = records.path.read_bytes()
    message = rf"trials.jsonl:3: the record of trial {ids[0]} holds trial {ids[1]}; restore the file or take another folder"
    with pytest.raises(SpecError, match=message):
        records.read()
    assert records.path.read_bytes() == damaged


@pytest.mark.parametrize("path", sorted(RUNS.glob("*/trials.jsonl")), ids=lambda path: path.parent.name)
def test_every_recorded_id_is_that_of_its_trial(path):
    records = RecordFile(path).read()
    trained = [record for record in records if "outcome" in record]
    assert [digest(record["trial"]) for record in trained] == [record["id"] for record in trained]
    assert {record["id"] for record in records} == {record["id"] for record in trained}


def test_a_full_disk_leaves_the_file_as_it_was(records, monkeypatch):
    records.append({"id": "whole"})
    before = records.path.read_bytes()

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        records.append({"id": "lost"})
    assert records.path.read_bytes() == before


def test_numbers_that_json_does_not_know_are_refused(records):
    with pytest.raises(ValueError, match="Out of range float"):
        records.append({"id": "a", "value": float("nan")})


@pytest.mark.parametrize("count", [1, 7, 8, 9, 2500])
def test_bits_come_back(count):
    bits = np.random.default_rng(count).random(count) < 0.5
    assert np.array_equal(unpack(pack(PerImage(bits))).correct, bits)


def test_one_holder_at_a_time(tmp_path):
    with locked(tmp_path), pytest.raises(LockedError, match="another process is working on this run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass
