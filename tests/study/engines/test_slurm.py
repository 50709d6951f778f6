"""The SLURM engine on a made-up cluster that really runs its tasks."""

import dataclasses
import os
import signal
import subprocess
import sys
import time

import fake_slurm
import numpy as np
import pytest
from made_up_worker import in_pythons_place, outcome_of
from test_driver import finished, remarks, trials

from scaling.core.errors import UserError
from scaling.study.engines.driver import Driver
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.slurm import SlurmArrays
from scaling.study.engines.work_folder import WorkFolder, WorkSetup


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    state = tmp_path / "slurm"
    state.mkdir()
    fake_slurm.install(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_SLURM", str(state))
    monkeypatch.setattr(fake_slurm, "STATE", state)
    yield state
    for _, pid, _, _ in fake_slurm.tasks():
        if pid:
            os.killpg(pid, signal.SIGKILL)


def made(run, seconds=0.0, **options):
    run.mkdir(exist_ok=True)
    given = {"beat_seconds": 0.2, "grace_seconds": 0.5, "python": in_pythons_place(run, seconds), **options}
    asked = EngineOptions("slurm", **given)
    folder = WorkFolder(run)
    folder.prepare(WorkSetup("images", {}))
    launcher = SlurmArrays(run, asked)
    return Driver(folder, launcher, asked, "made up", lambda trial: 1.0, {}.get), launcher


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def networks(count):
    """Trials of as many networks, one seed each."""
    (one,) = trials(1)
    return [dataclasses.replace(one, recipe=dataclasses.replace(one.recipe, epochs=number)) for number in range(1, count + 1)]


def test_a_wave_is_one_array_and_every_outcome_is_taken(cluster, tmp_path):
    asked = networks(5)
    driver, _ = made(tmp_path / "run")
    seen = list(driver.run(asked))
    found = finished(seen)
    assert set(found) == set(asked)
    for trial in asked:
        assert np.array_equal(found[trial].correct, outcome_of(trial).correct)
    assert len(list(cluster.glob("*.array"))) == 1


def test_what_a_worker_gets_is_asked_for_in_the_script(cluster, tmp_path):
    driver, _ = made(tmp_path / "run", partition="gpu", time="4:00:00", gpus=1, cpus=8, options=("--account=vision",))
    list(driver.run(networks(1)))
    (script,) = (tmp_path / "run" / "work" / "waves").glob("*.sh")
    asked = fake_slurm.options_of(script)
    assert asked["partition"] == "gpu"
    assert asked["time"] == "4:00:00"
    assert asked["gres"] == "gpu:1"
    assert asked["cpus-per-task"] == "8"
    assert asked["account"] == "vision"
    assert asked["signal"] == "B:TERM@120"


def test_a_task_that_vanishes_is_lost_and_trained_again(cluster, tmp_path):
    asked, killed = networks(3), []
    driver, _ = made(tmp_path / "run", seconds=0.6)
    seen = []
    for event in driver.run(asked):
        seen.append(event)
        if not killed:
            task, pid, _, _ = next(fake_slurm.tasks())
            os.killpg(pid, signal.SIGKILL)
            killed.append(task)
    assert set(finished(seen)) == set(asked)
    reason = "left the queue without a word: killed, out of memory or time, or its node failed"
    assert remarks(seen) == [f"lost ({reason}); trained again, 1 of at most 100"]


def test_a_worker_that_is_preempted_says_so(cluster, tmp_path):
    (trial,), told = networks(1), []
    driver, _ = made(tmp_path / "run", seconds=1.0)
    seen = []
    for event in driver.run([trial]):
        seen.append(event)
        if not told:
            _, pid, _, _ = next(fake_slurm.tasks())
            os.kill(pid, signal.SIGTERM)  # the script alone, as --signal=B:TERM does
            told.append(pid)
    assert remarks(seen) == ["lost (stopped before its end); trained again, 1 of at most 100"]
    assert set(finished(seen)) == {trial}


def test_a_controller_that_does_not_answer_loses_nothing(cluster, tmp_path):
    (trial,) = networks(1)
    driver, _ = made(tmp_path / "run", seconds=1.0)
    (cluster / "down").touch()
    seen = list(driver.run([trial]))
    assert remarks(seen) == []
    assert set(finished(seen)) == {trial}


def test_the_next_driver_waits_for_tasks_that_are_still_in_the_queue(cluster, tmp_path):
    asked = networks(3)
    (cluster / "hold").touch()
    first, launcher = made(tmp_path / "run")
    WorkFolder(tmp_path / "run").prepare(WorkSetup("images", {}))
    for trial in asked:
        WorkFolder(tmp_path / "run").ask(trial)
    launcher.start({f"old-{number}": [trial.id] for number, trial in enumerate(asked)})
    del first  # killed: it takes nothing out of the queue
    subprocess.run([sys.executable, fake_slurm.__file__, "release"], check=True)
    second, _ = made(tmp_path / "run")
    seen = list(second.run(asked))
    assert set(finished(seen)) == set(asked)
    assert len(list(cluster.glob("*.array"))) == 1  # nothing was submitted again


def test_stopping_takes_waiting_tasks_out_and_tells_running_ones(cluster, tmp_path):
    asked = networks(2)
    _, launcher = made(tmp_path / "run", seconds=30.0)
    folder = WorkFolder(tmp_path / "run")
    for trial in asked:
        folder.ask(trial)
    launcher.start({"running": [asked[0].id]})
    until(lambda: folder.attempt("running").beat())
    (cluster / "hold").touch()
    launcher.start({"waiting": [asked[1].id]})
    launcher.stop(["running", "waiting"])
    until(lambda: not list(fake_slurm.tasks()))
    assert folder.log("running").with_suffix(".status").read_text() == "143\n"
    assert not folder.attempt("waiting").folder.exists()


def test_what_slurm_refuses_is_one_line(cluster, tmp_path):
    driver, _ = made(tmp_path / "run", partition="none")
    with pytest.raises(UserError, match="sbatch refused: sbatch: error: invalid partition specified: none"):
        list(driver.run(networks(1)))


def test_without_slurm_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    driver, _ = made(tmp_path / "run")
    with pytest.raises(UserError, match="sbatch is not on this machine's path; --engine slurm runs where jobs are submitted"):
        list(driver.run(networks(1)))


def test_a_probe_says_what_workers_compute_on(cluster, tmp_path):
    from scaling.study.engines.kind import WorkerKind, worker_kind

    _, launcher = made(tmp_path / "run")
    assert worker_kind(WorkFolder(tmp_path / "run"), launcher.probe) == WorkerKind("made up", "float32")
    (tmp_path / "broken").write_text("#!/bin/sh\necho no package here\nexit 1\n")
    (tmp_path / "broken").chmod(0o755)
    _, launcher = made(tmp_path / "run", python=str(tmp_path / "broken"))
    with pytest.raises(UserError, match="no worker can start: it ended with status 1, saying: no package here"):
        worker_kind(WorkFolder(tmp_path / "run"), launcher.probe)
