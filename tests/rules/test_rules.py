import dataclasses
import itertools
import math

import pytest

from scaling import (
    ARCHITECTURES,
    RELEASED,
    RULES,
    Factors,
    Rule,
    architecture,
    compound,
    cost,
    rule,
    scale,
    scale_v2,
    shares,
    single,
)
from scaling.family.__main__ import main
from scaling.rules.rounding import MINIMUM_RESOLUTION

B0 = architecture("efficientnet_b0")
SMALL = architecture("small")

# field notes, 2.8: what the formula gives beside what was released
FORMULA = [
    (1, 258, 2.57),
    (2, 296, 4.69),
    (3, 341, 8.43),
    (4, 392, 16.38),
    (5, 451, 29.48),
    (6, 518, 52.08),
    (7, 596, 102.81),
]


def test_every_rule_is_found_by_its_name():
    assert [name for name, one in RULES.items() if rule(name) != one] == ["compound"]  # it has been given its bases
    assert all(name == one.name and one.says for name, one in RULES.items())
    assert rule("compound").factors(2) == rule("paper").factors(2) == compound(2)
    assert rule("compound", alpha=1.5).factors(2) == compound(2, alpha=1.5)
    assert rule("width").factors(3) == single("width", 3)
    assert rule("released").factors(7) == RELEASED["efficientnet_b7"]


def test_one_rule_reaches_the_commands_from_one_table(monkeypatch, capsys):
    monkeypatch.setitem(RULES, "half", Rule("half", lambda phi: shares(phi, depth=0.5, width=0.5, resolution=0)))
    assert main(["--rule", "half", "--phi", "1", "--csv"]) == 0
    assert "efficientnet_b0,half,1" in capsys.readouterr().out
    assert main(["--rule", "third"]) == 2
    assert f"no rule is called 'third'; known: {', '.join(RULES)}\n" in capsys.readouterr().err


@pytest.mark.parametrize("function", [scale, scale_v2])
def test_what_is_no_architecture_and_what_are_no_factors_is_said_in_a_line(function):
    wanted = r"scale(_v2)?: what to scale must be an Architecture, as architecture\('efficientnet_b3'\), got 'efficientnet_b3'$"
    with pytest.raises(TypeError, match=wanted):
        function("efficientnet_b3", compound(1))
    wanted = r"factors must be Factors, as Factors\(1.2, 1.1, 1.15\) or compound\(1\), got \(1.2, 1.1, 1.15\)$"
    with pytest.raises(TypeError, match=wanted):
        function(B0, (1.2, 1.1, 1.15))


def test_compound_is_the_papers_by_default():
    assert compound(0) == Factors(1, 1, 1)
    assert compound(1) == Factors(1.2, 1.1, 1.15)
    assert compound(2) == Factors(1.2**2, 1.1**2, 1.15**2)


@pytest.mark.parametrize(("phi", "side", "ratio"), FORMULA)
def test_the_formula_reproduces_no_released_network(phi, side, ratio):
    scaled = scale(B0, compound(phi))
    assert scaled.resolution == side
    assert round(cost(scaled).macs / cost(B0).macs, 2) == ratio
    assert scaled.structure != scale(B0, RELEASED[f"efficientnet_b{phi}"]).structure


def test_negative_and_fractional_phi_scale_down_and_between():
    down, half = compound(-1), compound(0.5)
    assert down == pytest.approx((1 / 1.2, 1 / 1.1, 1 / 1.15))
    assert math.prod((half.depth, half.width**2, half.resolution**2)) == pytest.approx(1.92027**0.5, abs=1e-5)


@pytest.mark.parametrize("base", ["alpha", "beta", "gamma"])
def test_compound_refuses_bases_below_one(base):
    with pytest.raises(ValueError, match=f"compound: {base} must be finite and at least 1, got 0.9"):
        compound(1, **{base: 0.9})


@pytest.mark.parametrize("factors", [compound, lambda phi: single("depth", phi)])
@pytest.mark.parametrize("phi", [math.nan, math.inf])
def test_phi_must_be_finite(factors, phi):
    with pytest.raises(ValueError, match="phi must be finite"):
        factors(phi)


@pytest.mark.parametrize("factors", [compound, lambda phi: shares(phi, depth=1, width=0, resolution=0)])
def test_phi_has_an_end(factors):
    with pytest.raises(ValueError, match=r"phi is too large, [\d.]+\^1e\+09 is no number"):
        factors(1e9)


def test_shares_keep_the_budget_over_the_whole_triangle():
    for d, w, phi, budget in itertools.product(range(11), range(11), (-1, 0.5, 1, 3), (2, 3)):
        if d + w <= 10:
            depth, width, resolution = shares(phi, depth=d / 10, width=w / 10, resolution=(10 - d - w) / 10, budget=budget)
            assert depth * width**2 * resolution**2 == pytest.approx(budget**phi)


@pytest.mark.parametrize("dimension", ["depth", "width", "resolution"])
def test_single_moves_one_factor_only(dimension):
    factors = single(dimension, 2)
    assert [name for name, factor in factors._asdict().items() if factor != 1] == [dimension]
    assert factors.depth * factors.width**2 * factors.resolution**2 == pytest.approx(4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0.5}, "must be 1, got"),
        ({"depth": -0.5, "width": 1.5}, "must be 0 or more"),
        ({"budget": 1}, "budget must be above 1, got 1"),
    ],
)
def test_shares_are_checked(wrong, message):
    with pytest.raises(ValueError, match=message):
        shares(1, **{"depth": 0.0, "width": 0.0, "resolution": 1.0, **wrong})


def test_single_names_its_dimensions():
    with pytest.raises(ValueError, match="must be one of depth, width, resolution, got 'height'"):
        single("height", 1)


# Appendix of the field notes: widths of B0 under beta, with the 10 % guard and without
WIDTHS = {
    1.0: ([32, 16, 24, 40, 80, 112, 192, 320], 1280, [32, 16, 24, 40, 80, 112, 192, 320]),
    1.05: ([32, 16, 24, 40, 88, 120, 200, 336], 1344, [32, 16, 24, 40, 88, 120, 200, 336]),
    1.1: ([32, 16, 24, 48, 88, 120, 208, 352], 1408, [32, 16, 24, 48, 88, 120, 208, 352]),
    1.15: ([40, 24, 32, 48, 96, 128, 224, 368], 1472, [40, 16, 24, 48, 96, 128, 224, 368]),
    1.2: ([40, 24, 32, 48, 96, 136, 232, 384], 1536, [40, 16, 32, 48, 96, 136, 232, 384]),
    1.25: ([40, 24, 32, 48, 104, 144, 240, 400], 1600, [40, 24, 32, 48, 104, 144, 240, 400]),
    1.3: ([40, 24, 32, 56, 104, 144, 248, 416], 1664, [40, 24, 32, 56, 104, 144, 248, 416]),
    1.35: ([40, 24, 32, 56, 112, 152, 256, 432], 1728, [40, 24, 32, 56, 112, 152, 256, 432]),
    1.4: ([48, 24, 32, 56, 112, 160, 272, 448], 1792, [48, 24, 32, 56, 112, 160, 272, 448]),
    1.45: ([48, 24, 32, 56, 120, 160, 280, 464], 1856, [48, 24, 32, 56, 120, 160, 280, 464]),
    1.5: ([48, 24, 40, 64, 120, 168, 288, 480], 1920, [48, 24, 40, 64, 120, 168, 288, 480]),
}  # fmt: skip


@pytest.mark.parametrize("beta", WIDTHS)
def test_channels_round_as_released(beta):
    guarded, head, unguarded = WIDTHS[beta]

    def widths(rounding):
        scaled = scale(B0, Factors(1, beta, 1), rounding=rounding)
        return [scaled.stem, *(stage.channels for stage in scaled.stages)], scaled.head

    assert widths("released") == (guarded, head)
    assert widths("unguarded") == (unguarded, head)


DEPTHS = {
    (100,): [1, 2, 2, 3, 3, 4, 1],
    (105, 110, 115, 120, 125): [2, 3, 3, 4, 4, 5, 2],
    (130,): [2, 3, 3, 4, 4, 6, 2],
    (135, 140, 145, 150): [2, 3, 3, 5, 5, 6, 2],
    (155, 160, 165): [2, 4, 4, 5, 5, 7, 2],
    (170, 175): [2, 4, 4, 6, 6, 7, 2],
    (180, 185, 190, 195, 200): [2, 4, 4, 6, 6, 8, 2],
}


@pytest.mark.parametrize(("hundredths", "repeats"), [(h, r) for hs, r in DEPTHS.items() for h in hs])
def test_repeats_round_up(hundredths, repeats):
    scaled = scale(B0, Factors(hundredths / 100, 1, 1))
    assert [stage.repeats for stage in scaled.stages] == repeats


def test_rounding_is_not_decided_by_binary_noise():
    """Every lattice coefficient times every count equals what exact hundredths give."""
    for hundredths, repeats in itertools.product(range(100, 201), range(1, 14)):
        stage = dataclasses.replace(B0.stages[0], repeats=repeats)
        noisy = hundredths / 100 * (1 + 1e-15)
        scaled = scale(dataclasses.replace(B0, stages=(stage,)), Factors(noisy, 1, 1))
        assert scaled.stages[0].repeats == -(-hundredths * repeats // 100)


def test_resolution_rounds_half_to_even_and_never_under_twelve():
    half = dataclasses.replace(SMALL, resolution=25)
    assert scale(half, Factors(1, 1, 1.1)).resolution == 28  # 27.5
    assert scale(half, Factors(1, 1, 1.06)).resolution == 26  # 26.5
    assert scale(SMALL, Factors(1, 1, 0.1)).resolution == MINIMUM_RESOLUTION


def test_nearest_rounds_as_pycls():
    scaled = scale(B0, Factors(1.2, 1.1, 1.15), rounding="nearest")
    assert [stage.repeats for stage in scaled.stages] == [1, 2, 2, 4, 4, 5, 1]
    assert [stage.channels for stage in scaled.stages] == [16, 24, 48, 88, 120, 208, 352]
    assert scaled.resolution == 256


# torchvision's mobilenet_v2(width_mult=...), parameters; .35 to .75 have the same in timm, .35 to 1.4 in Keras.
MOBILENETS = {0.25: 1519112, 0.35: 1677128, 0.5: 1968680, 0.75: 2636424, 1.0: 3504872, 1.3: 5386792, 1.4: 6108776}


@pytest.mark.parametrize("width", MOBILENETS)
def test_mobilenetv2_keeps_its_head(width):
    baseline = ARCHITECTURES["mobilenet_v2"]
    scaled = scale(baseline, Factors(1, width, 1), rounding="mobilenetv2")
    assert cost(scaled).params == MOBILENETS[width]
    assert scaled.head == max(1280, round(1280 * width))
    shrunk = scale(baseline, Factors(1, width, 1))
    assert (shrunk == scaled) == (width >= 1)
    assert shrunk.stages == scaled.stages


def test_rounding_as_mobilenetv2_of_networks_without_a_head_or_with_fixed_ends():
    for name in ("resnet50", "mobilenet_v1", "efficientnet_lite0"):
        one = ARCHITECTURES[name]
        assert scale(one, Factors(1, 0.5, 1), rounding="mobilenetv2") == scale(one, Factors(1, 0.5, 1))


def test_the_divisor_is_the_architectures():
    assert all(stage.channels % 4 == 0 for stage in scale(SMALL, Factors(1, 1.1, 1)).stages)
    assert any(stage.channels % 8 for stage in scale(SMALL, Factors(1, 1.1, 1)).stages)


def test_a_factor_of_one_changes_nothing():
    odd = dataclasses.replace(SMALL, stem=15, head=127)
    for rounding in ("released", "unguarded", "nearest", "mobilenetv2"):
        assert scale(odd, Factors(1, 1, 1), rounding=rounding) == odd


def test_scale_is_checked():
    with pytest.raises(ValueError, match="factors must be finite and above 0"):
        scale(B0, Factors(0, 1, 1))
    with pytest.raises(ValueError, match="rounding must be one of released, unguarded, nearest, mobilenetv2, got 'floor'"):
        scale(B0, Factors(1, 1, 1), rounding="floor")


def test_the_way_of_v2_caps_the_images_and_deepens_the_late_stages():
    small = architecture("efficientnetv2_s")
    found = scale_v2(small, Factors(1.2, 1.25, 1.4), late=1.3)
    assert found.resolution == 480
    assert [stage.repeats for stage in found.stages] == [3, 5, 5, 8, 15, 24]
    assert [stage.channels for stage in found.stages] == [stage.channels for stage in _plain(small).stages]
    assert scale_v2(small, Factors(1.2, 1.25, 1.1)) == scale(small, Factors(1.2, 1.25, 1.1), rounding="unguarded")
    assert scale_v2(architecture("efficientnetv2_xl"), Factors(1, 1, 1.1)).resolution == 512
    for wrong, message in (({"late": 0}, "late must be finite and above 0, got 0"), ({"largest": 8}, "at least 12 px, got 8")):
        with pytest.raises(ValueError, match=message):
            scale_v2(small, Factors(1, 1, 1), **wrong)


def _plain(network):
    return scale(network, Factors(1.2, 1.25, 1.4), rounding="unguarded")
