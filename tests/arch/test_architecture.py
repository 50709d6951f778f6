import dataclasses

import pytest

from scaling import ARCHITECTURES, Architecture, Stage, architecture
from scaling.arch import EFFICIENTNET_B0, SMALL
from scaling.arch.blocks import KINDS

STAGE = Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16)


def test_names_find_baselines():
    assert architecture("efficientnet_b0") is EFFICIENTNET_B0
    assert all(name == found.name for name, found in ARCHITECTURES.items())


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match=r"no network 'b0'; known: efficientnet_b0, efficientnet_b1, .*, wide_resnet50_2"):
        architecture("b0")


@pytest.mark.parametrize("one", ARCHITECTURES.values(), ids=lambda one: one.name)
def test_plain_data_and_back(one):
    assert Architecture.from_dict(one.to_dict()) == one


def test_the_name_is_not_part_of_the_structure():
    renamed = dataclasses.replace(SMALL, name="other", channel_divisor=8)
    assert renamed.structure == SMALL.structure
    assert dataclasses.replace(SMALL, head=256).structure != SMALL.structure


@pytest.mark.parametrize("field", ["repeats", "kernel", "stride", "expansion", "channels"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"])
def test_a_stage_refuses_what_is_no_count(field, value):
    with pytest.raises(ValueError, match=f"Stage.{field} must be a whole number of at least 1"):
        dataclasses.replace(STAGE, **{field: value})


def test_a_stage_refuses_even_kernels_and_shares_above_one():
    with pytest.raises(ValueError, match="kernel must be odd, got 4"):
        dataclasses.replace(STAGE, kernel=4)
    with pytest.raises(ValueError, match="squeeze_excite must be a number from 0 to 1, got 2"):
        dataclasses.replace(STAGE, squeeze_excite=2)


@pytest.mark.parametrize(("inputs", "share", "squeezed"), [(16, 0.25, 4), (3, 0.25, 1), (1, 0.01, 1), (30, 0.25, 7)])
def test_squeezed_channels_round_down_to_at_least_one(inputs, share, squeezed):
    assert dataclasses.replace(STAGE, squeeze_excite=share).squeezed_channels(inputs) == squeezed


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 5}, "Architecture.name must be a text in quotes, got 5"),
        ({"resolution": 0}, "Architecture.resolution must be a whole number"),
        ({"stages": []}, "Architecture.stages must be a non-empty tuple"),
        ({"stages": 3}, "Architecture.stages must be a list of tables, got 3"),
        ({"widht": 3}, "Architecture: unknown key 'widht'; allowed: name, resolution"),
        ({"stages": [{"repeats": 1, "kernl": 3}]}, "Architecture.stages: unknown key 'kernl'; allowed: repeats, kernel"),
        ({"stages": [{"repeats": 1}]}, "Architecture.stages: the key 'kernel' is missing"),
        ({"stages": [3]}, "Architecture.stages must be a table, got 3"),
    ],
)
def test_plain_data_is_checked(change, message):
    with pytest.raises(ValueError, match=message):
        Architecture.from_dict({**SMALL.to_dict(), **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"block": "inception"}, f"Stage.block must be one of {', '.join(KINDS)}, got 'inception'"),
        ({"block": "fused"}, "Stage.squeeze_excite must be 0 in fused blocks, got 0.25"),
        ({"block": "basic", "squeeze_excite": 0, "expansion": 2}, "Stage.expansion must be 1 in basic blocks, got 2"),
        ({"groups": 2}, "Stage.groups must be 1 in mbconv blocks, got 2"),
        ({"block": "bottleneck", "squeeze_excite": 0, "expansion": 4, "groups": 8}, "must be a multiple of .* = 32 .* got 16"),
    ],
)
def test_what_a_block_does_not_have_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(STAGE, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": "gelu"}, "Architecture.activation must be one of silu, relu, relu6, got 'gelu'"),
        ({"padding": "valid"}, "Architecture.padding must be one of same, symmetric, got 'valid'"),
        ({"batch_norm_epsilon": 0}, "Architecture.batch_norm_epsilon must be between 0 and 1, got 0"),
        ({"stem_kernel": 4}, "Architecture.stem_kernel must be odd, got 4"),
        ({"head": -1}, "Architecture.head must be a whole number"),
        ({"fixed_ends": 1}, "Architecture.fixed_ends must be true or false, got 1"),
    ],
)
def test_what_an_architecture_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SMALL, **change)


def test_plain_data_of_the_first_family_has_not_changed():
    """Trials are known by their data: a key more would train everything recorded again."""
    data = EFFICIENTNET_B0.to_dict()
    assert list(data) == ["name", "resolution", "stem", "stages", "head", "stem_stride", "channel_divisor"]
    assert list(data["stages"][0]) == ["repeats", "kernel", "stride", "expansion", "channels", "squeeze_excite"]
