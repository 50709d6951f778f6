"""The command that measures networks: its table, its document, its record, its words."""

import dataclasses
import json

import pytest

from scaling.core.errors import SpecError
from scaling.count.cost import Cost, cost
from scaling.profile import __main__ as profile
from scaling.profile import measure as profiling
from scaling.profile.__main__ import main
from scaling.profile.profile import Measured, Profile, Spread
from scaling.profile.record import FILE, add_to_record, rank_correlations, read_record, require_recordable
from scaling.profile.report import explained, profile_document
from scaling.profile.roofline import DeviceLimits
from scaling.report.plain import as_data
from scaling.study.history import NotRecorded
from scaling.study.provenance import host
from scaling.study.spec import read_baseline

LIMITS = DeviceLimits(1e11, 1e10)
TINY = "resolution = 12\nstem = 4\nhead = 8\nstages = [{repeats = 1, kernel = 3, stride = 2, expansion = 1, channels = 4}]\n"


def made_up(name, seconds, macs=100, params=100, activations=100):
    """A profile of a network that takes so long for an image, or does not fit."""
    counted, reason = Cost(params, macs, activations), None if seconds else "needs 9 bytes, the device has 8"
    measured = None
    if seconds:
        latency = Spread(2000 * seconds, 1900 * seconds, 2200 * seconds)
        measured = Measured(1.5, 0.25, latency, Spread(1 / seconds, 0.9 / seconds, 1.1 / seconds), 5_000_000, None)
    return Profile(name, 4, 10, 3, "float32", 8, 20, counted, measured, reason)


@pytest.fixture
def quick(monkeypatch):
    """The command without what takes long and is tested on its own: the limits of the device."""
    monkeypatch.setattr(profiling, "device_limits", lambda precision: LIMITS)


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY)
    return path


def test_the_document_of_the_command(quick, tiny, capsys):
    assert main(["small", str(tiny), "--batch", "2", "--runs", "3", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found.keys() == {"device", "limits", "networks", "spearman"}
    assert (found["device"], found["limits"], found["spearman"]) == (host(), LIMITS._asdict(), None)
    small, other = found["networks"]
    assert small["cost"] == {"params": 177968, "macs": 750512, "activations": 26088}
    assert small["moved_bytes"] == 4 * 177968 + 4 * 2 * (3 * 400 + 2 * 26088)
    assert (small["network"], small["resolution"], small["batch"], small["runs"]) == ("small", 20, 2, 3)
    assert (other["network"], other["cost"]) == ("tiny", cost(read_baseline(str(tiny)))._asdict())
    flops, seconds = 4 * 750512, 2 / small["measured"]["pictures_per_s"]["median"]
    assert small["use"]["arithmetic"] == pytest.approx(flops / seconds / 1e11)
    assert small["use"]["share"] == max(small["use"]["arithmetic"], small["use"]["bandwidth"])
    assert [line.split(":")[0] for line in err.splitlines()] == [host(), "[1/2] small", "[2/2] tiny"]


@pytest.mark.parametrize(
    ("name", "params", "moved"), [("efficientnet_b0", 5288548, 75740592), ("efficientnet_b1", 7794184, 118942560)]
)
def test_released_networks_by_name(name, params, moved):
    architecture = read_baseline(name)
    found = Profile(name, architecture.resolution, 1000, 3, "float32", 1, 1, cost(architecture), None, "not run")
    assert (found.cost.params, found.moved_bytes) == (params, moved)


def test_the_table_for_people(quick, tiny, capsys):
    assert main([str(tiny), "--runs", "2", "--batch", "1"]) == 0
    out = capsys.readouterr().out
    assert "images/s" in out
    (line,) = [line.split() for line in out.splitlines() if line.strip().startswith("tiny")]
    assert line[1] == "12"
    assert "Median of 2 calls (5 % to 95 %), float32, inputs on the device" in out
    assert "The device at most: 100 GFLOP/s in float32 matrix products, 10.0 GB/s in passes over memory." in out
    assert "Spearman" not in out


def test_a_record_grows_and_replaces(quick, tiny, tmp_path, capsys):
    folder = tmp_path / "runs" / "profile"
    assert main([str(tiny), "--batch", "2", "--runs", "2", "--record", str(folder)]) == 0
    assert main([str(tiny), "--batch", "2", "--runs", "1", "--resolution", "16", "--record", str(folder)]) == 0
    before = read_record(folder).entries
    assert {name: (one.profile.resolution, one.profile.runs) for name, one in before.items()} == {
        "tiny": (12, 2),
        "tiny@16": (16, 1),
    }
    assert main([str(tiny), "--batch", "2", "--runs", "3", "--record", str(folder)]) == 0
    after = read_record(folder)
    assert (after.device, after.precision) == (host(), "float32")
    assert after.entries["tiny@16"] == before["tiny@16"]
    assert after.entries["tiny"].profile.runs == 3
    assert after.entries["tiny"].limits == LIMITS
    assert after.entries["tiny"].provenance.keys() == {"commit", "dirty", "python", "versions", "device", "host", "time"}
    assert [path.name for path in folder.iterdir()] == [FILE]
    capsys.readouterr()
    assert main([str(tiny), "--precision", "bfloat16", "--record", str(folder)]) == 2
    assert "holds profiles of the precision float32, not bfloat16; record in another folder" in capsys.readouterr().err
    assert read_record(folder) == after


def test_a_record_is_of_one_device(tmp_path):
    add_to_record(tmp_path, "a device", "one", made_up("one", 1.0), LIMITS)
    with pytest.raises(SpecError, match="holds profiles of the device a device, not another"):
        add_to_record(tmp_path, "another", "two", made_up("two", 1.0), LIMITS)
    require_recordable(tmp_path, "a device", "float32")


def test_a_network_that_did_not_fit_is_recorded_too(tmp_path):
    add_to_record(tmp_path, "a device", "large", made_up("large", None), LIMITS)
    assert read_record(tmp_path).entries["large"].profile == made_up("large", None)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"device": "a", "precision": "float32", "networks": {"one": {}}}'])
def test_damaged_records(text, tmp_path):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SpecError, match=r"profile\.json: damaged; restore it or take another folder"):
        read_record(tmp_path)


def test_no_record(tmp_path):
    with pytest.raises(NotRecorded, match=r"no profile is recorded here; python -m scaling\.profile NAME\.\.\. --record"):
        read_record(tmp_path)


def test_which_count_orders_networks_as_time_does():
    sizes = [(0.1, 10, 50, 400), (0.2, 30, 40, 400), (0.3, 20, 30, 400), (0.4, 40, 20, 400)]
    profiles = [made_up(str(one), *one) for one in sizes]
    found = rank_correlations([*profiles, made_up("too large", None)])
    assert found == {"macs": pytest.approx(0.8), "params": pytest.approx(-1), "activations": None, "bytes": pytest.approx(-1)}
    said = explained(profiles, LIMITS)[-1]
    assert said == (
        "Spearman's rho of the time per image over these networks: MACs 0.80, activations -, params -1.00, bytes moved -1.00."
    )
    assert as_data(profile_document("a device", profiles, LIMITS))["spearman"] == found
    assert rank_correlations(profiles[:2]) == {}
    assert rank_correlations([*profiles[:2], made_up("too large", None)]) == {}


def test_what_could_not_be_measured_is_said():
    profiles = [made_up("one", 0.1), made_up("large", None)]
    assert explained(profiles, LIMITS)[-1] == "large: not measured: needs 9 bytes, the device has 8"
    assert as_data(profile_document("a device", profiles, LIMITS))["networks"][1]["use"] is None


def test_nothing_measured_is_a_status_of_its_own(quick, monkeypatch):
    def refuse(*rest):
        raise MemoryError("needs 9 bytes, the device has 8")

    monkeypatch.setattr(profiling, "_measured", refuse)
    assert main(["small"]) == 1


def test_a_record_that_cannot_be_written_is_known_before_anything_is_measured(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(profiling, "device_limits", lambda precision: pytest.fail("measured"))
    file = tmp_path / "file"
    file.touch()
    assert main(["small", "--record", str(file)]) == 2
    assert f"--record: {file} is no folder, so {file / 'profile.json'} cannot be written" in capsys.readouterr().err


def test_a_network_too_large_does_not_stop_the_others(quick, tiny, monkeypatch, capsys):
    measure = profiling._measured

    def refuse_small(architecture, *rest):
        if architecture.name == "small":
            raise MemoryError("needs 9 bytes, the device has 8")
        return measure(architecture, *rest)

    monkeypatch.setattr(profiling, "_measured", refuse_small)
    assert main(["small", str(tiny), "--batch", "1", "--runs", "1"]) == 0
    out = capsys.readouterr().out
    assert "small: not measured: needs 9 bytes, the device has 8" in out
    (line,) = [line.split() for line in out.splitlines() if line.strip().startswith("small ")]
    assert line[-7:] == ["-"] * 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["b0"], "'b0'; known: efficientnet_b0"),
        (["small", "nowhere.toml"], "nowhere.toml: cannot be read: No such file or directory"),
        (["small", "--batch", "0"], "--batch must be at least 1, got 0"),
        (["small", "--runs", "0"], "--runs must be at least 1, got 0"),
        (["small", "--resolution", "0"], "Architecture.resolution must be a whole number of at least 1, got 0"),
        (["small", "--precision", "float16"], "argument --precision: invalid choice: 'float16'"),
        ([], "the following arguments are required: NAME|FILE"),
    ],
    ids=str,
)
def test_bad_input_is_one_line_and_status_two(words, message, capsys):
    try:
        status = main(words)
    except SystemExit as stop:
        status = stop.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_two_networks_of_one_name(tmp_path, tiny, capsys):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tiny.toml").write_text(TINY.replace("head = 8", "head = 16"))
    assert main([str(tiny), str(tmp_path / "other" / "tiny.toml")]) == 2
    assert "two networks are called tiny: rename one of the files" in capsys.readouterr().err


def test_the_same_network_twice_is_measured_once(tiny):
    options = profile.parser().parse_args([str(tiny), str(tiny)])
    assert [dataclasses.astuple(one)[0] for one in profile._networks(options).values()] == ["tiny"]
