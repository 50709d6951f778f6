"""Where records come from, in one sentence where it is not one place."""

import json
from pathlib import Path

import pytest

from scaling.study.provenance import Origin, mixed_origins, origin, origins, provenance

RUNS = Path(__file__).parents[2] / "runs"
ONE = Origin("a host", "a host", "0.10.2", "0.10.2", "295c8899c9f443547528f54568d09260c02004f0", False)


def test_origin_of_what_is_recorded_here():
    found = provenance("a device")
    assert origin(found)[:2] == (found["host"], "a device")
    assert origin(found).jax == found["versions"]["jax"]
    with pytest.raises(KeyError):
        origin({})


def test_one_origin_is_not_worth_a_sentence():
    assert mixed_origins(origins([])) is None
    assert mixed_origins(origins([ONE, ONE])) is None
    assert mixed_origins(origins([ONE._replace(commit=None, dirty=None)] * 2)) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dirty": True}, "a checkout with uncommitted changes (1 of 3)"),
        ({"host": "b", "device": "b"}, "2 hosts (a host; b)"),
        ({"device": "a GPU"}, "2 devices (a host; a GPU)"),
        ({"jax": "0.11.0"}, "2 versions of JAX (0.10.2; 0.11.0)"),
        ({"jaxlib": "0.11.0"}, "2 versions of jaxlib (0.10.2; 0.11.0)"),
        ({"commit": "fe8a5f96200a89d327fc99538ecf98f911e7dbdb"}, "2 commits (295c8899c9; fe8a5f9620)"),
        ({"commit": None, "dirty": None}, "2 commits (295c8899c9; no checkout)"),
        (
            {"host": "b", "device": "b", "jax": "0.11.0", "dirty": True},
            "2 hosts (a host; b), 2 versions of JAX (0.10.2; 0.11.0) and a checkout with uncommitted changes (1 of 3)",
        ),
    ],
)
def test_mixed_origins_are_one_sentence(changes, words):
    found = origins([ONE, ONE, ONE._replace(**changes)])
    assert mixed_origins(found) == f"Trainings come from {words}: a difference between networks may be due to that."


@pytest.mark.parametrize("path", sorted(RUNS.glob("*/trials.jsonl")), ids=lambda path: path.parent.name)
def test_recorded_runs_come_from_one_machine_and_clean_checkouts(path):
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    found = origins([origin(record["provenance"]) for record in records])
    assert (found.records, len(found.hosts), found.dirty) == (len(records), 1, 0)
