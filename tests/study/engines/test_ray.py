"""The Ray engine on clusters on this machine; the driver itself is tested without Ray."""

import dataclasses
import time

import numpy as np
import pytest
from made_up_worker import in_pythons_place, outcome_of
from test_driver import finished, trials

from scaling.core.errors import UserError
from scaling.study.engines.driver import Driver
from scaling.study.engines.kind import WorkerKind, worker_kind
from scaling.study.engines.launcher import command_of
from scaling.study.engines.options import EngineOptions
from scaling.study.engines.work_folder import WorkFolder, WorkSetup

ray = pytest.importorskip("ray", reason="the extra cluster (ray) is not installed")

from scaling.study.engines.ray_tasks import RayTasks  # noqa: E402


@pytest.fixture(scope="module")
def address():
    """A cluster of two nodes on this machine."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    cluster.add_node(num_cpus=2)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def made(run, cluster, seconds=0.0, **options):
    run.mkdir(exist_ok=True)
    given = {"beat_seconds": 0.5, "grace_seconds": 2.0, "python": in_pythons_place(run, seconds), "address": cluster.address}
    asked = EngineOptions("ray", **{**given, **options})
    folder = WorkFolder(run)
    folder.prepare(WorkSetup("images", {}))
    launcher = RayTasks(run, asked)
    return Driver(folder, launcher, asked, "made up", lambda trial: 1.0, {}.get), launcher


def networks(count):
    (one,) = trials(1)
    return [dataclasses.replace(one, recipe=dataclasses.replace(one.recipe, epochs=number)) for number in range(1, count + 1)]


@pytest.mark.slow
def test_every_outcome_is_taken(address, tmp_path):
    asked = networks(6)
    driver, launcher = made(tmp_path / "run", address)
    assert launcher.room() == 4
    seen = list(driver.run(asked))
    launcher.close()
    found = finished(seen)
    assert set(found) == set(asked)
    for trial in asked:
        assert np.array_equal(found[trial].correct, outcome_of(trial).correct)


@pytest.mark.slow
def test_a_worker_of_no_trial_says_what_it_computes_on(address, tmp_path):
    _, launcher = made(tmp_path / "run", address)
    command = command_of(tmp_path / "run", [], None, in_pythons_place(tmp_path / "run"))
    kind = worker_kind(WorkFolder(tmp_path / "run"), lambda log: launcher.status(command, log))
    assert kind == WorkerKind("made up", "float32")


@pytest.mark.slow
def test_stopped_workers_are_told_and_waited_for(address, tmp_path):
    (trial,) = networks(1)
    _, launcher = made(tmp_path / "run", address, seconds=60.0)
    folder = WorkFolder(tmp_path / "run")
    folder.ask(trial)
    launcher.start({"only": [trial.id]})
    end = time.monotonic() + 60
    while not folder.attempt("only").beat():
        assert time.monotonic() < end
        time.sleep(0.1)
    launcher.stop(["only"])
    launcher.close()
    assert time.monotonic() < end


@pytest.mark.slow
def test_a_node_that_dies_loses_no_trial(address, tmp_path):
    asked = networks(12)
    node = address.add_node(num_cpus=2)
    driver, launcher = made(tmp_path / "run", address, seconds=2.0)
    seen, killed = [], False
    for event in driver.run(asked):
        seen.append(event)
        if not killed and len(finished(seen)) == 2:
            address.remove_node(node, allow_graceful=False)
            killed = True
    launcher.close()
    assert killed
    assert set(finished(seen)) == set(asked)
    assert sum(trial in finished([event]) for event in seen for trial in asked) == len(asked)


def test_a_cluster_that_does_not_answer_is_named(tmp_path):
    ray.shutdown()
    with pytest.raises(UserError, match=r"Ray cannot be reached at 127\.0\.0\.1:1"):
        RayTasks(tmp_path, EngineOptions("ray", address="127.0.0.1:1"))
