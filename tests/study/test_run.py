import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from scaling.arch import SMALL
from scaling.core.errors import SpecError
from scaling.data.per_image import PerImage
from scaling.recipe.recipe import Recipe
from scaling.study.provenance import Origins, provenance
from scaling.study.run import ANSWER, Run
from scaling.study.trial import Curve, Outcome, Seconds, Statuses, Trial

RUNS = Path(__file__).parents[2] / "runs"
TRIAL = Trial(SMALL, Recipe(precision="float32"), "abc", 10, 1, 6000, seed=0)
QUESTION = {"baseline": SMALL.to_dict(), "data": "abc", "recipe": {"epochs": 8}, "seeds": 2, "phi": 1.0}
CORRECT = np.arange(20) % 3 == 0
LIKELY = np.arange(20, dtype=np.uint8) * 13


def open_run(folder, question=QUESTION):
    return Run(folder).opened(question)


def test_outcomes_come_back(tmp_path):
    outcome = Outcome("complete", None, CORRECT, Seconds(1.0, 2.0, 0.5), LIKELY, Curve((0.9, 0.5), (0.6, 0.8)))
    with open_run(tmp_path) as run:
        assert run.missing([TRIAL]) == [TRIAL]
        run.record(TRIAL, outcome, provenance("a device"))
        run.record_test(TRIAL, PerImage(CORRECT[:10], LIKELY[:10]), "a device")
    with open_run(tmp_path) as run:
        found = run.outcome(TRIAL)
        assert found.status == "complete"
        assert np.array_equal(found.correct, CORRECT)
        assert found.seconds == outcome.seconds
        assert (found.probability == LIKELY).all()
        assert found.curve == outcome.curve
        assert np.array_equal(run.test(TRIAL).correct, CORRECT[:10])
        assert np.array_equal(run.test(TRIAL).probability, LIKELY[:10])
        assert run.missing([TRIAL]) == []


def test_a_record_holds_trial_cost_outcome_and_an_allow_list(tmp_path):
    with open_run(tmp_path) as run:
        run.record(TRIAL, Outcome("complete", None, CORRECT), provenance("a device"))
    (record,) = [json.loads(line) for line in (tmp_path / "trials.jsonl").read_text().splitlines()]
    assert set(record) == {"id", "trial", "cost", "outcome", "provenance"}
    assert record["cost"] == {"params": 49970, "macs": 594992, "activations": 25098}
    assert record["outcome"]["accuracy"] == CORRECT.mean()
    assert set(record["provenance"]) == {"commit", "dirty", "python", "versions", "device", "host", "time"}


def test_a_test_record_holds_its_trial_and_older_ones_without_it_stay_valid(tmp_path):
    with open_run(tmp_path) as run:
        run.record_test(TRIAL, PerImage(CORRECT), "a device")
    path = tmp_path / "trials.jsonl"
    record = json.loads(path.read_text())
    assert record.pop("trial") == json.loads(json.dumps(TRIAL.to_dict()))
    path.write_text(json.dumps(record) + "\n")
    with open_run(tmp_path) as run:
        assert np.array_equal(run.test(TRIAL).correct, CORRECT)


@pytest.mark.parametrize("kind", ["outcome", "test"])
def test_records_with_their_ids_exchanged_are_refused(tmp_path, kind):
    """Nothing else tells: the bits fit, the accuracies fit, and another network would be ranked first."""
    trials = [TRIAL, dataclasses.replace(TRIAL, seed=1)]
    with open_run(tmp_path) as run:
        for trial in trials:
            if kind == "outcome":
                run.record(trial, Outcome("complete", None, CORRECT), provenance("a device"))
            else:
                run.record_test(trial, PerImage(CORRECT), "a device")
    path = tmp_path / "trials.jsonl"
    first, second = map(json.loads, path.read_text().splitlines())
    first["id"], second["id"] = second["id"], first["id"]
    path.write_text("".join(json.dumps(record) + "\n" for record in (first, second)))
    before = path.read_bytes()
    message = f"the record of trial {trials[1].id} holds trial {TRIAL.id}; restore the file or take another folder with --run"
    with pytest.raises(SpecError, match=message), open_run(tmp_path):
        pass
    assert path.read_bytes() == before


def test_diverged_is_a_result_and_failed_is_tried_again(tmp_path):
    other = dataclasses.replace(TRIAL, seed=1)
    with open_run(tmp_path) as run:
        run.record(TRIAL, Outcome("diverged", "loss nan"), provenance("a device"))
        run.record(other, Outcome("failed", "out of memory"), provenance("a device"))
        assert run.missing([TRIAL, other]) == [other]
        run.record(other, Outcome("complete", None, CORRECT), provenance("a device"))
    with open_run(tmp_path) as run:
        assert run.missing([TRIAL, other]) == []


def test_statuses_of_the_trials_that_were_asked_for(tmp_path):
    trials = [dataclasses.replace(TRIAL, seed=seed) for seed in range(7)]
    ends = ["complete", "diverged", "failed", "complete", "diverged", "complete"]
    with open_run(tmp_path) as run:
        assert run.statuses(trials) == Statuses(complete=0, failed=0, diverged=0)
        for trial, status in zip(trials, ends, strict=False):
            run.record(trial, Outcome(status, None, CORRECT if status == "complete" else None), provenance("a device"))
    with open_run(tmp_path) as run:
        assert run.statuses(trials) == Statuses(complete=3, failed=1, diverged=2)
        assert run.statuses(trials[4:]) == Statuses(complete=1, failed=0, diverged=1)


def test_origins_of_the_trials_that_were_asked_for(tmp_path):
    trials = [dataclasses.replace(TRIAL, seed=seed) for seed in range(4)]
    made = [
        {"host": "one", "versions": {"jax": "0.10.1", "jaxlib": "0.10.1"}, "commit": "a" * 40, "dirty": False},
        {"host": "two", "versions": {"jax": "0.10.2", "jaxlib": "0.10.1"}, "commit": "b" * 40, "dirty": True},
        {"host": "two", "versions": {"jax": "0.10.2", "jaxlib": "0.10.1"}, "commit": None, "dirty": None},
    ]
    with open_run(tmp_path) as run:
        for trial, facts in zip(trials, made, strict=False):
            run.record(trial, Outcome("complete", None, CORRECT), {**facts, "device": "a device"})
    with open_run(tmp_path) as run:
        assert run.origins(trials) == Origins(
            3, ("one", "two"), ("a device",), ("0.10.1", "0.10.2"), ("0.10.1",), ("a" * 40, "b" * 40, None), 1
        )
        assert run.origins(trials[1:2]) == Origins(1, ("two",), ("a device",), ("0.10.2",), ("0.10.1",), ("b" * 40,), 1)
        assert run.devices == "a device"


def test_asking_the_same_again_leaves_the_question_as_it_was_recorded(tmp_path):
    with open_run(tmp_path):
        before = (tmp_path / "spec.json").read_bytes()
    with open_run(tmp_path, {**QUESTION, "chance": 0.1}):  # a key that older folders do not have
        assert (tmp_path / "spec.json").read_bytes() == before
    with open_run(tmp_path, {**QUESTION, "chance": 0.1, "seeds": 3}):
        assert json.loads((tmp_path / "spec.json").read_text())["chance"] == 0.1


@pytest.mark.parametrize("grown", [{"seeds": 5}, {"phi": 2.0}, {"lattice": {"step": 0.05}}])
def test_a_run_grows_in_place(tmp_path, grown):
    with open_run(tmp_path):
        pass
    with open_run(tmp_path, {**QUESTION, **grown}) as run:
        assert [change.split(":")[0].split(".")[0] for change in run.config_changes] == list(grown)
        assert json.loads((run.folder / "spec.json").read_text()) == {**QUESTION, **grown}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": "xyz"}, "data: abc, now xyz"),
        ({"recipe": {"epochs": 9}}, "recipe.epochs: 8, now 9"),
        ({"baseline": dataclasses.replace(SMALL, head=64).to_dict()}, "baseline.head: 128, now 64"),
    ],
)
def test_another_question_is_refused_with_the_difference(tmp_path, changed, message):
    with open_run(tmp_path):
        pass
    before = (tmp_path / "spec.json").read_bytes()
    with (
        pytest.raises(SpecError, match=f"made from another specification \\({message}\\)"),
        open_run(tmp_path, {**QUESTION, **changed}),
    ):
        pass
    assert (tmp_path / "spec.json").read_bytes() == before


def test_a_folder_is_of_one_kind_of_study(tmp_path):
    with open_run(tmp_path):
        pass
    with pytest.raises(SpecError, match="holds a search and cannot take a family too; take another folder"):
        open_run(tmp_path, {**QUESTION, "family": {}}).__enter__()


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match="file: a run is recorded in a folder, and this is none; name another"):
        Run(tmp_path / "file")


def test_damaged_folders_are_named(tmp_path):
    with open_run(tmp_path) as run:
        run.record(TRIAL, Outcome("complete", None, CORRECT), provenance("a device"))
    path = tmp_path / "trials.jsonl"
    record = json.loads(path.read_text())
    record["outcome"]["validation"]["bits"] = "???"
    path.write_text(json.dumps(record) + "\n")
    with pytest.raises(SpecError, match=f"the record of trial {TRIAL.id} is damaged"), open_run(tmp_path):
        pass


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"seeds": 2, "baseline": "small"}', '{"seeds": 2, "recipe": null}'])
def test_a_damaged_configuration_is_named(tmp_path, text):
    (tmp_path / "spec.json").write_text(text)
    with pytest.raises(SpecError, match=r"spec.json: damaged; restore it or take another folder"), open_run(tmp_path):
        pass


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record["outcome"]["validation"].update(bits="AAA="),  # 16 bits for 20 images
        lambda record: record["outcome"].update(accuracy=0.5),
        lambda record: record["outcome"].update(validation=None),
        lambda record: record["outcome"].update(status="done"),
        lambda record: record.pop("trial"),
        lambda record: record["provenance"].pop("host"),
    ],
)
def test_a_record_that_contradicts_itself_is_damaged(tmp_path, damage):
    with open_run(tmp_path) as run:
        run.record(TRIAL, Outcome("complete", None, CORRECT), provenance("a device"))
    path = tmp_path / "trials.jsonl"
    record = json.loads(path.read_text())
    damage(record)
    path.write_text(json.dumps(record) + "\n")
    with pytest.raises(SpecError, match=f"the record of trial {TRIAL.id} is damaged"), open_run(tmp_path):
        pass


def answered(folder):
    """A run folder with a record, weights, everything that answers its question, and a stranger's file."""
    figures = {f"{name}.{kind}" for name in ("frontier", "triangle", "curves") for kind in ("svg", "png")}
    with open_run(folder) as run:
        run.record(TRIAL, Outcome("complete", None, CORRECT), provenance("a device"))
        run.keep({"best": 1})
        run.weights.mkdir()
    others = {"latencies.json", "weights/frontier.png", "frontier.pdf", "notes.svg"}
    for name in figures | others:
        (folder / name).write_text("something")
    return {*figures, "results.json"}, {*others, "spec.json", "trials.jsonl"}


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {"lock"}


def test_answers_to_the_question_before_do_not_stay(tmp_path):
    answers, others = answered(tmp_path)
    with open_run(tmp_path):
        assert files(tmp_path) == answers | others
    with open_run(tmp_path, {**QUESTION, "seeds": 3}):
        assert files(tmp_path) == others


@pytest.mark.parametrize("after", range(len(ANSWER)))
def test_no_answer_stands_beside_another_question_whenever_it_is_killed(tmp_path, monkeypatch, after):
    _, others = answered(tmp_path)
    unlink, removed = Path.unlink, []

    def killed(path, missing_ok=False):
        if len(removed) == after:
            raise KeyboardInterrupt
        removed.append(path)
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            open_run(tmp_path, {**QUESTION, "seeds": 3}).__enter__()
    assert json.loads((tmp_path / "spec.json").read_text()) == QUESTION
    with open_run(tmp_path, {**QUESTION, "seeds": 3}):
        assert files(tmp_path) == others


@pytest.mark.parametrize("path", sorted(RUNS.glob("*/spec.json")), ids=lambda path: path.parent.name)
def test_every_file_of_a_recorded_run_is_known(path):
    """A figure that `ANSWER` does not name would stay when the question grows."""
    found = {one.name for one in path.parent.iterdir() if one.is_file()}
    assert found <= {*ANSWER, "spec.json", "trials.jsonl", "latencies.json", "looks.json", "groups.json", "lock"}


def test_identity_is_what_decides_the_outcome():
    same = dataclasses.replace(TRIAL, architecture=dataclasses.replace(SMALL, name="other", channel_divisor=8))
    assert same.id == TRIAL.id
    changes = [
        {"seed": 1},
        {"data": "xyz"},
        {"images": 6001},
        {"recipe": dataclasses.replace(TRIAL.recipe, precision="bfloat16")},
        {"architecture": dataclasses.replace(SMALL, head=132)},
    ]
    assert len({TRIAL.id, *(dataclasses.replace(TRIAL, **change).id for change in changes)}) == 6


def test_identity_is_stable():
    """A trial recorded by one version must be found by the next, or the revision must be raised."""
    assert TRIAL.id == "ef2662d207edce13"
