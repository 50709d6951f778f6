"""Part by part, and as other tools count."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaling import ARCHITECTURES, RELEASED, Architecture, Cost, cost, scale
from scaling.count.__main__ import main
from scaling.count.conventions import CONVENTIONS, by_convention
from scaling.count.cost import parts
from scaling.count.operators import operators
from scaling.count.report import count_document
from scaling.published import libraries
from scaling.report.plain import as_data
from scaling.rules.releases import NAMES
from scaling.study.spec import read_baseline as network

ROOT = Path(__file__).parents[2]
B0 = ARCHITECTURES["efficientnet_b0"]

# Of B0 to B8: with biases as pycls stores them, with batch norm and pooling as fvcore counts torchvision's networks.
WITH_BIASES = (
    385825092, 686817992, 993578282, 1827162472, 4393801064, 10266426072, 19067647136, 37745958392, 62597552278,
)  # fmt: skip
WITH_BATCH_NORM_AND_POOLING = (
    401659392, 712732416, 1026579120, 1883903568, 4512495200, 10505072320, 19472062160, 38449437600, 63674256560,
)  # fmt: skip
# As thop 0.0.31 printed B0 to B7, in G: Lyken17/pytorch-OpCounter#69.
OLD_THOP = (0.40, 0.71, 1.02, 1.87, 4.49, 10.46, 19.40, 38.33)


def conventions(architecture):
    return by_convention(parts(architecture))


@pytest.mark.parametrize("number", range(9))
def test_released_networks_by_every_convention(number):
    counted = conventions(network(f"efficientnet_b{number}"))
    assert counted["macs_biases"] == WITH_BIASES[number]
    assert counted["macs_batch_norm_pooling"] == WITH_BATCH_NORM_AND_POOLING[number]
    assert counted["flops"] == 2 * counted["macs"]
    if number < len(OLD_THOP):
        assert round(counted["macs_batch_norm"] / 1e9, 2) == OLD_THOP[number]


# As thop 0.1.1 and ptflops 0.7.5 (both backends) print torchvision's networks, but for MobileNetV2: it pools before its
# classifier by a function, of which thop sees nothing and ptflops one of the two counts.
PRINTED = {
    "resnet18": (1824033792, 1825313768, 1814074344),
    "resnet50": (4133742592, 4132436968, 4089185256),
    "resnet152": (11603945472, 11602639848, 11513627624),
    "wide_resnet50_2": (11455725568, 11454419944, 11398022120),
    "mobilenet_v2": (327486720 + 1280 * 50, 320300008 + 1280 * 49, 300775272),
    "efficientnet_b0": (415145024, 410196896, 385825092),
    "efficientnet_b3": (1931544800, 1914414728, 1827162472),
    "efficientnetv2_s": (8518481088, 8488476440, 8365653344),
}


@pytest.mark.parametrize("name", PRINTED)
def test_thop_and_ptflops(name):
    counted = conventions(network(name))
    assert (counted["thop_0_1_1"], counted["ptflops_0_7_5"], counted["macs_biases"]) == PRINTED[name]


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
    assert (found[0].activated, found[0].rectified, found[0].max_pooled) == (32 * 112**2, 0, 0)
    assert (found[1].means, found[1].activated) == (32, 32 * 112**2 + 8)  # its only block neither expands nor skips
    assert found[-1] == ("classifier", 1, 1000, 1, (1281000, 1280000, 1000), 1000, 1280 * 49, 1280, 0, 0, 0)


def test_the_parts_of_resnet18():
    stem, first, second, *_ = parts(network("resnet18"))
    assert (stem.side, stem.max_pooled, stem.activated, stem.rectified) == (112, *[64 * 112**2] * 3)
    assert (first.activated, first.rectified) == (4 * 64 * 56**2,) * 2  # after the first convolution and after the sum
    assert second.activated == 4 * 128 * 28**2  # none after the shortcut's convolution


# Tan and Le 2019, Table 1: operator, resolution, channels, layers; the last line is three operators.
TABLE_1 = [
    ("Conv", 3, 224, 32, 1),
    ("MBConv1", 3, 112, 16, 1),
    ("MBConv6", 3, 112, 24, 2),
    ("MBConv6", 5, 56, 40, 2),
    ("MBConv6", 3, 28, 80, 3),
    ("MBConv6", 5, 14, 112, 3),
    ("MBConv6", 5, 14, 192, 4),
    ("MBConv6", 3, 7, 320, 1),
    ("Conv", 1, 7, 1280, 1),
]


def test_operators_of_b0_are_those_of_table_1():
    found, lines = operators(B0), parts(B0)
    assert [one.paper_stage for one in found] == [*range(1, 10), 9]
    told = [
        (one.operator, one.kernel, one.input_side, part.channels, part.blocks) for one, part in zip(found, lines, strict=True)
    ]
    assert told[:-1] == TABLE_1
    assert found[-1] == (9, "Pooling, FC", None, None, None, 7, 1280)
    assert [one.stride for one in found[:-1]] == [2, 1, 2, 2, 2, 1, 2, 1, 1]
    assert [one.expansion for one in found] == [None, 1, 6, 6, 6, 6, 6, 6, None, None]


@pytest.mark.parametrize("name", NAMES)
def test_operators_follow_each_other(name):
    """One begins with the maps that the one before it ends with; a stem's pooling lies between."""
    architecture = network(name)
    found, lines = operators(architecture, 1), parts(architecture, 1000, 1)
    assert (found[0].input_channels, found[0].input_side) == (1, architecture.resolution)
    for other, part in zip(found[1:], lines, strict=False):
        pooled = architecture.stem_pool if part.name == "stem" else 1
        assert (other.input_channels, other.input_side) == (part.channels, -(-part.side // pooled))


def test_operators_of_other_families():
    assert [one.operator for one in operators(network("resnet50"))] == [
        "Conv, max pooling", *["Bottleneck"] * 4, "Pooling, FC",
    ]  # fmt: skip
    assert [one.operator for one in operators(network("efficientnetv2_s"))][1:4] == ["Fused-MBConv1", *["Fused-MBConv4"] * 2]
    assert operators(network("mobilenet_v1"))[1][:5] == (2, "Depthwise separable", 3, 1, 1)


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
        "paper_stage": 3, "operator": "MBConv6", "kernel": 3, "stride": 2, "expansion": 6,
        "input_side": 130, "input_channels": 16,
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
    assert ["stage", "3", "4", "MBConv6", "5", "x", "5", "2", "6", "56", "28", "48", "3"] in lines
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
        (["small", "--classes", "many"], "argument --classes: must be a whole number, as 3, 1e3 or 80k, got 'many'"),
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
