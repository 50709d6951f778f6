"""Runs read back from their folders, and shown again."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from kept import require_kept

from scaling import architecture
from scaling.analysis.collapse import collapsed
from scaling.analysis.ranking import rank
from scaling.analysis.surface import response_surface
from scaling.arch import SMALL
from scaling.core.errors import SpecError
from scaling.data import load
from scaling.data.per_image import PerImage
from scaling.family.reopen import read_family
from scaling.family.spec import FamilyConfig, FamilySpec
from scaling.family.study import make_family_study
from scaling.figures.frontier import frontier, frontier_numbers
from scaling.figures.style import save
from scaling.figures.triangle import triangle
from scaling.figures.triangle_numbers import triangle_numbers
from scaling.grid.reopen import add_extrapolated_reference, read_search
from scaling.grid.spec import read_spec
from scaling.grid.study import make_study
from scaling.results.__main__ import main
from scaling.study.history import NotRecorded, recorded_config, recorded_kind, require_same_images
from scaling.study.provenance import provenance
from scaling.study.restore import find_network
from scaling.study.run import Run
from scaling.study.trial import Outcome

ROOT = Path(__file__).parents[2]
STEP1 = ROOT / "runs" / "step1"


def made_up(folder, seed, baseline=SMALL, dataset=None):
    """A family with made-up answers: accuracy rises with the cost, by the same amount for every rule."""
    dataset = dataset or load("fashion-mnist-10k")
    spec = FamilySpec("made-up", baseline, seeds=2, family=FamilyConfig(phi="0:3.5:0.5", realise=True))
    study = make_family_study(spec, dataset, "float32")
    random = np.random.default_rng(seed)
    run = Run(folder)
    with run.opened(study.config()):
        for network in study.networks:
            for trial in study.trials(network):
                correct = random.random(1500) < 1 - 0.2 * network.realised**-0.5
                run.record(trial, Outcome("complete", None, correct), provenance("a device"))
                run.record_test(trial, PerImage(correct), "a device")
        run.keep({"members": []})
    return folder, study


@pytest.fixture(scope="module")
def family_folder(tmp_path_factory):
    return made_up(tmp_path_factory.mktemp("runs") / "made-up", seed=0)


def test_a_search_comes_back_as_it_was_found():
    found, kept = read_search(STEP1), json.loads((STEP1 / "results.json").read_text())
    assert found.ranking.networks[found.ranking.best].name == "{alpha:.2f} {beta:.2f} {gamma:.2f}".format(**kept["best"])
    means = {entry.name: entry.accuracy.mean for entry in found.ranking.networks}
    for network in kept["networks"]:
        require_kept(network["accuracy"]["mean"], means["{alpha:.2f} {beta:.2f} {gamma:.2f}".format(**network)])
    require_kept(kept["slope"], found.ranking.slope)
    assert found.study.dataset.name == "fashion-mnist-10k"


def test_a_family_comes_back(family_folder):
    folder, study = family_folder
    found = read_family(folder)
    assert found.study.members == study.members
    assert found.study.networks == study.networks
    assert [trial.id for trial in found.study.all_trials()] == [trial.id for trial in study.all_trials()]
    assert (found.study.dataset.side, found.run.devices) == (28, "a device")
    assert {one.complete for one in found.trainings.values()} == {2}
    assert {curve.rule: len(curve.networks) for curve in found.result.curves}.keys() == set(study.spec.family.rules)
    for label, accuracy in found.result.accuracies.items():
        network = next(one for one in study.networks if one.label == label)
        assert accuracy.n == 2
        assert abs(accuracy.mean - (1 - 0.2 * network.realised**-0.5)) < 0.03
    assert all(curve.law is not None for curve in found.result.curves if len(curve.networks) >= 7)


def test_only_the_trials_that_are_asked_for_count(tmp_path, family_folder):
    folder, study = tmp_path / "changed", family_folder[1]
    shutil.copytree(family_folder[0], folder)
    question = json.loads((folder / "spec.json").read_text())
    question["seeds"] = 1
    (folder / "spec.json").write_text(json.dumps(question))
    assert {one.n for one in read_family(folder).result.accuracies.values()} == {1}
    question["family"]["dropout_per_doubling"] = 0.05
    (folder / "spec.json").write_text(json.dumps(question))
    found = read_family(folder)
    assert found.result.accuracies.keys() == {"baseline"}  # the others were trained without dropout
    assert sum(one.complete == 0 for one in found.trainings.values()) == len(study.networks) - 1


def test_an_unfinished_run_says_so(tmp_path, capsys):
    shutil.copytree(STEP1, tmp_path / "part", ignore=shutil.ignore_patterns("weights"))
    path = tmp_path / "part" / "trials.jsonl"
    path.write_text("".join(path.read_text().splitlines(True)[:11]))
    assert main([str(tmp_path / "part")]) == 0
    out = capsys.readouterr().out
    assert "1 of 2 trainings count, 1 not trained." in out
    assert "0 of 2 trainings count, 2 not trained." in out
    assert "Ties are not determined: trainings are missing." in out  # a half-done ranking is no look
    assert "are tied with it" not in out


def test_what_is_no_run(tmp_path, family_folder):
    with pytest.raises(NotRecorded, match="nowhere: no such run folder here"):
        recorded_kind(tmp_path / "nowhere")
    with pytest.raises(SpecError, match=r"not a run folder, it has no spec\.json"):
        recorded_kind(tmp_path)
    with pytest.raises(SpecError, match="is the run folder of a family; a search is needed here"):
        read_search(family_folder[0])
    with pytest.raises(SpecError, match="is the run folder of a search; a family is needed here"):
        read_family(STEP1)


def test_a_run_without_a_finished_trial(tmp_path):
    shutil.copy(STEP1 / "spec.json", tmp_path)
    with pytest.raises(SpecError, match="no trial is finished; go on with the command that made it"):
        read_search(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lattice": 5}, "spec.json: config.lattice must be a table, got 5"),
        ({"lattice": {"steps": 1}}, "spec.json: config.lattice: unknown key 'steps'; allowed: step, tolerance"),
        ({"phi": None}, "spec.json: config.phi must be a number, got None"),
        ({"baseline": {}}, "spec.json: config.baseline: the key 'name' is missing"),
        ({"recipe": {"epoch": 1}}, "spec.json: config.recipe: unknown key 'epoch'; allowed: epochs, batch"),
    ],
)
def test_damaged_configurations(tmp_path, change, message):
    shutil.copytree(STEP1, tmp_path / "run", ignore=shutil.ignore_patterns("weights"))
    path = tmp_path / "run" / "spec.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SpecError, match=message):
        read_search(tmp_path / "run")


def test_damaged_records(tmp_path):
    shutil.copy(STEP1 / "spec.json", tmp_path)
    (tmp_path / "trials.jsonl").write_text('{"id": "a", "outcome": {"status": "complete"}}\n')
    with pytest.raises(SpecError, match=r"trials.jsonl:1: the record of trial a is damaged; restore the file"):
        read_search(tmp_path)


def test_a_family_that_was_shown_no_test_image(tmp_path, family_folder):
    shutil.copytree(family_folder[0], tmp_path / "untested")
    path = tmp_path / "untested" / "trials.jsonl"
    path.write_text("".join(line for line in path.read_text().splitlines(True) if '"test":' not in line))
    with pytest.raises(SpecError, match="no network was shown the test images"):
        read_family(tmp_path / "untested")


def test_runs_on_other_images_share_no_figure(family_folder):
    step1, other = read_search(STEP1).study, read_family(family_folder[0]).study
    require_same_images([step1, other])
    changed = dataclasses.replace(other, dataset=other.dataset._replace(fingerprint="others"))
    with pytest.raises(SpecError, match="they cannot be compared, nor share a figure"):
        require_same_images([step1, changed])


def test_the_command_shows_a_search(capsys):
    assert main([str(STEP1)]) == 0
    out = capsys.readouterr().out
    assert "17 of 18 eligible networks are tied for best" in out
    assert "Test images, looked at after the choice:" in out
    assert "lucky seeds favour the best" in out
    assert (
        "After rounding, the reference 'paper' has the shares depth 47 %, width 24 %, resolution 29 %, "
        "0.24 from those of its rule: on this baseline it does not represent the rule." in out
    )
    assert main([str(STEP1), "--json"]) == 0
    found, kept = json.loads(capsys.readouterr().out), json.loads((STEP1 / "results.json").read_text())
    for key in ("best", "slope", "surface"):
        require_kept(kept[key], found[key])
    assert found["optimum"] is kept["optimum"] is None
    assert found["surface"]["reason"] == "below best"
    assert [one["trainings"] for one in found["networks"]] == [one["trainings"] for one in kept["networks"]]


def test_the_command_shows_a_family(capsys, family_folder):
    assert main([str(family_folder[0])]) == 0
    out = capsys.readouterr().out
    assert "compound minus each other rule at equal real cost" in out
    assert "held out" in out
    assert "Extrapolated, not trained" in out
    assert main([str(family_folder[0]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["members"]) == len(family_folder[1].members)
    assert all(one["accuracy"]["n"] == 2 for one in found["members"])


def test_the_price_of_choosing_by_another_run(capsys):
    assert main([str(STEP1), "--against", str(STEP1), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    best = json.loads((STEP1 / "results.json").read_text())["best"]
    assert found["chosen"] == found["best"] == "{alpha:.2f} {beta:.2f} {gamma:.2f}".format(**best)
    assert (found["tau"][0], found["regret"][0], len(found["networks"])) == (1, 0, 18)  # the eligible only


def test_what_another_training_changed(capsys, tmp_path, family_folder):
    other, _ = made_up(tmp_path / "other", seed=1)
    assert main([str(other), "--against", str(family_folder[0]), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["networks"]
    before, after = (read_family(folder).result.accuracies for folder in (family_folder[0], other))
    assert {one["name"] for one in found} == before.keys()
    for one in found:
        assert one["difference"]["mean"] == pytest.approx(after[one["name"]].mean - before[one["name"]].mean)
    assert main([str(other), "--against", str(family_folder[0])]) == 0
    assert "in points, paired over images" in capsys.readouterr().out
    assert main([str(other), "--against", str(STEP1)]) == 2
    assert "is the run folder of a search; a family is needed here" in capsys.readouterr().err


def test_families_of_other_baselines_or_images_are_not_compared(capsys, tmp_path, family_folder):
    wider, _ = made_up(tmp_path / "wider", 1, dataclasses.replace(SMALL, head=64))
    assert main([str(wider), "--against", str(family_folder[0])]) == 2
    assert "scaled different baselines: they have no network in common" in capsys.readouterr().err
    fewer, _ = made_up(tmp_path / "fewer", 1, dataset=load("fashion-mnist-10k", side=14))
    assert main([str(fewer), "--against", str(family_folder[0])]) == 2
    assert "they cannot be compared" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["nowhere"], [str(STEP1), "--against", "nowhere"]])
def test_the_command_refuses_in_one_line(capsys, words):
    assert main(words) == 2
    assert capsys.readouterr().err == "python -m scaling.results: error: nowhere: no such run folder here\n"


@pytest.fixture(scope="module")
def direct_folder(tmp_path_factory):
    """A made-up search at phi 2 with the choice of a recorded one at phi 1 beside it: widest is best, by far."""
    spec = add_extrapolated_reference(dataclasses.replace(read_spec("default"), phi=2.0), STEP1, 10, 1)
    study = make_study(spec, load("fashion-mnist-10k"), "float32")
    random = np.random.default_rng(0)
    run = Run(tmp_path_factory.mktemp("runs") / "direct")
    with run.opened(study.config()):
        for network in study.networks:
            chance = 0.8 if "extrapolated" in network.origin else 0.9 if network.coefficients.beta >= 140 else 0.7
            for trial in study.trials(network):
                run.record(trial, Outcome("complete", None, random.random(1500) < chance), provenance("a device"))
                run.record_test(trial, PerImage(random.random(2500) < chance), "a device")
    return run.folder


def test_the_records_of_the_retracted_family_refute_the_prediction_that_it_was_built_on():
    family, search = (read(ROOT / "runs" / name) for read, name in ((read_family, "fashion_family"), (read_search, "fashion")))
    (network,) = [one for one in family.study.networks if one.label == "compound 1"]
    outcomes = [family.run.outcome(trial) for trial in family.study.trials(network)]
    place = response_surface(search.collected.measured, 2.0).surface.unsupported
    alone = next(one for one in search.collected.measured if one.name == "1.00 1.00 1.40")
    assert round(100 * place.predicted.value, 2) == 91.60
    assert round(100 * np.mean([one.correct.mean() for one in outcomes]), 2) == 90.62
    assert round(100 * alone.accuracy, 2) == 91.19
    assert round(network.realised / 2, 2) == 1.29


def test_a_choice_carried_to_another_phi_is_one_more_reference(direct_folder):
    search = read_search(direct_folder)
    (carried,) = [one for one in search.collected.candidates if "extrapolated" in one.origin]
    chosen = read_search(STEP1)
    winner = chosen.collected.winner(chosen.ranking)
    assert abs(carried.realised / 4 - 1) < 0.08
    steps = {
        name: np.log(after) / np.log(before)
        for name, before, after in zip(
            ("alpha", "beta", "gamma"), winner.coefficients.decimals, carried.coefficients.decimals, strict=True
        )
        if before > 1
    }
    assert max(steps.values()) - min(steps.values()) < 0.1  # one rule: the logs grow by one factor
    assert sum("extrapolated" in one.origin for one in chosen.collected.candidates) == 0


def test_what_a_direct_search_gained(direct_folder, capsys):
    assert main([str(direct_folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Direct search against extrapolation: on the test images" in said
    assert "points (" in said
    assert ": better." in said
    assert main([str(direct_folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["direct_search"]
    assert 0.07 < found["difference"]["low"] < 0.1 < found["difference"]["high"] < 0.13
    assert found["p"] < 1e-6
    assert found["difference"]["n"] == 2


def test_it_is_drawn(direct_folder, tmp_path):
    search = read_search(direct_folder)
    save(
        frontier(frontier_numbers(search.collected.measured, search.ranking), data_set="made up", device="none"), tmp_path, "a"
    )
    fitted = response_surface(search.collected.measured, 4)
    numbers = triangle_numbers(search.collected.measured, search.ranking, fitted)
    assert "extrapolated" in {role for point in numbers.points for role in point.roles}
    save(triangle(numbers, data_set="made up", device="none"), tmp_path, "b")
    assert len(list(tmp_path.iterdir())) == 4


def test_a_search_alone_says_nothing_of_extrapolation(capsys):
    assert main([str(STEP1), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["direct_search"] is None


def test_only_a_choice_for_this_baseline_is_carried():
    spec = read_spec("default")
    with pytest.raises(SpecError, match="scaled the baseline small, not efficientnet_b0; its choice means nothing here"):
        add_extrapolated_reference(dataclasses.replace(spec, baseline=architecture("efficientnet_b0")), STEP1, 10, 1)
    with pytest.raises(NotRecorded, match="no such run folder"):
        add_extrapolated_reference(spec, Path("runs/nothing"), 10, 1)


def test_nothing_is_extrapolated_to_its_own_phi():
    with pytest.raises(SpecError, match="searched at phi 1 itself, there is nothing to extrapolate; give --phi another value"):
        add_extrapolated_reference(read_spec("default"), STEP1, 10, 1)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("1.20 1.10 1.15", "1.20 1.10 1.15"),
        ("1.2 1.1 1.15", "1.20 1.10 1.15"),
        ("1.2 1.2 1.1", "1.10 1.20 1.10"),  # an alias
        ("paper", "1.20 1.10 1.15"),
        ("baseline", "1.00 1.00 1.00"),
        ("lattice", None),
        ("1.2", None),
        ("", None),
        (None, None),
    ],
)
def test_networks_by_what_tables_call_them(name, label):
    found = find_network(read_search(STEP1).study, name)
    assert (None if found is None else found.label) == label


@pytest.mark.parametrize(
    ("name", "seeds", "tied"),
    [
        ("1.40 1.20 1.00", [0], 2),
        ("1.40 1.20 1.00", [0, 1, 2], 2),
        ("1.00 1.00 1.00", [0], 2),
        ("1.00 1.00 1.00", [0, 1, 2], 1),
    ],
)
def test_a_collapse_anywhere_leaves_the_recorded_choice_as_it_is(name, seeds, tied):
    # One slope over all networks made another one the best, or 18 of 19 tie, in each of these.
    networks, random = read_search(ROOT / "runs" / "fashion").collected.measured, np.random.default_rng(0)
    answers = {one.name: one.correct.copy() for one in networks}
    answers[name][seeds] = random.random(answers[name][seeds].shape) < 0.1
    lost = collapsed([bits.mean(axis=1) for bits in answers.values()], 0.1, 10_000)
    kept = [
        dataclasses.replace(one, correct=answers[one.name][~gone], lost=int(gone.sum()))
        for one, gone in zip(networks, lost, strict=True)
        if not gone.all()
    ]
    ranking = rank(kept, 2.0)
    assert ranking.networks[ranking.best].name == "1.00 1.00 1.40"
    assert ranking.tied == tied


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(NotRecorded, match="file: a file, not the folder of a run"):
        recorded_config(tmp_path / "file")
