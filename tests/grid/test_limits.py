"""Searches under limits: who is left, what is measured once, and what is said where nobody is."""

import dataclasses
import json
from pathlib import Path

import pytest

from scaling import architecture, cost
from scaling.analysis.ranking import rank
from scaling.core.errors import SpecError
from scaling.count.memory import training_bytes
from scaling.data import load
from scaling.grid import latency_limit as limiting
from scaling.grid.__main__ import main
from scaling.grid.columns import ranking_table, rows_after
from scaling.grid.latency import FILE, read_latencies, record_latency
from scaling.grid.latency_limit import apply_latency_limit
from scaling.grid.limits import Limits
from scaling.grid.options import parser
from scaling.grid.plan import limited
from scaling.grid.reopen import read_search
from scaling.grid.result import search_result
from scaling.grid.spec import read_spec
from scaling.grid.study import make_study, plan
from scaling.profile.profile import Spread
from scaling.results.__main__ import main as show_results
from scaling.study.run import Run
from scaling.study.trial import network_key

SPEC = read_spec("default")
SMALL = architecture("small")


def planned(latencies=None, **limits):
    return plan(dataclasses.replace(SPEC, limits=Limits(**limits)), 10, 1, latencies)


def labels(space):
    return [one.label for one in space.lattice]


def references(space):
    return {name for one in space.candidates for name in one.origin} - {"lattice"}


FREE = planned()


@pytest.mark.parametrize("name", ["params", "macs"])
def test_lattice_networks_over_a_count_are_no_candidates_and_the_references_stay(name):
    sizes = sorted(getattr(one.cost, name) for one in FREE.lattice)
    most = sizes[5]
    space = planned(**{name: float(most)})
    assert labels(space) == [one.label for one in FREE.lattice if getattr(one.cost, name) <= most]
    assert (space.over_limits, space.points) == (
        len(sizes) - len(space.lattice),
        sum(len(one.aliases) for one in space.lattice),
    )
    assert references(space) == references(FREE)
    for one in space.candidates:
        assert one.over == ((name,) if getattr(one.cost, name) > most else ())
        assert not (one.over and "lattice" in one.origin)


def test_memory_is_that_of_training_at_the_recipes_batch():
    sizes = {one.label: training_bytes(one.architecture, SPEC.recipe.batch, 10, 1) for one in FREE.lattice}
    most = sorted(sizes.values())[3]
    assert labels(planned(memory=most)) == [label for label, size in sizes.items() if size <= most]
    narrow = dataclasses.replace(
        SPEC, limits=Limits(memory=most), recipe=dataclasses.replace(SPEC.recipe, precision="bfloat16")
    )
    assert len(plan(narrow, 10, 1).lattice) > len(planned(memory=most).lattice)


def test_a_latency_not_known_yet_is_over_no_limit():
    first, second, *_ = FREE.lattice
    latencies = {network_key(first.architecture): 5.0, network_key(second.architecture): 4.0}
    space = planned(latencies, latency=4.0)
    assert labels(space) == [one.label for one in FREE.lattice if one is not first]


def test_a_tighter_limit_leaves_a_part_of_a_wider_ones():
    tight, wide = (set(labels(planned(params=most))) for most in (90_000, 110_000))
    assert set() < tight < wide < set(labels(FREE))


def test_no_limit_changes_nothing():
    assert planned() == FREE
    assert planned(params=1e12, macs=1e12) == FREE
    assert "limits" not in SPEC.to_dict()


def test_nobody_left_is_one_line_with_the_least_found():
    least = min(one.cost.params for one in FREE.lattice)
    with pytest.raises(SpecError, match="is within the limits") as caught:
        planned(params=least - 1.0, macs=1.2e6)
    over = sum(one.cost.macs > 1.2e6 for one in FREE.lattice)
    macs = min(one.cost.macs for one in FREE.lattice)
    assert str(caught.value) == (
        f"none of the lattice's 18 networks is within the limits: 18 over {least - 1:,} params, the least found is {least:,} "
        f"params; {over} over 1,200,000 MACs, the least found is {macs:,} MACs"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limits]\nparams = 0", "x.toml: limits: limit of params must be finite and above 0, got 0"),
        ("[limits]\nflops = 1", "x.toml: limits: unknown key 'flops'; allowed: params, macs, latency, memory"),
        ('[limits]\nmemory = "8Gb"', "x.toml: limits.memory must be a number of bytes above 0, as 8e9, 8GB or 8GiB, got '8Gb'"),
        ('[limits]\nparams = "8GB"', "x.toml: limits.params must be a number above 0, as 90k, 1e9 or 8G, got '8GB'"),
    ],
)
def test_bad_limits_of_a_specification(text, message, tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(SpecError, match=message):
        read_spec(str(path))


def test_limits_of_a_specification(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text("[limits]\nparams = 100_000\nlatency = 1.5\n")
    spec = read_spec(str(path))
    assert spec.limits == Limits(params=1e5, latency=1.5)
    assert spec.to_dict()["limits"] == {"params": 1e5, "macs": None, "latency": 1.5, "memory": None}
    assert str(spec.limits) == "100,000 params, 1.5 ms of latency"


@pytest.fixture
def study():
    return make_study(dataclasses.replace(SPEC, limits=Limits(latency=2.0)), load("fashion-mnist-10k"), "float32")


@pytest.fixture
def measured(monkeypatch):
    """Latencies that rise with the MACs, in place of measured ones; the names of what was asked for."""
    asked = []

    def latency(one, *, precision, num_classes, in_channels):
        asked.append(one.name)
        median = cost(one, num_classes, in_channels).macs / 600_000
        return Spread(median, median, median)

    monkeypatch.setattr(limiting, "latency", latency)
    return asked


def test_every_network_is_measured_once_and_a_resumed_run_has_the_same_candidates(study, measured, tmp_path):
    held = apply_latency_limit(study, tmp_path, "a device")
    assert len(measured) == len(set(measured)) == len(FREE.candidates)
    wanted = [one.label for one in FREE.lattice if one.cost.macs <= 1_200_000]
    assert set() < set(wanted) < set(labels(FREE))
    assert labels(held.space) == wanted
    assert references(held.space) == references(FREE)
    asked = len(measured)
    again = apply_latency_limit(study, tmp_path, "a device")
    assert (again.space, len(measured)) == (held.space, asked)
    resumed = make_study(study.spec, study.dataset, "float32", read_latencies(tmp_path))
    assert resumed.space == held.space
    first = next(iter(json.loads((tmp_path / FILE).read_text())["a device"].values()))
    assert first.keys() == {"network", "latency_ms", "provenance"}


def test_each_device_has_latencies_and_candidates_of_its_own(study, measured, tmp_path, monkeypatch):
    slow = apply_latency_limit(study, tmp_path, "slow")
    medians = {one.label: 1.0 for one in FREE.candidates}
    monkeypatch.setattr(limiting, "latency", lambda one, **rest: measured.append(one.name) or Spread(1.0, 1.0, 1.0))
    fast = apply_latency_limit(study, tmp_path, "fast")
    assert labels(fast.space) == labels(FREE) != labels(slow.space)
    assert len(measured) == 2 * len(medians)
    assert set(read_latencies(tmp_path).values()) == {1.0}
    assert apply_latency_limit(study, tmp_path, "slow").space == slow.space
    assert len(measured) == 2 * len(medians)
    assert read_latencies(tmp_path) == read_latencies(tmp_path, "slow") != read_latencies(tmp_path, "fast")


def test_trials_are_the_same_under_limits(study, measured, tmp_path):
    free = {trial.id for trial in make_study(SPEC, study.dataset, "float32").all_trials()}
    held = {trial.id for trial in apply_latency_limit(study, tmp_path, "a device").all_trials()}
    assert held < free


def test_without_a_limit_of_latency_nothing_is_measured(study, measured, tmp_path):
    other = dataclasses.replace(study, spec=SPEC)
    assert apply_latency_limit(other, tmp_path, "a device") is other
    assert (measured, list(tmp_path.iterdir())) == ([], [])


def test_a_network_is_known_by_what_it_is(tmp_path):
    record_latency(tmp_path, SMALL, Spread(3.0, 2.0, 4.0), "a device")
    renamed = dataclasses.replace(SMALL, name="other", channel_divisor=8)
    assert read_latencies(tmp_path) == {network_key(renamed): 3.0}
    assert network_key(dataclasses.replace(SMALL, resolution=21)) != network_key(SMALL)


@pytest.mark.parametrize("text", ["", "[1]", '{"a": {"b": {}}}'])
def test_damaged_latencies(text, tmp_path):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SpecError, match=r"latencies\.json: damaged; restore it or take another folder with --run"):
        read_latencies(tmp_path)


def test_limits_with_units(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('[limits]\nparams = "80k"\nmacs = "1.2M"\nlatency = "900us"\nmemory = "8GiB"\n')
    assert read_spec(str(path)).limits == Limits(80_000, 1_200_000, 0.9, 8 * 2**30)
    path.write_text("[limits]\nparams = 8e4\nmemory = 8_000_000_000\n")
    assert read_spec(str(path)).limits == Limits(params=80_000, memory=8e9)


def test_limits_with_units_as_flags():
    words = ["--max-params", "80k", "--max-macs", "1.2 M", "--max-memory", "8GiB", "--max-latency", "2ms"]
    given = parser().parse_args(words)
    assert (given.max_params, given.max_macs, given.max_memory, given.max_latency) == (80_000, 1_200_000, 8 * 2**30, 2)


def test_what_is_said_of_limits():
    space = planned(params=90_000)
    said = limited(Limits(params=90_000), space)
    assert said == [f"At most 90,000 params: {space.over_limits} of the lattice's 18 networks are left out."]
    assert limited(Limits(), FREE) == []
    assert limited(Limits(latency=1), FREE, {}) == [
        "At most 1 ms of latency: 0 of the lattice's 18 networks are left out so far; the latency of "
        f"{len(FREE.candidates)} networks is not known yet. It is measured before anything is trained, and may leave out more."
    ]
    assert Limits().within() == ""
    assert Limits(params=5e4).within() == " and within the limits of its search"


def test_a_dry_run_under_limits(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--dry-run", "--max-params", "90k", "--max-memory", "1G", "--max-latency", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    lattice = [one for one in found["networks"] if "lattice" in one["origin"]]
    assert lattice
    assert all(one["params"] <= 90_000 for one in lattice)
    assert labels(planned(params=90_000)) == ["{alpha:.2f} {beta:.2f} {gamma:.2f}".format(**one) for one in lattice]
    assert list(tmp_path.iterdir()) == []
    assert main(["--dry-run", "--max-macs", "1k"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "none of the lattice's 18 networks is within the limits: 18 over 1,000 MACs, the least found is" in err


def test_a_network_over_a_limit_is_told_apart_from_one_of_another_cost():
    search = read_search(Path(__file__).parents[2] / "runs" / "step1")
    target = search.study.space.target
    barred = [dataclasses.replace(one, within_limits=one.name != "1.10 1.20 1.10") for one in search.collected.measured]
    collected = search.collected._replace(measured=tuple(barred))
    rows = rows_after(search.study.space, search_result(search.study, search.run, collected, rank(barred, target)))
    columns = {column.title: column for column in ranking_table(rows).columns}
    shown = {columns["alpha beta gamma"].cell(row): columns["eligible"].cell(row) for row in rows}
    assert (shown["1.10 1.20 1.10"], shown["1.00 1.00 1.00"], shown["1.30 1.10 1.10"]) == ("no: limits", "no: cost", "yes")


@pytest.mark.parametrize("words", ["-1", "0", "many", "8Gb", "inf", ""])
def test_bad_amounts(words, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--dry-run", f"--max-params={words}"])
    assert stop.value.code == 2
    assert f"argument --max-params: must be a number above 0, as 90k, 1e9 or 8G, got '{words}'" in capsys.readouterr().err


def test_a_limited_run_trains_the_rest_and_is_read_back(grid, tiny, tmp_path, capsys):
    done = grid("--spec", tiny, "--max-latency", "1e6", "--seeds", "1", "--json")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / "tiny"
    networks = json.loads(done.stdout)["networks"]
    assert len(read_latencies(folder)) == len(networks)
    asked = read_search(folder).study.spec.limits
    assert asked == Limits(latency=1e6)
    question = (folder / "spec.json").read_bytes()
    too_tight = grid("--spec", tiny, "--max-latency", "1e-9", "--seeds", "1")
    assert (too_tight.returncode, (folder / "spec.json").read_bytes()) == (2, question)
    assert "is within the limits" in too_tight.stderr
    assert len(read_search(folder).collected.measured) == len(networks)
    kept = (folder / FILE).read_bytes()
    smallest = sorted(one["params"] for one in networks if "lattice" in one["origin"])[0]
    again = grid("--spec", tiny, "--max-params", smallest, "--seeds", "1", "--json")
    assert again.returncode == 0, again.stderr
    assert (folder / FILE).read_bytes() == kept
    assert "limits.latency: 1000000.0, now none" in again.stderr
    found = json.loads(again.stdout)
    assert (json.loads(done.stdout)["limits"], found["limits"]) == ({"latency": 1e6}, {"params": smallest})
    assert all(one["params"] <= smallest for one in found["networks"] if "lattice" in one["origin"])
    assert all(not one["eligible"] for one in found["networks"] if one["params"] > smallest)
    assert len(read_search(folder).study.space.candidates) == len(found["networks"])
    assert Run(folder).config()["limits"]["params"] == smallest
    before, after = (sum("lattice" in one["origin"] for one in every) for every in (networks, found["networks"]))
    assert before > after
    assert show_results([str(folder)]) == 0
    assert (
        f"At most {smallest} params: {before - after} of the lattice's {before} networks are left out."
        in capsys.readouterr().out
    )
