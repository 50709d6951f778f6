import numpy as np
import pytest

from scaling.analysis.agreement import NoTruth, agreement
from scaling.analysis.correlation import kendall, spearman
from scaling.analysis.measured import Measured

PICTURES = 4_000


def network(name, accuracies, macs=600_000, images=PICTURES):
    right = np.round(np.multiply(accuracies, images))
    return Measured(name, macs, 2.0, np.arange(images) < right[:, None], None, ())


def study(true, generator, seeds=2, seed_sd=0.006, images=PICTURES):
    return [network(f"n{i:02d}", p + seed_sd * generator.standard_normal(seeds), images=images) for i, p in enumerate(true)]


def plain(*accuracies, seeds=1):
    """Networks a, b, c, ..."""
    return [network(name, [p] * seeds) for name, p in zip("abcdefgh", accuracies, strict=False)]


def covered(estimate, truth):
    return estimate.low - 1e-9 <= truth <= estimate.high + 1e-9


def coverage(studies, networks, seed):
    """Shares of studies whose intervals hold the true tau, rho and regret; every correlation is as likely."""
    generator, hits = np.random.default_rng(seed), []
    for _ in range(studies):
        r, spread = generator.uniform(-1, 1), generator.uniform(0.004, 0.015)
        one, other = generator.standard_normal((2, networks))
        x, y = 0.8 + spread * one, 0.9 + spread * (r * one + np.sqrt(1 - r**2) * other)
        found = agreement(study(x, generator), study(y, generator, images=2_000))
        regret = y.max() - y[int(found.chosen[1:])]
        truths = kendall(x, y), spearman(x, y), regret
        hits.append([covered(*pair) for pair in zip((found.tau, found.spearman, found.regret), truths, strict=True)])
    return np.mean(hits, axis=0)


@pytest.mark.parametrize("studies", [30, pytest.param(150, marks=pytest.mark.slow)])
def test_intervals_hold_the_truth(studies):
    shares = coverage(studies, 15, 4)
    assert (shares >= (0.85 if studies > 100 else 0.8)).all()
    assert (shares <= (0.95 if studies > 100 else 1)).all()


def test_by_hand():
    found = agreement(plain(0.7, 0.8, 0.75, 0.72), plain(0.9, 0.85, 0.875, 0.8))
    assert found.networks == ("a", "b", "c", "d")
    assert (found.chosen, found.best) == ("b", "a")
    assert found.tau.value == (2 - 4) / 6
    assert found.spearman.value == pytest.approx(1 - 6 * (9 + 4 + 0 + 1) / (4 * 15))
    assert found.regret.value == pytest.approx(0.05)


def test_clear_orders_leave_no_doubt():
    generator = np.random.default_rng(0)
    true = np.linspace(0.5, 0.9, 6)
    found = agreement(study(true, generator, seed_sd=1e-3), study(true + 0.05, generator, seed_sd=1e-3))
    assert found.tau == (1.0, 1.0, 1.0)
    assert found.spearman == (1.0, 1.0, 1.0)
    assert found.regret == (0.0, 0.0, 0.0)
    assert found.reason is None


def test_noise_is_not_taken_for_disagreement():
    # The true orders are the same; what is measured is lowered by the seeds, and the interval knows.
    generator = np.random.default_rng(2)
    true = 0.8 + 0.008 * generator.standard_normal(20)
    found = agreement(study(true, generator), study(true + 0.1, generator))
    assert found.tau.value < 0.8
    assert (found.tau.low + found.tau.high) / 2 > found.tau.value


def test_only_common_networks_count_and_order_does_not():
    short, long = plain(0.7, 0.8, 0.75, seeds=2), plain(0.9, 0.85, 0.86, seeds=2)
    extra = network("z", [0.99, 0.9895])
    found = agreement([*short, extra], long[::-1])
    assert found.networks == ("a", "b", "c")
    assert found.chosen == "b"
    assert found == agreement([extra, *short[::-1]], long)
    assert found.regret.low < found.regret.high  # the seeds of z differ


def test_of_equals_the_cheaper_is_chosen():
    short = [network("a", [0.8], macs=12), network("b", [0.8], macs=11), network("c", [0.7], macs=10)]
    long = [network("a", [0.9], macs=12), network("b", [0.8], macs=11), network("c", [0.7], macs=10)]
    assert (agreement(short, long).chosen, agreement(short, long).best) == ("b", "a")


def test_one_seed_has_no_intervals():
    generator = np.random.default_rng(3)
    true = np.linspace(0.7, 0.8, 5)
    found = agreement(study(true, generator, seeds=1), study(true, generator))
    assert [estimate[1:] for estimate in (found.tau, found.spearman, found.regret)] == [(None, None)] * 3
    assert found.reason is NoTruth.ONE_SEED


def test_less_spread_than_noise_has_no_intervals():
    flat = [network(f"n{i}", [0.7 + 0.0005 * i, 0.9]) for i in range(6)]
    found = agreement(flat, flat)
    assert found.tau == (1.0, None, None)
    assert found.reason is NoTruth.ALL_NOISE


def test_refuses():
    three = plain(0.7, 0.8, 0.75)
    with pytest.raises(ValueError, match="agreement: at least 3 networks must be in both studies, got 2"):
        agreement(three, three[:2])
    with pytest.raises(ValueError, match="agreement: 'a' must be one architecture, got 600000 and 7 MACs"):
        agreement(three, [network("a", [0.7], macs=7), *three[1:]])
    with pytest.raises(ValueError, match=r"a study must tell its networks apart, got accuracy 0\.8 for all"):
        agreement(three, plain(0.8, 0.8, 0.8))
    with pytest.raises(ValueError, match="agreement: confidence must be"):
        agreement(three, three, confidence=2)
