"""Networks measured on this device: exact counts, all that is timed is there, and what does not fit is a result."""

import dataclasses
import math

import jax
import pytest

from scaling import Stage, architecture, cost
from scaling.count.cost import Cost
from scaling.profile import measure as profiling
from scaling.profile.measure import device_limits, latency, profile_network
from scaling.profile.profile import Measured, Profile, Spread
from scaling.profile.roofline import DeviceLimits, moved_bytes, use

SMALL = architecture("small")
NET = dataclasses.replace(SMALL, name="tiny", resolution=12, stem=4, head=8, stages=(Stage(1, 3, 2, 1, 4),))


def ordered(spread):
    return 0 < spread.low <= spread.median <= spread.high


@pytest.fixture(scope="module")
def profile():
    return profile_network(NET, batch=3, runs=4, num_classes=10, in_channels=1)


def test_a_profile_counts_exactly_and_measures_everything(profile):
    assert profile[:7] == ("tiny", 12, 10, 1, "float32", 3, 4)
    assert (profile.cost, profile.reason) == (cost(NET, 10, 1), None)
    found = profile.measured
    assert found.compile_s > 0
    assert found.first_call_s > 0
    assert ordered(found.latency_ms)
    assert ordered(found.pictures_per_s)
    assert profile.seconds_per_image == 1 / found.pictures_per_s.median
    weights = 4 * (profile.cost.params + 2 * 20)  # running statistics of 4 + 4 + 4 + 8 channels, two each
    assert found.memory_bytes >= weights + 4 * 3 * (144 + 10)
    assert Profile.from_dict(profile.to_dict()) == profile


def test_the_parameters_are_held_in_float32_and_a_batch_takes_its_images(profile):
    more = profile_network(NET, batch=40, runs=1, num_classes=10, in_channels=1)
    assert more.measured.memory_bytes - profile.measured.memory_bytes >= 4 * 37 * 144
    narrow = profile_network(NET, batch=1, runs=2, precision="bfloat16", num_classes=10, in_channels=1)
    assert narrow.measured.memory_bytes > 4 * narrow.cost.params
    assert narrow.moved_bytes == 4 * narrow.cost.params + 2 * (144 + 2 * narrow.cost.activations)


def test_one_image_at_a_time_needs_one_program():
    alone = profile_network(NET, batch=1, runs=3, num_classes=10, in_channels=1).measured
    assert alone.pictures_per_s.median == pytest.approx(1000 / alone.latency_ms.median)


def test_a_profile_neither_reads_nor_fills_the_compilation_cache(tmp_path):
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    try:
        profile_network(NET, batch=2, runs=1, num_classes=10, in_channels=1)
        assert list(tmp_path.rglob("*")) == []
        assert jax.config.jax_enable_compilation_cache
    finally:
        jax.config.update("jax_compilation_cache_dir", before)


def test_latency_is_that_of_one_image():
    assert ordered(latency(NET, runs=3, num_classes=10, in_channels=1))


def test_a_network_that_does_not_fit_is_a_result_with_a_reason(monkeypatch):
    monkeypatch.setattr(profiling, "_memory_bytes", lambda device: 1000.0)
    found = profile_network(NET, batch=2, runs=1, num_classes=10, in_channels=1)
    assert found.measured is None
    assert found.reason.endswith("bytes, the device has 1,000")
    assert (found.cost, found.use(DeviceLimits(1e9, 1e9)), found.seconds_per_image) == (cost(NET, 10, 1), None, None)
    assert Profile.from_dict(found.to_dict()) == found


@pytest.mark.parametrize(("message", "caught"), [("RESOURCE_EXHAUSTED: 9 GB\nmore", True), ("INTERNAL: broken", False)])
def test_what_the_device_refuses(message, caught, monkeypatch):
    def refuse(*arguments):
        raise jax.errors.JaxRuntimeError(message)

    monkeypatch.setattr(profiling, "_compiled", refuse)
    if caught:
        assert profile_network(NET, batch=2).reason == "out of memory: RESOURCE_EXHAUSTED: 9 GB"
        with pytest.raises(MemoryError, match="out of memory: RESOURCE_EXHAUSTED: 9 GB"):
            latency(NET)
    else:
        with pytest.raises(jax.errors.JaxRuntimeError, match=message):
            profile_network(NET, batch=2)


def test_a_devices_peak_is_a_networks_own_only_where_it_has_risen(monkeypatch):
    peaks = iter([100, 100, 100, 250])
    monkeypatch.setattr(profiling, "_peak_bytes", lambda device: next(peaks))
    assert profile_network(NET, batch=1, runs=1).measured.device_peak_bytes is None
    assert profile_network(NET, batch=1, runs=1).measured.device_peak_bytes == 250


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"batch": 0}, "profile_network: batch must be at least 1, got 0"),
        ({"runs": 0}, "profile_network: runs must be at least 1, got 0"),
        ({"precision": "float16"}, "precision must be one of float32, bfloat16, got 'float16'"),
        ({"num_classes": 0}, "num_classes and in_channels must be at least 1, got 0 and 3"),
    ],
)
def test_bad_arguments(changed, message):
    with pytest.raises(ValueError, match=message):
        profile_network(NET, **{"batch": 1, **changed})


def test_what_a_device_can_do(monkeypatch):
    monkeypatch.setattr(profiling, "_MATRIX_SIDES", (64, 128))
    monkeypatch.setattr(profiling, "_COPIED_BYTES", 2**20)
    for precision in ("float32", "bfloat16"):
        assert min(device_limits(precision)) > 0
    with pytest.raises(ValueError, match="precision must be one of"):
        device_limits("float64")


def test_the_fastest_product_counts_and_a_long_one_is_the_last(monkeypatch):
    seconds = {512: 0.001, 1024: 0.01, 2048: 0.2}  # a larger one would be a KeyError
    monkeypatch.setattr(profiling, "_product_seconds", lambda side, dtype: seconds[side])
    assert profiling._flops_per_s(None) == 2 * 512**3 / 0.001


def test_bytes_moved():
    counted = Cost(params=100, macs=5000, activations=300)
    assert moved_bytes(counted, 1, 48, 4) == 4 * 100 + 4 * (48 + 600)
    assert moved_bytes(counted, 8, 48, 2) == 4 * 100 + 2 * 8 * (48 + 600)


def test_use_of_a_devices_limits():
    limits = DeviceLimits(flops_per_s=1e9, bytes_per_s=1e8)
    assert use(5e8, 1e7, 1.0, limits) == (50.0, 0.5, 0.1, "arithmetic")
    assert use(1e8, 5e7, 1.0, limits) == (2.0, 0.1, 0.5, "bandwidth")
    assert use(1e8, 5e7, 1.0, limits).share == 0.5
    for message, values in {"0 s": (1, 1, 0.0), "0 FLOPs": (0, 1, 1.0), "0 bytes": (1, 0, 1.0)}.items():
        with pytest.raises(ValueError, match=f"use: everything must be above 0, got .*{message}"):
            use(*values, limits)


def test_a_higher_limit_is_reached_less_and_half_the_time_twice():
    for limits in (DeviceLimits(1e9, 1e8), DeviceLimits(1e8, 1e9)):
        found = use(1e8, 1e7, 1.0, limits)
        assert use(1e8, 1e7, 1.0, DeviceLimits(*(2 * one for one in limits))).share == found.share / 2
        assert use(1e8, 1e7, 0.5, limits).share == 2 * found.share


def test_a_profiles_use_is_that_of_its_batch():
    measured = Measured(1.0, 1.0, Spread(1.0, 1.0, 1.0), Spread(100.0, 90.0, 110.0), None, None)
    found = Profile("made up", 4, 10, 3, "float32", 8, 5, Cost(100, 5000, 300), measured)
    limits = DeviceLimits(1e7, 1e7)
    assert found.use(limits) == use(8 * 10_000, found.moved_bytes, 0.08, limits)
    assert math.isclose(found.use(limits).arithmetic, 0.1)
