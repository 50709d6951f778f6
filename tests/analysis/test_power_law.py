import numpy as np
import pytest
from scipy import optimize

from scaling.analysis.errors import errors
from scaling.analysis.measured import Measured
from scaling.analysis.power_law import LARGEST_B, _least_squares, _linear, extrapolated, fit_power_law, held_out

RATIOS = 2.0 ** np.arange(8)
TRUTH = (0.12, 0.4, 0.05)


def network(ratio, accuracies, images=4_000):
    """One training for each accuracy, right on the first so many images."""
    right = np.round(np.multiply(accuracies, images))
    return Measured(f"x{ratio:g}", round(600_000 * ratio), float(ratio), np.arange(images) < right[:, None], None, ())


def family(seeds=2, seed_sd=0.002, ratios=RATIOS, truth=TRUTH, generator=None):
    a, b, c = truth
    noise = np.random.default_rng(0) if generator is None else generator
    return [network(r, 1 - (a * r**-b + c) + seed_sd * noise.standard_normal(seeds)) for r in ratios]


def exact(seeds=1):
    """error = .32 / sqrt(ratio) + .05 in whole images of 200."""
    ratios = 4.0 ** np.arange(7)
    return [network(r, [1 - (0.32 * r**-0.5 + 0.05)] * seeds, images=200) for r in ratios]


def covered(estimate, truth):
    return estimate.low <= truth <= estimate.high


def coverage(studies, seed):
    """Shares of studies whose intervals hold a, b, c, the curve at x4 and x256, and the network held out."""
    generator, hits = np.random.default_rng(seed), []
    a, b, c = TRUTH
    for _ in range(studies):
        networks = family(generator=generator)
        law = fit_power_law(networks)
        band = law.curve([4.0, 256.0])
        true = a * np.array([4.0, 256.0]) ** -b + c
        hits.append(
            [
                *(covered(found, value) for found, value in zip((law.a, law.b, law.c), TRUTH, strict=True)),
                *((band.low <= true) & (true <= band.high)),
                held_out(networks).inside,
            ]
        )
    return np.mean(hits, axis=0)


def test_noise_free_data_give_the_coefficients():
    law = fit_power_law(exact())
    assert (law.a.value, law.b.value, law.c.value) == pytest.approx((0.32, 0.5, 0.05), rel=1e-9)
    assert (law.largest, law.networks, law.trainings) == (4096.0, 7, 7)
    assert law.curve([1.0, 16.0]).mean == pytest.approx([0.37, 0.13])


def test_noise_free_data_with_two_seeds_have_no_width():
    law = fit_power_law(exact(seeds=2))
    for found in (law.a, law.b, law.c):
        assert found.low == pytest.approx(found.value, rel=1e-9)
        assert found.high == pytest.approx(found.value, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_fit_is_the_least_squares_of_scipy(seed):
    generator = np.random.default_rng(seed)
    observed = 0.12 * RATIOS**-0.4 + 0.05 + 0.004 * generator.standard_normal(8)
    seeds = generator.integers(1, 6, 8)
    mine = np.array(_least_squares(RATIOS, observed[None], seeds))[:, 0]

    def residuals(p):
        return np.sqrt(seeds) * (p[0] * RATIOS ** -p[1] + p[2] - observed)

    theirs = optimize.least_squares(residuals, TRUTH, bounds=(0, [1, LARGEST_B, 1]), xtol=1e-14, ftol=1e-14, gtol=1e-14)
    assert (residuals(mine) ** 2).sum() == pytest.approx(2 * theirs.cost, rel=1e-9)
    assert mine == pytest.approx(theirs.x, abs=2e-5)


def noisy_rows(rows=200):
    """Errors of made-up studies, most of them hardly telling b, with the seeds of each network."""
    generator = np.random.default_rng(2)
    truth = 0.12 * RATIOS ** -generator.uniform(0, 3, (rows, 1)) + generator.uniform(0, 0.1, (rows, 1))
    return np.abs(truth + generator.choice([0.001, 0.02], (rows, 1)) * generator.standard_normal((rows, 8))), np.arange(
        8
    ) % 3 + 1


def test_the_slope_is_that_of_the_mean_square():
    observed, seeds = noisy_rows()
    weights, step = seeds / seeds.sum(), 1e-5
    b = np.linspace(0.05, LARGEST_B, 34)[None]
    found = _linear(b, RATIOS, observed, weights)
    above, below = (_linear(b + side, RATIOS, observed, weights).mean_square for side in (step, -step))
    assert ((found.c > 0).any(), (found.c == 0).any(), (found.a == 0).any()) == (True, True, True)
    assert found.slope == pytest.approx((above - below) / (2 * step), abs=1e-8)
    assert np.abs(found.slope).max() > 1e-4


def test_no_b_fits_better():
    observed, seeds = noisy_rows()
    a, b, c = (value[:, None] for value in _least_squares(RATIOS, observed, seeds))
    weights = seeds / seeds.sum()
    least = (observed - a * RATIOS**-b - c) ** 2 @ weights
    every = np.concatenate(
        [_linear(part[None], RATIOS, observed, weights).mean_square for part in np.linspace(0, 5, 5001).reshape(3, -1)], 1
    )
    assert (least <= every.min(axis=1) + 1e-15).all()


def test_coefficients_do_not_hang_on_rounding():
    """Another order of adding, as on another processor, moves them in their last digits only."""
    observed, seeds = noisy_rows()
    order = np.random.default_rng(3).permutation(8)
    one, other = _least_squares(RATIOS, observed, seeds), _least_squares(RATIOS[order], observed[:, order], seeds[order])
    for mine, again in zip(one, other, strict=True):
        assert mine == pytest.approx(again, rel=1e-9, abs=1e-9)


def test_bounds_hold():
    rising = fit_power_law([network(r, [0.9 - 0.01 * i] * 2) for i, r in enumerate(RATIOS)])
    assert (rising.a.value, rising.b.value) == (0.0, 0.0)
    assert rising.c.value == pytest.approx(0.1 + 0.01 * 3.5)
    straight = fit_power_law([network(r, [0.5 + 0.05 * i] * 2) for i, r in enumerate(RATIOS)])  # bends less than c = 0
    assert straight.c.value == 0.0
    assert straight.a.value > 0
    step = fit_power_law([network(r, [0.8 if r == 1 else 0.9] * 2) for r in RATIOS])
    assert step.b.value == pytest.approx(LARGEST_B)


@pytest.mark.parametrize("studies", [40, pytest.param(200, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth(studies):
    shares = coverage(studies, 1)
    assert (shares >= (0.85 if studies > 100 else 0.8)).all()
    assert (shares <= (0.95 if studies > 100 else 1)).all()


def test_more_seeds_weigh_more():
    networks = family()
    odd = network(3.0, [0.7, 0.7])
    many = network(3.0, [0.7] * 20)
    a, b = (fit_power_law([*networks, one]).curve([3.0]).mean[0] for one in (odd, many))
    assert b > a


def test_order_does_not_matter_and_a_run_repeats():
    networks = family()
    forward, backward = fit_power_law(networks), fit_power_law(networks[::-1])
    assert (forward.a, forward.b, forward.c) == (backward.a, backward.b, backward.c)


def test_curve_keeps_the_shape_and_widens_beyond_the_data():
    law = fit_power_law(family())
    band = law.curve(np.array([[2.0, 128.0], [1024.0, 4096.0]]))
    assert band.mean.shape == band.low.shape == band.high.shape == (2, 2)
    width = (band.high - band.low).ravel()
    assert width[0] < width[2] < width[3]


def test_held_out_predicts_the_last():
    networks = family()
    found = held_out(networks)
    law = fit_power_law(networks[:-1])
    assert (found.name, found.ratio, found.beyond) == ("x128", 128.0, 2.0)
    assert found.measured == networks[-1].accuracy
    assert found.predicted.value == pytest.approx(1 - law.curve([128.0]).mean[0])
    curve = extrapolated(law, 128.0)
    assert found.predicted.low < curve.low < curve.high < found.predicted.high
    assert found.inside == (found.predicted.low <= found.measured <= found.predicted.high)


def test_held_out_sees_a_broken_law():
    networks = family()
    assert not held_out([*networks[:-1], network(128.0, [0.6, 0.6])]).inside


def test_held_out_fits_none_at_the_largest_cost():
    networks = family()
    twin = Measured("twin", networks[-1].macs, 128.0, networks[-1].correct, None, ())
    assert held_out([*networks, twin]).predicted == held_out([*networks[:-1], twin]).predicted


def test_extrapolated_is_the_curve_in_accuracy():
    law = fit_power_law(family())
    found = extrapolated(law, 512.0)
    band = law.curve([512.0])
    assert (found.ratio, found.beyond) == (512.0, 4.0)
    assert (found.mean, found.low, found.high) == (1 - band.mean[0], 1 - band.high[0], 1 - band.low[0])
    assert found.low < found.mean < found.high


def test_one_seed_has_no_intervals():
    networks = family(seeds=1)
    law = fit_power_law(networks)
    assert errors(networks).degrees_of_freedom == 0
    assert law.draws is None
    assert [found[1:] for found in (law.a, law.b, law.c)] == [(None, None)] * 3
    assert law.curve([2.0])[1:] == (None, None)
    assert extrapolated(law, 256.0)[2:4] == (None, None)
    found = held_out(networks)
    assert (found.predicted.low, found.predicted.high, found.inside) == (None, None, None)


def test_refuses():
    networks = family()
    with pytest.raises(ValueError, match="fit_power_law: at least 7 distinct costs must be trained, got 6"):
        fit_power_law(networks[:6])
    twin = Measured("twin", networks[0].macs, 1.0, networks[0].correct, None, ())
    with pytest.raises(ValueError, match="got 6"):
        fit_power_law([*networks[:6], twin])
    with pytest.raises(ValueError, match="held_out: at least 8 distinct costs must be trained, got 7"):
        held_out(networks[:7])
    with pytest.raises(ValueError, match="fit_power_law: confidence must be between 0 and 1, got 90"):
        fit_power_law(networks, confidence=90)
    with pytest.raises(ValueError, match="held_out: confidence"):
        held_out(networks, confidence=0)
    law = fit_power_law(networks)
    with pytest.raises(ValueError, match="curve: ratios must be finite and above 0"):
        law.curve([1.0, 0.0])
    with pytest.raises(ValueError, match="curve: ratios"):
        extrapolated(law, float("nan"))
