"""Test images judged by the recorded network, or a sentence that says by which."""

import dataclasses
from types import SimpleNamespace
from typing import get_args

import numpy as np
import pytest
from rich.console import Console

from scaling.arch import SMALL
from scaling.cli import options
from scaling.core.errors import SpecError
from scaling.core.plain import from_plain
from scaling.data import load
from scaling.data.per_image import PerImage
from scaling.recipe.recipe import Recipe
from scaling.study.engines.engine import ENGINES, Added, EngineSetup, Finished, ImagesAt, make_engine
from scaling.study.engines.local import LocalEngine
from scaling.study.engines.options import EngineName, EngineOptions
from scaling.study.estimate import DEFAULT_PACE
from scaling.study.provenance import provenance
from scaling.study.run import Run
from scaling.study.study import AllAtOnce, Trials, test_missing, train_proposed
from scaling.study.trial import Outcome

judge_missing = test_missing  # under its own name it would be collected as a test
del test_missing

VALIDATION = np.arange(2000) % 3 == 0
TEST = np.arange(10) % 2 == 0
RECIPE = Recipe(epochs=1, batch=16, precision="float32")


class Study(Trials):
    """One network, two seeds."""

    revision = 1
    recipe = RECIPE
    spec = SimpleNamespace(seeds=2)
    networks = (SimpleNamespace(label="a network", architecture=SMALL, realised=1.0),)

    def __init__(self, dataset=None):
        self.dataset = dataset or SimpleNamespace(fingerprint="abc", num_classes=10, in_channels=1, train=range(6000))


class MadeUpEngine:
    """Has lost the weights of every trial that it is to train again with an outcome."""

    device = "a device"
    precision = "float32"

    def __init__(self, outcomes):
        self._outcomes = outcomes

    def run(self, trials, more=None):
        left = list(trials)
        while left:
            trial = left.pop(0)
            yield Finished(trial, self._outcomes[trial.seed], provenance(self.device))
            if more is not None and (added := more()):
                left += added
                yield Added(tuple(added))

    def missing_weights(self, trials):
        return [trial for trial in trials if trial.seed in self._outcomes]

    def test(self, trial):
        return PerImage(TEST)


@pytest.fixture
def run(tmp_path):
    """Both trials complete, none shown the test images."""
    with Run(tmp_path / "run").opened({"baseline": {}, "data": "", "recipe": {}, "seeds": 2}) as run:
        for trial in Study().all_trials():
            run.record(trial, Outcome("complete", None, VALIDATION), provenance("a device"))
        yield run


def judged(run, outcomes):
    study = Study()
    said = judge_missing(study, run, MadeUpEngine(outcomes), study.networks, DEFAULT_PACE, Console(quiet=True))
    return said, [run.test(trial) is not None for trial in study.all_trials()]


def test_missing_weights_that_come_back_the_same_are_not_worth_a_word(run):
    assert judged(run, {}) == ([], [True, True])


def test_missing_weights_trained_again_to_the_same_network(run):
    assert judged(run, {0: Outcome("complete", None, VALIDATION.copy())}) == ([], [True, True])


def test_missing_weights_trained_again_to_another_network(run):
    other = VALIDATION.copy()
    other[:1100] ^= True
    said, tested = judged(run, {1: Outcome("complete", None, other)})
    assert said == [
        "a network seed 1 was trained again because its weights were gone, and differs from its record on 1,100 of 2,000 "
        "validation images; its test images are judged by the new training"
    ]
    assert tested == [True, True]
    assert run.outcome(Study().all_trials()[1]).accuracy == VALIDATION.mean()  # what was chosen by stays


@pytest.mark.parametrize(("status", "reason"), [("failed", "MemoryError: no room"), ("diverged", "loss nan")])
def test_missing_weights_that_do_not_come_back(run, status, reason):
    said, tested = judged(run, {0: Outcome(status, reason)})
    assert said == [
        "a network seed 0 could not be judged on the test images: its weights are gone, and training it again "
        f"{status}: {reason}"
    ]
    assert tested == [False, True]


def test_missing_weights_on_this_machine_come_back_the_same(tmp_path, image_folder):
    dataset = load(image_folder)
    study = Study(dataset)
    tiny = dataclasses.replace(SMALL, resolution=12, stages=SMALL.stages[:1])
    study.networks = (SimpleNamespace(label="tiny", architecture=tiny, realised=1.0),)
    engine = LocalEngine(dataset, tmp_path / "run" / "weights")
    console = Console(quiet=True)
    with Run(tmp_path / "run").opened({"baseline": {}, "data": "", "recipe": {}, "seeds": 2}) as run:
        train_proposed(AllAtOnce(study), study, run, engine, DEFAULT_PACE, console)
        (tmp_path / "run" / "weights" / f"{study.all_trials()[0].id}.safetensors").unlink()
        assert judge_missing(study, run, engine, study.networks, DEFAULT_PACE, console) == []
        assert all(run.test(trial) is not None for trial in study.all_trials())


class InRounds:
    """Proposes one seed of the network, and the other only where the first did well."""

    def __init__(self, study, meanwhile):
        self._first, self._second = study.all_trials()
        self.decides_meanwhile = meanwhile

    def propose(self, run):
        outcome = run.outcome(self._first)
        good = outcome is not None and outcome.accuracy is not None and outcome.accuracy > 0.3
        return [self._first, self._second] if good else [self._first]


@pytest.mark.parametrize("meanwhile", [False, True])
@pytest.mark.parametrize(
    ("first", "trained"),
    [
        (Outcome("complete", None, VALIDATION), ["complete", "complete"]),
        (Outcome("complete", None, VALIDATION & False), ["complete", None]),
        (Outcome("failed", "no room"), ["failed", None]),
    ],
)
def test_a_proposer_decides_by_what_is_recorded(tmp_path, first, trained, meanwhile):
    study = Study()
    engine = MadeUpEngine({0: first, 1: Outcome("complete", None, VALIDATION)})
    with Run(tmp_path / "run").opened({"baseline": {}, "data": "", "recipe": {}, "seeds": 2}) as run:
        train_proposed(InRounds(study, meanwhile), study, run, engine, DEFAULT_PACE, Console(quiet=True))
        outcomes = [run.outcome(trial) for trial in study.all_trials()]
    assert [outcome and outcome.status for outcome in outcomes] == trained


def test_a_trial_that_failed_is_tried_once_a_session(tmp_path):
    study, tried = Study(), []

    class Failing(MadeUpEngine):
        def run(self, trials, more=None):
            tried.extend(trial.seed for trial in trials)
            yield from super().run(trials)

    engine = Failing({seed: Outcome("failed", "no room") for seed in (0, 1)})
    with Run(tmp_path / "run").opened({"baseline": {}, "data": "", "recipe": {}, "seeds": 2}) as run:
        for _ in range(2):
            train_proposed(AllAtOnce(study), study, run, engine, DEFAULT_PACE, Console(quiet=True))
    assert tried == [0, 1, 0, 1]


def test_a_record_says_the_device_that_the_worker_trained_on(tmp_path):
    study = Study()

    class TwoKinds(MadeUpEngine):
        def run(self, trials, more=None):
            for trial in trials:
                yield Finished(trial, Outcome("complete", None, VALIDATION), provenance(f"device {trial.seed}"))

    with Run(tmp_path / "run").opened({"baseline": {}, "data": "", "recipe": {}, "seeds": 2}) as run:
        train_proposed(AllAtOnce(study), study, run, TwoKinds({}), DEFAULT_PACE, Console(quiet=True))
        assert run.origins(study.all_trials()).devices == ("device 0", "device 1")


def test_engines_are_found_by_name(tmp_path):
    assert set(ENGINES) == set(get_args(EngineName)) == set(options.ENGINES)
    setup = EngineSetup(SimpleNamespace(stored=None), tmp_path, ImagesAt("images", {}), EngineOptions())
    assert isinstance(make_engine(setup), LocalEngine)
    with pytest.raises(SpecError, match=r"engine\.name must be one of local, commands, ray, slurm, got 'rai'"):
        from_plain(EngineOptions, {"name": "rai"}, "engine")
