"""Part by part, and as other tools count."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaling import ARCHITECTURES, RELEASED, Architecture, Cost, cost, scale
from scaling.count.__main__ import main, network
from scaling.count.conventions import CONVENTIONS, by_convention
from scaling.count.cost import parts
from scaling.count.report import count_document
from scaling.published import libraries
from scaling.report.plain import as_data

ROOT = Path(__file__).parents[2]
B0 = ARCHITECTURES["efficientnet_b0"]

# Of B0 to B8: with biases as pycls stores them, with batch norm and pooling as fvcore counts torchvision's networks.
WITH_BIASES = (
    385825092, 686817992, 993578282, 1827162472, 4393801064, 10266426072, 19067647136, 37745958392, 62597552278,
)  # fmt: skip
WITH_BATCH_NORM_AND_POOLING = (
    401659392, 712732416, 1026579120, 1883903568, 4512495200, 10505072320, 19472062160, 38449437600, 63674256560,
)  # fmt: skip
# As thop printed B0 to B7, in G: Lyken17/pytorch-OpCounter#69.
THOP = (0.40, 0.71, 1.02, 1.87, 4.49, 10.46, 19.40, 38.33)


def conventions(architecture):
    return by_convention(parts(architecture))


@pytest.mark.parametrize("number", range(9))
def test_released_networks_by_every_convention(number):
    counted = conventions(network(f"efficientnet_b{number}"))
    assert counted["macs_biases"] == WITH_BIASES[number]
    assert counted["macs_batch_norm_pooling"] == WITH_BATCH_NORM_AND_POOLING[number]
    assert counted["flops"] == 2 * counted["macs"]
    if number < len(THOP):
        assert round(counted["macs_batch_norm"] / 1e9, 2) == THOP[number]


def test_timms_tables():
    checked = 0
    for row in (*libraries.timm_inference_rtx4090(), *libraries.timm_inference_i9_10940x()):
        name = row.network.removeprefix("tf_")
        if name in RELEASED:
            counted = parts(dataclasses.replace(scale(B0, RELEASED[name]), resolution=row.resolution_px))
            assert round(by_convention(counted)["macs_batch_norm"] / 1e9, 2) == row.macs_batch_norm_g
            assert round(sum(part.cost.activations for part in counted) / 1e6, 2) == row.activations_m
            checked += 1
    assert checked == 56


@pytest.mark.parametrize("name", ["small", *RELEASED])
def test_parts_sum_to_the_whole(name):
    for counts in ((), (10, 1)):
        found = parts(network(name), *counts)
        assert Cost(*map(sum, zip(*(part.cost for part in found), strict=True))) == cost(network(name), *counts)


def test_the_parts_of_b0():
    found = parts(B0)
    assert [part.name for part in found] == ["stem", *(f"stage {number}" for number in range(1, 8)), "head", "classifier"]
    assert [part.blocks for part in found] == [1, 1, 2, 2, 3, 3, 4, 1, 1, 1]
    assert [part.channels for part in found] == [32, 16, 24, 40, 80, 112, 192, 320, 1280, 1000]
    assert [part.side for part in found] == [112, 112, 56, 28, 14, 14, 7, 7, 7, 1]
    assert found[0].cost == (27 * 32 + 2 * 32, 27 * 32 * 112**2, 32 * 112**2)
    assert (found[1].biases, found[1].pooled) == (32 + 8, 32 * 112**2)
    assert found[-1] == ("classifier", 1, 1000, 1, (1281000, 1280000, 1000), 1000, 1280 * 49)


def test_without_squeeze_excite_only_the_classifier_has_biases():
    plain = dataclasses.replace(B0, stages=tuple(dataclasses.replace(stage, squeeze_excite=0) for stage in B0.stages))
    assert sum(part.biases for part in parts(plain)) == 1000
    assert sum(part.pooled for part in parts(plain)) == 1280 * 49


def test_counts_are_checked():
    with pytest.raises(ValueError, match="num_classes and in_channels must be at least 1, got 10 and 0"):
        parts(B0, 10, 0)


def test_the_document():
    found = as_data(count_document(network("efficientnet_b2"), 1000, 3))
    assert found["architecture"] == "efficientnet_b2"
    assert (found["params"], found["macs"], found["activations"]) == (9109994, 993561872, 13832834)
    assert found["stages"][2] == {
        "name": "stage 2", "blocks": 3, "channels": 24, "side": 65,
        "params": 27424, "macs": 108705024, "activations": 4766200,
    }  # fmt: skip
    assert found["conventions"].keys() == CONVENTIONS.keys()


def command(*words, **options):
    return subprocess.run(
        [sys.executable, "-m", "scaling.count", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **options,
    )


def test_tables_for_people():
    done = command("efficientnet_b2", "--resolution", 224)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["all", "9,109,994", "658,963,440", "100.0", "%", "9,808,570"] in lines
    for convention in CONVENTIONS.values():
        assert convention.counts in done.stdout
        assert convention.printed_by in done.stdout


def test_a_file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        "resolution = 16\nstem = 8\nhead = 32\nstages = [{repeats = 1, kernel = 3, stride = 1, expansion = 1, channels = 8}]\n"
    )
    done = command(path, "--classes", 10, "--channels", 1, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    mine = Architecture.from_dict(
        {
            "name": "mine",
            "resolution": 16,
            "stem": 8,
            "head": 32,
            "stages": [{"repeats": 1, "kernel": 3, "stride": 1, "expansion": 1, "channels": 8}],
        }
    )
    assert found == as_data(count_document(mine, 10, 1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["b0"], "no network 'b0'; known: efficientnet_b0, efficientnet_b1"),
        (["nowhere.toml"], "nowhere.toml: cannot be read: No such file or directory"),
        (["small", "--classes", "0"], "--classes must be at least 1, got 0"),
        (["small", "--resolution", "0"], "--resolution must be at least 1, got 0"),
        (["small", "--classes", "many"], "argument --classes: invalid int value: 'many'"),
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
