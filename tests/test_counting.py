import itertools

import pytest

from scaling import RELEASED, Factors, architecture, cost, scale

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
}


@pytest.mark.parametrize("name", RELEASED)
def test_released_networks(name):
    assert cost(scale(B0, RELEASED[name])) == RELEASED_COSTS[name]


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
