import numpy as np
import pytest
from simulation import simulate

from scaling.analysis.measured import Measured
from scaling.analysis.power import FLIP_RATE, IMAGE_VARIANCE, PROXY, TRUE_SEED_SD, detectable_gap, spread_of
from scaling.analysis.ranking import rank

RATIOS = [1.0, *np.linspace(1.75, 2.25, 16)]


def study(seed, seeds=2, images=2_500, truth=0.87):
    answers = simulate([truth] * len(RATIOS), seeds, images, np.random.default_rng(seed))
    return [
        Measured(f"n{i:02d}", round(600_000 * r), float(r), bits, None, ("baseline" if r == 1 else "lattice",))
        for i, (r, bits) in enumerate(zip(RATIOS, answers, strict=True))
    ]


def test_the_spread_of_trainings_is_found_again():
    found = [spread_of(study(seed, images=4_000)) for seed in range(8)]
    assert np.mean([one.flips for one in found]) == pytest.approx(FLIP_RATE / 2, rel=0.05)
    assert np.mean([one.between for one in found]) == pytest.approx(IMAGE_VARIANCE, rel=0.2)
    assert np.mean([one.seed for one in found]) == pytest.approx(TRUE_SEED_SD**2, rel=0.8)
    assert found[0].trainings == 34
    assert spread_of(study(0, seeds=1)) is None
    assert spread_of(study(0)[:1]) is None


@pytest.mark.parametrize("seeds", [2, 5])
def test_what_is_announced_is_what_the_test_does(seeds):
    announced = detectable_gap(RATIOS[1:], 2.0, seeds, 2_500, PROXY)
    found = [rank(study(seed, seeds), 2.0, draws=2_000).detectable for seed in range(6)]
    assert announced == pytest.approx(np.mean(found), rel=0.12)


def test_a_network_that_far_behind_is_dropped_about_as_often_as_not():
    # The best ahead of a field by the announced gap: of the field about half is dropped.
    gap = detectable_gap(RATIOS[1:], 2.0, 2, 2_500, PROXY)
    dropped = []
    for seed in range(25):
        truths = [0.87, 0.87 + gap, *[0.87] * (len(RATIOS) - 2)]
        answers = simulate(truths, 2, 2_500, np.random.default_rng(seed))
        networks = [
            Measured(f"n{i:02d}", 1_200_000, 2.0 if i else 1.0, bits, None, ("lattice" if i else "baseline",))
            for i, bits in enumerate(answers)
        ]
        dropped += [not one.tied for one in rank(networks, 2.0, draws=2_000).networks[2:]]
    assert 0.35 < np.mean(dropped) < 0.75  # a rival beside the best may be ahead too


def test_a_later_look_and_fewer_images_need_more():
    one = detectable_gap(RATIOS[1:], 2.0, 2, 2_500, PROXY)
    assert detectable_gap(RATIOS[1:], 2.0, 2, 2_500, PROXY, look=2) > one
    assert detectable_gap(RATIOS[1:], 2.0, 2, 500, PROXY) > one
    assert detectable_gap(RATIOS[1:], 2.0, 8, 2_500, PROXY) < one


def test_refuses():
    with pytest.raises(ValueError, match="two eligible networks and two seeds are needed, got 1 and 2"):
        detectable_gap([2.0], 2.0, 2, 100, PROXY)
    with pytest.raises(ValueError, match="got 2 and 1"):
        detectable_gap([2.0, 2.1], 2.0, 1, 100, PROXY)
