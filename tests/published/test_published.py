"""The published record: whole, sourced, and recounted by our own counter."""

import dataclasses
from pathlib import Path

import pytest

from scaling import ARCHITECTURES, RELEASED, cost, scale
from scaling.published import efficientnet, efficientnet_v2, libraries
from scaling.published.efficientnet import recounted

FOLDER = Path(efficientnet.__file__).parent
B0 = ARCHITECTURES["efficientnet_b0"]
DIGITISED = {"macs_g": 0.02, "top1_percent": 0.03}

LOADERS = {
    efficientnet.table2: ("efficientnet_table2", 8),
    efficientnet.table2_rivals: ("efficientnet_table2_rivals", 16),
    efficientnet.table3: ("efficientnet_table3", 14),
    efficientnet.table5: ("efficientnet_table5", 16),
    efficientnet.table7: ("efficientnet_table7", 5),
    efficientnet.table8: ("efficientnet_table8", 8),
    efficientnet.figure3: ("efficientnet_figure3", 19),
    efficientnet.figure4: ("efficientnet_figure4", 34),
    efficientnet.figure8: ("efficientnet_figure8", 18),
    efficientnet.figure8_compound: ("efficientnet_figure8_compound", 5),
    efficientnet_v2.table7: ("efficientnetv2_table7", 36),
    efficientnet_v2.table8: ("efficientnetv2_table8", 11),
    efficientnet_v2.released: ("efficientnetv2_released", 11),
    libraries.timm_imagenet: ("timm_imagenet", 97),
    libraries.timm_inference_rtx4090: ("timm_inference_rtx4090", 109),
    libraries.timm_inference_i9_10940x: ("timm_inference_i9_10940x", 108),
    libraries.timm_training_rtx3090: ("timm_training_rtx3090", 89),
    libraries.torchvision: ("torchvision", 12),
}


def billions(points):
    return [round(recounted(point) / 1e9, 3) for point in points]


@pytest.mark.parametrize("load", LOADERS, ids=lambda load: LOADERS[load][0])
def test_every_file_is_whole_and_has_a_source(load):
    name, count = LOADERS[load]
    rows, text = load(), (FOLDER / f"{name}.csv").read_text("utf-8")
    assert text.startswith("# source: ")
    assert text.splitlines()[1] == ",".join(rows[0]._fields)
    assert len(rows) == count == len(text.splitlines()) - 2
    assert len(set(rows)) == count
    for row in rows:
        assert all(value == value.strip() for value in row if isinstance(value, str))
        assert all(value > 0 for value in row if isinstance(value, int | float))


def test_no_file_is_left_over():
    assert sorted(path.stem for path in FOLDER.glob("*.csv")) == sorted(name for name, _ in LOADERS.values())


def test_missing_is_none():
    assert [row.network for row in efficientnet.table2_rivals() if row.macs_g is None] == ["GPipe"]
    assert [row.baseline for row in efficientnet.table3() if row.depth is None] == ["MobileNetV2", "ResNet-50"]
    rows = {(row.network, row.pretraining): row for row in efficientnet_v2.table7()}
    assert rows["EfficientNetV2-S", None].train_h_32_tpu_cores == 7.1
    assert rows["EfficientNetV2-XL", "imagenet-21k"][-2:] == (None, 45)


def test_table_2_recounted():
    assert billions(efficientnet.table2()) == [0.386, 0.687, 0.994, 1.827, 4.394, 10.266, 19.068, 37.746]
    over = [round(recounted(row) / 1e9 / row.macs_g, 2) for row in efficientnet.table2()]
    assert over == [0.99, 0.98, 0.99, 1.02, 1.05, 1.04, 1.0, 1.02]


def test_table_7_recounted():
    rows = efficientnet.table7()
    assert billions(rows) == [0.386, 1.575, 1.450, 1.538, 1.800]
    assert [round(recounted(row) / recounted(rows[0]), 2) for row in rows] == [1.0, 4.08, 3.76, 3.99, 4.67]


def test_figure_3_recounted():
    found = dict(zip(efficientnet.figure3(), billions(efficientnet.figure3()), strict=True))
    assert [macs for row, macs in found.items() if row.dimension == "width"] == [0.386, 0.744, 1.176, 2.391, 5.060, 8.712]
    assert [macs for row, macs in found.items() if row.dimension == "depth"] == [0.386, 0.782, 1.179, 1.575, 2.368, 3.161]
    assert [macs for row, macs in found.items() if row.dimension == "resolution"] == [
        0.386, 0.718, 0.893, 1.129, 1.458, 1.923, 2.447,
    ]  # fmt: skip


def test_figure_8_is_figure_3_with_its_baseline_moved():
    before = {row.factors: row for row in efficientnet.figure3()}
    for row in efficientnet.figure8():
        macs = 0.39 if row.factor == 1 else pytest.approx(before[row.factors].macs_g, abs=DIGITISED["macs_g"])
        assert row.macs_g == macs
        assert row.top1_percent == pytest.approx(before[row.factors].top1_percent, abs=DIGITISED["top1_percent"])


def test_figure_8s_compound_line_is_table_2_of_the_preprint():
    for point, row in zip(efficientnet.figure8_compound()[1:], efficientnet.table2()[1:5], strict=True):
        assert (point.network, point.macs_g, point.top1_percent) == (row.network, row.macs_g, row.top1_preprint_percent)
        assert recounted(point) == recounted(row)


def test_figure_4s_first_line_is_figure_3s_width():
    line = [row for row in efficientnet.figure4() if (row.depth, row.resolution) == (1, 1)]
    for point in (point for point in efficientnet.figure3() if point.dimension == "width"):
        assert any(
            all(abs(getattr(row, name) - getattr(point, name)) <= within for name, within in DIGITISED.items()) for row in line
        )
    assert {row.reading for row in efficientnet.figure4()} == {"centre", "part hidden", "by eye"}


def test_table_8_rounds_to_table_2():
    for split, row in zip(efficientnet.table8(), efficientnet.table2(), strict=True):
        assert split.network == row.network
        assert abs(split.validation_top1_percent - row.top1_percent) < 0.0501


def test_torchvision_counts_as_we_do():
    for row in libraries.torchvision():
        if row.network in RELEASED:
            network = dataclasses.replace(scale(B0, RELEASED[row.network]), resolution=row.resolution_px)
            assert (cost(network).params, round(cost(network).macs / 1e9, 3)) == (row.params, row.macs_g)


def test_both_papers_print_the_same_transfer_of_b7():
    first = {row.data_set: row.percent for row in efficientnet.table5() if row.network == "EfficientNet-B7"}
    (second,) = (row for row in efficientnet_v2.table8() if row.network == "EfficientNet-B7")
    assert (second.cifar10, second.cifar100, second.flowers, second.cars) == tuple(
        first[name] for name in ("CIFAR-10", "CIFAR-100", "Flowers", "Stanford Cars")
    )


def test_efficientnet_leads_on_five_of_eight_data_sets_as_its_caption_says():
    reported = [row for row in efficientnet.table5() if row.comparison == "reported"]
    assert (
        sum(row.percent >= row.rival_percent for row in reported) - sum(row.percent == row.rival_percent for row in reported)
        == 3
    )
    assert {row.data_set for row in reported if row.percent == row.rival_percent} == {"FGVC Aircraft", "Food-101"}
