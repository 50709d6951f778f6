"""The command as people run it."""

import csv
import dataclasses
import io
import json
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from scaling import RELEASED, architecture, cost, scale
from scaling.count.memory import inference_bytes, training_bytes
from scaling.family.__main__ import main
from scaling.family.spec import FamilyConfig
from scaling.family.study import distinct
from scaling.rules.members import MEMBER_WITHIN, member
from scaling.rules.rules import rule
from scaling.study.spec import read_baseline

ROOT = Path(__file__).parents[2]

# name, phi by depth, width, resolution, log2 of the ratio, ratio, formula's phi, depth, width, px, G MACs and ratio
FORMULA_AND_RELEASE = """\
B1,0.523,0.000,0.494,0.832,1.780,1,1.200,1.100,258,0.993,2.57
B2,1.000,1.000,1.066,1.365,2.575,2,1.440,1.210,296,1.811,4.69
B3,1.845,1.913,2.090,2.244,4.736,3,1.728,1.331,341,3.251,8.43
B4,3.224,3.530,3.782,3.509,11.388,4,2.074,1.464,392,6.320,16.38
B5,4.325,4.931,5.086,4.734,26.610,5,2.488,1.611,451,11.374,29.48
B6,5.241,6.167,6.135,5.627,49.422,6,2.986,1.772,518,20.094,52.08
B7,6.206,7.273,7.050,6.612,97.834,7,3.583,1.949,596,39.664,102.81
"""


def run(capsys, *words):
    status = main(words)
    out, err = capsys.readouterr()
    assert status == 0, err
    return out


def refused(capsys, *words):
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("python -m scaling.family: error: ")
    assert err.count("\n") == 1
    return err


def test_formula_against_release_of_b1_to_b7(capsys):
    found = json.loads(run(capsys, "--json"))["members"]
    members = {(one["rule"], one["phi"]): one for one in found}
    for line in csv.reader(io.StringIO(FORMULA_AND_RELEASE)):
        phi = int(line[5 + 1])
        formula, released = members["compound", phi], members["released", phi]
        implied = [f"{value:.3f}" for value in released["implied_phi"]]
        assert [*implied, f"{released['ratio']:.3f}"] == line[1:6]
        assert [f"{formula['depth']:.3f}", f"{formula['width']:.3f}", str(formula["resolution"])] == line[7:10]
        assert [f"{formula['macs'] / 1e9:.3f}", f"{formula['ratio']:.2f}"] == line[10:]


def test_the_table_says_the_same(capsys):
    out = run(capsys)
    rows = [line.split() for line in out.splitlines()]
    assert ["B3", "1.845", "1.913", "2.090", "2.244"] in rows
    assert any(row[:5] == ["compound", "3", "1.728", "1.331", "341"] and "x8.43" in row for row in rows)


@pytest.mark.parametrize("measure", ["macs", "params", "activations", "memory"])
@pytest.mark.parametrize("name", ["compound", "width", "depth"])
def test_a_budget_buys_the_largest_member_that_fits(capsys, measure, name):
    b0 = architecture("efficientnet_b0")
    budget = {"macs": 1e9, "params": 7.4e6, "activations": 1.2e7, "memory": 4e9}[measure]
    words = ("--rule", name, "--budget", f"{measure}={budget:g}", "--json")
    (found,) = json.loads(run(capsys, *words))["members"]

    def size(phi):
        one = member(b0, rule(name), phi, 1000, 3)
        return training_bytes(one.architecture, 32) if measure == "memory" else getattr(one, measure)

    fitting = [phi / 1000 for phi in range(4000) if size(phi / 1000) <= budget]
    assert found["phi"] == max(fitting)


def test_a_budget_for_inference_and_for_released_networks(capsys):
    words = ("--rule", "released", "--budget", "memory=1e8", "--inference", "--batch", "1", "--json")
    (found,) = json.loads(run(capsys, *words))["members"]
    b0 = architecture("efficientnet_b0")
    sizes = [inference_bytes(scale(b0, RELEASED[f"efficientnet_b{number}"]), 1) for number in range(9)]
    assert found["phi"] == max(number for number, size in enumerate(sizes) if size <= 1e8)
    assert found["inference_bytes"] == sizes[int(found["phi"])]


def test_released_factors_on_another_baseline_are_named_so(capsys):
    words = ("--rule", "released", "--phi", "1")
    said = "The rule released: the factors of EfficientNet B0 to B8, put on mobilenet_v2; none of these was released."
    assert said in run(capsys, *words, "--baseline", "mobilenet_v2").replace("\n", " ")
    assert "none of these" not in run(capsys, *words)


def test_lines_of_csv(capsys):
    rows = list(csv.DictReader(io.StringIO(run(capsys, "--rule", "fast", "--phi", "-1:1:0.5", "--csv"))))
    assert [row["phi"] for row in rows] == ["-1.0", "-0.5", "0.0", "0.5", "1.0"]
    assert int(rows[2]["macs"]) == cost(architecture("efficientnet_b0")).macs


def test_architectures_every_command_takes_back(capsys, tmp_path):
    found = json.loads(run(capsys, "--phi", "0:1", "--rule", "fast", "--toml", str(tmp_path), "--json"))["members"]
    paths = sorted(tmp_path.iterdir())
    assert [path.name for path in paths] == ["efficientnet_b0-fast-phi0.toml", "efficientnet_b0-fast-phi1.toml"]
    for path, one in zip(paths, found, strict=True):
        read = read_baseline(str(path))
        assert read.to_dict() == one["architecture"] == tomllib.loads(path.read_text())
        assert cost(read) == (one["params"], one["macs"], one["activations"])


def test_an_architecture_is_not_replaced_by_another(capsys, tmp_path):
    words = ("--rule", "compound", "--phi", "1", "--toml", str(tmp_path))
    run(capsys, *words)
    run(capsys, *words)
    assert "it describes a different network; take another folder with --toml" in refused(capsys, *words, "--alpha", "1.5")


def test_units_of_a_budget(capsys):
    words = ("--rule", "compound", "--json", "--budget")
    assert run(capsys, *words, "macs=1G") == run(capsys, *words, "macs=1e9") == run(capsys, *words, "macs = 1000M")


def test_one_rule_without_an_answer_does_not_hide_the_others(capsys):
    assert main(["--rule", "resolution,width", "--budget", "params=1e7", "--json"]) == 0
    out, err = capsys.readouterr()
    assert [one["rule"] for one in json.loads(out)["members"]] == ["width"]
    assert err.startswith("resolution: every member up to phi 40 fits")


@pytest.mark.parametrize("words", [("--phi", "-1:1"), ("--realise",), ("--phi", "0.5"), ("--baseline", "small")])
def test_released_networks_are_left_out_where_they_have_no_place(capsys, words):
    assert main(["--json", *words]) == 0
    out, err = capsys.readouterr()
    assert {one["rule"] for one in json.loads(out)["members"]} == {"compound"}
    assert ("The released networks are left out" in err) == ("--baseline" not in words)


def test_a_specification_lists_the_members_it_trains(capsys):
    listed = json.loads(run(capsys, "--spec", "family", "--json"))["members"]
    trained = json.loads(run(capsys, "--train", "--dry-run", "--spec", "family", "--json"))["members"]
    assert [(one["phi"], one["macs"]) for one in listed] == [(one["phi"], one["macs"]) for one in trained]


def test_the_images_of_a_run_must_be_found(capsys, tmp_path, monkeypatch):
    for name in ("results.json", "spec.json", "trials.jsonl"):
        shutil.copy(ROOT / "runs" / "step1" / name, tmp_path)
    question = json.loads((tmp_path / "spec.json").read_text())
    (tmp_path / "spec.json").write_text(json.dumps(question | {"pictures": "mine"}))
    assert "are called 'mine'; --data says where they are" in refused(capsys, "--train", "--dry-run", "--run", str(tmp_path))
    others = SimpleNamespace(fingerprint="another")
    monkeypatch.setattr("scaling.family.request.load", lambda *given, **named: others)
    assert "what is found by that name are others" in refused(capsys, "--train", "--dry-run", "--run", str(tmp_path))


def test_several_rules_and_solved_costs(capsys):
    words = ("--baseline", "small", "--rule", "depth,width", "--rule", "uniform", "--phi", "1", "--realise", "--json")
    found = json.loads(run(capsys, *words))["members"]
    assert [one["rule"] for one in found] == ["depth", "width", "uniform"]
    assert all(abs(one["ratio"] / 2 - 1) < 0.1 and one["expected_ratio"] == 2 for one in found)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--phi", "x"), "phi must be a number, FIRST:LAST"),
        (("--phi", "-9", "--baseline", "small"), "shrinks the images of small to 5.69 px, under 12"),
        (
            ("--rule", "deep"),
            "no rule is called 'deep'; known: compound, paper, depth",
        ),
        (("--rule", "depth,depth"), "rules must be one name or more, each once, got depth, depth"),
        (("--rule", "released", "--phi", "0.5"), "B0 to B8 were released, phi must be one of their numbers, got 0.5"),
        (("--rule", "released", "--realise"), "released networks are what they are"),
        (("--rule", "released", "--phi", "-1"), "B0 to B8 were released, phi must be one of their numbers, got -1"),
        (("--budget", "macs"), "--budget must be WHAT=NUMBER with WHAT of macs, params, activations, memory, as macs=1e9"),
        (("--budget", "macs=-1"), "--budget must be WHAT=NUMBER"),
        (("--budget", "macs=G"), "--budget must be WHAT=NUMBER"),
        (("--budget", "macs=8GB"), "got 'macs=8GB': macs must be a number above 0, as 90k, 1e9 or 8G, got '8GB'"),
        (("--budget", "memory=8Gb"), "memory must be a number of bytes above 0, as 8e9, 8GB or 8GiB, got '8Gb'"),
        (("--budget", "latency=1"), "--budget must be WHAT=NUMBER"),
        (("--budget", "macs=1e9", "--budget", "params=1e7"), "one --budget at a time, got macs=1e9 and params=1e7"),
        (("--budget", "macs=1e9", "--realise"), "take --budget or --realise, not both"),
        (
            ("--baseline", "small", "--realise", "--phi", "1", "--alpha", "1", "--beta", "1", "--gamma", "1"),
            "compound: no phi up to 40 costs x2 or more",
        ),
        (("--budget", "params=1e7", "--rule", "resolution"), "resolution: every member up to phi 40 fits 1e+07 params"),
        (("--budget", "macs=1e30", "--rule", "compound"), "compound: every member up to phi 40 fits"),
        (("--budget", "memory=1e3"), "its smallest member needs"),
        (("--budget", "macs=1e9", "--phi", "1"), "take --budget or --phi, not both"),
        (("--classes", "0"), "--classes must be at least 1, got 0"),
        (("--data", "fashion-mnist-10k"), "--data has no use without --train"),
        (("--to", "runs/x"), "--to has no use without --train"),
        (("--train", "--csv"), "--csv has no use beside --train"),
        (("--train", "--budget", "macs=1"), "--budget has no use beside --train"),
        (("--fitted",), "--fitted has no use without --run"),
        (("--json", "--csv"), "take --json or --csv, not both"),
        (("--rule", "depth", "--alpha", "1.3"), "--alpha has no use without the rule compound, got depth"),
        (("--phi", "1e5"), "phi must be from -40 to 40, got '1e5'"),
        (("--alpha", "11"), "alpha must be at most 10, got 11"),
        (("--budget", "params=1000", "--rule", "width"), "its smallest member needs"),
        (("--batch", "0"), "--batch must be at least 1, got 0"),
        (("--run", "nowhere"), "nowhere: no such run folder here"),
        (("--run", "a", "--spec", "b"), "take --spec or --run, not both"),
        (("--spec", "default"), "has no table [family]"),
        (("--alpha", "0.5"), "compound: alpha must be finite and at least 1, got 0.5"),
        (("--baseline", "b0"), "no network 'b0'"),
    ],
)
def test_bad_input_is_one_line(capsys, words, said):
    assert said in refused(capsys, *words)


def test_a_run_gives_baseline_counts_and_winner(capsys):
    step1 = ROOT / "runs" / "step1"
    found = json.loads(run(capsys, "--run", str(step1), "--phi", "0:1", "--rule", "compound", "--json"))["members"]
    best = json.loads((step1 / "results.json").read_text())["best"]
    assert [found[1][name] for name in ("alpha", "beta", "gamma")] == [best[name] for name in ("alpha", "beta", "gamma")]
    assert found[1]["macs"] == best["macs"]
    assert found[0]["macs"] == cost(architecture("small"), 10, 1).macs


def test_how_sure_a_choice_is(capsys):
    said = run(capsys, "--run", str(ROOT / "runs" / "step1"), "--phi", "0:1")
    assert "17 of 18 eligible networks are tied for best, including the best itself." in said
    said = run(capsys, "--run", str(ROOT / "runs" / "fashion_short"), "--fitted", "--phi", "0:1")
    assert "a prediction; train it to confirm" in said
    assert "winner" not in run(capsys, "--run", str(ROOT / "runs" / "step1"), "--rule", "released", "--phi", "0:1")


def test_the_choice_of_a_run_is_not_put_on_another_baseline(capsys, tmp_path):
    step1 = str(ROOT / "runs" / "step1")
    assert "runs/step1 scaled small; its coefficients are not for efficientnet_b0" in refused(
        capsys, "--run", step1, "--baseline", "efficientnet_b0"
    )
    assert run(capsys, "--run", step1, "--baseline", "small") == run(capsys, "--run", step1)


def test_an_empty_name_is_no_folder(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        main(["--phi", "0", "--toml", ""])
    assert "argument --toml: names no file or folder: it is empty" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_an_unsupported_optimum_is_not_extrapolated(capsys):
    said = refused(capsys, "--run", str(ROOT / "runs" / "fashion"), "--fitted")
    assert "its surface has no supported optimum above its best network" in said
    assert "highest at depth 38 %, width 0 %, resolution 62 % (1.30 1.00 1.24), where no network supports it" in said
    assert "Train networks there first" in said
    assert "leave out --fitted for the winner" in said


def test_a_supported_optimum_is_extrapolated(capsys):
    short = ROOT / "runs" / "fashion_short"
    found = json.loads(run(capsys, "--run", str(short), "--fitted", "--phi", "1", "--rule", "compound", "--json"))
    optimum = json.loads((short / "results.json").read_text())["optimum"]
    assert [found["members"][0][name] for name in ("alpha", "beta", "gamma")] == [
        optimum[name] for name in ("alpha", "beta", "gamma")
    ]


def test_the_table_names_coefficients_and_missed_targets(capsys):
    out = run(capsys, "--baseline", "small", "--rule", "compound,resolution", "--realise", "--phi", "2:3")
    assert "alpha, beta and gamma: compound 1.2 1.1 1.15; resolution 1 1 1.414." in out
    assert "Rounding leaves more than 5% to the target: " in out
    assert "target" in out.splitlines()[1]
    assert "2^phi" in run(capsys).splitlines()[1]


def test_runs_that_are_not_finished(capsys, tmp_path):
    assert "not a run folder, it has no spec.json" in refused(capsys, "--run", str(tmp_path))
    assert "is the run folder of a family; a search is needed here" in refused(
        capsys, "--run", str(ROOT / "runs" / "fashion_rules")
    )
    shutil.copy(ROOT / "runs" / "step1" / "spec.json", tmp_path)
    (tmp_path / "trials.jsonl").write_text("")
    assert "no trial is finished; go on with the command that made it" in refused(capsys, "--run", str(tmp_path))


def baseline_of(px, *repeats):
    small = architecture("small")
    stages = tuple(dataclasses.replace(stage, repeats=count) for stage, count in zip(small.stages, repeats, strict=True))
    return dataclasses.replace(small, resolution=px, stages=stages)


def distances(baseline):
    """How far each rule's member at x2, x4 and x8 is from the rule."""
    family = FamilyConfig(rules=("paper", "uniform", "depth", "width", "resolution"), phi="0:3", realise=True)
    found = {}
    for one in family.members(baseline, 10, 1):
        found.setdefault(one.rule, []).append(one.distance)
    return found


def test_on_14_px_two_rules_have_no_member_at_twice_the_cost():
    found = distances(baseline_of(14, 1, 2, 3))
    assert [round(found[rule][1], 2) for rule in ("paper", "uniform")] == [0.42, 0.31]
    assert all(distance < 1e-12 for rule in ("depth", "width", "resolution") for distance in found[rule][1:])
    assert all(own[0] is None for own in found.values())  # the baseline stands for every rule


def test_on_20_px_with_deeper_stages_every_rule_has_one():
    found = distances(baseline_of(20, 2, 3, 4))
    assert [[round(distance, 2) for distance in found[rule][1:]] for rule in ("paper", "uniform")] == [
        [0.15, 0.06, 0.06],
        [0.10, 0.13, 0.07],
    ]
    assert max(distance for own in found.values() for distance in own[1:]) <= MEMBER_WITHIN


def test_a_member_far_from_its_rule_does_not_stand_for_it():
    family = FamilyConfig(rules=("paper", "depth"), phi="0, 1", realise=True)
    baseline = baseline_of(14, 1, 2, 3)
    stands = {one.label: one.stands_for(one.members[0].rule) for one in distinct(baseline, family.members(baseline, 10, 1))}
    assert stands == {"baseline": True, "depth 1": True, "paper 1.106": False}
