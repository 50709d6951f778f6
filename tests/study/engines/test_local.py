import dataclasses
import itertools
import re
import threading
import time
from contextlib import closing
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from scaling import Factors, Stage, architecture, scale
from scaling.core.errors import SpecError, UserError
from scaling.core.machine import cores
from scaling.core.units import duration
from scaling.data import load
from scaling.recipe.progressive import Progressive
from scaling.recipe.recipe import Recipe
from scaling.study.engines import jobs as jobs_module
from scaling.study.engines import local as local_module
from scaling.study.engines import programs as programs_module
from scaling.study.engines.engine import Added, Compiling, Finished, Remark, Training
from scaling.study.engines.jobs import stage_tasks
from scaling.study.engines.local import LocalEngine
from scaling.study.estimate import DEFAULT_PACE, Expected, Pace, estimated_seconds, expected_parts, pace
from scaling.study.progress import StudyProgress
from scaling.study.provenance import host, provenance
from scaling.study.resolve import resolved
from scaling.study.run import Run
from scaling.study.trial import Outcome, Seconds, Trial
from scaling.train.input import to_device

NET = dataclasses.replace(architecture("small"), resolution=12, stem=4, head=8, stages=(Stage(1, 3, 2, 1, 4),))
RECIPE = Recipe(epochs=2, batch=16, peak_rate=0.2, precision="float32")


@pytest.fixture(scope="module")
def dataset(image_folder):
    return load(image_folder)


@pytest.fixture
def engine(dataset, tmp_path):
    return LocalEngine(dataset, tmp_path / "weights")


def trial(dataset, seed=0, network=NET, recipe=RECIPE):
    return Trial(network, recipe, dataset.fingerprint, 2, 1, len(dataset.train), seed)


def finished(engine, trials):
    return {event.trial: event.outcome for event in engine.run(trials) if isinstance(event, Finished)}


def test_trials_that_are_decided_meanwhile_are_trained_too(engine, dataset):
    first, later = trial(dataset, 0), trial(dataset, 1, scale(NET, Factors(1, 2, 1)))
    decided = [later]

    def more():
        found = decided[:]
        decided.clear()
        return found

    events = list(engine.run([first], more))
    over = [event for event in events if isinstance(event, Finished | Added)]
    assert [type(event) for event in over] == [Finished, Added, Finished]
    assert over[1].trials == (later,)
    alone = finished(engine, [later])[later]
    assert np.array_equal(over[2].outcome.correct, alone.correct)


class Device(NamedTuple):
    platform: str
    bytes_limit: int | None = None

    def memory_stats(self):
        return None if self.bytes_limit is None else {"bytes_limit": self.bytes_limit}


def test_a_device_has_two_workers_where_its_memory_bears_two_trainings(dataset, monkeypatch):
    trials = [trial(dataset)]
    needed = jobs_module._training_bytes(trials[0])
    small, large = Device("gpu", int(2.8 * needed)), Device("gpu", 3 * needed)
    assert jobs_module.workers([small, large], trials) == [small, large, large]
    assert jobs_module.workers([Device("tpu")], trials) == [Device("tpu")]  # one that does not say
    monkeypatch.setattr(jobs_module, "cores", lambda: 2)
    cpus = [Device("cpu"), Device("cpu")]
    assert jobs_module.workers(cpus, trials) == cpus[:1] * 2
    monkeypatch.setattr(jobs_module, "memory_bytes", lambda: 2 * needed)
    assert jobs_module.workers(cpus, trials) == cpus[:1]


def test_every_trial_finishes_and_the_first_seed_compiles_for_the_others(engine, dataset):
    trials = [trial(dataset, seed, net) for net in (NET, scale(NET, Factors(1, 2, 1))) for seed in (0, 1)]
    events = list(engine.run(trials))
    assert sum(isinstance(event, Compiling) for event in events) == 2
    outcomes = {event.trial: event.outcome for event in events if isinstance(event, Finished)}
    assert set(outcomes) == set(trials)
    for one, outcome in outcomes.items():
        assert outcome.status == "complete"
        assert outcome.correct.shape == (len(dataset.validation),)
        assert (outcome.seconds.compile > 0) == (one.seed == 0)
        assert outcome.seconds.train > 0
    epochs = [event.epoch for event in events if isinstance(event, Training) and event.trial == trials[0]]
    assert epochs == [0, 1, 2]


def test_a_device_compiles_one_network_at_a_time(engine, dataset, monkeypatch):
    compile_training, inside, most = programs_module.compile_training, [], []

    def counted(*rest):
        inside.append(None)
        most.append(len(inside))
        time.sleep(0.05)
        try:
            return compile_training(*rest)
        finally:
            inside.pop()

    monkeypatch.setattr(programs_module, "compile_training", counted)
    monkeypatch.setattr(engine, "_compiling", {engine._devices[0]: threading.Lock(), "another device": threading.Lock()})
    monkeypatch.setattr(local_module, "workers", lambda devices, trials: [devices[0]] * 3)
    networks = [dataclasses.replace(NET, head=head) for head in (8, 16, 24, 32)]
    assert len(finished(engine, [trial(dataset, network=one) for one in networks])) == 4
    assert most == [1, 1, 1, 1]


def test_numbers_do_not_depend_on_what_trains_beside(engine, dataset):
    trials = [trial(dataset, seed) for seed in (0, 1)]
    other = trial(dataset, 0, scale(NET, Factors(1, 2, 1)))
    together, alone = finished(engine, [*trials, other]), finished(engine, trials[1:])
    assert np.array_equal(together[trials[1]].correct, alone[trials[1]].correct)


def test_test_images_are_judged_with_the_kept_weights(engine, dataset, tmp_path):
    one = trial(dataset)
    assert engine.missing_weights([one]) == [one]
    finished(engine, [one])
    assert engine.missing_weights([one]) == []
    kept = engine.test(one)
    assert kept.correct.shape == kept.probability.shape == (len(dataset.test),)
    path = tmp_path / "weights" / f"{one.id}.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    assert engine.missing_weights([one]) == [one]
    with pytest.raises(ValueError, match="not a whole safetensors file"):
        engine.test(one)
    path.unlink()
    with pytest.raises(ValueError, match="is missing"):
        engine.test(one)
    finished(engine, [one])
    assert all(map(np.array_equal, engine.test(one), kept))


def test_images_of_a_resolution_are_let_go_after_its_last_network(engine, dataset):
    sharper = dataclasses.replace(NET, resolution=14)
    finished(engine, [trial(dataset), trial(dataset, network=sharper)])
    assert engine._images._held == {}


def test_an_error_of_one_network_is_its_outcome_and_the_others_go_on(engine, dataset, monkeypatch):
    def broken(task, form):
        if task.architecture.head == 9:
            raise RuntimeError("out of memory\nand more")
        return compile_training(task, form)

    compile_training = programs_module.compile_training
    monkeypatch.setattr(programs_module, "compile_training", broken)
    bad, good = trial(dataset, 0, dataclasses.replace(NET, head=9)), trial(dataset)
    outcomes = finished(engine, [bad, good])
    assert (outcomes[bad].status, outcomes[bad].reason) == ("failed", "RuntimeError: out of memory and more")
    assert outcomes[good].status == "complete"


def test_a_diverged_training_is_an_outcome(engine, dataset):
    wild = trial(dataset, recipe=dataclasses.replace(RECIPE, peak_rate=1e30, momentum=0.0))
    outcome = finished(engine, [wild])[wild]
    assert outcome.status == "diverged"
    assert outcome.seconds.compile > 0
    assert outcome.seconds.train > 0


def test_an_error_of_the_disk_ends_the_run(engine, dataset, monkeypatch):
    def full(path, state):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local_module, "save_weights", full)
    with pytest.raises(OSError, match="No space left"):
        finished(engine, [trial(dataset)])


def test_a_store_that_is_gone_ends_the_run_and_no_network_is_called_failed(engine, dataset, monkeypatch):
    def gone(*given, **named):
        raise UserError("pixels.u8: stored images cannot be read")

    monkeypatch.setattr(local_module, "train_stages", gone)
    with pytest.raises(UserError, match="stored images cannot be read"):
        finished(engine, [trial(dataset)])


def test_closing_the_events_stops_the_work(engine, dataset):
    with closing(engine.run([trial(dataset, seed) for seed in range(50)])) as events:
        for event in events:
            if isinstance(event, Finished):
                break
    assert len(list((engine._weights).iterdir())) < 50


def test_a_worker_that_waited_to_compile_does_not_begin_after_the_end(engine, dataset, monkeypatch):
    compile_training, begun, go_on = programs_module.compile_training, threading.Event(), threading.Event()
    compiled = []

    def slow(task, form):
        compiled.append(task)
        begun.set()
        go_on.wait(30)
        return compile_training(task, form)

    monkeypatch.setattr(programs_module, "compile_training", slow)
    monkeypatch.setattr(local_module, "CLOSING_SECONDS", 0.1)
    monkeypatch.setattr(local_module, "workers", lambda devices, trials: [devices[0]] * 4)
    join, waited = threading.Thread.join, []

    def joined(thread, timeout=None):
        waited.append(timeout)
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", joined)
    networks = [dataclasses.replace(NET, head=head) for head in (8, 16, 24, 32)]
    with closing(engine.run([trial(dataset, network=one) for one in networks])) as events:
        assert isinstance(next(events), Compiling)
        begun.wait(30)
        workers = [one for one in threading.enumerate() if one.name.startswith(local_module.WORKER)]
    assert waited == [0.1]  # one deadline for all, used up by the first
    assert len(finished(engine, [])) == 0  # another run does not wake them
    go_on.set()
    for worker in workers:
        worker.join(30)
    assert len(compiled) == 1


def test_a_network_whose_evaluation_fails_is_not_trained(engine, dataset, monkeypatch):
    def broken(task, side):
        raise RuntimeError("no room")

    trained = []
    monkeypatch.setattr(local_module, "compile_evaluation", broken)
    monkeypatch.setattr(local_module, "train_stages", lambda *rest: trained.append(rest))
    outcomes = finished(engine, [trial(dataset, seed) for seed in (0, 1)])
    assert [one.reason for one in outcomes.values()] == ["RuntimeError: no room"] * 2
    assert trained == []


def test_large_networks_come_first_and_seeds_follow_each_other(dataset):
    wide = scale(NET, Factors(1, 2, 1))
    trials = [trial(dataset, seed, net) for seed in (0, 1) for net in (NET, wide)]
    jobs = jobs_module.by_network(trials)
    assert [[(one.architecture, one.seed) for one in job] for job in jobs] == [[(wide, 0), (wide, 1)], [(NET, 0), (NET, 1)]]


def test_a_checkpoint_fits_whatever_other_seeds_are_left(dataset, monkeypatch):
    monkeypatch.setattr(programs_module, "compile_training", lambda task, form: None)
    recipe = dataclasses.replace(RECIPE, epochs=8, progressive=Progressive(2, 0.5, order="random", every=1))
    network = dataclasses.replace(NET, resolution=24)
    own = [stage_tasks([trial(dataset, seed, network, recipe)]) for seed in range(8)]
    first, second = next(pair for pair in itertools.pairwise(own) if pair[0][0] != pair[1][0])  # they begin at other sizes
    data = to_device(dataset, 24)
    alone, together = (programs_module.StagePrograms(tasks, data, None) for tasks in (second, [*first, *second]))
    assert alone.forms(second) == together.forms(second)


@pytest.mark.parametrize(
    ("networks", "seeds", "workers", "lengths"),
    [
        (1, 2, 2, [1, 1]),
        (1, 3, 2, [2, 1]),
        (1, 1, 2, [1]),
        (2, 2, 2, [2, 2]),
        (3, 2, 2, [2, 2, 2]),
        (2, 3, 8, [1] * 6),
        (2, 5, 3, [3, 2, 5]),
        (0, 0, 2, []),
    ],
)
def test_seeds_are_parted_where_networks_are_fewer_than_workers(dataset, networks, seeds, workers, lengths):
    jobs = [[trial(dataset, seed, dataclasses.replace(NET, head=16 + one)) for seed in range(seeds)] for one in range(networks)]
    shared = jobs_module.shared_out(jobs, workers)
    assert [len(job) for job in shared] == lengths
    assert [one for job in shared for one in job] == [one for job in jobs for one in job]


def test_recipes_of_one_network_are_trained_apart(dataset):
    mirrored, plain = (dataclasses.replace(trial(dataset).recipe, flip=flip) for flip in (True, False))
    trials = [dataclasses.replace(trial(dataset, seed), recipe=one) for seed in (0, 1) for one in (mirrored, plain)]
    jobs = jobs_module.by_network(trials)
    assert sorted((job[0].recipe.flip, [one.seed for one in job]) for job in jobs) == [(False, [0, 1]), (True, [0, 1])]
    assert all(len({one.recipe for one in job}) == 1 for job in jobs)
    parts = expected_parts(trials, Pace(10.0, 1e-3, "here"))
    assert [parts[one.id].compile for one in trials] == [10, 10, 0, 0]
    growing = dataclasses.replace(trials[0], recipe=dataclasses.replace(mirrored, progressive=Progressive(2, 0.8)))
    assert expected_parts([growing], Pace(10.0, 1e-3, "here"))[growing.id].compile == 20  # a program for each stage


def test_the_pace_is_a_stated_default_until_trials_are_recorded(tmp_path):
    assert pace(tmp_path / "new") == DEFAULT_PACE
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "trials.jsonl").write_text('{"id": "test record"}\nnonsense\n{"torn')
    (tmp_path / "other" / "trials.jsonl").mkdir(parents=True)
    assert pace(tmp_path / "new") == pace(tmp_path / "run") == DEFAULT_PACE


def test_the_pace_is_that_of_trainings_long_enough_to_tell(tmp_path, dataset):
    question = {"baseline": {}, "data": "", "recipe": {}, "seeds": 1}
    with Run(tmp_path / "run").opened(question) as run:
        for seed, seconds in enumerate((0.5, 10.0, 30.0)):
            run.record(
                trial(dataset, seed), Outcome("complete", None, np.ones(3, bool), Seconds(4.0, seconds)), provenance("here")
            )
    found = pace(tmp_path / "new")
    assert found.compile == 4.0
    assert found.unit == pytest.approx(20.0 / expected_parts([trial(dataset)], Pace(0.0, 1.0, ""))[trial(dataset).id].train)
    assert found.source == f"2 trials recorded on this machine, {host()}"


def test_the_pace_is_that_of_the_runs_own_trainings_and_its_pilots_where_there_are_some(tmp_path, dataset):
    question = {"baseline": {}, "data": "", "recipe": {}, "seeds": 1}
    for folder, seconds in ((tmp_path / "other", 10.0), (tmp_path / "own" / "pilot", 40.0)):
        with Run(folder).opened(question) as run:
            run.record(trial(dataset), Outcome("complete", None, np.ones(3, bool), Seconds(4.0, seconds)), provenance("here"))
    other, own = pace(tmp_path / "new"), pace(tmp_path / "own")
    assert other.source == f"2 trials recorded on this machine, {host()}"  # a new run knows of both
    assert own.source == f"1 trial of this run, recorded on this machine, {host()}"
    assert own.unit == pytest.approx(8 / 5 * other.unit)  # 40 s, where the mean of both is 25
    assert pace(tmp_path / "own" / "pilot", tmp_path).source == own.source


def test_expected_seconds_count_compiling_once_a_network(dataset):
    trials = [trial(dataset, seed) for seed in (0, 1)]
    speed = Pace(10.0, 1e-3, "here")
    parts = expected_parts(trials, speed)
    work = parts[trials[0].id].train
    assert parts[trials[1].id] == Expected(0.0, work)
    # A network by itself is trained from two seeds at once.
    assert estimated_seconds(trials, speed) == pytest.approx(10 + (work if cores() > 1 else 2 * work))
    both = [*trials, *(trial(dataset, seed, dataclasses.replace(NET, head=16)) for seed in (0, 1))]
    one, other = (sum(sum(part) for part in expected_parts(seeds, speed).values()) for seeds in (both[:2], both[2:]))
    assert estimated_seconds(both, speed) == pytest.approx(max(one, other) if cores() > 1 else one + other)
    assert estimated_seconds([], speed) == 0


def test_progress_away_from_a_terminal_is_a_line_a_trial(engine, dataset, capsys):
    trials = [trial(dataset, seed) for seed in (0, 1)]
    with StudyProgress(trials, lambda one: f"seed {one.seed}", DEFAULT_PACE, Console(stderr=True, width=200)) as progress:
        for event in engine.run(trials):
            progress.show(event)
    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("[1/2] seed 0: ")
    assert "on validation" in first
    assert first.endswith("left")
    assert re.search(r"all done in \d+ s, training in \d+% of it", last)


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (7500, "2 h 5 min")])
def test_durations_read_well(seconds, text):
    assert duration(seconds) == text


def test_too_few_images_are_named_with_their_classes():
    dataset = load("fashion-mnist-10k")
    wanted = r"6000 training images of the classes T-shirt/top, .* and 6 more do not fill one batch of 9999; lower batch in"
    with pytest.raises(SpecError, match=wanted):
        resolved(dataclasses.replace(RECIPE, batch=9999), dataset, "float32")


def test_a_checkpoint_that_cannot_be_used_is_said_and_the_training_starts_anew(engine, dataset):
    one = trial(dataset, 31)
    whole = finished(engine, [one])[one]
    path = engine._weights / f"{one.id}.checkpoint"
    path.write_bytes(b"damaged")
    events = list(engine.run([one]))
    (remark,) = [event for event in events if isinstance(event, Remark)]
    assert re.search(r"not a whole checkpoint \(.*\); this training starts anew", remark.sentence)
    assert np.array_equal(events[-1].outcome.correct, whole.correct)


def test_weights_of_the_last_step_are_judged_beside_their_averages(engine, dataset):
    one = trial(dataset, recipe=dataclasses.replace(RECIPE, average=0.999))
    outcome = finished(engine, [one])[one]
    assert 0 <= outcome.last_weights <= 1
    assert finished(engine, [trial(dataset)])[trial(dataset)].last_weights is None


def test_a_progressive_training_is_judged_at_the_networks_own_size(engine, dataset):
    recipe = dataclasses.replace(RECIPE, epochs=4, progressive=Progressive(2, 0.6, 0.8))
    one = trial(dataset, network=dataclasses.replace(NET, resolution=20), recipe=recipe)
    outcome = finished(engine, [one])[one]
    assert outcome.status == "complete", outcome.reason
    assert len(outcome.curve.loss) == 4
    assert engine._images._held == {}
