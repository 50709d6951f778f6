"""The layers of each kind of block, by hand."""

import pytest

from scaling import Stage
from scaling.arch.blocks import KINDS, layers, skips

# Each: a stage of 8 channels whose blocks read 4 and stride by 2, and its layers: role, kernel, inputs, outputs, groups, stride
BY_HAND = {
    "mbconv": (
        Stage(2, 5, 2, 6, 8, 0.5),
        [
            ("expand", 1, 4, 24, 1, 1),
            ("depthwise", 5, 24, 24, 24, 2),
            ("squeeze", 1, 24, 2, 1, 1),
            ("excite", 1, 2, 24, 1, 1),
            ("project", 1, 24, 8, 1, 1),
        ],
    ),
    "mbconv without expansion": (
        Stage(2, 3, 2, 1, 8, 0),
        [("depthwise", 3, 4, 4, 4, 2), ("project", 1, 4, 8, 1, 1)],
    ),
    "fused": (
        Stage(2, 3, 2, 6, 8, 0, "fused"),
        [("expand", 3, 4, 24, 1, 2), ("project", 1, 24, 8, 1, 1)],
    ),
    "fused without expansion": (
        Stage(2, 3, 2, 1, 8, 0, "fused"),
        [("expand", 3, 4, 8, 1, 2)],
    ),
    "separable": (
        Stage(2, 3, 2, 1, 8, 0, "separable"),
        [("depthwise", 3, 4, 4, 4, 2), ("project", 1, 4, 8, 1, 1)],
    ),
    "basic": (
        Stage(2, 3, 2, 1, 8, 0, "basic"),
        [("branch", 3, 4, 8, 1, 2), ("branch", 3, 8, 8, 1, 1), ("shortcut", 1, 4, 8, 1, 2)],
    ),
    "bottleneck": (
        Stage(2, 3, 2, 2, 8, 0, "bottleneck", groups=2),
        [("branch", 1, 4, 4, 1, 1), ("branch", 3, 4, 4, 2, 2), ("branch", 1, 4, 8, 1, 1), ("shortcut", 1, 4, 8, 1, 2)],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_layers_by_hand(name):
    stage, wanted = BY_HAND[name]
    found = [(one.role, one.kernel, one.inputs, one.outputs, one.groups, one.stride) for one in layers(stage, 4, 2)]
    assert found == wanted


def test_every_kind_is_here():
    assert {stage.block for stage, _ in BY_HAND.values()} == KINDS.keys()


@pytest.mark.parametrize("name", BY_HAND)
def test_a_block_is_skipped_and_reshaped_where_its_kind_says(name):
    stage, _ = BY_HAND[name]
    shapes = [(4, 1), (8, 2), (8, 1)]
    wanted = {"never": [False] * 3, "same shape": [False, False, True], "always": [True] * 3}[KINDS[stage.block].skip]
    assert [skips(stage, *shape) for shape in shapes] == wanted
    reshaped = ["shortcut" in [one.role for one in layers(stage, *shape)] for shape in shapes]
    assert reshaped == [KINDS[stage.block].skip == "always", KINDS[stage.block].skip == "always", False]


@pytest.mark.parametrize("name", BY_HAND)
def test_paths_are_one_a_layer(name):
    listed = layers(BY_HAND[name][0], 4, 2)
    assert len({one.path for one in listed}) == len(listed)
