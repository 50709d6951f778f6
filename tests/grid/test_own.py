"""Images of one's own: what a search asks of them by itself, how long it trains, and when it extrapolates nothing."""

import dataclasses
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest

from scaling.analysis.intervals import Interval
from scaling.analysis.ranking import Adjustment, Ranking
from scaling.arch import SMALL
from scaling.core.errors import UserError
from scaling.grid import own as own_module
from scaling.grid import pilot as pilot_module
from scaling.grid.__main__ import main
from scaling.grid.findings import NO_STEP_2
from scaling.grid.own import as_recorded, is_own, own_spec
from scaling.grid.pilot import Doubling, Pilot, PilotSpec, pilot_result, pilot_said
from scaling.grid.result import SearchResult
from scaling.grid.spec import read_spec
from scaling.recipe.augment import Augment
from scaling.results.__main__ import main as results
from scaling.study.run import Run
from scaling.study.trial import Outcome

IMAGES = 2000


class Validation:
    groups = None

    def __len__(self):
        return IMAGES


def dataset(side=128, channels=3, train=1800, chance=0.1):
    return SimpleNamespace(
        name="mine",
        fingerprint="abc",
        side=side,
        num_classes=10,
        in_channels=channels,
        chance=chance,
        train=range(train),
        validation=Validation(),
        test=range(10),
    )


@pytest.mark.parametrize(
    ("spec", "data", "asked"),
    [
        (None, "photos/", True),
        (None, "mine.npz", True),
        (None, None, False),
        (None, "fashion-mnist", False),
        ("quick", "photos/", False),
    ],
)
def test_only_images_without_a_specification_are_ones_own(spec, data, asked):
    assert is_own(spec, data) == asked


@pytest.mark.parametrize(("side", "resolution"), [(12, 20), (28, 20), (32, 20), (40, 28), (48, 32), (64, 32), (500, 32)])
def test_the_baselines_input_leaves_the_lattice_room_within_the_images(side, resolution):
    spec = read_spec("default")
    assert own_spec(spec, dataset(side), baseline=False).baseline.resolution == resolution
    assert own_spec(spec, dataset(side), baseline=True).baseline == spec.baseline


def test_colour_is_cropped_and_mirrored_and_grey_is_not():
    spec = read_spec("default")
    colour, grey = (own_spec(spec, dataset(channels=count), baseline=False).recipe for count in (3, 1))
    assert colour.flip
    assert colour.augment == Augment(crop=own_module.CROP)
    assert not grey.flip
    assert grey.augment == Augment()


def test_a_folder_goes_on_as_it_began(tmp_path):
    older = read_spec("default")
    config = {**older.to_dict(), "recipe": {**older.to_dict()["recipe"], "epochs": 17}, "pictures": "mine", "data": "abc"}
    (tmp_path / "spec.json").write_text(json.dumps(config))
    asked = dataclasses.replace(own_spec(older, dataset(), baseline=False), seeds=5)
    found = as_recorded(asked, tmp_path, config, baseline=False)
    assert (found.baseline, found.recipe.epochs, found.recipe.augment, found.seeds) == (SMALL, 17, Augment(), 5)
    assert as_recorded(asked, tmp_path, config, baseline=True).baseline.resolution == 32


@pytest.mark.parametrize(
    ("train", "batch"), [(20, 8), (50, 16), (70, 32), (1800, 32), (3100, 64), (6143, 64), (6144, 128), (10**6, 128)]
)
def test_few_images_come_in_small_batches_at_the_same_rate_an_image(train, batch):
    spec = read_spec("default")
    made = own_spec(spec, dataset(train=train), baseline=False).recipe
    assert made.batch == batch
    assert made.highest_rate / made.batch == pytest.approx(spec.recipe.highest_rate / spec.recipe.batch)
    steps = made.epochs * train / made.batch
    assert steps >= own_module.FIRST_STEPS
    assert made.epochs == 2 or (made.epochs - 1) * train / made.batch < own_module.FIRST_STEPS


class Records:
    """A pilot whose trainings end as told: by length, the right answers of each seed in percent."""

    def __init__(self, folder, spread=0.0, seed=0):
        self.pilot = Pilot(
            PilotSpec(SMALL, 2), dataset(), dataclasses.replace(read_spec("default").recipe, epochs=5, precision="float32")
        )
        self.run, self.random, self.spread = Run(folder), np.random.default_rng(seed), spread
        self.order = self.random.permutation(IMAGES)

    def record(self, *accuracies):
        for length, accuracy in zip(self.pilot.networks, accuracies, strict=False):
            for trial in self.pilot.trials(length):
                self.end(trial, accuracy + self.random.normal(0, self.spread))

    def end(self, trial, accuracy):
        right = np.zeros(IMAGES, bool)
        right[self.order[: round(IMAGES * accuracy / 100)]] = True
        self.run.record(trial, Outcome("complete", None, right), "cpu")


@pytest.fixture
def records(tmp_path):
    return Records(tmp_path / "pilot", 0.3)


def test_the_length_is_the_first_that_twice_as_long_does_not_improve(records):
    with records.run.opened(records.pilot.config()):
        assert [trial.recipe.epochs for trial in Doubling(records.pilot).propose(records.run)] == [5, 5, 10, 10]
        assert pilot_result(records.pilot, records.run).epochs is None
        records.record(50, 60)
        assert [trial.recipe.epochs for trial in Doubling(records.pilot).propose(records.run)][-2:] == [20, 20]
        records.record(50, 60, 66)
        records.record(50, 60, 66, 65)
        found = pilot_result(records.pilot, records.run)
        assert found.epochs == 20
        assert [step.epochs for step in found.steps] == [5, 10, 20, 40]
        assert len(Doubling(records.pilot).propose(records.run)) == 8
    said = pilot_said(found)
    assert "for 5, 10, 20, 40 epochs has " in said
    assert "Networks are trained for 20 epochs: twice as long gains " in said
    assert "1 at most and not beyond its noise. --epochs N sets another length." in said


def test_a_gain_that_is_not_little_counts_even_within_its_noise(records):
    with records.run.opened(records.pilot.config()):
        for length, accuracies in zip(records.pilot.networks, [(47, 53), (50, 56)], strict=False):
            for trial, accuracy in zip(records.pilot.trials(length), accuracies, strict=True):
                records.end(trial, accuracy)
        found = pilot_result(records.pilot, records.run)
    gain = found.steps[-1].gain
    assert gain.low < 0 < pilot_module.LITTLE < gain.mean
    assert found.epochs is None


def test_four_times_as_long_seldom_gains_more_than_three_points(tmp_path):
    """Made-up curves that saturate, 1.5 points between seeds: where noise alone decides, 23 lengths are too short."""
    random, missed, studies = np.random.default_rng(0), 0, 100
    for number in range(studies):
        top, lost, pace = random.uniform(50, 95), random.uniform(15, 50), random.uniform(0.3, 1.5)
        curve = [top - lost * np.exp(-pace * doubling) for doubling in range(pilot_module.LONGEST + 3)]
        records = Records(tmp_path / str(number), 1.5, number)
        with records.run.opened(records.pilot.config()):
            records.record(*curve)
            found = pilot_result(records.pilot, records.run)
        chosen = (found.epochs // records.pilot.recipe.epochs).bit_length() - 1
        missed += curve[chosen + 2] - curve[chosen] > 3
    assert missed <= 0.15 * studies


def test_the_longest_is_taken_where_it_still_gains(records):
    with records.run.opened(records.pilot.config()):
        records.record(*range(40, 40 + 5 * (pilot_module.LONGEST + 1), 5))
        found = pilot_result(records.pilot, records.run)
    assert found.epochs == 5 * 2**pilot_module.LONGEST
    assert "the last doubling still gained" in pilot_said(found)


def test_a_length_at_chance_is_too_short(records):
    with records.run.opened(records.pilot.config()):
        records.record(10, 50, 48)
        found = pilot_result(records.pilot, records.run)
    assert found.epochs == 10
    assert found.steps[0].gain is None
    assert found.steps[1].gain is None


def test_a_length_that_collapsed_is_not_chosen(records):
    with records.run.opened(records.pilot.config()):
        records.record(50, 10, 48)
        assert pilot_result(records.pilot, records.run).epochs == 5


def test_a_baseline_that_learns_nothing_at_any_length_is_said(records):
    with records.run.opened(records.pilot.config()):
        records.record(*[10] * (pilot_module.LONGEST + 1))
        said = (
            "is not shown to learn from these images: after 320 epochs it recognises .* of 2000 validation images, and whoever"
        )
        with pytest.raises(UserError, match=said):
            pilot_result(records.pilot, records.run)


def test_a_length_that_ends_badly_is_not_chosen(records):
    with records.run.opened(records.pilot.config()):
        records.record(50, 60)
        for trial in records.pilot.trials(records.pilot.networks[2]):
            records.run.record(trial, Outcome("diverged", "the training loss became nan", None), "cpu")
        found = pilot_result(records.pilot, records.run)
    assert found.epochs == 10
    assert re.search(r"for 5, 10, 20 epochs has [\d.]+, [\d.]+, - % on validation", pilot_said(found))
    assert "for 10 epochs: trained for twice as long it diverges or collapses." in pilot_said(found)


@pytest.mark.parametrize(
    ("images", "chance", "recognised", "learned"),
    [
        (104, 0.962, 104, True),  # all of them: no set is too small for that
        (104, 0.962, 100, False),
        (10, 0.5, 10, True),
        (10, 0.5, 9, False),
        (2000, 0.1, 250, True),
        (2000, 0.1, 215, False),
    ],
)
def test_learned_is_what_luck_does_not_do(images, chance, recognised, learned):
    given = SimpleNamespace(chance=chance, validation=range(images))
    assert pilot_module._learned(recognised / images, given) is learned


def test_few_validation_images_are_told_of():
    steps = tuple(pilot_module.Step(epochs, 0.5, gain) for epochs, gain in ((5, None), (10, Interval(0.01, -0.02, 0.04, 2))))
    said = pilot_said(pilot_module.PilotResult(steps, 5))
    assert (
        "gains +1.0 +-3.0 points, 1 at most and not beyond its noise. There are few validation images: a gain of up to 4"
        in said
    )


@pytest.mark.parametrize(
    ("slope", "adjustment", "extrapolates"),
    [
        (0.01, Adjustment.SHARED_SLOPE, True),
        (0.0, Adjustment.OWN_CURVE, False),
        (-0.01, Adjustment.OWN_CURVE, False),
        (0.0, Adjustment.NONE, True),
    ],
)
def test_where_cost_gains_nothing_nothing_is_extrapolated(slope, adjustment, extrapolates):
    assert Ranking.grows.fget(SimpleNamespace(slope=slope, adjustment=adjustment)) is extrapolates
    assert SearchResult.extrapolates.fget(SimpleNamespace(ranking=SimpleNamespace(grows=extrapolates))) is extrapolates
    assert SearchResult.extrapolates.fget(SimpleNamespace(ranking=None)) is True
    assert "--epochs" in NO_STEP_2


def test_a_folder_and_no_other_word(image_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(own_module, "FIRST_STEPS", 4)
    monkeypatch.setattr(pilot_module, "LONGEST", 2)
    words = ["--data", str(image_folder), "--sample", "1", "--json"]
    assert main([*words, "--dry-run"]) == 0
    assert "How long to train is found by a pilot before anything else" in capsys.readouterr().err.replace("\n", " ")
    assert main(words) == 0
    out, err = capsys.readouterr()
    (run,) = (tmp_path / "runs").iterdir()
    epochs = json.loads((run / "spec.json").read_text())["recipe"]["epochs"]
    told = " ".join(err.split())
    assert f"Networks are trained for {epochs} epochs: " in told
    assert json.loads(out)["run"] == f"runs/{run.name}"
    assert (run / "pilot" / "trials.jsonl").is_file()
    (run / "spec.json").rename(run / "apart")
    assert main([*words, "--dry-run"]) == 0
    assert f"Networks are trained for {epochs} epochs: " in " ".join(capsys.readouterr().err.split())
    (run / "apart").rename(run / "spec.json")
    before = (run / "trials.jsonl").read_bytes(), (run / "pilot" / "trials.jsonl").read_bytes()
    assert main(words) == 0
    assert ((run / "trials.jsonl").read_bytes(), (run / "pilot" / "trials.jsonl").read_bytes()) == before
    assert "pilot" not in capsys.readouterr().err
    assert results([str(run / "pilot")]) == 2
    assert f"{run / 'pilot'}: a pilot, which finds how long to train; its search is {run}" in capsys.readouterr().err
    assert main([*words, "--run", str(run / "pilot")]) == 2
    assert f"{run / 'pilot'}: is the run folder of a pilot; a search is needed here" in capsys.readouterr().err
    assert main([*words, "--epochs", str(epochs + 1)]) == 2
    assert f"recipe.epochs: {epochs}, now {epochs + 1}" in capsys.readouterr().err.replace("\n", " ")
