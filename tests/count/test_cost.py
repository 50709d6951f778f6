import itertools

import pytest

from scaling import RELEASED, Cost, Factors, architecture, cost, scale
from scaling.count.cost import parts
from scaling.rules.releases import NAMES

B0 = architecture("efficientnet_b0")

# Recounted independently and equal to the totals stored by two public implementations: params, MACs, activations.
RELEASED_COSTS = {
    "efficientnet_b0": (5288548, 385814752, 6748036),
    "efficientnet_b1": (7794184, 686802832, 10884328),
    "efficientnet_b2": (9109994, 993561872, 13832834),
    "efficientnet_b3": (12233232, 1827141392, 23831296),
    "efficientnet_b4": (19341616, 4393771024, 49489032),
    "efficientnet_b5": (30389784, 10266384752, 98857400),
    "efficientnet_b6": (43040704, 19067593536, 167393400),
    "efficientnet_b7": (66347960, 37745884192, 289939464),
    "efficientnet_b8": (87413142, 62597461568, 442886462),
    "efficientnet_l2": (480309308, 475703653280, 1707390020),
    "efficientnetv2_b0": (7139704, 718086176, 4773400),
    "efficientnetv2_b1": (8141052, 1196819360, 7335996),
    "efficientnetv2_b2": (10096086, 1697542832, 9837134),
    "efficientnetv2_b3": (14358406, 3011458816, 15735934),
    "efficientnetv2_s": (21458488, 8365617152, 35766624),
    "efficientnetv2_m": (54139356, 24582460384, 89838420),
    "efficientnetv2_l": (118515272, 56079699008, 157987752),
    "efficientnetv2_xl": (208119808, 93353451520, 247319904),
    # parameters as the released weights have them; MACs and activations as the traced programs do them (tests/nets)
    "efficientnet_lite0": (4652008, 385187552, 6738696),
    "efficientnet_lite1": (5416680, 600185232, 10143128),
    "efficientnet_lite2": (6092072, 859736272, 12895600),
    "efficientnet_lite3": (8197096, 1383321872, 18985304),
    "efficientnet_lite4": (13006568, 2553034336, 28839304),
    "mobilenet_v1": (4231976, 568740352, 5043688),
    "mobilenet_v2": (3504872, 300774272, 6679112),
    # as torchvision builds them (parameters) and as published (MACs): 59, 97, 209, 509 and 582 M
    "mobilenet_v2_035": (1677128, 59285808, 2863776),
    "mobilenet_v2_050": (1968680, 97131840, 3641112),
    "mobilenet_v2_075": (2636424, 209069792, 5856304),
    "mobilenet_v2_130": (5386792, 509374560, 8983288),
    "mobilenet_v2_140": (6108776, 582195824, 9574424),
    "resnet18": (11689512, 1814073344, 2484712),
    "resnet50": (25557032, 4089184256, 11114984),
    "resnet101": (44549160, 7801405440, 16232936),
    "resnet152": (60192808, 11513626624, 22555112),
    "wide_resnet50_2": (68883240, 11398021120, 14401512),
    "resnext101_32x4d": (44177704, 7969996800, 21225448),
}


@pytest.mark.parametrize("name", RELEASED_COSTS)
def test_released_networks(name):
    assert cost(architecture(name)) == RELEASED_COSTS[name]


def test_every_released_network_has_its_golden_count():
    assert {*RELEASED_COSTS, "small"} == set(NAMES)


def test_parts_of_a_network_without_head_sum_to_its_cost():
    for name in ("resnet50", "mobilenet_v1", "efficientnetv2_s"):
        found = parts(architecture(name))
        assert Cost(*(sum(counts) for counts in zip(*(part.cost for part in found), strict=True))) == cost(architecture(name))
    found = parts(architecture("resnet50"))
    assert [part.name for part in found] == ["stem", *(f"stage {i}" for i in (1, 2, 3, 4)), "classifier"]
    assert [part.side for part in found] == [112, 56, 28, 14, 7, 1]


def test_fixed_ends_stay_as_they_are():
    lite = scale(architecture("efficientnet_lite0"), Factors(2, 1.4, 1))
    assert (lite.stem, lite.head) == (32, 1280)
    assert [stage.repeats for stage in lite.stages] == [1, 4, 4, 6, 6, 8, 1]


def test_b3_without_the_guard():
    scaled = scale(B0, RELEASED["efficientnet_b3"], rounding="unguarded")
    assert cost(scaled) == (12227212, 1756850272, 21941236)


def test_the_small_baseline():
    counted = cost(architecture("small"), num_classes=10, in_channels=1)
    assert (counted.params, counted.macs) == (49970, 594992)
    assert counted.flops == 2 * 594992


def test_cost_never_falls_when_a_factor_rises():
    steps = (1.0, 1.1, 1.3, 1.7)
    for name in ("efficientnet_b0", "small"):
        for depth, width, resolution in itertools.product(range(3), range(3), range(3)):
            low = cost(scale(architecture(name), Factors(steps[depth], steps[width], steps[resolution])))
            for more in ((1, 0, 0), (0, 1, 0), (0, 0, 1)):
                higher = Factors(*(steps[i + j] for i, j in zip((depth, width, resolution), more, strict=True)))
                high = cost(scale(architecture(name), higher))
                assert all(a <= b for a, b in zip(low, high, strict=True))


def test_classes_and_channels_enter_once():
    base, more = cost(B0), cost(B0, num_classes=1001)
    assert more.params - base.params == 1280 + 1
    assert more.macs - base.macs == 1280
    grey = cost(B0, in_channels=1)
    assert base.params - grey.params == 2 * 9 * 32
    assert base.macs - grey.macs == 2 * 9 * 32 * 112**2


def test_counts_are_checked():
    with pytest.raises(ValueError, match="num_classes and in_channels must be at least 1, got 0 and 3"):
        cost(B0, num_classes=0)
