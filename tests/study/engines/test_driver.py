"""Workers elsewhere: each outcome once, whatever dies meanwhile."""

import contextlib
import dataclasses
import itertools
import os
import random
import signal
import subprocess
import time

import numpy as np
import pytest
from made_up_worker import in_pythons_place, outcome_of

from scaling import architecture
from scaling.core.errors import UserError
from scaling.count.cost import cost
from scaling.recipe.recipe import Recipe
from scaling.study.engines import driver as driver_module
from scaling.study.engines.driver import Driver
from scaling.study.engines.engine import Added, Finished, Remark
from scaling.study.engines.launcher import Ended, command_of, ended_with
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.work_folder import Beat, WorkFolder, WorkSetup
from scaling.study.provenance import provenance
from scaling.study.records import TrainingRecord
from scaling.study.trial import Outcome, Trial

NET = dataclasses.replace(architecture("small"), resolution=12)
PATIENT = EngineOptions("commands", beat_seconds=0.2, grace_seconds=0.5)


def trials(count):
    return [Trial(NET, Recipe(precision="float32"), "abc", 2, 1, 60, seed) for seed in range(count)]


STARTED = []


class Processes:
    """Starts made-up workers on this machine."""

    def __init__(self, run, seconds=0.0, most=4):
        STARTED.append(self)
        self.run, self.seconds, self.most = run, seconds, most
        self.running = {}
        self.started = 0

    def room(self):
        return self.most - len(self.running)

    def start(self, jobs):
        for attempt, asked in jobs.items():
            command = command_of(self.run, asked, attempt, in_pythons_place(self.run, self.seconds))
            self.running[attempt] = subprocess.Popen(command, start_new_session=True)
            self.started += 1

    def under_way(self):
        return {}

    def ended(self):
        over = {name: process for name, process in self.running.items() if process.poll() is not None}
        for name in over:
            del self.running[name]
        return {name: ended_with(process.returncode, "") for name, process in over.items()}

    def stop(self, attempts):
        for name in attempts:
            if name in self.running:
                self.running[name].terminate()

    def close(self):
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(autouse=True)
def no_worker_outlives_its_test():
    yield
    while STARTED:
        STARTED.pop().close()


class Nothing(Processes):
    """Starts nothing: the workers are the test's."""

    def __init__(self, run):
        super().__init__(run)
        self.jobs, self.over, self.stopped = {}, {}, []

    def start(self, jobs):
        self.jobs |= jobs

    def ended(self):
        over, self.over = self.over, {}
        return over

    def stop(self, attempts):
        self.stopped += attempts


def made(run, launcher, options=PATIENT, expected=1.0, recorded=None):
    folder = WorkFolder(run)
    folder.prepare(WorkSetup("images", {}))
    return Driver(folder, launcher, options, "made up", lambda trial: expected, (recorded or {}).get)


def leave(run, attempt, trial, outcome=None, device="made up"):
    counted = cost(trial.architecture, trial.num_classes, trial.in_channels)
    outcome = outcome_of(trial) if outcome is None else outcome
    record = TrainingRecord(trial, counted, outcome, provenance(device))
    WorkFolder(run).attempt(attempt).write_record(record)
    return record


def finished(events):
    return {event.trial: event.outcome for event in events if isinstance(event, Finished)}


def remarks(events):
    return [event.sentence for event in events if isinstance(event, Remark)]


def test_every_outcome_is_taken_once_with_its_weights(tmp_path):
    asked = trials(5)
    launcher = Processes(tmp_path, most=1)
    events = list(made(tmp_path, launcher).run(asked))
    found = finished(events)
    assert set(found) == set(asked)
    assert sum(isinstance(event, Finished) for event in events) == 5
    for trial in asked:
        assert np.array_equal(found[trial].correct, outcome_of(trial).correct)
        assert (tmp_path / "weights" / f"{trial.id}.safetensors").read_bytes() == trial.id.encode()
    assert launcher.started == 1  # the seeds of one network in one worker
    assert list(WorkFolder(tmp_path).attempts()) == []


def test_a_killed_worker_is_replaced_and_its_finished_seeds_are_kept(tmp_path):
    asked, launcher = trials(3), Processes(tmp_path, seconds=0.5, most=1)
    events, killed = [], False
    for event in made(tmp_path, launcher).run(asked):
        events.append(event)
        if len(finished(events)) == 1 and not killed:
            killed = True
            os.killpg(next(iter(launcher.running.values())).pid, signal.SIGKILL)
    assert set(finished(events)) == set(asked)
    assert launcher.started == 3  # the trial that was lost by itself, the rest of its job in another worker
    assert remarks(events) == ["lost (killed by signal 9); trained again, 1 of at most 100"]


def test_a_worker_that_goes_silent_is_lost_and_welcome_when_it_comes_back(tmp_path):
    (trial,), launcher = trials(1), Nothing(tmp_path)
    folder = WorkFolder(tmp_path)

    def start(jobs):
        launcher.jobs |= jobs
        name = next(iter(jobs))
        if len(launcher.jobs) == 1:
            folder.begin(name, [trial.id]).write_beat(Beat(1, trial.id, 0))
        else:  # the second is at it when the first comes back
            leave(tmp_path, next(iter(launcher.jobs)), trial)

    launcher.start = start
    seen = list(made(tmp_path, launcher, dataclasses.replace(PATIENT, losses=5)).run([trial]))
    assert remarks(seen) == ["lost (gave no sign of life for 1 s); trained again, 1 of at most 5"]
    assert len(launcher.jobs) == 2
    assert set(finished(seen)) == {trial}
    assert launcher.stopped[0] == next(iter(launcher.jobs))


def test_own_failures_have_a_budget_of_their_own(tmp_path):
    (trial,), launcher = trials(1), Nothing(tmp_path)
    folder = WorkFolder(tmp_path)

    def start(jobs):
        launcher.jobs |= jobs
        for name in jobs:
            folder.begin(name, [trial.id])
            leave(tmp_path, name, trial, Outcome("failed", "ZeroDivisionError: division by zero"))

    launcher.start = start
    seen = list(made(tmp_path, launcher).run([trial]))
    assert len(launcher.jobs) == 2
    assert remarks(seen) == ["failed (ZeroDivisionError: division by zero); trained again, 1 of at most 1"]
    assert finished(seen)[trial] == Outcome("failed", "ZeroDivisionError: division by zero")


def test_losses_have_a_budget_too(tmp_path):
    (trial,), launcher = trials(1), Nothing(tmp_path)

    def start(jobs):
        launcher.jobs |= jobs
        launcher.over = {name: Ended(lost=True, reason="killed by signal 9") for name in jobs}

    launcher.start = start
    seen = list(made(tmp_path, launcher, dataclasses.replace(PATIENT, losses=2)).run([trial]))
    assert len(launcher.jobs) == 3
    assert finished(seen)[trial].reason == "its worker was lost 3 times, at last: killed by signal 9"


def test_a_worker_that_refuses_its_input_ends_the_run(tmp_path):
    (trial,), launcher = trials(1), Nothing(tmp_path)

    def start(jobs):
        launcher.over = {name: ended_with(2, "no images called 'photos'") for name in jobs}

    launcher.start = start
    with pytest.raises(
        UserError, match=r"a worker refused trial .*: ended with status 2: no images called 'photos'; .*logs has"
    ):
        list(made(tmp_path, launcher).run([trial]))


def test_a_training_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(driver_module, "SHORTEST_TIMEOUT_SECONDS", 0.5)
    (trial,), launcher = trials(1), Nothing(tmp_path)
    folder, numbers = WorkFolder(tmp_path), itertools.count(2)
    listen = driver_module.Watched.listen

    def start(jobs):
        for name in jobs:
            folder.begin(name, [trial.id]).write_beat(Beat(1, trial.id, 0))

    def beating(one):
        one.attempt.write_beat(Beat(next(numbers), trial.id, 0))  # it beats on, and never ends
        return listen(one)

    launcher.start = start
    monkeypatch.setattr(driver_module.Watched, "listen", beating)
    seen = list(made(tmp_path, launcher, dataclasses.replace(PATIENT, timeout=0.5)).run([trial]))
    outcome = finished(seen)[trial]
    assert outcome.status == "failed"
    assert outcome.reason.startswith("timed out: ")
    assert outcome.reason.endswith(" where 1 s was expected")
    assert len(launcher.stopped) == 1


def test_what_a_former_drivers_workers_left_is_collected(tmp_path):
    one, other = trials(2)
    folder = WorkFolder(tmp_path)
    folder.prepare(WorkSetup("images", {}))
    folder.begin("old", [one.id, other.id])
    leave(tmp_path, "old", one)
    launcher = Processes(tmp_path)
    seen = list(made(tmp_path, launcher).run([one, other]))
    assert set(finished(seen)) == {one, other}
    assert launcher.started == 1  # the other only
    assert list(folder.attempts()) == []


def test_workers_that_outlive_their_driver_are_waited_for(tmp_path):
    (trial,) = trials(1)
    folder = WorkFolder(tmp_path)
    folder.prepare(WorkSetup("images", {}))
    folder.ask(trial)
    process = subprocess.Popen(command_of(tmp_path, [trial.id], "old", in_pythons_place(tmp_path, 2.0)))
    while not folder.attempt("old").beat():
        time.sleep(0.05)
    launcher = Processes(tmp_path)
    seen = list(made(tmp_path, launcher).run([trial]))
    assert process.wait() == 0
    assert set(finished(seen)) == {trial}
    assert launcher.started == 0


@pytest.mark.parametrize("same", [True, False])
def test_a_second_outcome_is_compared_with_the_recorded_one(tmp_path, same):
    recorded, asked = trials(2)
    folder = WorkFolder(tmp_path)
    folder.prepare(WorkSetup("images", {}))
    folder.begin("late", [recorded.id])
    first = leave(tmp_path, "late", recorded)
    if not same:
        wrong = first.outcome.correct.copy()
        wrong[:3] ^= True
        leave(tmp_path, "late", recorded, Outcome("complete", None, wrong), device="another")
    seen = list(made(tmp_path, Processes(tmp_path), recorded={recorded.id: first}).run([asked]))
    said = "trained twice, on another and made up, and the two differ on 3 of 40 validation images; the first one counts"
    assert remarks(seen) == ([] if same else [said])
    assert list(folder.attempts()) == []


def test_a_damaged_record_is_said_and_its_trial_trained_again(tmp_path):
    (trial,), launcher = trials(1), Processes(tmp_path)
    folder = WorkFolder(tmp_path)
    folder.prepare(WorkSetup("images", {}))
    attempt = folder.begin("old", [trial.id])
    leave(tmp_path, "old", trial)
    path = attempt.folder / f"{trial.id}.json"
    path.write_text(path.read_text()[:-20])
    seen = list(made(tmp_path, launcher).run([trial]))
    assert remarks(seen) == [f"failed ({path}: damaged); trained again, 1 of at most 1"]
    assert set(finished(seen)) == {trial}


@pytest.mark.slow
def test_no_trial_is_lost_or_recorded_twice_whatever_is_killed(tmp_path):
    asked, launcher = trials(60), Processes(tmp_path, seconds=0.3, most=6)
    asked = [dataclasses.replace(one, recipe=dataclasses.replace(one.recipe, epochs=1 + one.seed // 2)) for one in asked]
    chosen = random.Random(0)
    seen, kills = [], 0
    for event in made(tmp_path, launcher).run(asked):
        seen.append(event)
        if launcher.running and kills < 30 and chosen.random() < 0.3:
            os.killpg(chosen.choice(list(launcher.running.values())).pid, signal.SIGKILL)
            kills += 1
    found = [event for event in seen if isinstance(event, Finished)]
    assert kills == 30
    assert len(found) == len(asked)
    for event in found:
        assert np.array_equal(event.outcome.correct, outcome_of(event.trial).correct)


def test_trials_that_are_decided_meanwhile_are_trained_beside_the_others(tmp_path):
    first, second, later = trials(3)
    first = dataclasses.replace(first, recipe=dataclasses.replace(first.recipe, epochs=2))
    decided, launcher = [later], Processes(tmp_path, seconds=0.5, most=2)

    def more():
        found = decided[:]
        decided.clear()
        return found

    events = list(made(tmp_path, launcher).run([first, second], more))
    assert set(finished(events)) == {first, second, later}
    (added,) = (place for place, event in enumerate(events) if isinstance(event, Added))
    assert events[added] == Added((later,))
    assert sum(isinstance(event, Finished) for event in events[:added]) == 1
    assert launcher.started == 3
