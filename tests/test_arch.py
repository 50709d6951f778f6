import dataclasses

import pytest

from scaling import ARCHITECTURES, Architecture, Stage, architecture
from scaling.arch import EFFICIENTNET_B0, SMALL

STAGE = Stage(repeats=1, kernel=3, stride=1, expansion=1, channels=16)


def test_names_find_baselines():
    assert architecture("efficientnet_b0") is EFFICIENTNET_B0
    assert all(name == found.name for name, found in ARCHITECTURES.items())


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ValueError, match="unknown name 'b0'; known: efficientnet_b0, small"):
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
        ({"name": 5}, "Architecture.name must be a text, got 5"),
        ({"resolution": 0}, "Architecture.resolution must be a whole number"),
        ({"stages": []}, "Architecture.stages must be a non-empty tuple"),
        ({"stages": 3}, "Architecture.stages must be a list of tables, got 3"),
        ({"widht": 3}, "Architecture has no key 'widht'; allowed: name, resolution"),
        ({"stages": [{"repeats": 1, "kernl": 3}]}, "Stage has no key 'kernl'; allowed: repeats, kernel"),
        ({"stages": [{"repeats": 1}]}, "Stage needs the key 'kernel'"),
        ({"stages": [3]}, "Stage must be a table, got 3"),
    ],
)
def test_plain_data_is_checked(change, message):
    with pytest.raises(ValueError, match=message):
        Architecture.from_dict({**SMALL.to_dict(), **change})
